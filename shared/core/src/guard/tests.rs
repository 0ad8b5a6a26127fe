use chrono::DateTime;
use serde_json::Value;

use crate::{Attempts, EntryId};

use super::*;

const TIME: Option<VersionKind> = Some(VersionKind::Time);

fn entry() -> Entry {
    Entry::new(EntryId::new("f", "k"))
}

fn delivered(version: Option<&str>, hash: &str) -> Entry {
    let mut entry = entry();
    entry.delivered = Some(Delivered {
        version: version.map(str::to_owned),
        version_kind: TIME,
        hash: hash.to_owned(),
        body_hash: String::new(),
        target_id: None,
        number: None,
        received_at: None,
        at: DateTime::UNIX_EPOCH,
        follows: None,
    });
    entry
}

fn failure(version: Option<&str>, hash: &str) -> Failed {
    Failed {
        version: version.map(str::to_owned),
        version_kind: TIME,
        hash: hash.to_owned(),
        class: FailureClass::Refused,
        code: None,
        message: "no such material".to_owned(),
        attempts: 1,
        document: Value::Null,
        received_at: DateTime::UNIX_EPOCH,
        at: DateTime::UNIX_EPOCH,
        trace: String::new(),
        replay: None,
        step: None,
        target_id: None,
        missing: Vec::new(),
    }
}

fn failed(version: &str, hash: &str) -> Entry {
    let mut entry = entry();
    assert!(entry.fail(failure(Some(version), hash)));
    entry
}

/// A queue hands out again what is done: of A, B, A the first A fails beside B, and the last one is the newest all the
/// same.
#[test]
fn what_is_said_once_more_after_something_else_has_failed_is_no_repetition() {
    let received = |second| DateTime::from_timestamp(second, 0);
    let failure = |hash: &str, second| Failed {
        received_at: received(second).unwrap_or_default(),
        ..failure(Some("2026-11-22 12:00:00"), hash)
    };
    let come = |hash, second| Candidate {
        stamp: Stamp { received_at: received(second), ..candidate(Some("2026-11-22 12:00:00"), hash).stamp },
        ..candidate(None, hash)
    };
    let mut entry = entry();
    assert!(entry.fail(failure("a", 1)) && entry.fail(failure("b", 2)) && entry.fail(failure("a", 1)));
    assert_eq!(entry.failures().count(), 2, "the first is kept beside the other");
    let is_skipped = |hash, second| matches!(judge(&entry, come(hash, second)), Verdict::Skip(_));
    assert!(is_skipped("a", 1) && is_skipped("b", 2) && !is_skipped("a", 3));
    assert!(entry.fail(failure("a", 3)));
    let left: Vec<_> = entry.failures().map(|failed| failed.received_at).collect();
    assert_eq!(left, [received(3).unwrap_or_default()]);
}

fn candidate<'a>(version: Option<&'a str>, hash: &'a str) -> Candidate<'a> {
    Candidate { stamp: Stamp { version, kind: TIME, received_at: None }, hash, replay: None }
}

fn verdict(entry: &Entry, version: Option<&str>, hash: &str) -> Verdict {
    judge(entry, candidate(version, hash))
}

fn replayed(entry: &Entry, version: Option<&str>, hash: &str) -> Verdict {
    judge(entry, Candidate { replay: Some("second"), ..candidate(version, hash) })
}

const NINE: Option<&str> = Some("2016-12-01 09:00:00");
const TEN: Option<&str> = Some("2016-12-01 10:00:00.500");
const OLDER: Verdict = Verdict::Skip(Skip::Older);
const SAME: Verdict = Verdict::Skip(Skip::Same);

#[test]
fn only_what_is_new_is_pushed() {
    assert_eq!(verdict(&entry(), NINE, "a"), Verdict::Push);
    assert_eq!(verdict(&delivered(NINE, "a"), TEN, "b"), Verdict::Push, "newer");
    assert_eq!(verdict(&delivered(TEN, "a"), NINE, "b"), OLDER);
    assert_eq!(verdict(&delivered(TEN, "a"), TEN, "a"), SAME);
    assert_eq!(verdict(&delivered(TEN, "a"), TEN, "b"), Verdict::Push, "two changes within a second");
}

#[test]
fn what_was_delivered_is_believed_only_while_no_other_version_may_have_arrived_since() {
    let mut entry = delivered(TEN, "a");
    let attempts = |hash: &str| Attempts {
        version: None,
        hash: hash.to_owned(),
        count: 1,
        message: String::new(),
        at: DateTime::UNIX_EPOCH,
        others: false,
    };
    entry.attempt(attempts("a"));
    assert_eq!(verdict(&entry, TEN, "a"), SAME, "its own tries");
    entry.attempt(attempts("b"));
    assert_eq!(verdict(&entry, TEN, "a"), Verdict::Push);
}

/// A queue hands out again what is done, while the version after it was sent and its answer got lost.
#[test]
fn an_older_version_is_not_put_over_a_newer_one_that_may_have_arrived() {
    let tried = |entry: &mut Entry, version: &str| {
        let version = Some(version.to_owned());
        let (hash, message, at) = ("newer".to_owned(), String::new(), DateTime::UNIX_EPOCH);
        entry.attempt(Attempts { version, hash, count: 1, message, at, others: false });
    };
    let mut entry = delivered(TEN, "a");
    tried(&mut entry, "2016-12-01 11:00:00");
    assert_eq!(verdict(&entry, TEN, "a"), OLDER);
    assert_eq!(verdict(&entry, Some("2016-12-01 10:30:00"), "b"), OLDER);
    assert_eq!(verdict(&entry, Some("2016-12-01 11:00:00"), "newer"), Verdict::Push, "itself");
    assert_eq!(verdict(&entry, Some("2016-12-01 11:00:00"), "b"), Verdict::Push, "of the same second");
    assert_eq!(verdict(&entry, Some("2016-12-01 12:00:00"), "a"), Verdict::Push, "content that goes back");
}

