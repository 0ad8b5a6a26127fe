//! One mapped document: asked after where an earlier try may have arrived, and sent.

use clock::Deadline;
use mapping::Mapped;
use vendor::{Class, Failure, Found};

use crate::books::Work;
use crate::outcome::Outcome;
use crate::targets::Target;

/// So many tries may find the target's lists lagging behind what it has.
const LAGGING_TRIES: u32 = 8;

/// Pushes, unless the target says that an earlier try has arrived.
pub(crate) async fn send(
    target: &dyn Target,
    work: &Work<'_>,
    document: &'static str,
    mapped: &Mapped,
    deadline: Deadline,
) -> Result<Outcome, Failure> {
    let is_only = work.is_only_version();
    let mut replaced = work.entry.delivered.as_ref().and_then(|delivered| delivered.target_id.clone());
    if work.repeated
        && work.entry.delivered.is_none()
        && let Found::There(target_id) = target.find(document, mapped, deadline).await?
    {
        // Where another version may have gone out under our number, finding the number proves nothing about this one.
        if is_only {
            return Ok(Outcome::Found { target_id });
        }
        if !target.replaces(document) {
            let message = format!("a document of this number is there (id {target_id})");
            return Err(Failure::new(work.system.name(), document, Class::Exists, None, message));
        }
        replaced = Some(target_id);
    }
    match target.deliver(document, mapped, replaced.as_deref(), deadline).await {
        Ok(target_id) => Ok(Outcome::Delivered { target_id }),
        Err(failure) if failure.class == Class::Exists && is_only => {
            match target.find(document, mapped, deadline).await? {
                Found::There(target_id) => Ok(Outcome::Found { target_id }),
                Found::NotThere | Found::CannotBeAsked => Err(not_shown(work, failure)),
            }
        }
        Err(failure) => Err(failure),
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
    use std::sync::Mutex;

    use async_trait::async_trait;
    use chrono::DateTime;
    use pipeline::{Attempts, Delivered, Entry, EntryId, Failed, System, WorkItem};
    use serde_json::{Value, json};

    use super::*;

    /// A target that says that it has the document already, and shows it or not.
    struct Full {
        shows: Option<&'static str>,
        deliveries: Mutex<u32>,
    }

    #[async_trait]
    impl Target for Full {
        async fn deliver(
            &self,
            document: &'static str,
            _mapped: &Mapped,
            _replaced: Option<&str>,
            _deadline: Deadline,
        ) -> Result<Option<String>, Failure> {
            *self.deliveries.lock().unwrap() += 1;
            Err(Failure::new("kingdee", document, Class::Exists, None, "已存在"))
        }

        async fn find(
            &self,
            _document: &'static str,
            _mapped: &Mapped,
            _deadline: Deadline,
        ) -> Result<Found, Failure> {
            Ok(self.shows.map_or(Found::NotThere, |id| Found::There(id.to_owned())))
        }

        async fn lookup(
            &self,
            _table: &str,
            _code: &str,
            _deadline: Deadline,
        ) -> Result<Option<String>, Failure> {
            Ok(None)
        }

        fn replaces(&self, _document: &'static str) -> bool {
            false
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

    async fn sent(shows: Option<&'static str>, repeated: bool, entry: Entry) -> Result<Outcome, Failure> {
        attempted(shows, repeated, entry).await.0
    }

    /// What came of it, and how often it was sent.
    async fn attempted(
        shows: Option<&'static str>,
        repeated: bool,
        entry: Entry,
    ) -> (Result<Outcome, Failure>, u32) {
        let target = Full { shows, deliveries: Mutex::default() };
        let item = item();
        let work = Work { system: System::Kingdee, item: &item, hash: "h2".to_owned(), entry, repeated };
        let mapped = Mapped { body: json!({}), params: Vec::new() };
        let outcome = send(&target, &work, "kingdee.sal_order_save", &mapped, Deadline::NONE).await;
        (outcome, target.deliveries.into_inner().unwrap())
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

    fn found(id: &str) -> Result<Outcome, Failure> {
        Ok(Outcome::Found { target_id: id.to_owned() })
    }

    #[tokio::test]
    async fn a_document_that_is_there_already_counts_as_delivered() {
        assert_eq!(sent(Some("7"), false, entry()).await, found("7"));
        assert_eq!(sent(Some("7"), true, entry()).await, found("7"));
    }

    #[tokio::test]
    async fn what_is_there_proves_nothing_where_an_older_version_may_have_gone_out() {
        let (outcome, deliveries) = attempted(Some("7"), true, tried("h1", 2)).await;
        assert_eq!((outcome.unwrap_err().class, deliveries), (Class::Exists, 0), "no second bill is tried");

        let mut delivered_before = entry();
        delivered_before.delivered = Some(Delivered {
            version: Some("1".to_owned()),
            hash: "h1".to_owned(),
            body_hash: "b1".to_owned(),
            target_id: Some("7".to_owned()),
            at: DateTime::UNIX_EPOCH,
        });
        assert_eq!(sent(Some("7"), true, delivered_before).await.unwrap_err().class, Class::Exists);
    }

    #[tokio::test]
    async fn an_older_version_that_never_left_us_is_none_that_may_be_there() {
        assert_eq!(sent(Some("7"), true, failed_version_one()).await, found("7"));
    }

    #[tokio::test]
    async fn its_own_tries_do_not_make_an_older_versions_forgotten() {
        let mut entry = tried("h1", 1);
        entry.attempt(attempts("h2", 1));
        entry.attempt(attempts("h2", 2));
        assert_eq!(sent(Some("7"), true, entry).await.unwrap_err().class, Class::Exists);
        assert_eq!(sent(Some("7"), true, tried("h2", 1)).await, found("7"));
    }

    #[tokio::test]
    async fn after_a_lost_answer_lists_that_lag_behind_are_waited_for() {
        assert_eq!(sent(None, true, entry()).await.unwrap_err().class, Class::Unknown);
        assert_eq!(sent(None, true, tried("h2", LAGGING_TRIES)).await.unwrap_err().class, Class::Refused);
        assert_eq!(
            sent(None, false, entry()).await.unwrap_err().class,
            Class::Refused,
            "a good on two lines"
        );
    }
}
