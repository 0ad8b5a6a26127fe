//! One batch of messages: order, pauses, deadlines, and what becomes of each message.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use relay_connector::Quota;
use relay_core::clock::{Clock, Rng};
use relay_core::health::Monitor;
use relay_core::ordered;
use relay_core::pause::Scope;
use relay_core::policy::{self, Consequences, Receive};
use relay_core::{Archive, Entry, EntryId, Ledger, Outcome, Queue, StoreError, System};
use relay_job::{CredentialCheck, Flows};

use crate::batch::{Batch, Held};
use crate::document::Documents;
use crate::history::History;
use crate::lines::Lines;
use crate::open::{Message, Turn};
use crate::pauses::{Pauses, rest};
use crate::places::Places;
use crate::settle::{Acknowledger, held_up};
use crate::width::Widths;
use crate::work::Known;

const SECOND: Duration = Duration::from_secs(1);

/// Pushes batches.
pub(crate) struct Pusher {
    pub(crate) documents: Documents,
    pub(crate) acknowledger: Acknowledger,
    pub(crate) flows: Arc<Flows>,
    pub(crate) queue: Arc<dyn Queue>,
    pub(crate) pauses: Pauses,
    pub(crate) places: Places,
    pub(crate) widths: Widths,
    pub(crate) ledger: Arc<dyn Ledger>,
    pub(crate) archive: Arc<dyn Archive>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) rng: Arc<dyn Rng>,
    pub(crate) credential_check: Arc<CredentialCheck>,
    pub(crate) health: Arc<Monitor>,
}

/// A batch of which no message had its turn, because it cannot be read what is known of the documents and of the target.
#[derive(Debug, thiserror::Error)]
#[error("{error}")]
pub(crate) struct Unread {
    /// Why.
    #[source]
    pub(crate) error: Box<StoreError>,
    /// The messages, each to be tried again.
    pub(crate) turns: Vec<Turn>,
}

/// What is paused, and what the turns come to that it would have.
pub(crate) struct Resting {
    pub(crate) target: Option<Outcome>,
    pub(crate) flows: HashMap<String, Outcome>,
}

impl Pusher {
    /// The system that a message is for, as far as it could be read.
    #[must_use]
    pub(crate) fn system_of(&self, message: &Message) -> Option<System> {
        let item = message.item.as_ref().ok()?;
        self.flows.named(&item.flow).map(|routed| routed.system)
    }

    /// As many documents as any call to that system takes.
    pub(crate) fn most_together(&self, system: System) -> usize {
        let to_it = self.flows.iter().filter(|routed| routed.system == system);
        to_it.map(|routed| routed.flow.target().document.batch()).max().unwrap_or(1)
    }

    /// How many documents may begin within a second, by how many the target takes side by side and by its quota's pace.
    pub(crate) fn soon(&self, system: System) -> usize {
        let target = self.documents.targets.get(system).ok();
        let to_it = self.flows.iter().filter(|routed| routed.system == system);
        let quotas = to_it.filter_map(|routed| target?.quota(routed.flow.target().document));
        let in_a_second = |quota: &Quota| SECOND.as_nanos() / quota.pace().as_nanos().max(1);
        let by_quota = quotas.map(in_a_second).min().and_then(|calls| usize::try_from(calls).ok());
        by_quota.unwrap_or(usize::MAX).min(self.widths.of(system).room())
    }

    /// What a turn comes to, for whoever received its message.
    pub(crate) fn consequences<'t>(&self, batch: &Batch<'_>, turn: &'t Turn) -> Consequences<'t> {
        let (now, count) = (self.clock.now(), turn.message.received.receive_count);
        policy::of(&turn.outcome, Receive { now, count, receiver: batch.receiver })
    }

