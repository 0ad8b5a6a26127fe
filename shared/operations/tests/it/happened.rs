//! What happened between two times, and what waits.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use relay_core::archive::{Archive, Event, Exchange, Record};
use relay_core::clock::{Clock as _, Rng};
use relay_core::{Delivered, Entry, EntryId, Outgoing, StoreError, Stores};
use relay_operations::Operations;
use relay_operations::history::{Asked, Turns};
use relay_operations::language::Language;
use relay_operations::status::Program;
use relay_operations::waiting;

use crate::desk::{Desk, KINGDEE, STOCK, TRADES, trade};

/// An archive that finds histories by flow and key alone, in a place of a day: as a stack's.
struct ByDay(Arc<dyn Archive>);

#[async_trait]
impl Archive for ByDay {
    fn location(&self, _now: DateTime<Utc>, _rng: &dyn Rng) -> Option<String> {
        None
    }

    async fn write(&self, location: Option<&str>, records: &[Record]) -> Result<(), StoreError> {
        self.0.write(location, records).await
    }

    async fn read(&self, id: &EntryId, locations: &[String]) -> Result<Vec<Record>, StoreError> {
        self.0.read(id, locations).await
    }

    fn day_of(&self, location: &str) -> Option<NaiveDate> {
        location.parse().ok()
    }
}

fn record(desk: &Desk, flow: &str, key: &str, minutes: i64, event: Event) -> Record {
    Record {
        id: EntryId::new(flow, key),
        version: Some("2026-11-28 11:00:00".to_owned()),
        trace: "t".to_owned(),
        at: desk.clock.now() - TimeDelta::minutes(minutes),
        event,
    }
}

fn called(milliseconds: u64, is_answered: bool) -> Event {
    Event::Called(Exchange {
        vendor: "kingdee".to_owned(),
        operation: "/sal_order_save".to_owned(),
        parameters: Vec::new(),
        body: r#"{"shop":"S001"}"#.to_owned(),
        answer: if is_answered { Ok("{}".to_owned()) } else { Err("no answer came".to_owned()) },
        duration: Duration::from_millis(milliseconds),
    })
}

fn ended(outcome: &str, message: Option<&str>, attempt: u32) -> Event {
    Event::Ended { outcome: outcome.to_owned(), message: message.map(str::to_owned), attempt }
}

