//! One document through its phases: guard, resolve, map, deliver, settle.

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures::FutureExt as _;
use relay_core::item::content_hash;
use relay_core::policy::{self, Receive};
use relay_core::{
    EntryId, FailureClass, Groups, Outcome, Received, RetryCause, StoreError, VersionKind, WorkItem, backoff,
    told,
};
use relay_job::sightings::Seen;
use relay_job::{Flows, Routed};
use tracing::{Instrument as _, Span, field};

use crate::batch::Held;
use crate::boxed::boxed;
use crate::contribute;
use crate::damp::Damping;
use crate::deliver::Sending;
use crate::echo::Own;
use crate::parts::Divider;
use crate::planned::Planned;
use crate::resolve::Resolver;
use crate::settle::{self, LedgerWriter};
use crate::stop::Stop;
use crate::targets::Targets;
use crate::waiting::Waiting;
use crate::work::{Known, Work};

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
    pub(crate) waiting: Arc<Waiting>,
    pub(crate) ledger_writer: LedgerWriter,
    pub(crate) groups: Arc<dyn Groups>,
    pub(crate) divider: Divider,
    pub(crate) damping: Damping,
    pub(crate) own: Own,
    pub(crate) seen: Seen,
}

impl Documents {
    /// Pushes one document, and records what became of it.
    pub(crate) async fn push(
        &self,
        held: &Held<'_>,
        item: &WorkItem,
        message: &Received,
        known: Option<Known>,
    ) -> Outcome {
        let span = tracing::info_span!(
            "document",
            flow = item.flow,
            key = item.key,
            version = item.version,
            attempt = field::Empty,
            trace = item.trace
        );
        let attempt = AtomicU32::new(1);
        // Boxed, like its phases: all of them as one value lay on the stack wherever it was handed on, and overflowed it.
        let turn = boxed(|| async {
            // A mistake of ours that this document brings out is no reason to stop the others.
            let turn = boxed(|| self.worked(held, item, message, known, &attempt));
            let turn = AssertUnwindSafe(turn).catch_unwind();
            let done = match turn.await {
                Ok(done) => done,
                Err(_) => boxed(|| self.panicked(held, item, message)).await,
            };
            done.unwrap_or_else(|error| self.waits_for_store(message, &error))
        });
        let attempt = || attempt.load(Ordering::Relaxed);
        let outcome = held.history().of(item, attempt, turn.instrument(span.clone())).await;
        let receive = Receive { now: self.now(), count: message.receive_count, receiver: held.receiver() };
        span.in_scope(|| told::log(&outcome, &policy::of(&outcome, receive)));
        outcome
    }

    /// A message that waits for a store of ours.
    pub(crate) fn waits_for_store(&self, message: &Received, error: &StoreError) -> Outcome {
        let wait = backoff::wait(message.receive_count, backoff::STORE, self.ledger_writer.rng.as_ref());
        Outcome::Retry { wait, message: error.to_string(), cause: RetryCause::Store }
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.ledger_writer.clock.now()
    }

    /// The document through its phases, and settled by whatever ended them.
    async fn worked(
        &self,
        held: &Held<'_>,
        item: &WorkItem,
        message: &Received,
        known: Option<Known>,
        attempt: &AtomicU32,
    ) -> Result<Outcome, StoreError> {
        let known = match known {
            Some(known) => known,
            None => self.known(EntryId::new(&item.flow, &item.key)).await?,
        };
        let mut work = self.work(held, item, message, known);
        attempt.store(work.tries() + 1, Ordering::Relaxed);
        Span::current().record("attempt", work.tries() + 1);
        let (sent, ended) = match boxed(|| self.planned(&mut work, held)).await {
            Ok(Planned::Send(plan, deadline)) => {
                let sending = Sending { work: &work, plan: &plan, deadline, gather: held.gather() };
                let ended = boxed(|| sending.deliver(&self.ledger_writer)).await;
                (Some(plan.sent()), ended)
            }
            Ok(Planned::Live(mut living)) => {
                let ended = boxed(|| living.live(&mut work, held, &self.ledger_writer)).await;
                (Some(living.sent()), ended)
            }
            Ok(Planned::Contribute(mut contributed)) => {
                let (groups, ledger) = (self.groups.as_ref(), self.ledger_writer.ledger.as_ref());
                let ended = boxed(|| contributed.store(groups, ledger, &work, self.now())).await;
                (Some(contributed.sent()), ended)
            }
            Ok(Planned::Divide(routed)) => (None, boxed(|| self.divider.divide(routed, &work, held)).await),
            Ok(Planned::Withdraw(withdrawn)) => {
                let ledger = self.ledger_writer.ledger.as_ref();
                (None, boxed(|| withdrawn.settle(&work, ledger, self.now())).await)
            }
            Err(stop) => (None, Err(stop)),
        };
        let outcome = match ended {
            Ok(outcome) | Err(Stop::Ended(outcome)) => outcome,
            Err(Stop::Call(failure)) => settle::meaning(failure, &work, self.ledger_writer.rng.as_ref()),
            Err(Stop::Store(error)) => return Err(error),
        };
        let outcome = boxed(|| self.ledger_writer.record(&work, sent.as_ref(), outcome)).await?;
        boxed(|| self.waiting.settled(&work, &outcome)).await?;
        Ok(outcome)
    }

