use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use chrono::TimeDelta;
use relay_connector::{Catalog, Document, ONCE, Push, Question, Target};
use relay_core::clock::{SeededRng, SimulatedClock};
use relay_core::ledger::Unanswered;
use relay_core::{Attempts, Delivered, Entry, EntryId, Failed, Intake, Received, System, WorkItem};
use relay_job::listeners::Listeners;
use relay_job::{ActiveFlows, Flows};
use relay_store_sqlite::Sqlite;
use serde_json::{Value, json};

use super::*;
use crate::work::{Known, LATE};

const QUESTION: Question = Question {
    document: "kingdee.sal_order_list",
    param: "search",
    requests: ONCE,
    timed: false,
    holds: &["billno"],
    ids: &["id"],
};
static ASKED: Document = document(Some(QUESTION));
static UNASKED: Document = document(None);

const fn document(asked: Option<Question>) -> Document {
    let push = Push::new(Some("billno"), Repeat::Doubles, asked);
    Document { name: "kingdee.sal_order_save", push: Some(push), ..Document::UNKNOWN }
}

/// A target that says that it has the document already, and shows it or not.
struct Full {
    /// What it says when it is asked for the document.
    found: Found,
    /// Whether its row says how it is asked.
    is_asked: bool,
    /// Whether it changes what it has, when it is given the id.
    changes: bool,
    deliveries: Mutex<u32>,
}

#[async_trait]
impl Target for Full {
    async fn deliver(
        &self,
        batch: &[Delivery<'_>],
        _deadline: Deadline,
    ) -> Vec<Result<Option<String>, Failure>> {
        *self.deliveries.lock().unwrap() += 1;
        let exists = |delivery: &Delivery<'_>| {
            Err(Failure::new("kingdee", delivery.document.name, Class::Exists, None, "已存在"))
        };
        batch.iter().map(exists).collect()
    }

    async fn find(&self, _delivery: &Delivery<'_>, _deadline: Deadline) -> Result<Found, Failure> {
        Ok(self.found.clone())
    }

    fn repeat(&self, _document: &'static Document) -> Repeat {
        Repeat::Doubles
    }

    fn changes(&self, _document: &'static Document) -> bool {
        self.changes
    }
}

fn full(shows: Option<&'static str>, is_asked: bool) -> Full {
    let shown = shows.map_or(Found::NotThere, |id| Found::There(id.to_owned()));
    let found = if is_asked { shown } else { Found::CannotBeAsked };
    Full { found, is_asked, changes: false, deliveries: Mutex::default() }
}

fn item() -> WorkItem {
    WorkItem {
        flow: "f".to_owned(),
        key: "JY1".to_owned(),
        version: Some("2".to_owned()),
        version_kind: None,
        document: json!({}),
        acknowledge: false,
        received_at: DateTime::UNIX_EPOCH,
        trace: String::new(),
        replay: None,
    }
}

async fn sent(shows: Option<&'static str>, repeated: bool, entry: Entry) -> Result<Outcome, Stop> {
    attempted(shows, repeated, entry).await.0
}

/// What came of it, and how often it was sent.
async fn attempted(
    shows: Option<&'static str>,
    repeated: bool,
    entry: Entry,
) -> (Result<Outcome, Stop>, u32) {
    sent_to(full(shows, true), item(), repeated, entry).await
}

