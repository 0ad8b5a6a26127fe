//! What the ledger is told of a document's turn.

use std::sync::Arc;
use std::time::Duration;

use clock::{Chance, Clock};
use mapping::{Fault, VersionKind};
use pipeline::item::content_hash;
use pipeline::ledger::{self, Attempts, Delivered, Entry, EntryId, Failed};
use pipeline::{Checkpoints, Ledger, Received, StoreError, System, WorkItem, pause};
use serde_json::Value;
use vendor::{Class, Failure};

use crate::backoff;
use crate::guard;
use crate::outcome::Outcome;

/// Under this flow stand messages that are no work items.
pub const UNREADABLE: &str = "unreadable";

/// How long a target is given to show what it may have done.
const UNKNOWN_WAIT: Duration = Duration::from_secs(5);

/// Writes the ledger, and the pauses of the targets.
pub(crate) struct Books {
    pub(crate) checkpoints: Arc<dyn Checkpoints>,
    pub(crate) ledger: Arc<dyn Ledger>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) chance: Arc<dyn Chance>,
}

/// One version of one document at one receive.
pub(crate) struct Work<'a> {
    pub(crate) system: System,
    pub(crate) item: &'a WorkItem,
    pub(crate) hash: String,
    pub(crate) entry: Entry,
    /// Whether an earlier try may have reached the target.
    pub(crate) repeated: bool,
}

impl Work<'_> {
    /// The tries at this version so far.
    pub(crate) fn tries(&self) -> u32 {
        self.entry
            .attempts
            .as_ref()
            .filter(|attempts| attempts.hash == self.hash)
            .map_or(0, |attempts| attempts.count)
    }

    /// Whether no other version of the document has, or may have, reached the target.
    pub(crate) fn is_only_version(&self) -> bool {
        let tried = self.entry.attempts.as_ref();
        let is_another_there = tried.is_some_and(|attempts| attempts.may_have_brought_another(&self.hash));
        self.entry.delivered.is_none() && !is_another_there
    }

    /// The reason of a document that has waited for so long that the queue would drop it.
    pub(crate) fn expired(&self, limit: Duration) -> Reason {
        let last = self.entry.attempts.as_ref().map_or("never tried", |attempts| attempts.message.as_str());
        let days = limit.as_secs() / 86_400;
        Reason::new("expired", format!("it has waited for {days} days; the last try: {last}"))
    }
}

/// Why a document fails for good.
pub(crate) struct Reason {
    class: &'static str,
    code: Option<String>,
    message: String,
}

impl Reason {
    pub(crate) fn new(class: &'static str, message: impl Into<String>) -> Self {
        Self { class, code: None, message: message.into() }
    }

    /// One line for all faults; fields that fail for the same reason share its words.
    pub(crate) fn faults(faults: Vec<Fault>) -> Self {
        let mut shared: Vec<Fault> = Vec::new();
        for fault in faults {
            let same = |other: &&mut Fault| {
                (&other.source, &other.value, &other.cause) == (&fault.source, &fault.value, &fault.cause)
            };
            match shared.iter_mut().find(same) {
                Some(other) => other.target = format!("{}, {}", other.target, fault.target),
                None => shared.push(fault),
            }
        }
        let lines: Vec<_> = shared.iter().map(ToString::to_string).collect();
        Self::new("mapping", lines.join("; "))
    }

    /// A newer version of what the target does not change.
    pub(crate) fn changed(system: System, delivered: &Delivered) -> Self {
        let id = delivered.target_id.as_deref().unwrap_or("unknown");
        let version = delivered.version.as_deref().unwrap_or("unknown");
        Self::new(
            "changed",
            format!(
                "{system} has version {version} of it (id {id}), and a newer version has other content: {system} creates \
                 documents and does not change them, so change it there by hand (or let it be changed: KINGDEE_EDITS=on)"
            ),
        )
    }
}

impl Books {
    /// What is known of a document.
    pub(crate) async fn entry(&self, id: EntryId) -> Result<Entry, StoreError> {
        let known = self.ledger.read(std::slice::from_ref(&id)).await?.remove(&id);
        Ok(known.unwrap_or_else(|| Entry::new(id)))
    }

    /// Records a message that is no work item, whole, for a person to look at.
    pub(crate) async fn unreadable(
        &self,
        system: System,
        message: &Received,
        reason: &str,
    ) -> Result<Outcome, StoreError> {
        let document = Value::from(message.body.as_str());
        let reason = format!("the message in the queue of {system} cannot be read: {reason}");
        let failed = Failed {
            version: None,
            hash: content_hash(&document),
            class: UNREADABLE.to_owned(),
            code: None,
            message: reason.clone(),
            attempts: 0,
            document,
            received_at: message.sent_at,
            at: self.clock.now(),
            trace: message.id.clone(),
        };
        let id = EntryId::new(UNREADABLE, &message.id);
        ledger::record_failure(self.ledger.as_ref(), &id, &failed).await.inspect_err(|error| {
            tracing::error!(%error, message_id = message.id, "a message that is no work item waits for the store");
        })?;
        tracing::error!(message_id = message.id, "a message that is no work item was recorded as failed");
        Ok(Outcome::Failed { class: UNREADABLE.to_owned(), message: reason })
    }