    fn work<'a>(&self, held: &Held<'a>, item: &'a WorkItem, message: &'a Received, known: Known) -> Work<'a> {
        let entry = &known.entry;
        let is_old = (self.now() - item.received_at).to_std().is_ok_and(|age| age > FRESH);
        let resumed = held.is_repeated(message) || is_old;
        let repeated =
            resumed || item.replay.is_some() || entry.attempts.is_some() || entry.unanswered.is_some();
        let flow = self.flows.named(&item.flow);
        let kind = match flow {
            Some(routed) if contribute::is_bill(&routed.flow, item) => Some(VersionKind::Received),
            Some(routed) => Some(routed.flow.version_kind(&item.document)),
            None => item.version_kind,
        };
        let hash = hash(flow.map(AsRef::as_ref), item);
        let document = flow.map(|routed| routed.flow.target().document.name);
        let is_alert = flow.is_some_and(|routed| routed.flow.source().damp.is_some());
        let archived = held.history().location();
        let numbers = flow.map(|routed| routed.flow.source().document.numbers_in(&item.document));
        Work {
            system: held.system(),
            item,
            message,
            hash,
            document,
            is_alert,
            kind,
            known,
            resumed,
            repeated,
            archived,
            numbers: numbers.unwrap_or_default(),
            missing: Vec::new(),
            step: None,
        }
    }

    /// What is known of a document.
    pub(crate) async fn known(&self, id: EntryId) -> Result<Known, StoreError> {
        let clock = self.ledger_writer.clock.as_ref();
        let read_at = clock.monotonic();
        Ok(Known::read(self.ledger_writer.entry(id).await?, read_at, clock))
    }

    /// Records a document whose turn ended in a panic, perhaps after it was sent. Not tried again by itself: what is
    /// wrong is the program, and a replay asks the target first.
    async fn panicked(
        &self,
        held: &Held<'_>,
        item: &WorkItem,
        message: &Received,
    ) -> Result<Outcome, StoreError> {
        let known = self.known(EntryId::new(&item.flow, &item.key)).await?;
        let flow = self.flows.named(&item.flow).map(AsRef::as_ref);
        let (kind, hash) = (item.version_kind, hash(flow, item));
        let document = flow.map(|routed| routed.flow.target().document.name);
        let (system, archived) = (held.system(), held.history().location());
        let work = Work {
            system,
            item,
            message,
            hash,
            document,
            is_alert: false,
            kind,
            known,
            resumed: true,
            repeated: true,
            archived,
            numbers: Vec::new(),
            missing: Vec::new(),
            step: None,
        };
        let why = "a mistake in the program stopped this document's turn: the log tells its place; report it, and \
                   replay the document with a version that mends it";
        let outcome = Outcome::failed_try(FailureClass::Panic, None, why);
        self.ledger_writer.record(&work, None, outcome).await
    }
}

/// A hash of what the document says, as its flow goes by it.
fn hash(flow: Option<&Routed>, item: &WorkItem) -> String {
    match flow {
        Some(routed) => routed.flow.content_hash(&item.document),
        None => content_hash(&item.document),
    }
}
