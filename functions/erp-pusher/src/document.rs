//! One document: guard, map, push.

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures::FutureExt as _;
use relay_connector::Repeat;
use relay_core::clock::Deadline;
use relay_core::item::content_hash;
use relay_core::queue::RETENTION;
use relay_core::{Entry, EntryId, Received, StoreError, System, WorkItem};
use relay_job::sightings::Seen;
use relay_job::{Flows, Routed};
use relay_mapping::{Context, Mapped};
use tracing::{Instrument as _, Span, field};

use crate::guard::{self, Verdict};
use crate::held::Held;
use crate::ledger_writer::LedgerWriter;
use crate::outcome::{Outcome, Skip};
use crate::push::Trouble;
use crate::resolve::Resolver;
use crate::send::Sending;
use crate::targets::Targets;
use crate::work::{Reason, Work};

/// Before the queue drops a message by its age, the document moves into the ledger.
const OLDEST: Duration = RETENTION.saturating_sub(Duration::from_secs(86_400));

/// From this age on a document is asked after before it is sent. The copy of a dead letter that is redriven was never
/// received itself, and the ledger may know nothing of the first one's tries: its writes were what failed. A message
/// takes days to become a dead letter, so only what is older than a day can be such a copy; asking for every document of
/// a backlog would double the calls.
const FRESH: Duration = Duration::from_secs(86_400);

/// What was read of the ledger longer ago than this is read again before a document is sent.
const CURRENT: Duration = Duration::from_secs(10);

/// Pushes single documents.
pub(crate) struct Documents {
    pub(crate) flows: Arc<Flows>,
    pub(crate) settings: BTreeMap<String, String>,
    pub(crate) targets: Targets,
    pub(crate) resolver: Resolver,
    pub(crate) ledger_writer: LedgerWriter,
    pub(crate) seen: Seen,
}

/// What is known of a document, and when it was read, by the monotonic clock.
pub(crate) struct Known {
    pub(crate) entry: Entry,
    pub(crate) read_at: Duration,
}

/// One document's turn.
struct Turn<'a> {
    work: Work<'a>,
    message: &'a Received,
    read_at: Duration,
}

