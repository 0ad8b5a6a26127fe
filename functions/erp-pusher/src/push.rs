//! One batch of messages.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use relay_connector::Failure;
use relay_core::clock::{Clock, Deadline, Rng};
use relay_core::health::Monitor;
use relay_core::{Entry, EntryId, Ledger, Queue, StoreError, System, pause};
use relay_job::{CredentialCheck, Flows};

use crate::acknowledge::Acknowledger;
use crate::backoff;
use crate::document::{Documents, Known};
use crate::health;
use crate::held::Held;
use crate::ledger_writer::UNREADABLE;
use crate::opened::Opened;
use crate::outcome::{Outcome, Skip, Turn};
use crate::pauses::Pauses;
use crate::release::held_up;
use crate::work::Reason;

/// A store that does not answer is asked again this much later, or later still.
pub(crate) const STORE_WAIT: Duration = Duration::from_secs(10);

/// What can go wrong on the way to the target.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Trouble {
    #[error(transparent)]
    Vendor(#[from] Failure),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("its look-ups took the time that there was")]
    OutOfTime,
    #[error("its time in flight is over, and another may work it by now")]
    Lapsed,
    #[error("it is not for the target")]
    Skipped(Skip),
    #[error("it fails")]
    Failed(Reason),
}

/// Messages of one target system.
#[derive(Clone, Copy)]
pub struct Batch<'a> {
    /// The target system.
    pub system: System,
    /// The messages, in the order they were received.
    pub messages: &'a [Opened],
    /// How long messages stay in flight, where the pusher is to keep them there itself.
    pub visibility: Option<Duration>,
    /// Whether an earlier turn may have sent what they say, whatever their receive counts tell.
    pub is_repeated: bool,
    /// Nothing is sent after it.
    pub deadline: Deadline,
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
    pub(crate) rng: Arc<dyn Rng>,
    pub(crate) credential_check: Arc<CredentialCheck>,
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
                self.credential_check.note();
            }
        }
    }

    async fn outcomes(
        &self,
        batch: Batch<'_>,
        mut known: HashMap<EntryId, Known>,
        mut halt: Option<Halt>,
    ) -> Vec<Outcome> {
        let mut waiting = HashMap::new();
        let held_up = held_up(&known);
        let held = Held::new(batch, self.queue.as_ref(), self.clock.as_ref());
        let mut outcomes = Vec::with_capacity(batch.messages.len());
        for (place, message) in batch.messages.iter().enumerate() {
            held.begin(place);
            if halt.is_none() {
                halt = Self::halted(&held).await;
            }
            let outcome = match (&halt, waiting.get(&message.received.group)) {
                // The ledger takes over what the queue would drop, whatever the target is up to.
                (Some(halt), _) if !self.documents.is_overdue(&message.received) => halt.outcome(),
                (_, Some(wait)) => Outcome::Postponed { wait: *wait },
                (_, None) => self.one(&held, message, &mut known).await,
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
        self.acknowledge(batch, &held_up, &mut outcomes).await;
        outcomes
    }

    /// Whether the rest of the batch is left for later, before its next document is begun.
    async fn halted(held: &Held<'_>) -> Option<Halt> {
        if !held.goes_on() {
            return Some(Halt::Wait(Duration::ZERO));
        }
        match held.keep().await {
            Ok(_) => None,
            Err(Trouble::Store(error)) => {
                tracing::error!(%error, "the rest of the batch waits for the store");
                Some(Halt::Wait(STORE_WAIT))
            }
            Err(_) => {
                tracing::warn!("the rest of the batch is another's: its time in flight is over");
                Some(Halt::Wait(Duration::ZERO))
            }
        }
    }

    /// What the ledger knows of the batch's documents, in one read. An entry that cannot be read harms its own document
    /// alone, whose turn meets it again.
    async fn known(&self, messages: &[Opened]) -> Result<HashMap<EntryId, Known>, StoreError> {
        let read_at = self.clock.monotonic();
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
        Ok(entries.into_iter().map(|(id, entry)| (id, Known { entry, read_at })).collect())
    }

    async fn one(&self, held: &Held<'_>, message: &Opened, known: &mut HashMap<EntryId, Known>) -> Outcome {
        let Opened { received, item } = message;
        let done = match item {
            // An entry serves one version; the next reads anew what this one has written.
            Ok(item) => {
                let known = known.remove(&EntryId::new(&item.flow, &item.key));
                self.documents.push(held, item, received, known).await
            }
            Err(reason) => self.documents.ledger_writer.unreadable(held.system(), received, reason).await,
        };
        done.unwrap_or_else(|error| {
            let wait = backoff::wait(received.receive_count, STORE_WAIT, self.rng.as_ref());
            Outcome::Retry { wait, message: error.to_string(), limited: false }
        })
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