async fn sent_to(target: Full, item: WorkItem, repeated: bool, entry: Entry) -> (Result<Outcome, Stop>, u32) {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(SimulatedClock::starting_at(NOW));
    let stores = Sqlite::open(&folder.path().join("relay.db"), clock.clone()).unwrap().stores();
    let (flows, catalog) = (Arc::new(Flows::sound([], &Catalog::default())), Arc::default());
    let active = Arc::new(ActiveFlows::new(flows, catalog, stores.checkpoints.clone(), clock.clone()));
    let intake = Intake::new(stores.queue, stores.ledger.clone(), clock.clone());
    let rng = Arc::new(SeededRng::new(1));
    let ledger_writer = LedgerWriter {
        listeners: Listeners::new(active, intake, clock.clone(), rng.clone()),
        checkpoints: stores.checkpoints,
        ledger: stores.ledger,
        clock,
        rng,
    };
    let (system, hash) = (System::new("kingdee"), "h2".to_owned());
    let message = Received {
        id: "m1".to_owned(),
        receipt: String::new(),
        group: item.group(),
        body: item.encode(),
        receive_count: 1,
        sent_at: NOW,
        place: None,
    };
    let known = Known { entry, read_at: Duration::ZERO };
    let work = Work {
        system,
        item: &item,
        message: &message,
        hash,
        document: None,
        is_alert: false,
        kind: None,
        known,
        resumed: repeated,
        repeated,
        archived: None,
        numbers: Vec::new(),
        missing: Vec::new(),
        step: None,
    };
    let mapped = Mapped { body: json!({"billno": "JY1"}), params: Vec::new(), route: None, open_from: None };
    let plan = Plan::new(&target, if target.is_asked { &ASKED } else { &UNASKED }, mapped);
    let sending = Sending { work: &work, plan: &plan, deadline: Deadline::NONE, gather: &Gather::default() };
    // What was delivered before is judged first: here it is about what is asked and sent.
    let outcome = sending.send(&ledger_writer, NOW).await;
    (outcome, target.deliveries.into_inner().unwrap())
}

const NOW: DateTime<Utc> = DateTime::UNIX_EPOCH;

fn class(outcome: Result<Outcome, Stop>) -> Class {
    match outcome {
        Err(Stop::Call(failure)) => failure.class,
        other => panic!("no failure of the vendor: {other:?}"),
    }
}

fn unanswered(seconds_ago: i64) -> Entry {
    let mut entry = tried("h2", 1);
    let at = NOW - TimeDelta::seconds(seconds_ago);
    entry.unanswered = Some(Unanswered { hash: "h2".to_owned(), at, ran: None });
    entry
}

fn attempts(hash: &str, count: u32) -> Attempts {
    Attempts {
        version: None,
        hash: hash.to_owned(),
        count,
        message: String::new(),
        at: DateTime::UNIX_EPOCH,
        others: false,
    }
}

fn tried(hash: &str, count: u32) -> Entry {
    let mut entry = entry();
    entry.attempt(attempts(hash, count));
    entry
}

fn failed_version_one() -> Entry {
    let mut entry = entry();
    entry.failed = Some(Failed {
        version: Some("1".to_owned()),
        version_kind: None,
        hash: "h1".to_owned(),
        class: FailureClass::Mapping,
        code: None,
        message: String::new(),
        attempts: 2,
        document: Value::Null,
        received_at: DateTime::UNIX_EPOCH,
        at: DateTime::UNIX_EPOCH,
        trace: String::new(),
        replay: None,
        missing: Vec::new(),
        step: None,
        target_id: None,
    });
    entry
}

/// Version one was delivered, and has this id there.
fn delivered_before(target_id: Option<&str>) -> Entry {
    let mut entry = entry();
    entry.delivered = Some(Delivered {
        version: Some("1".to_owned()),
        version_kind: None,
        hash: "h1".to_owned(),
        body_hash: "b1".to_owned(),
        target_id: target_id.map(str::to_owned),
        number: None,
        received_at: None,
        at: DateTime::UNIX_EPOCH,
        follows: None,
    });
    entry
}

fn entry() -> Entry {
    Entry::new(EntryId::new("f", "JY1"))
}

fn found(id: &str) -> Outcome {
    Outcome::Found { target_id: id.to_owned() }
}

#[tokio::test]
async fn a_document_that_is_there_already_counts_as_delivered() {
    assert_eq!(sent(Some("7"), false, entry()).await.unwrap(), found("7"));
    assert_eq!(sent(Some("7"), true, entry()).await.unwrap(), found("7"));
}

#[tokio::test]
async fn what_is_there_proves_nothing_where_an_older_version_may_have_gone_out() {
    let (outcome, deliveries) = attempted(Some("7"), true, tried("h1", 2)).await;
    assert_eq!((class(outcome), deliveries), (Class::Exists, 0), "no second bill is tried");

    assert_eq!(class(sent(Some("7"), true, delivered_before(Some("7"))).await), Class::Exists);
}

#[tokio::test]
async fn an_older_version_that_never_left_us_is_none_that_may_be_there() {
    assert_eq!(sent(Some("7"), true, failed_version_one()).await.unwrap(), found("7"));
}

