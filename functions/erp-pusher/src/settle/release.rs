//! Releasing the rows of pools: what the pusher makes of their acknowledgements.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use relay_connector::{Class, Failure};
use relay_core::ordered;
use relay_core::policy::{self, Receive};
use relay_core::{EntryId, FailureClass, Outcome, RetryCause, Skip, System, backoff};

use super::acknowledge::{DoneRow, Unacknowledged};
use crate::batch::Batch;
use crate::open::Message;
use crate::push::Pusher;
use crate::whole::OfWhole;
use crate::work::Known;

/// A source that takes nothing from us is left alone this long.
const SOURCE_WAIT: Duration = Duration::from_secs(600);

impl Pusher {
    /// Acknowledges the rows that are done with. One whose acknowledgement fails comes again, and then only that is left
    /// to do: the ledger knows the rest. One whose acknowledgement is refused stands among the failures: it stays in the
    /// pool, and no pull tells anybody so.
    pub(crate) async fn acknowledge(
        &self,
        batch: &Batch<'_>,
        held_up: &HashSet<EntryId>,
        outcomes: &mut [Outcome],
    ) {
        let now = self.clock.now();
        let (mut rows, mut wholes) = (Vec::new(), HashSet::new());
        for (place, message) in batch.messages.iter().enumerate() {
            let Some(item) = message.item.as_ref().ok().filter(|item| item.acknowledge) else { continue };
            let receive = Receive { now, count: message.received.receive_count, receiver: batch.receiver };
            let Some(verdict) = policy::of(&outcomes[place], receive).source else { continue };
            match self.of_whole(item, &outcomes[place], verdict.map_err(str::to_owned)).await {
                Ok(Some(OfWhole { document, verdict })) => {
                    // One of its parts tells of all of them.
                    if document.is_none_or(|document| wholes.insert((&item.flow, document))) {
                        rows.push(DoneRow { place, flow: &item.flow, row: &item.document, verdict });
                    }
                }
                Ok(None) => {}
                Err(error) => outcomes[place] = self.documents.waits_for_store(&message.received, &error),
            }
        }
        let mut places = ordered::set(rows.iter().map(|row| row.place));
        for (place, unacknowledged) in self.acknowledger.acknowledge(rows, batch.deadline).await {
            places.remove(&place);
            let message = &batch.messages[place];
            outcomes[place] = match unacknowledged {
                Unacknowledged::Again(failure) => self.again(&failure, message.received.receive_count),
                Unacknowledged::Refused { source, reason } => {
                    self.stays_in_pool(source, message, &outcomes[place], &reason).await
                }
            };
        }
        for place in places {
            self.is_acknowledged(&batch.messages[place], held_up).await;
        }
    }

    fn again(&self, failure: &Failure, receives: u32) -> Outcome {
        if failure.class == Class::OutOfTime {
            return Outcome::AT_ONCE;
        }
        tracing::warn!(%failure, "the acknowledgement is repeated");
        let (at_least, cause) = match failure.class {
            Class::Retry { after } => (after.unwrap_or_default(), RetryCause::Source),
            Class::Paused { .. } => (SOURCE_WAIT, RetryCause::SourcePaused),
            _ => (Duration::ZERO, RetryCause::Source),
        };
        let wait = backoff::wait(receives, at_least, self.rng.as_ref());
        Outcome::Retry { wait, message: failure.in_full(), cause }
    }

    async fn stays_in_pool(
        &self,
        source: System,
        message: &Message,
        outcome: &Outcome,
        reason: &str,
    ) -> Outcome {
        let Ok(item) = &message.item else { return outcome.clone() };
        metrics::counter!("acknowledgements_refused", "source" => source.name()).increment(1);
        if matches!(outcome, Outcome::Failed { .. } | Outcome::Skipped(Skip::FailedBefore { .. })) {
            // It is on the list already, with what is to be mended first.
            tracing::error!(flow = item.flow, key = item.key, "the source does not take that it has failed");
            return outcome.clone();
        }
        let told = format!(
            "the document is done with, and its source refuses the acknowledgement ({reason}): its row stays in the pool; \
             acknowledge it there by hand, then settle this"
        );
        let kind = self.flows.named(&item.flow).map(|routed| routed.flow.version_kind(&item.document));
        let kind = kind.or(item.version_kind);
        match self.documents.ledger_writer.unacknowledged(item, kind, &told).await {
            Ok(()) => Outcome::failed(FailureClass::Acknowledgement, told),
            Err(error) => {
                tracing::error!(%error, "a refused acknowledgement waits for the store");
                self.documents.waits_for_store(&message.received, &error)
            }
        }
    }

    /// An acknowledgement that was refused before and is taken now is no failure any more.
    async fn is_acknowledged(&self, message: &Message, held_up: &HashSet<EntryId>) {
        let (Some(id), Ok(item)) = (message.entry_id(), &message.item) else { return };
        if held_up.contains(&id)
            && let Err(error) = self.documents.ledger_writer.acknowledged(id, item).await
        {
            tracing::warn!(%error, "a failure that is over stays on the list until a person settles it");
        }
    }
}

/// The documents whose acknowledgement was refused before.
pub(crate) fn held_up(known: &HashMap<EntryId, Known>) -> HashSet<EntryId> {
    let is_held_up =
        |known: &Known| known.entry.failures().any(|failed| failed.class == FailureClass::Acknowledgement);
    known.iter().filter(|(_, known)| is_held_up(known)).map(|(id, _)| id.clone()).collect()
}
