//! One document: guard, map, push.

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures::FutureExt as _;
use mapping::Context;
use pipeline::item::content_hash;
use pipeline::queue::RETENTION;
use pipeline::{Entry, EntryId, Received, StoreError, System, WorkItem};
use tracing::{Instrument as _, Span, field};
use wiring::Flows;
use wiring::flows::Routed;

use crate::books::{Books, Reason, Work};
use crate::guard::{self, Candidate};
use crate::outcome::{Outcome, Skip};
use crate::push::{Batch, GoesOn, Trouble};
use crate::resolve::Resolver;
use crate::send::send;
use crate::targets::Targets;

/// Before the queue drops a message by its age, the document moves into the ledger.
const OLDEST: Duration = RETENTION.saturating_sub(Duration::from_secs(86_400));

/// From this age on a document is asked after before it is sent. The copy of a dead letter that is redriven was never
/// received itself, and the ledger may know nothing of the first one's tries: its writes were what failed. A message
/// takes days to become a dead letter, so only what is older than a day can be such a copy; asking for every document of
/// a backlog would double the calls.
const FRESH: Duration = Duration::from_secs(86_400);

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
        batch: Batch<'_>,
        item: &WorkItem,
        message: &Received,
        entry: Option<Entry>,
    ) -> Result<Outcome, StoreError> {
        let span = tracing::info_span!(
            "document",
            flow = item.flow,
            key = item.key,
            version = item.version,
            attempt = field::Empty,
            trace = item.trace
        );
        // A mistake of ours that this document brings out is no reason to stop the others.
        let turn = AssertUnwindSafe(self.guarded(batch, item, message, entry)).catch_unwind();
        let done = match turn.instrument(span.clone()).await {
            Ok(done) => done,
            Err(_) => self.panicked(batch.system, item).instrument(span.clone()).await,
        };
        span.in_scope(|| match &done {
            Ok(outcome) => log(outcome),
            Err(error) => tracing::error!(%error, "the document waits for the store"),
        });
        done
    }

    /// Whether the queue will soon drop a message by its age.
    pub(crate) fn is_overdue(&self, message: &Received) -> bool {
        self.age(message.sent_at) > OLDEST
    }

    fn age(&self, since: DateTime<Utc>) -> Duration {
        (self.books.clock.now() - since).to_std().unwrap_or_default()
    }

    async fn guarded(
        &self,
        batch: Batch<'_>,
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
        let repeated = message.receive_count > 1
            || item.replay.is_some()
            || entry.attempts.is_some()
            || self.age(item.received_at) > FRESH;
        let work = Work { system: batch.system, item, hash, entry, repeated };
        Span::current().record("attempt", work.tries() + 1);
        let routed = match self.admitted(&work, self.is_overdue(message)) {
            Ok(routed) => routed,
            Err(Stop::Skip(skip)) => return Ok(Outcome::Skipped(skip)),
            Err(Stop::Fail(reason)) => return self.books.failed(&work, reason).await,
        };
        match self.deliver(&work, routed, batch.goes_on).await {
            Ok(outcome) => Ok(outcome),
            Err(Trouble::OutOfTime) => Ok(Outcome::Postponed { wait: Duration::ZERO }),
            Err(Trouble::Store(error)) => Err(error),
            Err(Trouble::Vendor(failure)) => self.books.failed_call(&work, failure).await,
        }
    }

    /// Records a document whose turn ended in a panic, perhaps after it was sent. Not tried again by itself: what is
    /// wrong is the program, and a replay asks the target first.
    async fn panicked(&self, system: System, item: &WorkItem) -> Result<Outcome, StoreError> {
        let entry = self.books.entry(EntryId::new(&item.flow, &item.key)).await?;
        let work = Work { system, item, hash: content_hash(&item.document), entry, repeated: true };
        let message = "a mistake in the program stopped this document's turn: the log tells its place; report it, and \
                       replay the document with a version that mends it";
        self.books.failed_try(&work, Reason::new("panic", message)).await
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

    async fn deliver(
        &self,
        work: &Work<'_>,
        routed: &Routed,
        goes_on: GoesOn<'_>,
    ) -> Result<Outcome, Trouble> {
        let document = &work.item.document;
        let lookups = self.resolver.resolve(routed.flow.lookups(document), goes_on).await?;
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

fn log(outcome: &Outcome) {
    match outcome {
        Outcome::Failed { class, .. } => tracing::error!(outcome = outcome.name(), class, "document done"),
        // Not the reason, which holds the vendor's words: what failed has been told.
        Outcome::Retry { wait, .. } => {
            tracing::warn!(outcome = outcome.name(), wait_s = wait.as_secs(), "document to be tried again");
        }
        Outcome::Paused { until, .. } => tracing::error!(%until, "the target is paused"),
        Outcome::Postponed { .. } => {
            tracing::info!(outcome = outcome.name(), "the document's look-ups go on in its next turn");
        }
        _ => tracing::info!(outcome = outcome.name(), "document done"),
    }
}
