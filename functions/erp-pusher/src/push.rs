//! One batch of messages.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use clock::{Chance, Clock};
use pipeline::health::Monitor;
use pipeline::{Entry, EntryId, Ledger, Queue, StoreError, System, pause};
use vendor::{Class, Failure};
use wiring::{Doubt, Flows};

use crate::acknowledge::{Acknowledger, DoneRow};
use crate::backoff;
use crate::books::UNREADABLE;
use crate::document::Documents;
use crate::health;
use crate::opened::Opened;
use crate::outcome::{Outcome, Skip, Turn};
use crate::pauses::Pauses;

/// A store that does not answer is asked again this much later, or later still.
pub(crate) const STORE_WAIT: Duration = Duration::from_secs(10);

/// A source that takes nothing from us is left alone this long.
const SOURCE_WAIT: Duration = Duration::from_secs(600);

/// Messages in flight are kept there when this much time has gone by: a killed worker's come back soon, a slow one's
/// do not come twice.
const KEEP_AFTER: Duration = Duration::from_secs(30);

/// What can go wrong on the way to the target.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Trouble {
    #[error(transparent)]
    Vendor(#[from] Failure),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("its look-ups took the time that there was")]
    OutOfTime,
}

/// Whether there is time for one more call.
pub(crate) type GoesOn<'a> = &'a (dyn Fn() -> bool + Send + Sync);

/// Messages of one target system.
#[derive(Clone, Copy)]
pub struct Batch<'a> {
    /// The target system.
    pub system: System,
    /// The messages, in the order they were received.
    pub messages: &'a [Opened],
    /// How long messages stay in flight, where the pusher is to keep them there itself.
    pub visibility: Option<Duration>,
    /// Asked before each document, and between its look-ups: whether there is time for one more.
    pub goes_on: &'a (dyn Fn() -> bool + Send + Sync),
}

/// Pushes batches.
pub struct Pusher {
    pub(crate) documents: Documents,
    pub(crate) acknowledger: Acknowledger,
    pub(crate) flows: Arc<Flows>,
    pub(crate) queue: Arc<dyn Queue>,
    pub(crate) pauses: Pauses,
    pub(crate) ledger: Arc<dyn Ledger>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) chance: Arc<dyn Chance>,
    pub(crate) doubt: Arc<Doubt>,
    pub(crate) health: Arc<Monitor>,
}

/// Why the rest of a batch is left for later.
enum Halt {
    Paused(pause::Pause),
    /// The vendor limits the rate, or time is up.
    Wait(Duration),
}

impl Halt {
    fn outcome(&self) -> Outcome {
        match self {
            Self::Paused(pause) => Outcome::Paused { until: pause.until, reason: pause.reason.clone() },
            Self::Wait(wait) => Outcome::Postponed { wait: *wait },
        }
    }
}

impl Pusher {
    /// The system that a message is for, as far as it could be read.
    #[must_use]
    pub fn system_of(&self, message: &Opened) -> Option<System> {
        let item = message.item.as_ref().ok()?;
        self.flows.named(&item.flow).map(|routed| routed.system)
    }

    /// Works a batch and tells what became of each message. Nothing is deleted or delayed here.
    ///
    /// # Errors
    /// When it cannot be read what is known of the documents and of the target: nothing has been pushed.
    pub async fn push(&self, batch: Batch<'_>) -> Result<Vec<Turn>, StoreError> {
        let known = self.known(batch.messages).await?;
        let pause = self.pauses.current(batch.system).await?;
        let outcomes = self.outcomes(batch, known, pause.map(Halt::Paused)).await;
        let turns = batch.messages.iter().zip(outcomes).map(|(message, outcome)| message.turn(outcome));
        let turns: Vec<_> = turns.collect();
        self.tell(batch.system, &turns);
        health::tell(&self.health, batch.system, &turns).await;
        Ok(turns)
    }

    /// Counts what became of the documents, and notes where our credentials may be why.
    fn tell(&self, system: System, turns: &[Turn]) {
        let now = self.clock.now();
        for turn in turns {
            if let Some(outcome) = turn.outcome.counted() {
                let flow = if turn.flow.is_empty() { UNREADABLE } else { &turn.flow };
                metrics::counter!("documents", "flow" => flow.to_owned(), "outcome" => outcome).increment(1);
            }
            if turn.outcome.comes_again(now).is_some() {
                // SQS leaves messages that come again and again out of the age that it tells of its oldest.
                let waited = (now - turn.sent_at).to_std().unwrap_or_default();
                metrics::histogram!("waited", "target" => system.name()).record(waited);
            }
            // A pause that stands already too: the credentials may have been mended since it was set.
            if matches!(turn.outcome, Outcome::Paused { .. }) {
                self.doubt.note();
            }
        }
    }

