//! One document: guard, map, push.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use mapping::{Context, Mapped};
use pipeline::item::content_hash;
use pipeline::queue::RETENTION;
use pipeline::{Entry, EntryId, Received, StoreError, System, WorkItem};
use tracing::Instrument as _;
use vendor::{Class, Failure};
use wiring::Flows;
use wiring::flows::Routed;

use crate::books::{Books, Reason, Work};
use crate::guard::{self, Candidate};
use crate::outcome::{Outcome, Skip};
use crate::push::Trouble;
use crate::resolve::Resolver;
use crate::targets::{Target, Targets};

/// Before the queue drops a message by its age, the document moves into the ledger.
const OLDEST: Duration = RETENTION.saturating_sub(Duration::from_secs(86_400));

/// So many tries may find the target's lists lagging behind what it has.
const LAGGING_TRIES: u32 = 8;

/// Pushes single documents.
pub(crate) struct Documents {
    pub(crate) flows: Arc<Flows>,
    pub(crate) settings: BTreeMap<String, String>,
    pub(crate) targets: Targets,
    pub(crate) resolver: Resolver,
    pub(crate) books: Books,
}

/// Why a document is not pushed.
enum Stop {
    Skip(Skip),
    Fail(Reason),
}

impl Documents {
    /// Pushes one document, and records what became of it.
    pub(crate) async fn push(
        &self,
        system: System,
        item: &WorkItem,
        message: &Received,
        entry: Option<Entry>,
    ) -> Result<Outcome, StoreError> {
        let span = tracing::info_span!(
            "document",
            flow = item.flow,
            key = item.key,
            version = item.version,
            receive = message.receive_count,
            trace = item.trace
        );
        let done = self.guarded(system, item, message, entry).instrument(span.clone()).await;
        if let Ok(outcome) = &done {
            span.in_scope(|| log(outcome));
        }
        done
    }

    /// Whether the queue will soon drop a message by its age.
    pub(crate) fn is_overdue(&self, message: &Received) -> bool {
        (self.books.clock.now() - message.sent_at).to_std().unwrap_or_default() > OLDEST
    }

    async fn guarded(
        &self,
        system: System,
        item: &WorkItem,
        message: &Received,
        entry: Option<Entry>,
    ) -> Result<Outcome, StoreError> {
        let id = EntryId::new(&item.flow, &item.key);
        let entry = match entry {
            Some(entry) => entry,
            None => self.books.entry(id).await?,
        };
        let hash = content_hash(&item.document);
        let repeated = message.receive_count > 1 || item.replay.is_some() || entry.attempts.is_some();
        let work = Work { system, item, hash, entry, repeated };
        let routed = match self.admitted(&work, self.is_overdue(message)) {
            Ok(routed) => routed,
            Err(Stop::Skip(skip)) => return Ok(Outcome::Skipped(skip)),
            Err(Stop::Fail(reason)) => return self.books.failed(&work, reason).await,
        };
        match self.deliver(&work, routed).await {
            Ok(outcome) => Ok(outcome),
            Err(Trouble::Store(error)) => Err(error),
            Err(Trouble::Vendor(failure)) => self.books.failed_call(&work, failure).await,
        }
    }

    /// The flow of a document that is for the target, as far as the document itself and the ledger tell.
    fn admitted(&self, work: &Work<'_>, is_overdue: bool) -> Result<&Routed, Stop> {
        let item = work.item;
        let routed = self.flows.named(&item.flow).ok_or_else(|| {
            let message = format!("there is no flow `{}` any more: restore its file, or leave it", item.flow);
            Stop::Fail(Reason::new("flow", message))
        })?;
        routed.flow.key(&item.document).map_err(|fault| Stop::Fail(Reason::faults(vec![fault])))?;
        let admits = routed.flow.admits(&item.document);
        if !admits.map_err(|fault| Stop::Fail(Reason::faults(vec![fault])))? {
            return Err(Stop::Skip(Skip::Filtered));
        }
        let replay = item.replay.is_some();
        let candidate = Candidate { version: item.version.as_deref(), hash: &work.hash, replay };
        match guard::skip(&work.entry, candidate, routed.flow.version_kind()) {
            Err(reason) => {
                let source = routed.flow.version_source().unwrap_or_default();
                Err(Stop::Fail(Reason::new("mapping", format!("version: `{source}`: {reason}"))))
            }
            Ok(Some(skip)) => Err(Stop::Skip(skip)),
            Ok(None) if is_overdue => Err(Stop::Fail(work.expired(OLDEST))),
            Ok(None) => Ok(routed),
        }
    }

