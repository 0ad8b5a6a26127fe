//! One document: guard, map, push, and the ledger behind it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use clock::{Chance, Clock};
use mapping::{Context, Fault, Mapped};
use pipeline::item::content_hash;
use pipeline::ledger::{self, Attempts, Delivered, Entry, EntryId, Failed};
use pipeline::queue::RETENTION;
use pipeline::{Checkpoints, Ledger, Received, StoreError, System, WorkItem, pause};
use serde_json::Value;
use tracing::Instrument as _;
use vendor::{Class, Failure};
use wiring::Flows;
use wiring::flows::Routed;

use crate::backoff;
use crate::guard::{self, Candidate};
use crate::outcome::Outcome;
use crate::push::Trouble;
use crate::resolve::Resolver;
use crate::targets::{Target, Targets};

/// Before the queue drops a message by its age, the document moves into the ledger.
const OLDEST: Duration = RETENTION.saturating_sub(Duration::from_secs(86_400));

/// Under this flow stand messages that are no work items.
const UNREADABLE: &str = "unreadable";

/// Pushes single documents.
pub(crate) struct Documents {
    pub(crate) flows: Arc<Flows>,
    pub(crate) settings: BTreeMap<String, String>,
    pub(crate) targets: Targets,
    pub(crate) resolver: Resolver,
    pub(crate) checkpoints: Arc<dyn Checkpoints>,
    pub(crate) ledger: Arc<dyn Ledger>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) chance: Arc<dyn Chance>,
}

/// One version of one document at one receive.
struct Work<'a> {
    system: System,
    item: &'a WorkItem,
    hash: String,
    entry: Entry,
    /// Whether an earlier try may have reached the target.
    repeated: bool,
}

/// Why a document fails for good.
struct Reason {
    class: &'static str,
    code: Option<String>,
    message: String,
}

impl Reason {
    fn new(class: &'static str, message: impl Into<String>) -> Self {
        Self { class, code: None, message: message.into() }
    }

    /// One line for all faults; fields that fail for the same reason share its words.
    fn faults(faults: Vec<Fault>) -> Self {
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

    /// Records a message that is no work item, whole, for a person to look at.
    pub(crate) async fn fail_unreadable(
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
        ledger::record_failure(self.ledger.as_ref(), &EntryId::new(UNREADABLE, &message.id), &failed).await?;
        tracing::error!(message = message.id, "a message that is no work item was recorded as failed");
        Ok(Outcome::Failed { class: UNREADABLE.to_owned(), message: reason })
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
            None => self
                .ledger
                .read(std::slice::from_ref(&id))
                .await?
                .remove(&id)
                .unwrap_or_else(|| Entry::new(id)),
        };
        let hash = content_hash(&item.document);
        let repeated = message.receive_count > 1 || item.replay.is_some() || entry.attempts.is_some();
        let work = Work { system, item, hash, entry, repeated };

        let Some(routed) = self.flows.named(&item.flow) else {
            let message = format!("there is no flow `{}` any more: restore its file, or leave it", item.flow);
            return self.fail(&work, Reason::new("flow", message)).await;
        };
        if let Err(fault) = routed.flow.key(&item.document) {
            return self.fail(&work, Reason::faults(vec![fault])).await;
        }
        if !routed.flow.admits(&item.document) {
            return Ok(Outcome::Skipped(crate::outcome::Skip::Filtered));
        }
        let candidate =
            Candidate { version: item.version.as_deref(), hash: &work.hash, replay: item.replay.is_some() };
        match guard::skip(&work.entry, candidate, routed.flow.version_kind()) {
            Ok(Some(skip)) => return Ok(Outcome::Skipped(skip)),
            Ok(None) => {}
            Err(reason) => return self.fail(&work, Reason::new("mapping", reason)).await,
        }
        if (self.clock.now() - message.sent_at).to_std().unwrap_or_default() > OLDEST {
            let last =
                work.entry.attempts.as_ref().map_or("never tried", |attempts| attempts.message.as_str());
            let reason =
                format!("it has waited for {} days; the last try: {last}", OLDEST.as_secs() / 86_400);
            return self.fail(&work, Reason::new("expired", reason)).await;
        }
        match self.deliver(&work, routed).await {
            Ok(outcome) => Ok(outcome),
            Err(Trouble::Store(error)) => Err(error),
            Err(Trouble::Vendor(failure)) => self.failed_call(&work, failure).await,
        }
    }