    async fn outcomes(
        &self,
        batch: Batch<'_>,
        mut known: HashMap<EntryId, Entry>,
        mut halt: Option<Halt>,
    ) -> Vec<Outcome> {
        let mut waiting = HashMap::new();
        let mut kept_at = self.clock.now();
        let mut outcomes = Vec::with_capacity(batch.messages.len());
        for (place, message) in batch.messages.iter().enumerate() {
            if !(batch.goes_on)() {
                halt.get_or_insert(Halt::Wait(Duration::ZERO));
            }
            if let Err(error) = self.keep_in_flight(batch, place, &mut kept_at).await {
                tracing::error!(%error, "the rest of the batch waits for the store");
                halt.get_or_insert(Halt::Wait(STORE_WAIT));
            }
            let outcome = match (&halt, waiting.get(&message.received.group)) {
                // The ledger takes over what the queue would drop, whatever the target is up to.
                (Some(halt), _) if !self.documents.is_overdue(&message.received) => halt.outcome(),
                (_, Some(wait)) => Outcome::Postponed { wait: *wait },
                (_, None) => self.one(batch, message, &mut known).await,
            };
            if halt.is_none() {
                halt = halting(&outcome, self.clock.now());
            }
            if let Some(wait) = outcome.comes_again(self.clock.now()) {
                // The versions of one document keep their order.
                waiting.insert(message.received.group.clone(), wait);
            }
            outcomes.push(outcome);
        }
        if matches!(halt, Some(Halt::Paused(_))) {
            self.pauses.met(batch.system);
        }
        self.acknowledge(batch.messages, &mut outcomes).await;
        outcomes
    }

    /// What the ledger knows of the batch's documents, in one read. An entry that cannot be read harms its own document
    /// alone, whose turn meets it again.
    async fn known(&self, messages: &[Opened]) -> Result<HashMap<EntryId, Entry>, StoreError> {
        let mut ids: Vec<_> = messages.iter().filter_map(Opened::entry_id).collect();
        ids.sort_unstable();
        ids.dedup();
        let mut entries = loop {
            match self.ledger.read(&ids).await {
                Err(StoreError { unreadable: Some(unreadable), .. }) if ids.contains(&unreadable) => {
                    ids.retain(|id| *id != unreadable);
                }
                read => break read?,
            }
        };
        for id in ids {
            // A document that nothing is known of is not asked for once more.
            entries.entry(id.clone()).or_insert_with(|| Entry::new(id));
        }
        Ok(entries)
    }

    async fn one(&self, batch: Batch<'_>, message: &Opened, known: &mut HashMap<EntryId, Entry>) -> Outcome {
        let Opened { received, item } = message;
        let done = match item {
            // An entry serves one version; the next reads anew what this one has written.
            Ok(item) => {
                let entry = known.remove(&EntryId::new(&item.flow, &item.key));
                self.documents.push(batch, item, received, entry).await
            }
            Err(reason) => self.documents.books.unreadable(batch.system, received, reason).await,
        };
        done.unwrap_or_else(|error| {
            let wait = backoff::wait(received.receive_count, STORE_WAIT, self.chance.as_ref());
            Outcome::Retry { wait, message: error.to_string(), limited: false }
        })
    }

    async fn keep_in_flight(
        &self,
        batch: Batch<'_>,
        place: usize,
        kept_at: &mut DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let Some(visibility) = batch.visibility else { return Ok(()) };
        if (self.clock.now() - *kept_at).to_std().unwrap_or_default() >= KEEP_AFTER {
            for message in &batch.messages[place..] {
                self.queue.delay(batch.system, &message.received.receipt, visibility).await?;
            }
            *kept_at = self.clock.now();
        }
        Ok(())
    }

    /// Acknowledges the rows that are done with. One whose acknowledgement fails comes again, and then only that is left
    /// to do: the ledger knows the rest.
    async fn acknowledge(&self, messages: &[Opened], outcomes: &mut [Outcome]) {
        let rows =
            messages.iter().zip(outcomes.iter()).enumerate().filter_map(|(place, (message, outcome))| {
                let item = message.item.as_ref().ok().filter(|item| item.acknowledge)?;
                let flow = self.flows.named(&item.flow)?;
                Some(DoneRow { place, flow, row: &item.document, accepted: accepted(outcome)? })
            });
        for (place, failure) in self.acknowledger.acknowledge(rows.collect()).await {
            tracing::warn!(%failure, "the acknowledgement is repeated");
            self.doubt.note_failure(&failure);
            let at_least = match failure.class {
                Class::Retry { after } => after.unwrap_or_default(),
                Class::Paused { .. } => SOURCE_WAIT,
                _ => Duration::ZERO,
            };
            let receives = messages[place].received.receive_count;
            let wait = backoff::wait(receives, at_least, self.chance.as_ref());
            outcomes[place] = Outcome::Retry { wait, message: failure.to_string(), limited: false };
        }
    }
}

/// What a source is told of a row; `None`: nothing yet.
fn accepted(outcome: &Outcome) -> Option<Result<(), String>> {
    match outcome {
        Outcome::Delivered { .. } | Outcome::Found { .. } | Outcome::Unchanged => Some(Ok(())),
        Outcome::Skipped(Skip::Same | Skip::Filtered) => Some(Ok(())),
        // The source may not have heard the reason yet: its acknowledgement was refused, or its answer lost.
        Outcome::Failed { message, .. } | Outcome::Skipped(Skip::FailedBefore { message }) => {
            Some(Err(message.clone()))
        }
        // The newer version has been, or will be, acknowledged with its own counter.
        Outcome::Skipped(Skip::Older) => None,
        Outcome::Retry { .. } | Outcome::Paused { .. } | Outcome::Postponed { .. } => None,
    }
}

/// Whether an outcome leaves the rest of the batch for later.
fn halting(outcome: &Outcome, now: DateTime<Utc>) -> Option<Halt> {
    match outcome {
        Outcome::Paused { until, reason } => {
            Some(Halt::Paused(pause::Pause { until: *until, reason: reason.clone(), since: now }))
        }
        Outcome::Retry { wait, limited: true, .. } => Some(Halt::Wait(*wait)),
        _ => None,
    }
}
