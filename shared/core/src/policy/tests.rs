use chrono::TimeDelta;

use super::*;

const NOW: DateTime<Utc> = DateTime::UNIX_EPOCH;
const FIRST: Receive = Receive { now: NOW, count: 1, receiver: Receiver::EventSource };
const MINUTE: Duration = Duration::from_secs(60);
const HALF_AN_HOUR: Duration = Duration::from_secs(30 * 60);

fn delivered(confirm: Option<Duration>) -> Outcome {
    Outcome::Delivered { target_id: Some("7".to_owned()), confirm }
}

fn retry(cause: RetryCause) -> Outcome {
    Outcome::Retry { wait: MINUTE, message: "busy".to_owned(), cause }
}

fn paused(minutes: i64) -> Outcome {
    Outcome::Paused { until: Some(NOW + TimeDelta::minutes(minutes)), reason: "stopped".to_owned() }
}

fn failed_before() -> Outcome {
    Outcome::Skipped(Skip::FailedBefore { message: "no code".to_owned() })
}

/// A line of the table: an outcome; then what is recorded, when it comes again, what the rest of the batch comes to, what
/// the source is told, what is counted, what is logged, whether the credentials are read again, what it says of the target,
/// and what the flows that listen are told.
type Line = (
    Outcome,
    Record<'static>,
    Option<Duration>,
    Option<Outcome>,
    Option<Result<(), &'static str>>,
    Option<&'static str>,
    (Level, &'static str, Option<&'static str>),
    bool,
    Option<TargetHealth<'static>>,
    Option<News>,
);

const DONE: (Level, &str, Option<&str>) = (Level::INFO, "document done", None);
const PARTS: (Level, &str, Option<&str>) = (Level::INFO, "its parts are queued", None);
const FAILED: (Level, &str, Option<&str>) = (Level::ERROR, "document done", None);
const AGAIN: (Level, &str, Option<&str>) = (Level::WARN, "document to be tried again", None);
const LATER: (Level, &str, Option<&str>) = (Level::INFO, "the document's turn comes later", None);
const PAUSED: (Level, &str, Option<&str>) = (Level::ERROR, "the target is paused", None);
const WAITS: (Level, &str, Option<&str>) = (Level::ERROR, "the document waits for the store", Some("busy"));
const TAKEN: Option<Result<(), &str>> = Some(Ok(()));
const WELL: Option<TargetHealth<'_>> = Some(TargetHealth::Well);
const BUSY: Option<TargetHealth<'_>> = Some(TargetHealth::Failing { class: "retry", message: "busy" });
const STOPPED: Option<TargetHealth<'_>> = Some(TargetHealth::Failing { class: "paused", message: "stopped" });