impl Documents {
    /// Pushes one document, and records what became of it.
    pub(crate) async fn push(
        &self,
        held: &Held<'_>,
        item: &WorkItem,
        message: &Received,
        known: Option<Known>,
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
        let turn = AssertUnwindSafe(self.guarded(held, item, message, known)).catch_unwind();
        let done = match turn.instrument(span.clone()).await {
            Ok(done) => done,
            Err(_) => self.panicked(held.system(), item).instrument(span.clone()).await,
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
        (self.ledger_writer.clock.now() - since).to_std().unwrap_or_default()
    }

    async fn guarded(
        &self,
        held: &Held<'_>,
        item: &WorkItem,
        message: &Received,
        known: Option<Known>,
    ) -> Result<Outcome, StoreError> {
        let known = match known {
            Some(known) => known,
            None => self.known(EntryId::new(&item.flow, &item.key)).await?,
        };
        let mut turn = self.turn(held.system(), item, message, known);
        turn.work.repeated |= held.is_repeated();
        Span::current().record("attempt", turn.work.tries() + 1);
        match self.pushed(&mut turn, held).await {
            Ok(outcome) => Ok(outcome),
            Err(Trouble::OutOfTime | Trouble::Lapsed) => Ok(Outcome::Postponed { wait: Duration::ZERO }),
            Err(Trouble::Skipped(skip)) => Ok(Outcome::Skipped(skip)),
            Err(Trouble::Store(error)) => Err(error),
            Err(Trouble::Failed(reason)) => self.ledger_writer.failed(&turn.work, reason).await,
            Err(Trouble::Vendor(failure)) => self.ledger_writer.failed_call(&turn.work, failure).await,
        }
    }

    fn turn<'a>(
        &self,
        system: System,
        item: &'a WorkItem,
        message: &'a Received,
        Known { entry, read_at }: Known,
    ) -> Turn<'a> {
        let repeated = message.receive_count > 1
            || item.replay.is_some()
            || entry.attempts.is_some()
            || entry.unanswered.is_some()
            || self.age(item.received_at) > FRESH;
        let flow = self.flows.named(&item.flow);
        let kind = flow.map(|routed| routed.flow.version_kind()).or(item.version_kind);
        let hash = content_hash(&item.document);
        Turn { work: Work { system, item, hash, kind, entry, repeated }, message, read_at }
    }

    /// What is known of a document.
    pub(crate) async fn known(&self, id: EntryId) -> Result<Known, StoreError> {
        let read_at = self.ledger_writer.clock.monotonic();
        Ok(Known { entry: self.ledger_writer.entry(id).await?, read_at })
    }

    /// Records a document whose turn ended in a panic, perhaps after it was sent. Not tried again by itself: what is
    /// wrong is the program, and a replay asks the target first.
    async fn panicked(&self, system: System, item: &WorkItem) -> Result<Outcome, StoreError> {
        let entry = self.ledger_writer.entry(EntryId::new(&item.flow, &item.key)).await?;
        let kind = item.version_kind;
        let work = Work { system, item, hash: content_hash(&item.document), kind, entry, repeated: true };
        let message = "a mistake in the program stopped this document's turn: the log tells its place; report it, and \
                       replay the document with a version that mends it";
        self.ledger_writer.failed_try(&work, Reason::new("panic", message)).await
    }

    /// The flow of a document that is for the target, as far as the document itself and the ledger tell.
    fn admitted(&self, turn: &Turn<'_>) -> Result<&Routed, Trouble> {
        let (work, item) = (&turn.work, turn.work.item);
        let routed = self.flows.named(&item.flow).ok_or_else(|| {
            let message = format!("there is no flow `{}` any more: restore its file, or leave it", item.flow);
            Trouble::Failed(Reason::new("flow", message))
        })?;
        let wrong = |fault| Trouble::Failed(Reason::faults(vec![fault]));
        routed.flow.key(&item.document).map_err(wrong)?;
        if !routed.flow.admits(&item.document).map_err(wrong)? {
            return Err(Trouble::Skipped(Skip::Filtered));
        }
        let is_confirmation = work.is_to_be_confirmed(self.ledger_writer.clock.now()).is_some();
        match guard::judge(&work.entry, work.candidate()) {
            Verdict::Skip(Skip::Same) if is_confirmation => Ok(routed),
            Verdict::Skip(skip) => Err(Trouble::Skipped(skip)),
            Verdict::Settled(message) => Err(Trouble::Failed(Reason::new("settled", message))),
            Verdict::Unordered(reason) => {
                let source = routed.flow.version_source().unwrap_or_default();
                Err(Trouble::Failed(Reason::new("mapping", format!("version: `{source}`: {reason}"))))
            }
            Verdict::Push if self.is_overdue(turn.message) => Err(Trouble::Failed(work.expired(OLDEST))),
            Verdict::Push => Ok(routed),
        }
    }

    async fn pushed(&self, turn: &mut Turn<'_>, held: &Held<'_>) -> Result<Outcome, Trouble> {
        let routed = self.admitted(turn)?;
        let now = self.ledger_writer.clock.now();
        let wait = turn.work.is_to_be_confirmed(now).or_else(|| turn.work.waits_for_another(now));
        if let Some(wait) = wait.filter(|wait| !wait.is_zero()) {
            return Ok(Outcome::Postponed { wait });
        }
        let document = &turn.work.item.document;
        let lookups = self.resolver.resolve(routed.flow.lookups(document), held).await?;
        self.seen.note(&routed.flow, document).await;
        let mapped = routed.flow.apply(document, &Context { settings: &self.settings, lookups: &lookups });
        let mapped = mapped.map_err(|faults| Trouble::Failed(Reason::faults(faults)))?;
        let deadline = held.keep().await?;
        if self.is_outdated(turn) {
            // The look-ups may have taken minutes, and the documents before this one too.
            let known = self.known(turn.work.entry.id.clone()).await?;
            (turn.work.entry, turn.read_at) = (known.entry, known.read_at);
            self.admitted(turn)?;
        }
        self.deliver(&turn.work, routed, &mapped, deadline).await
    }

    fn is_outdated(&self, turn: &Turn<'_>) -> bool {
        self.ledger_writer.clock.monotonic().saturating_sub(turn.read_at) > CURRENT
    }

    async fn deliver(
        &self,
        work: &Work<'_>,
        routed: &Routed,
        mapped: &Mapped,
        deadline: Deadline,
    ) -> Result<Outcome, Trouble> {
        let body_hash = content_hash(&mapped.body);
        let document = routed.flow.target().document;
        let target = self.targets.get(work.system)?;
        let replaces = target.repeat(document) == Repeat::Replaces;
        if let Some(delivered) = &work.entry.delivered {
            let is_believed = work.is_believed(self.ledger_writer.clock.now());
            if delivered.body_hash == body_hash && is_believed {
                let target_id = delivered.target_id.clone();
                self.ledger_writer.delivered(work, target_id, body_hash, false).await?;
                return Ok(Outcome::Unchanged);
            }
            if !replaces {
                return Err(Trouble::Failed(Reason::changed(
                    work.system,
                    delivered,
                    target.way_to_change(document),
                )));
            }
        }
        let sending = Sending { target, work, document, mapped, deadline };
        match sending.send(&self.ledger_writer).await? {
            Outcome::Delivered { target_id, .. } => {
                Ok(self.ledger_writer.delivered(work, target_id, body_hash, replaces).await?)
            }
            Outcome::Found { target_id } => {
                let recorded =
                    self.ledger_writer.delivered(work, Some(target_id.clone()), body_hash, replaces).await?;
                // What was recorded says more where the two deliveries crossed, or the newest is to be sent once more.
                let is_plain = matches!(recorded, Outcome::Delivered { confirm: None, .. });
                Ok(if is_plain { Outcome::Found { target_id } } else { recorded })
            }
            other => Ok(other),
        }
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
            tracing::info!(outcome = outcome.name(), "the document's turn comes later");
        }
        _ => tracing::info!(outcome = outcome.name(), "document done"),
    }
}
