//! One mapped document: asked after where an earlier try may have arrived, and sent.

use std::time::Duration;

use chrono::{DateTime, Utc};
use relay_connector::{Class, Delivery, Document, Failure, Found, Repeat, Target};
use relay_core::clock::Deadline;
use relay_mapping::Mapped;

use crate::ledger_writer::LedgerWriter;
use crate::outcome::Outcome;
use crate::push::Trouble;
use crate::work::{Reason, Work};

/// So many tries may find the target's lists lagging behind what it has.
const LAGGING_TRIES: u32 = 8;

/// What is said of a document that may be there, and that nobody can ask for.
const UNKNOWN: &str = "it was sent and the answer was lost; the target cannot be asked whether it has it, and sending it again \
                       would make a second one: look for it there, then settle it, or replay it to have it sent again";

/// A mapped document on its way to its target.
pub(crate) struct Sending<'a> {
    pub(crate) target: &'a dyn Target,
    pub(crate) work: &'a Work<'a>,
    pub(crate) document: &'static Document,
    pub(crate) mapped: &'a Mapped,
    pub(crate) deadline: Deadline,
}

/// What the target has of a document, as far as it can be told before it is sent.
enum Before {
    /// Nothing that a push would double.
    Nothing,
    /// An older version, under this id, whose place this one takes.
    Older(String),
    /// This very version: an earlier try has arrived.
    This(String),
    /// An earlier request may still be worked on: the target is asked again after this time.
    Wait(Duration),
}

impl Sending<'_> {
    /// Pushes, unless the target says that an earlier try has arrived.
    pub(crate) async fn send(&self, ledger_writer: &LedgerWriter) -> Result<Outcome, Trouble> {
        if self.is_unknown() {
            return Err(Trouble::Failed(Reason::new("unknown", UNKNOWN)));
        }
        let replaced = match self.before(ledger_writer.clock.now()).await? {
            Before::This(target_id) => return Ok(Outcome::Found { target_id }),
            Before::Wait(wait) => return Ok(Outcome::Postponed { wait }),
            Before::Older(target_id) => Some(target_id),
            Before::Nothing => None,
        };
        if self.is_risky() {
            ledger_writer.begun(self.work).await?;
        }
        match self.deliver(replaced.as_deref()).await {
            Ok(target_id) => Ok(Outcome::Delivered { target_id, confirm: None }),
            Err(failure) => {
                if self.is_risky() && failure.class != Class::Unknown {
                    ledger_writer.answered(self.work).await?;
                }
                Ok(self.refused(failure).await?)
            }
        }
    }

    async fn deliver(&self, replaces: Option<&str>) -> Result<Option<String>, Failure> {
        let delivery = Delivery { replaces, ..self.delivery() };
        let answers = self.target.deliver(&[delivery], self.deadline).await;
        answers.into_iter().next().unwrap_or_else(|| {
            Err(self.failure(Class::Unknown, "the connector has not said what became of it".to_owned()))
        })
    }

    fn delivery(&self) -> Delivery<'_> {
        let Mapped { body, params } = self.mapped;
        Delivery { document: self.document, params, body, replaces: None }
    }

    async fn before(&self, now: DateTime<Utc>) -> Result<Before, Failure> {
        let delivered = self.work.entry.delivered.as_ref();
        let known = delivered.and_then(|delivered| delivered.target_id.clone());
        if delivered.is_some() || !self.work.repeated {
            return Ok(known.map_or(Before::Nothing, Before::Older));
        }
        let replaces = self.target.repeat(self.document) == Repeat::Replaces;
        match self.target.find(&self.delivery(), self.deadline).await? {
            // Where another version may have gone out under our number, finding the number proves nothing about this one.
            Found::There(target_id) if self.work.is_only_version() => Ok(Before::This(target_id)),
            Found::There(target_id) if replaces => Ok(Before::Older(target_id)),
            Found::There(target_id) => Err(self.another_is_there(&target_id)),
            // What the vendor has not done yet, it may still do.
            Found::NotThere if !replaces => {
                Ok(self.work.waits_for_itself(now).map_or(Before::Nothing, Before::Wait))
            }
            Found::NotThere => Ok(Before::Nothing),
            Found::CannotBeAsked => Ok(Before::Nothing),
        }
    }

    /// Where nobody can be asked, what may have arrived is sent again only if that makes no second one, or if a person
    /// says so.
    fn is_unknown(&self) -> bool {
        let may_be_there = self.work.entry.unanswered.is_some();
        self.is_risky() && may_be_there && self.work.item.replay.is_none()
    }

    /// Whether nobody could tell after a lost answer whether the document has arrived, and another push would double it.
    fn is_risky(&self) -> bool {
        let has_question = self.document.push.is_some_and(|push| push.asked.is_some());
        let can_be_asked = has_question && self.number().is_some();
        self.target.repeat(self.document) == Repeat::Doubles && !can_be_asked
    }

    fn number(&self) -> Option<String> {
        self.delivery().number()
    }

    fn another_is_there(&self, target_id: &str) -> Failure {
        let message = format!("a document of this number is there (id {target_id})");
        self.failure(Class::Exists, message)
    }

    async fn refused(&self, failure: Failure) -> Result<Outcome, Failure> {
        if failure.class != Class::Exists || !self.work.is_only_version() {
            return Err(failure);
        }
        match self.target.find(&self.delivery(), self.deadline).await? {
            Found::There(target_id) => Ok(Outcome::Found { target_id }),
            // Its own word is all that there is: after an earlier try it speaks of that one.
            Found::CannotBeAsked if self.work.repeated && self.work.tries() > 0 => {
                Ok(Outcome::Found { target_id: self.number().unwrap_or_default() })
            }
            Found::NotThere | Found::CannotBeAsked => Err(not_shown(self.work, failure)),
        }
    }

    fn failure(&self, class: Class, message: String) -> Failure {
        Failure::new(self.work.system.name(), self.document.name, class, None, message)
    }
}