#[rustfmt::skip]
fn table() -> Vec<Line> {
    use Record::{Nothing, Unchanged};

    let delivered_7 = Record::Delivered { target_id: Some("7") };
    let attempt = Record::Attempt { message: "busy", unanswered: false };
    let unanswered = Record::Attempt { message: "busy", unanswered: true };
    let failed = Record::Failed { class: &FailureClass::Mapping, code: None, message: "no code", tried: false };
    let wait = Record::Failed { class: &FailureClass::Waiting, code: None, message: "no code", tried: false };
    let refusal = Record::Failed { class: &FailureClass::Refused, code: Some("1024"), message: "no code", tried: true };
    let change = Record::Failed { class: &FailureClass::Changed, code: None, message: "no code", tried: true };
    let pause = Record::Pause { until: Some(NOW + TimeDelta::minutes(1)), reason: "stopped" };
    let again = Some(MINUTE);
    let no_code = Some(Err("no code"));
    let found = Outcome::Found { target_id: "7".to_owned() };
    let confirmed = Outcome::Confirmed { target_id: Some("7".to_owned()) };
    let skipped = Outcome::Skipped;
    let mapping = Outcome::failed(FailureClass::Mapping, "no code");
    let waiting = Outcome::failed(FailureClass::Waiting, "no code");
    let refused = Outcome::failed_try(FailureClass::Refused, Some("1024".to_owned()), "no code");
    let changed = Outcome::failed_try(FailureClass::Changed, None, "no code");
    let waits = Some(Outcome::Postponed { wait: MINUTE });
    vec![
        // outcome                            record       again  rest             source   counted            logged  creds  target   news
        (delivered(None),                     delivered_7, None,  None,            TAKEN,   Some("delivered"), DONE,   false, WELL,                           Some(News::Delivered)),
        (delivered(again),                    delivered_7, again, None,            None,    Some("delivered"), DONE,   false, WELL,                           Some(News::Delivered)),
        (confirmed,                           delivered_7, None,  None,            TAKEN,   None,              DONE,   false, WELL,                           None),
        (found,                               delivered_7, None,  None,            TAKEN,   Some("delivered"), DONE,   false, WELL,                           Some(News::Delivered)),
        (Outcome::Unchanged,                  Unchanged,   None,  None,            TAKEN,   Some("skipped"),   DONE,   false, None,                           Some(News::Delivered)),
        (Outcome::Divided { parts: 2 },       Nothing,     None,  None,            None,    Some("divided"),   PARTS,  false, None,                           None),
        (skipped(Skip::Same),                 Nothing,     None,  None,            TAKEN,   Some("skipped"),   DONE,   false, None,                           None),
        (skipped(Skip::Filtered),             Nothing,     None,  None,            TAKEN,   Some("skipped"),   DONE,   false, None,                           None),
        (skipped(Skip::Withdrawn),            Nothing,     None,  None,            TAKEN,   Some("skipped"),   DONE,   false, None,                           None),
        (skipped(Skip::Damped),               Nothing,     None,  None,            TAKEN,   Some("skipped"),   DONE,   false, None,                           None),
        (skipped(Skip::Settled),              Nothing,     None,  None,            TAKEN,   Some("skipped"),   DONE,   false, None,                           None),
        (skipped(Skip::Older),                Nothing,     None,  None,            None,    Some("skipped"),   DONE,   false, None,                           None),
        (failed_before(),                     Nothing,     None,  None,            no_code, Some("skipped"),   DONE,   false, None,                           None),
        (waiting,                             wait,        None,  None,            no_code, Some("waiting"),   DONE,   false, None,                           None),
        (mapping,                             failed,      None,  None,            no_code, Some("failed"),    FAILED, false, None,                           Some(News::Failed)),
        (refused,                             refusal,     None,  None,            no_code, Some("failed"),    FAILED, false, WELL,                           Some(News::Failed)),
        (changed,                             change,      None,  None,            no_code, Some("failed"),    FAILED, false, None,                           Some(News::Failed)),
        (retry(RetryCause::Target),           attempt,     again, None,            None,    Some("retried"),   AGAIN,  false, BUSY,                           None),
        (retry(RetryCause::TargetLimits),     attempt,     again, waits,           None,    Some("retried"),   AGAIN,  false, BUSY,                           None),
        (retry(RetryCause::NotYet),           attempt,     again, None,            None,    Some("retried"),   AGAIN,  false, None,                           None),
        (retry(RetryCause::AnswerLost),       unanswered,  again, None,            None,    Some("retried"),   AGAIN,  false, BUSY,                           None),
        (retry(RetryCause::Source),           Nothing,     again, None,            None,    Some("retried"),   AGAIN,  false, None,                           None),
        (retry(RetryCause::SourcePaused),     Nothing,     again, None,            None,    Some("retried"),   AGAIN,  true,  None,                           None),
        (retry(RetryCause::Store),            Nothing,     again, None,            None,    Some("retried"),   WAITS,  false, None,                           None),
        (paused(1),                           pause,       again, Some(paused(1)), None,    Some("paused"),    PAUSED, true,  STOPPED,                        None),
        (Outcome::Postponed { wait: MINUTE }, Nothing,     again, None,            None,    None,              LATER,  false, None,                           None),
    ]
}

#[test]
fn what_an_outcome_comes_to() {
    for (outcome, record, again, rest, source, counted, logged, check_credentials, target, news) in table() {
        let (level, message, error) = logged;
        let logged = Logged { level, message, error };
        let expected =
            Consequences { record, again, rest, source, counted, logged, check_credentials, target, news };
        assert_eq!(of(&outcome, FIRST), expected, "{outcome:?}");
    }
}

#[test]
fn the_table_has_a_line_for_every_outcome() {
    let mut names: Vec<_> = table().iter().map(|line| line.0.name()).collect();
    names.dedup();
    let all = [
        "delivered",
        "confirmed",
        "found",
        "unchanged",
        "divided",
        "skipped",
        "failed",
        "retry",
        "paused",
        "postponed",
    ];
    assert_eq!(names, all);
}

#[test]
fn a_pause_of_hours_is_looked_at_each_half_hour_so_that_its_end_by_a_persons_word_takes_effect() {
    assert_eq!(of(&paused(12 * 60), FIRST).again, Some(HALF_AN_HOUR));
    assert_eq!(of(&paused(5), FIRST).again, Some(5 * MINUTE));
    let endless = Outcome::Paused { until: None, reason: String::new() };
    assert_eq!(of(&endless, FIRST).again, Some(HALF_AN_HOUR));
    let (wait, cause) = (Duration::from_secs(86_400), RetryCause::TargetLimits);
    let asked = Outcome::Retry { wait, message: String::new(), cause };
    assert_eq!(of(&asked, FIRST).again, Some(HALF_AN_HOUR));
}

#[test]
fn whoever_looks_at_the_pause_before_it_receives_finds_the_messages_there_when_it_ends() {
    let by_loop = Receive { receiver: Receiver::Loop, count: 300, ..FIRST };
    assert_eq!(of(&paused(12 * 60), by_loop).again, Some(Duration::ZERO));
    for (outcome, ..) in table().into_iter().filter(|line| line.0.name() != "paused") {
        let by_loop = Receive { receiver: Receiver::Loop, ..FIRST };
        assert_eq!(of(&outcome, by_loop), of(&outcome, FIRST), "{outcome:?}: both receivers do the same");
    }
}

#[test]
fn a_message_that_was_received_often_does_not_come_sooner_than_its_receives_last() {
    let often = Receive { count: 250, ..FIRST };
    assert_eq!(of(&Outcome::AT_ONCE, often).again, Some(Duration::from_secs(900)));
    assert_eq!(of(&delivered(Some(MINUTE)), often).again, Some(Duration::from_secs(900)));
    assert_eq!(of(&delivered(None), often).again, None, "what is done does not come again");
}