    /// Records that the target has this version.
    pub(crate) async fn delivered(
        &self,
        work: &Work<'_>,
        kind: VersionKind,
        target_id: Option<String>,
        body_hash: String,
    ) -> Result<(), StoreError> {
        let version = work.item.version.clone();
        let at = self.clock.now();
        let delivered =
            Delivered { version: version.clone(), hash: work.hash.clone(), body_hash, target_id, at };
        self.change(work, move |entry| {
            // Should somebody have delivered a newer one in between, this one is not the newest any more.
            let known = entry.delivered.as_ref().and_then(|known| known.version.as_deref());
            if guard::settles(version.as_deref(), known, kind) {
                entry.delivered = Some(delivered.clone());
            }
            entry.attempts = None;
            entry
                .failed
                .take_if(|failed| guard::settles(version.as_deref(), failed.version.as_deref(), kind));
        })
        .await
    }

    /// Records that this version has failed for good, without having been sent this time.
    pub(crate) async fn failed(&self, work: &Work<'_>, reason: Reason) -> Result<Outcome, StoreError> {
        self.record(work, reason, None).await
    }

    /// Records that this version has failed for good, after a try that may have brought it there.
    pub(crate) async fn failed_try(&self, work: &Work<'_>, reason: Reason) -> Result<Outcome, StoreError> {
        let attempts = self.attempt(work, reason.message.clone());
        self.record(work, reason, Some(attempts)).await
    }

    async fn record(
        &self,
        work: &Work<'_>,
        reason: Reason,
        attempts: Option<Attempts>,
    ) -> Result<Outcome, StoreError> {
        let failed = Failed {
            version: work.item.version.clone(),
            hash: work.hash.clone(),
            class: reason.class.to_owned(),
            code: reason.code,
            message: reason.message.clone(),
            attempts: work.tries() + 1,
            document: work.item.document.clone(),
            received_at: work.item.received_at,
            at: self.clock.now(),
            trace: work.item.trace.clone(),
        };
        self.change(work, move |entry| {
            if let Some(attempts) = &attempts {
                entry.attempt(attempts.clone());
            }
            entry.fail(failed.clone());
        })
        .await?;
        Ok(Outcome::Failed { class: reason.class.to_owned(), message: reason.message })
    }

    /// Records what a failed call means: a failure, a pause of the target, or another try.
    pub(crate) async fn failed_call(&self, work: &Work<'_>, failure: Failure) -> Result<Outcome, StoreError> {
        let message = failure.to_string();
        match failure.class {
            Class::Refused => {
                self.failed_try(work, Reason { class: "refused", code: failure.code, message }).await
            }
            Class::Exists => {
                let message =
                    format!("{message}; what is there may be another version of it: compare it by hand");
                self.failed_try(work, Reason { class: "changed", code: failure.code, message }).await
            }
            Class::Paused { until } => {
                let now = self.clock.now();
                let pause = pause::set(self.checkpoints.as_ref(), work.system, until, message, now).await?;
                Ok(Outcome::Paused { until: pause.until, reason: pause.reason })
            }
            Class::Retry { after } => {
                self.again(work, after.unwrap_or_default(), after.is_some(), message).await
            }
            // Time for the target to show what it may have done.
            Class::Unknown => self.again(work, UNKNOWN_WAIT, false, message).await,
        }
    }

    async fn again(
        &self,
        work: &Work<'_>,
        at_least: Duration,
        limited: bool,
        message: String,
    ) -> Result<Outcome, StoreError> {
        let attempts = self.attempt(work, message.clone());
        let wait = backoff::wait(attempts.count, at_least, self.chance.as_ref());
        self.change(work, move |entry| entry.attempt(attempts.clone())).await?;
        Ok(Outcome::Retry { wait, message, limited })
    }

    fn attempt(&self, work: &Work<'_>, message: String) -> Attempts {
        Attempts {
            version: work.item.version.clone(),
            hash: work.hash.clone(),
            count: work.tries() + 1,
            message,
            at: self.clock.now(),
            others: false,
        }
    }

    async fn change(
        &self,
        work: &Work<'_>,
        change: impl Fn(&mut Entry) + Send + Sync,
    ) -> Result<(), StoreError> {
        ledger::update(self.ledger.as_ref(), &work.entry.id, Some(work.entry.clone()), change).await
    }
}