    async fn deliver(&self, work: &Work<'_>, routed: &Routed) -> Result<Outcome, Trouble> {
        let document = &work.item.document;
        let lookups = self.resolver.resolve(routed.flow.lookups(document)).await?;
        let mapped =
            match routed.flow.apply(document, &Context { settings: &self.settings, lookups: &lookups }) {
                Ok(mapped) => mapped,
                Err(faults) => return Ok(self.books.failed(work, Reason::faults(faults)).await?),
            };
        let (body_hash, kind) = (content_hash(&mapped.body), routed.flow.version_kind());
        let target = self.targets.get(work.system)?;
        if let Some(delivered) = &work.entry.delivered {
            if delivered.body_hash == body_hash {
                let target_id = delivered.target_id.clone();
                self.books.delivered(work, kind, target_id, body_hash).await?;
                return Ok(Outcome::Unchanged);
            }
            if !target.replaces() {
                return Ok(self.books.failed(work, Reason::changed(work.system, delivered)).await?);
            }
        }
        let outcome = send(target, work, routed.flow.target().document.name, &mapped).await?;
        let target_id = match &outcome {
            Outcome::Delivered { target_id } => target_id.clone(),
            Outcome::Found { target_id } => Some(target_id.clone()),
            _ => None,
        };
        self.books.delivered(work, kind, target_id, body_hash).await?;
        Ok(outcome)
    }
}

/// Pushes, unless the target says that an earlier try has arrived.
async fn send(
    target: &dyn Target,
    work: &Work<'_>,
    document: &'static str,
    mapped: &Mapped,
) -> Result<Outcome, Failure> {
    let is_only = work.is_only_version();
    let mut replaced = work.entry.delivered.as_ref().and_then(|delivered| delivered.target_id.clone());
    if work.repeated
        && work.entry.delivered.is_none()
        && let Some(target_id) = target.find(document, mapped).await?
    {
        // Where another version may have gone out under our number, finding the number proves nothing about this one.
        if is_only {
            return Ok(Outcome::Found { target_id });
        }
        if !target.replaces() {
            let message = format!("a document of this number is there (id {target_id})");
            return Err(Failure::new(work.system.name(), document, Class::Exists, None, message));
        }
        replaced = Some(target_id);
    }
    match target.deliver(document, mapped, replaced.as_deref()).await {
        Ok(target_id) => Ok(Outcome::Delivered { target_id }),
        Err(failure) if failure.class == Class::Exists && is_only => {
            match target.find(document, mapped).await? {
                Some(target_id) => Ok(Outcome::Found { target_id }),
                None => Err(not_shown(work, failure)),
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

fn log(outcome: &Outcome) {
    match outcome {
        Outcome::Failed { class, .. } => tracing::error!(outcome = outcome.name(), class, "document done"),
        Outcome::Retry { wait, message, .. } => {
            tracing::warn!(
                outcome = outcome.name(),
                wait_s = wait.as_secs(),
                message,
                "document to be tried again"
            );
        }
        Outcome::Paused { until, reason } => tracing::error!(%until, reason, "the target is paused"),
        _ => tracing::info!(outcome = outcome.name(), "document done"),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use async_trait::async_trait;
    use chrono::DateTime;
    use pipeline::{Attempts, Delivered, Failed};
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
        ) -> Result<Option<String>, Failure> {
            *self.deliveries.lock().unwrap() += 1;
            Err(Failure::new("kingdee", document, Class::Exists, None, "已存在"))
        }

        async fn find(&self, _document: &'static str, _mapped: &Mapped) -> Result<Option<String>, Failure> {
            Ok(self.shows.map(str::to_owned))
        }

        async fn lookup(&self, _table: &str, _code: &str) -> Result<Option<String>, Failure> {
            Ok(None)
        }

        fn replaces(&self) -> bool {
            false
        }
    }

    fn item() -> WorkItem {
        WorkItem {
            flow: "f".to_owned(),
            key: "JY1".to_owned(),
            version: Some("2".to_owned()),
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
        let outcome = send(&target, &work, "kingdee.sal_order_save", &mapped).await;
        (outcome, target.deliveries.into_inner().unwrap())
    }

    fn failed_version_one(class: &str) -> Entry {
        let mut entry = entry();
        entry.failed = Some(Failed {
            version: Some("1".to_owned()),
            hash: "h1".to_owned(),
            class: class.to_owned(),
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
        let (outcome, deliveries) = attempted(Some("7"), true, failed_version_one("refused")).await;
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
        assert_eq!(sent(Some("7"), true, failed_version_one("mapping")).await, found("7"));
    }

    #[tokio::test]
    async fn after_a_lost_answer_lists_that_lag_behind_are_waited_for() {
        assert_eq!(sent(None, true, entry()).await.unwrap_err().class, Class::Unknown);
        let mut tried_often = entry();
        tried_often.attempts = Some(Attempts {
            version: Some("2".to_owned()),
            hash: "h2".to_owned(),
            count: LAGGING_TRIES,
            message: String::new(),
            at: DateTime::UNIX_EPOCH,
        });
        assert_eq!(sent(None, true, tried_often).await.unwrap_err().class, Class::Refused);
        assert_eq!(
            sent(None, false, entry()).await.unwrap_err().class,
            Class::Refused,
            "a good on two lines"
        );
    }
}