/// Three documents: one that was tried twice, one that was skipped, and one of another flow, two hours ago.
async fn write(desk: &Desk) {
    let came = Event::Received { document: r#"{"trade_no":"A","shop_no":"S001"}"#.to_owned() };
    let first = [
        record(desk, TRADES, "A", 31, came),
        record(desk, TRADES, "A", 30, called(900, false)),
        record(desk, TRADES, "A", 30, ended("retry", Some("no answer came"), 1)),
    ];
    let second = [
        record(desk, TRADES, "A", 20, called(300, true)),
        record(desk, TRADES, "A", 20, ended("delivered", None, 2)),
    ];
    let older = [record(desk, TRADES, "B", 10, ended("skipped", Some("a newer version of it is known"), 1))];
    let stock = [record(desk, STOCK, "C", 120, ended("delivered", None, 1))];
    for batch in [&first[..], &second, &older, &stock] {
        desk.stores.archive.write(None, batch).await.unwrap();
    }
}

fn asked(desk: &Desk, minutes: i64) -> Asked {
    let until = desk.clock.now();
    let since = until - TimeDelta::minutes(minutes);
    Asked { flow: None, since, until, outcome: None, vendor: None, grep: None, limit: None }
}

fn told(turns: &Turns) -> Vec<(&str, &str)> {
    turns.turns.iter().map(|turn| (turn.key.as_str(), turn.outcome.as_deref().unwrap_or_default())).collect()
}

const ALL: [(&str, &str); 4] = [("B", "skipped"), ("A", "delivered"), ("A", "retry"), ("C", "delivered")];

#[tokio::test]
async fn what_happened_is_told_turn_by_turn_the_latest_first() {
    let desk = Desk::new();
    write(&desk).await;
    let ask = desk.ask();
    let day = asked(&desk, 1_000);
    let all = ask.happened(&day).await.unwrap();
    assert_eq!(told(&all), ALL);
    assert_eq!(all.turns[2].came, Some(desk.clock.now() - TimeDelta::minutes(31)));
    assert_eq!(
        (all.turns[1].came, all.turns[1].attempt, all.turns[1].calls[0].duration_ms),
        (None, Some(2), 300)
    );
    assert_eq!(told(&ask.happened(&asked(&desk, 60)).await.unwrap()), ALL[..3]);
    let until = Asked { until: desk.clock.now() - TimeDelta::minutes(15), ..day.clone() };
    assert_eq!(told(&ask.happened(&until).await.unwrap()), ALL[1..]);
    let two = ask.happened(&Asked { limit: Some(2), ..day.clone() }).await.unwrap();
    assert_eq!((told(&two), two.has_more), (ALL[..2].to_vec(), true));
    for (flow, outcome, grep, found) in [
        (Some(STOCK), None, None, vec![("C", "delivered")]),
        (None, Some("delivered"), None, vec![("A", "delivered"), ("C", "delivered")]),
        (None, None, Some("s001"), vec![("A", "delivered"), ("A", "retry")]),
        (None, None, Some("newer version"), vec![("B", "skipped")]),
        (Some(TRADES), Some("failed"), None, vec![]),
    ] {
        let text = |text: Option<&str>| text.map(str::to_owned);
        let asked = Asked { flow: text(flow), outcome: text(outcome), grep: text(grep), ..day.clone() };
        assert_eq!(told(&ask.happened(&asked).await.unwrap()), found, "{flow:?} {outcome:?} {grep:?}");
    }
    let backwards = Asked { since: day.until, until: day.since, ..day.clone() };
    assert!(ask.happened(&backwards).await.unwrap_err().is_wrong_usage());
    let csv = all.csv(Language::Chinese).unwrap();
    let skipped = "2026-11-28 11:50:00,trade-to-kingdee,B,2026-11-28 11:00:00,,skipped,";
    assert!(csv.contains(skipped) && csv.contains("kingdee /sal_order_save 900 ms ✗"), "{csv}");
}

#[tokio::test]
async fn sums_tell_how_turns_ended_and_how_vendors_answered() {
    let desk = Desk::new();
    write(&desk).await;
    let turns = desk.ask().happened(&asked(&desk, 1_000)).await.unwrap();
    let outcomes: Vec<_> =
        turns.by_outcome().into_iter().map(|it| (it.flow, it.outcome, it.why.is_some(), it.turns)).collect();
    let expected = [
        (STOCK, "delivered", false, 1),
        (TRADES, "delivered", false, 1),
        (TRADES, "retry", false, 1),
        (TRADES, "skipped", true, 1),
    ];
    let expected =
        expected.map(|(flow, outcome, why, count)| (flow.to_owned(), outcome.to_owned(), why, count));
    assert_eq!(outcomes, expected);
    let [calls] = &turns.by_call()[..] else { panic!("one operation") };
    assert_eq!((calls.calls, calls.unanswered, calls.half_within_ms, calls.longest_ms), (2, 1, 300, 900));
}

#[tokio::test]
async fn where_nothing_finds_histories_by_their_time_the_ledger_does() {
    let desk = Desk::new();
    write(&desk).await;
    for (flow, key, day) in [(TRADES, "A", "2026-11-28"), (STOCK, "C", "2026-11-20")] {
        let mut entry = Entry::new(EntryId::new(flow, key));
        let delivered = Delivered {
            version: None,
            version_kind: None,
            hash: "h".to_owned(),
            body_hash: "b".to_owned(),
            target_id: None,
            number: None,
            received_at: None,
            at: desk.clock.now() - TimeDelta::minutes(20),
            follows: None,
        };
        entry.deliver(delivered, None);
        entry.archive = vec![day.to_owned()];
        assert!(desk.stores.ledger.write(&entry).await.unwrap());
    }
    let stores = Stores { archive: Arc::new(ByDay(desk.stores.archive.clone())), ..desk.stores.clone() };
    let ask = Operations { stores: &stores, ..desk.ask() };
    let found = ask.happened(&asked(&desk, 1_000)).await.unwrap();
    // B was skipped before the ledger knew of it, and C's place is of another day.
    assert_eq!(told(&found), ALL[1..3]);
}

#[tokio::test]
async fn what_waits_is_listed_the_longest_waiting_first() {
    let desk = Desk::new();
    let send = |item: relay_core::WorkItem| {
        let message =
            Outgoing { group: item.group(), deduplication: item.deduplication(), body: item.encode() };
        let queue = desk.stores.queue.clone();
        async move { queue.send(KINGDEE, &[message]).await.unwrap() }
    };
    send(trade("A")).await;
    desk.clock.advance(Duration::from_secs(3_600));
    send(trade("B")).await;
    let ask = desk.ask();
    let keys =
        |waiting: &waiting::Waiting| waiting.documents.iter().map(|it| it.key.clone()).collect::<Vec<_>>();
    let all = ask.waiting(&waiting::Asked::default()).await.unwrap();
    assert_eq!(
        (keys(&all), all.has_more, all.unseen.len()),
        (vec!["A".to_owned(), "B".to_owned()], false, 0)
    );
    assert!(all.csv(Language::English).unwrap().contains("waits in the queue of kingdee"));
    let text = |text: &str| Some(text.to_owned());
    let half_an_hour = Some(desk.clock.now() - TimeDelta::minutes(30));
    for (asked, found) in [
        (waiting::Asked { before: half_an_hour, ..Default::default() }, vec!["A"]),
        (waiting::Asked { grep: text("\"trade_no\":\"b\""), ..Default::default() }, vec!["B"]),
        (waiting::Asked { flow: text(STOCK), ..Default::default() }, vec![]),
        (waiting::Asked { target: text("wangdian"), ..Default::default() }, vec![]),
    ] {
        assert_eq!(keys(&ask.waiting(&asked).await.unwrap()), found, "{asked:?}");
    }
    assert!(ask.waiting(&waiting::Asked { target: text("kingde"), ..Default::default() }).await.is_err());
}

#[tokio::test]
async fn a_program_that_went_silent_without_being_stopped_needs_a_person() {
    let desk = Desk::new();
    let program = Program {
        host: "shop".to_owned(),
        process: 7,
        version: "1.2.3".to_owned(),
        since: desk.clock.now(),
        seen: desk.clock.now(),
    };
    let checkpoints = desk.stores.checkpoints.as_ref();
    program.says_so(checkpoints, desk.clock.now()).await.unwrap();
    let status = desk.ask().status().await.unwrap();
    let now = desk.clock.now();
    assert!(
        status.programs[0].told(now).to_string().contains("1.2.3 runs on shop since 2026-11-28 12:00:00")
    );
    assert!(
        !status.issues.iter().any(|issue| issue.to_string().contains("relay serve")),
        "{:?}",
        status.issues
    );
    desk.clock.advance(Duration::from_secs(200));
    let issues = desk.ask().status().await.unwrap().issues;
    assert!(issues.iter().any(|issue| issue.to_string().contains("has said nothing since")), "{issues:?}");
    // The next on the same machine takes its place, and one that is stopped in good order leaves nothing.
    let next = Program { process: 8, ..program };
    next.says_so(checkpoints, desk.clock.now()).await.unwrap();
    let processes: Vec<_> = desk.ask().status().await.unwrap().programs.iter().map(|it| it.process).collect();
    assert_eq!(processes, [8]);
    next.is_over(checkpoints).await.unwrap();
    assert!(desk.ask().status().await.unwrap().programs.is_empty());
}

#[tokio::test]
async fn how_far_a_range_has_been_read_again_is_told() {
    let desk = Desk::new();
    let checkpoints = desk.stores.checkpoints.as_ref();
    let range = r#"{"from":"2026-11-27T00:00:00Z","to":"2026-11-27T10:00:00Z"}"#;
    checkpoints.put(&format!("backfill/range/{TRADES}"), range, None, None).await.unwrap();
    let note = async || {
        desk.ask().status().await.unwrap().flows[TRADES]
            .notes
            .iter()
            .map(ToString::to_string)
            .collect::<String>()
    };
    let begun = note().await;
    assert!(
        begun.contains(
            "2026-11-27 08:00:00 to 2026-11-27 18:00:00 is read again, until 2026-11-27 08:00:00 so far"
        ),
        "{begun}"
    );
    let read = r#"{"read_until":"2026-11-27T04:00:00Z"}"#;
    checkpoints.put(&format!("backfill/watermark/{TRADES}"), read, None, None).await.unwrap();
    assert!(note().await.contains("until 2026-11-27 12:00:00 so far"));
}