#[test]
fn without_versions_the_content_decides() {
    assert_eq!(verdict(&delivered(None, "a"), None, "a"), SAME);
    assert_eq!(verdict(&delivered(None, "a"), None, "b"), Verdict::Push);
    let Verdict::Unordered(reason) = verdict(&delivered(TEN, "a"), None, "b") else { panic!("ordered") };
    assert!(reason.contains("no version") && reason.contains("10:00:00.500"), "{reason}");
    let Verdict::Unordered(reason) = verdict(&failed("2016-12-01 09:00:00", "a"), None, "b") else {
        panic!("ordered")
    };
    assert!(reason.contains("has failed"), "{reason}");
}

#[test]
fn what_has_failed_waits_for_a_person() {
    let entry = failed("2016-12-01 09:00:00", "a");
    let skip_before = Verdict::Skip(Skip::FailedBefore { message: "no such material".to_owned() });
    assert_eq!(verdict(&entry, NINE, "a"), skip_before);
    assert_eq!(verdict(&entry, NINE, "b"), Verdict::Push, "other content may do better");
    assert_eq!(replayed(&entry, NINE, "a"), Verdict::Push);
}

#[test]
fn an_older_version_does_not_take_the_place_of_a_newer_one_that_failed() {
    let entry = failed("2016-12-01 10:00:00.500", "a");
    assert_eq!(verdict(&entry, NINE, "b"), OLDER);
    assert_eq!(replayed(&entry, NINE, "b"), OLDER, "not by a person's command either");
    let entry = failed("2016-12-01 09:00:00", "a");
    assert_eq!(verdict(&entry, TEN, "b"), Verdict::Push, "a newer one may do better");
}

#[test]
fn what_is_kept_beside_counts_too() {
    let mut entry = failed("unreadable", "u");
    assert!(entry.fail(failure(TEN, "a")));
    assert_eq!(verdict(&entry, NINE, "b"), OLDER);
}

#[test]
fn a_version_that_is_none_is_said_so() {
    let Verdict::Unordered(reason) = verdict(&entry(), Some("yesterday"), "a") else { panic!("ordered") };
    assert!(reason.contains("yesterday"), "{reason}");
}

#[test]
fn what_a_person_has_dealt_with_keeps_its_place() {
    let mut entry = failed("2016-12-01 10:00:00.500", "a");
    let seen: Vec<_> = entry.failures().cloned().collect();
    assert!(entry.settle(&seen, "Li", None, DateTime::UNIX_EPOCH));
    assert_eq!(verdict(&entry, TEN, "a"), Verdict::Skip(Skip::Settled));
    assert_eq!(verdict(&entry, NINE, "b"), Verdict::Skip(Skip::Settled), "older");
    let newer = Some("2016-12-01 11:00:00");
    let Verdict::Settled(reason) = verdict(&entry, newer, "c") else { panic!("it makes a second bill") };
    assert!(reason.contains("Li") && reason.contains("10:00:00.500"), "{reason}");
    let told = [
        (FailureClass::Flow, None, false),
        (FailureClass::Settled, None, true),
        (FailureClass::Settled, Some("first"), true),
        (FailureClass::Settled, Some("second"), false),
    ];
    for (class, replay, may_go) in told {
        let mut entry = entry.clone();
        let replay = replay.map(str::to_owned);
        assert!(entry.fail(Failed { class: class.clone(), replay, ..failure(newer, "c") }));
        let verdict = replayed(&entry, newer, "c");
        assert_eq!(verdict == Verdict::Push, may_go, "{class}: only who was told may send it: {verdict:?}");
    }
}

#[test]
fn a_replay_is_older_than_what_came_after_it_under_an_equal_version() {
    let mut entry = delivered(TEN, "b");
    entry.delivered.as_mut().unwrap().received_at = DateTime::from_timestamp(9, 0);
    let earlier = |replay: bool| {
        let received_at = DateTime::from_timestamp(5, 0);
        Candidate {
            stamp: Stamp { version: TEN, kind: TIME, received_at },
            hash: "a",
            replay: replay.then_some("r"),
        }
    };
    assert_eq!(judge(&entry, earlier(true)), OLDER);
    assert_eq!(judge(&entry, earlier(false)), Verdict::Push, "the machine's clock was set back");
}

#[test]
fn what_carries_no_version_is_in_order_by_itself_and_a_replay_is_not() {
    let received = |second| Stamp {
        version: None,
        kind: Some(VersionKind::Received),
        received_at: DateTime::from_timestamp(second, 0),
    };
    let mut entry = delivered(None, "b");
    let known = entry.delivered.as_mut().unwrap();
    (known.version_kind, known.received_at) = (received(9).kind, received(9).received_at);
    let earlier = Candidate { stamp: received(5), hash: "a", replay: None };
    assert_eq!(judge(&entry, earlier), Verdict::Push, "the machine's clock was set back");
    assert_eq!(judge(&entry, Candidate { replay: Some("r"), ..earlier }), OLDER);
}