    /// Works a batch and tells what became of each message. Nothing is deleted or delayed here.
    ///
    /// # Errors
    /// [`Unread`]: nothing has been pushed.
    pub(crate) async fn push(&self, batch: Batch<'_>) -> Result<Vec<Turn>, Unread> {
        match self.read(&batch).await {
            Ok((known, resting)) => {
                let outcomes = self.outcomes(&batch, known, resting).await;
                Ok(self.turns(batch, outcomes).await)
            }
            Err(error) => {
                tracing::error!(%error, system = %batch.system, "the batch waits for the store");
                let waits = |message: &Message| self.documents.waits_for_store(&message.received, &error);
                let outcomes = batch.messages.iter().map(waits).collect();
                Err(Unread { turns: self.turns(batch, outcomes).await, error: Box::new(error) })
            }
        }
    }

    /// The messages with what became of them, told to whoever watches.
    async fn turns(&self, mut batch: Batch<'_>, outcomes: Vec<Outcome>) -> Vec<Turn> {
        let messages = std::mem::take(&mut batch.messages);
        let turns = messages.into_iter().zip(outcomes).map(|(message, outcome)| Turn { message, outcome });
        let turns: Vec<_> = turns.collect();
        self.tell(&batch, &turns).await;
        turns
    }

    /// What is known of the documents, and what is paused.
    async fn read(&self, batch: &Batch<'_>) -> Result<(HashMap<EntryId, Known>, Resting), StoreError> {
        Ok((self.known(&batch.messages).await?, self.resting(batch).await?))
    }

    /// What is paused: the target, or flows of the batch.
    async fn resting(&self, batch: &Batch<'_>) -> Result<Resting, StoreError> {
        let now = self.clock.now();
        if let Some(pause) = self.pauses.current(batch.system).await? {
            return Ok(Resting { target: Some(rest(pause, now)), flows: HashMap::new() });
        }
        let mut flows = HashMap::new();
        for flow in ordered::set(batch.messages.iter().filter_map(Message::flow)) {
            if let Some(pause) = self.pauses.current(Scope::Flow(flow)).await? {
                tracing::info!(flow, reason = pause.reason, by = pause.by, "the flow is paused");
                flows.insert(flow.to_owned(), rest(pause, now));
            }
        }
        Ok(Resting { target: None, flows })
    }

    /// Gives each message its turn, and acknowledges to the pools what is done.
    async fn outcomes(
        &self,
        batch: &Batch<'_>,
        known: HashMap<EntryId, Known>,
        resting: Resting,
    ) -> Vec<Outcome> {
        let held_up = held_up(&known);
        let history = History::begin(&self.archive, &self.clock, self.rng.as_ref());
        let held = Held::new(batch, self.queue.as_ref(), self.clock.as_ref(), &history);
        let lines = Lines::new(self, &held, &batch.messages, known, resting);
        let mut outcomes = lines.work().await;
        if lines.has_met_pause() {
            self.pauses.met(batch.system);
        }
        self.acknowledge(batch, &held_up, &mut outcomes).await;
        history.end().await;
        outcomes
    }

    /// What the ledger knows of the batch's documents, in one read. An entry that cannot be read harms its own document
    /// alone, whose turn meets it again.
    async fn known(&self, messages: &[Message]) -> Result<HashMap<EntryId, Known>, StoreError> {
        let read_at = self.clock.monotonic();
        let ids = ordered::set(messages.iter().filter_map(Message::entry_id));
        let mut ids: Vec<_> = ids.into_iter().collect();
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
        let known = |(id, entry)| (id, Known::read(entry, read_at, self.clock.as_ref()));
        Ok(entries.into_iter().map(known).collect())
    }

    /// What becomes of one message.
    pub(crate) async fn one(&self, held: &Held<'_>, message: &Message, known: Option<Known>) -> Outcome {
        let Message { received, item, .. } = message;
        match item {
            Ok(item) => self.documents.push(held, item, received, known).await,
            Err(reason) => {
                let recorded = self.documents.ledger_writer.unreadable(held.system(), received, reason).await;
                recorded.unwrap_or_else(|error| self.documents.waits_for_store(received, &error))
            }
        }
    }
}