    async fn deliver(&self, work: &Work<'_>, routed: &Routed) -> Result<Outcome, Trouble> {
        let document = &work.item.document;
        let lookups = self.resolver.resolve(routed.flow.lookups(document)).await?;
        let mapped =
            match routed.flow.apply(document, &Context { settings: &self.settings, lookups: &lookups }) {
                Ok(mapped) => mapped,
                Err(faults) => return Ok(self.fail(work, Reason::faults(faults)).await?),
            };
        let body_hash = content_hash(&mapped.body);
        let target = self.targets.get(work.system)?;
        if let Some(delivered) = &work.entry.delivered {
            if delivered.body_hash == body_hash {
                let target_id = delivered.target_id.clone();
                self.record(work, routed, target_id, body_hash).await?;
                return Ok(Outcome::Unchanged);
            }
            if !target.replaces() {
                return Ok(self.fail(work, changed(work.system, delivered)).await?);
            }
        }
        let outcome = send(target, work, routed.flow.target().document.name, &mapped).await?;
        let target_id = match &outcome {
            Outcome::Delivered { target_id } => target_id.clone(),
            Outcome::Found { target_id } => Some(target_id.clone()),
            _ => None,
        };
        self.record(work, routed, target_id, body_hash).await?;
        Ok(outcome)
    }

    /// Records that the target has this version.
    async fn record(
        &self,
        work: &Work<'_>,
        routed: &Routed,
        target_id: Option<String>,
        body_hash: String,
    ) -> Result<(), StoreError> {
        let version = work.item.version.clone();
        let kind = routed.flow.version_kind();
        let at = self.clock.now();
        let delivered =
            Delivered { version: version.clone(), hash: work.hash.clone(), body_hash, target_id, at };
        self.change(work, move |entry| {
            entry.delivered = Some(delivered.clone());
            entry.attempts = None;
            entry
                .failed
                .take_if(|failed| guard::settles(version.as_deref(), failed.version.as_deref(), kind));
        })
        .await
    }

    /// Records that this version has failed for good.
    async fn fail(&self, work: &Work<'_>, reason: Reason) -> Result<Outcome, StoreError> {
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
            entry.failed = Some(failed.clone());
            entry.attempts = None;
        })
        .await?;
        Ok(Outcome::Failed { class: reason.class.to_owned(), message: reason.message })
    }

    async fn failed_call(&self, work: &Work<'_>, failure: Failure) -> Result<Outcome, StoreError> {
        let message = failure.to_string();
        match failure.class {
            Class::Refused | Class::Exists => {
                self.fail(work, Reason { class: "refused", code: failure.code, message }).await
            }
            Class::Paused { until } => {
                let now = self.clock.now();
                let pause = pause::set(self.checkpoints.as_ref(), work.system, until, message, now).await?;
                Ok(Outcome::Paused { until: pause.until, reason: pause.reason })
            }
            Class::Retry { after } => self.again(work, after, message).await,
            Class::Unknown => self.again(work, None, message).await,
        }
    }

    async fn again(
        &self,
        work: &Work<'_>,
        asked: Option<Duration>,
        message: String,
    ) -> Result<Outcome, StoreError> {
        let count = work.tries() + 1;
        let attempts = Attempts {
            version: work.item.version.clone(),
            hash: work.hash.clone(),
            count,
            message: message.clone(),
            at: self.clock.now(),
        };
        self.change(work, move |entry| entry.attempts = Some(attempts.clone())).await?;
        let wait = backoff::wait(count, asked, self.chance.as_ref());
        Ok(Outcome::Retry { wait, message, limited: asked.is_some() })
    }

    async fn change(
        &self,
        work: &Work<'_>,
        change: impl Fn(&mut Entry) + Send + Sync,
    ) -> Result<(), StoreError> {
        ledger::update(self.ledger.as_ref(), &work.entry.id, Some(work.entry.clone()), change).await
    }
}

impl Work<'_> {
    /// The tries at this version so far.
    fn tries(&self) -> u32 {
        self.entry
            .attempts
            .as_ref()
            .filter(|attempts| attempts.hash == self.hash)
            .map_or(0, |attempts| attempts.count)
    }
}

/// Pushes, unless the target says that an earlier try has arrived.
async fn send(
    target: &dyn Target,
    work: &Work<'_>,
    document: &'static str,
    mapped: &Mapped,
) -> Result<Outcome, Failure> {
    // Where the target has an older version, finding the number proves nothing about this one.
    let may_have_arrived = work.repeated && work.entry.delivered.is_none();
    if may_have_arrived && let Some(target_id) = target.find(document, mapped).await? {
        return Ok(Outcome::Found { target_id });
    }
    let replaced = work.entry.delivered.as_ref().and_then(|delivered| delivered.target_id.as_deref());
    match target.deliver(document, mapped, replaced).await {
        Ok(target_id) => Ok(Outcome::Delivered { target_id }),
        Err(failure) if failure.class == Class::Exists => {
            target.find(document, mapped).await?.map(|target_id| Outcome::Found { target_id }).ok_or(failure)
        }
        Err(failure) => Err(failure),
    }
}

fn changed(system: System, delivered: &Delivered) -> Reason {
    let id = delivered.target_id.as_deref().unwrap_or("unknown");
    let version = delivered.version.as_deref().unwrap_or("unknown");
    Reason::new(
        "changed",
        format!(
            "{system} has version {version} of it (id {id}), and a newer version has other content: {system} creates \
             documents and does not change them, so change it there by hand (or let it be changed: KINGDEE_EDITS=on)"
        ),
    )
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
