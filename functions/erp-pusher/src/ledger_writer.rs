//! What the ledger is told of a document's turn.

use std::sync::Arc;
use std::time::Duration;

use relay_connector::{Class, Failure};
use relay_core::VersionKind;
use relay_core::clock::{Clock, Rng};
use relay_core::item::content_hash;
use relay_core::ledger::{self, Attempts, Delivered, Entry, EntryId, Failed, UNACKNOWLEDGED, Unanswered};
use relay_core::{Checkpoints, Ledger, Received, StoreError, System, WorkItem, pause};
use serde_json::Value;

use crate::backoff;
use crate::crossed;
use crate::outcome::{Outcome, Skip};
use crate::work::{CONFIRM, FORGOTTEN, Reason, Work};

/// Under this flow stand messages that are no work items.
pub const UNREADABLE: &str = "unreadable";

/// How long a target is given to show what it may have done.
const UNKNOWN_WAIT: Duration = Duration::from_secs(5);

/// Writes the ledger, and the pauses of the targets.
pub(crate) struct LedgerWriter {
    pub(crate) checkpoints: Arc<dyn Checkpoints>,
    pub(crate) ledger: Arc<dyn Ledger>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) rng: Arc<dyn Rng>,
}

impl LedgerWriter {
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
            version_kind: None,
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

    /// Records that the target has this version, and what that comes to.
    pub(crate) async fn delivered(
        &self,
        work: &Work<'_>,
        target_id: Option<String>,
        body_hash: String,
        replaces: bool,
    ) -> Result<Outcome, StoreError> {
        let at = self.clock.now();
        let delivered = Delivered {
            version: work.item.version.clone(),
            version_kind: work.kind,
            hash: work.hash.clone(),
            body_hash,
            target_id: target_id.clone(),
            received_at: Some(work.item.received_at),
            at,
        };
        let confirmed = work.is_to_be_confirmed(at).is_some();
        let delivery = self.change(work, |entry| {
            let request = entry.unanswered.as_ref();
            let is_over = request.is_some_and(|request| confirmed || (at - request.at).abs() > FORGOTTEN);
            entry.unanswered.take_if(|_| is_over);
            let delivery = entry.deliver(delivered.clone(), work.entry.delivered.as_ref());
            if let Some(message) = crossed::delivered(work.system, &delivery, &delivered) {
                let attempts = self.attempt(work, message.clone());
                entry.credential_check(attempts, self.failure(work, Reason::new("crossed", message)));
            }
            (delivery, entry.unanswered.clone())
        });
        let (delivery, unanswered) = delivery.await?;
        if let Some(message) = crossed::delivered(work.system, &delivery, &delivered) {
            return Ok(Outcome::Failed { class: "crossed".to_owned(), message });
        }
        if confirmed {
            return Ok(Outcome::Confirmed { target_id });
        }
        let other = unanswered.filter(|request| replaces && request.hash != work.hash);
        let confirm = other.map(|request| (CONFIRM - (at - request.at)).to_std().unwrap_or_default());
        Ok(Outcome::Delivered { target_id, confirm })
    }

    /// Records, before it is sent, that a document may reach the target: one that nobody can ask for, and whose repetition
    /// would make a second one.
    pub(crate) async fn begun(&self, work: &Work<'_>) -> Result<(), StoreError> {
        let request = Unanswered { hash: work.hash.clone(), at: self.clock.now() };
        self.change(work, |entry| entry.unanswered = Some(request.clone())).await
    }

    /// Takes that back, where the target's answer says that it has not taken the document.
    pub(crate) async fn answered(&self, work: &Work<'_>) -> Result<(), StoreError> {
        self.change(work, |entry| entry.unanswered.clone_from(&work.entry.unanswered)).await
    }

    /// Records that the source does not take the acknowledgement of a document that is done with.
    pub(crate) async fn unacknowledged(
        &self,
        item: &WorkItem,
        kind: Option<VersionKind>,
        message: &str,
    ) -> Result<(), StoreError> {
        let hash = content_hash(&item.document);
        let id = EntryId::new(&item.flow, &item.key);
        let failed = Failed {
            version: item.version.clone(),
            version_kind: kind,
            hash,
            class: UNACKNOWLEDGED.to_owned(),
            code: None,
            message: message.to_owned(),
            attempts: 1,
            document: item.document.clone(),
            received_at: item.received_at,
            at: self.clock.now(),
            trace: item.trace.clone(),
        };
        ledger::update(self.ledger.as_ref(), &id, None, |entry| entry.stand(failed.clone())).await
    }

    /// Records that the source has taken the acknowledgement after all.
    pub(crate) async fn acknowledged(&self, id: EntryId, item: &WorkItem) -> Result<(), StoreError> {
        let hash = content_hash(&item.document);
        ledger::update(self.ledger.as_ref(), &id, None, |entry| entry.clear(UNACKNOWLEDGED, &hash)).await
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
        let failed = self.failure(work, reason);
        let stands = self.change(work, |entry| {
            if let Some(attempts) = &attempts {
                entry.attempt(attempts.clone());
            }
            entry.fail(failed.clone())
        });
        if !stands.await? {
            return Ok(Outcome::Skipped(Skip::Older));
        }
        Ok(Outcome::Failed { class: failed.class, message: failed.message })
    }

    fn failure(&self, work: &Work<'_>, reason: Reason) -> Failed {
        Failed {
            version: work.item.version.clone(),
            version_kind: work.kind,
            hash: work.hash.clone(),
            class: reason.class.to_owned(),
            code: reason.code,
            message: reason.message,
            attempts: work.tries() + 1,
            document: work.item.document.clone(),
            received_at: work.item.received_at,
            at: self.clock.now(),
            trace: work.item.trace.clone(),
        }
    }

    /// Records what a failed call means: a failure, a pause of the target, or another try.
    pub(crate) async fn failed_call(&self, work: &Work<'_>, failure: Failure) -> Result<Outcome, StoreError> {
        tracing::warn!(%failure, "the call failed");
        let message = failure.in_full();
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
                self.again(work, after.unwrap_or_default(), after.is_some(), message, false).await
            }
            Class::OutOfTime => Ok(Outcome::Postponed { wait: Duration::ZERO }),
            // Time for the target to show what it may have done.
            Class::Unknown => self.again(work, UNKNOWN_WAIT, false, message, true).await,
        }
    }

    async fn again(
        &self,
        work: &Work<'_>,
        at_least: Duration,
        limited: bool,
        message: String,
        is_unanswered: bool,
    ) -> Result<Outcome, StoreError> {
        let attempts = self.attempt(work, message.clone());
        let wait = backoff::wait(attempts.count, at_least, self.rng.as_ref());
        let request = is_unanswered.then(|| Unanswered { hash: work.hash.clone(), at: attempts.at });
        let crossed = self.change(work, |entry| {
            entry.attempt(attempts.clone());
            // The one that began last ends last, as far as anybody knows.
            entry.unanswered = Some(request.clone()?);
            let message = crossed::unanswered(work, entry.delivered.as_ref()?)?;
            entry.stand(self.failure(work, Reason::new("crossed", message.clone())));
            Some(message)
        });
        if let Some(message) = crossed.await? {
            return Ok(Outcome::Failed { class: "crossed".to_owned(), message });
        }
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

    async fn change<T: Send>(
        &self,
        work: &Work<'_>,
        change: impl Fn(&mut Entry) -> T + Send + Sync,
    ) -> Result<T, StoreError> {
        ledger::update(self.ledger.as_ref(), &work.entry.id, Some(work.entry.clone()), change).await
    }
}