#[tokio::test]
async fn its_own_tries_do_not_make_an_older_versions_forgotten() {
    let mut entry = tried("h1", 1);
    entry.attempt(attempts("h2", 1));
    entry.attempt(attempts("h2", 2));
    assert_eq!(class(sent(Some("7"), true, entry).await), Class::Exists);
    assert_eq!(sent(Some("7"), true, tried("h2", 1)).await.unwrap(), found("7"));
}

#[tokio::test]
async fn after_a_lost_answer_lists_that_lag_behind_are_waited_for() {
    assert_eq!(class(sent(None, true, entry()).await), Class::Unknown);
    assert_eq!(class(sent(None, true, tried("h2", LAGGING_TRIES)).await), Class::Refused);
    assert_eq!(class(sent(None, false, entry()).await), Class::Refused, "a good on two lines");
}

#[tokio::test]
async fn a_bill_that_the_vendor_may_still_be_making_is_not_made_a_second_time() {
    let (outcome, deliveries) = attempted(None, true, unanswered(10)).await;
    let wait = (LATE - TimeDelta::seconds(10)).to_std().unwrap();
    assert_eq!((outcome.unwrap(), deliveries), (Outcome::Postponed { wait }, 0));
    assert_eq!(attempted(Some("7"), true, unanswered(10)).await.0.unwrap(), found("7"));
    assert_eq!(attempted(None, true, unanswered(90)).await.1, 1, "by now it would be there");
}

#[tokio::test]
async fn what_nobody_can_be_asked_for_is_sent_again_by_a_persons_word_alone() {
    let target = || full(None, false);
    let (outcome, deliveries) = sent_to(target(), item(), true, unanswered(3_600)).await;
    let Err(Stop::Ended(reason)) = outcome else { panic!("{outcome:?}") };
    assert!(format!("{reason:?}").contains("look for it there") && deliveries == 0, "{reason:?}");
    let replay = WorkItem { replay: Some("r".to_owned()), ..item() };
    assert_eq!(sent_to(target(), replay, true, unanswered(3_600)).await.1, 1);
    let received_twice = sent_to(target(), item(), true, entry()).await;
    assert_eq!(received_twice.1, 1, "it was never sent: its first turn was postponed");
}

/// Without the id, which a lost answer has taken with it, saving makes a second one.
#[tokio::test]
async fn a_target_that_changes_what_it_has_by_its_id_is_sent_nothing_twice_without_one() {
    let changing = |is_asked| Full { changes: true, ..full(None, is_asked) };
    let (outcome, deliveries) = sent_to(changing(false), item(), true, unanswered(3_600)).await;
    assert!(matches!(outcome, Err(Stop::Ended(_))) && deliveries == 0, "{outcome:?}");
    let (outcome, deliveries) = sent_to(changing(true), item(), true, unanswered(10)).await;
    assert!(matches!(outcome, Ok(Outcome::Postponed { .. })) && deliveries == 0, "{outcome:?}");

    let lost_edit =
        |target_id| Entry { unanswered: unanswered(3_600).unanswered, ..delivered_before(target_id) };
    assert_eq!(
        sent_to(changing(false), item(), true, lost_edit(Some("7"))).await.1,
        1,
        "its id goes with it"
    );
    assert_eq!(sent_to(changing(false), item(), true, lost_edit(None)).await.1, 0);
}

#[tokio::test]
async fn a_target_that_is_asked_and_cannot_tell_is_sent_nothing_twice() {
    let silent = || Full { found: Found::CannotBeAsked, ..full(None, true) };
    let (outcome, deliveries) = sent_to(silent(), item(), true, unanswered(3_600)).await;
    let Err(Stop::Ended(reason)) = outcome else { panic!("{outcome:?}") };
    assert!(format!("{reason:?}").contains("look for it there") && deliveries == 0, "{reason:?}");
    let replay = WorkItem { replay: Some("r".to_owned()), ..item() };
    assert_eq!(sent_to(silent(), replay, true, unanswered(3_600)).await.1, 1, "a person has looked");
    assert_eq!(sent_to(silent(), item(), false, entry()).await.1, 1, "it was never sent");
}