/// The target says that it has the document, and does not show it. After an earlier try its lists may lag behind;
/// otherwise it speaks of something else, such as a good that is on two lines.
fn not_shown(work: &Work<'_>, mut failure: Failure) -> Failure {
    failure.class =
        if work.repeated && work.tries() < LAGGING_TRIES { Class::Unknown } else { Class::Refused };
    failure.message.push_str("; the target shows no document of this number");
    failure
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use async_trait::async_trait;
    use chrono::TimeDelta;
    use relay_connector::{ONCE, Push, Question};
    use relay_core::clock::{SeededRng, SimulatedClock};
    use relay_core::ledger::Unanswered;
    use relay_core::{Attempts, Delivered, Entry, EntryId, Failed, System, WorkItem};
    use relay_store_sqlite::Sqlite;
    use serde_json::{Value, json};

    use super::*;
    use crate::work::LATE;

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
        shows: Option<&'static str>,
        is_asked: bool,
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
            let shown = self.shows.map_or(Found::NotThere, |id| Found::There(id.to_owned()));
            Ok(if self.is_asked { shown } else { Found::CannotBeAsked })
        }

        fn repeat(&self, _document: &'static Document) -> Repeat {
            Repeat::Doubles
        }
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

    async fn sent(shows: Option<&'static str>, repeated: bool, entry: Entry) -> Result<Outcome, Trouble> {
        attempted(shows, repeated, entry).await.0
    }

    /// What came of it, and how often it was sent.
    async fn attempted(
        shows: Option<&'static str>,
        repeated: bool,
        entry: Entry,
    ) -> (Result<Outcome, Trouble>, u32) {
        sent_to(Full { shows, is_asked: true, deliveries: Mutex::default() }, item(), repeated, entry).await
    }

    async fn sent_to(
        target: Full,
        item: WorkItem,
        repeated: bool,
        entry: Entry,
    ) -> (Result<Outcome, Trouble>, u32) {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(SimulatedClock::starting_at(NOW));
        let stores = Sqlite::open(&folder.path().join("relay.db"), clock.clone()).unwrap().stores();
        let ledger_writer = LedgerWriter {
            checkpoints: stores.checkpoints,
            ledger: stores.ledger,
            clock,
            rng: Arc::new(SeededRng::new(1)),
        };
        let (system, hash) = (System::new("kingdee"), "h2".to_owned());
        let work = Work { system, item: &item, hash, kind: None, entry, repeated };
        let mapped = Mapped { body: json!({"billno": "JY1"}), params: Vec::new() };
        let document = if target.is_asked { &ASKED } else { &UNASKED };
        let sending =
            Sending { target: &target, work: &work, document, mapped: &mapped, deadline: Deadline::NONE };
        let outcome = sending.send(&ledger_writer).await;
        (outcome, target.deliveries.into_inner().unwrap())
    }

    const NOW: DateTime<Utc> = DateTime::UNIX_EPOCH;

    fn class(outcome: Result<Outcome, Trouble>) -> Class {
        match outcome {
            Err(Trouble::Vendor(failure)) => failure.class,
            other => panic!("no failure of the vendor: {other:?}"),
        }
    }

    fn unanswered(seconds_ago: i64) -> Entry {
        let mut entry = tried("h2", 1);
        let at = NOW - TimeDelta::seconds(seconds_ago);
        entry.unanswered = Some(Unanswered { hash: "h2".to_owned(), at });
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
            class: "mapping".to_owned(),
            code: None,
            message: String::new(),
            attempts: 2,
            document: Value::Null,
            received_at: DateTime::UNIX_EPOCH,
            at: DateTime::UNIX_EPOCH,
            trace: String::new(),
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

        let mut delivered_before = entry();
        delivered_before.delivered = Some(Delivered {
            version: Some("1".to_owned()),
            version_kind: None,
            hash: "h1".to_owned(),
            body_hash: "b1".to_owned(),
            target_id: Some("7".to_owned()),
            received_at: None,
            at: DateTime::UNIX_EPOCH,
        });
        assert_eq!(class(sent(Some("7"), true, delivered_before).await), Class::Exists);
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
        let target = || Full { shows: None, is_asked: false, deliveries: Mutex::default() };
        let (outcome, deliveries) = sent_to(target(), item(), true, unanswered(3_600)).await;
        let Err(Trouble::Failed(reason)) = outcome else { panic!("{outcome:?}") };
        assert!(format!("{reason:?}").contains("look for it there") && deliveries == 0, "{reason:?}");
        let replay = WorkItem { replay: Some("r".to_owned()), ..item() };
        assert_eq!(sent_to(target(), replay, true, unanswered(3_600)).await.1, 1);
        let received_twice = sent_to(target(), item(), true, entry()).await;
        assert_eq!(received_twice.1, 1, "it was never sent: its first turn was postponed");
    }
}
