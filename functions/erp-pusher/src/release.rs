//! Releasing the rows of pools: what the pusher makes of their acknowledgements.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::time::Duration;

use relay_connector::{Class, Failure};
use relay_core::ledger::UNACKNOWLEDGED;
use relay_core::{EntryId, System};

use crate::acknowledge::{DoneRow, Unacknowledged};
use crate::backoff;
use crate::document::Known;
use crate::opened::Opened;
use crate::outcome::{Outcome, Skip};
use crate::push::{Batch, Pusher, STORE_WAIT};

/// A source that takes nothing from us is left alone this long.
const SOURCE_WAIT: Duration = Duration::from_secs(600);

impl Pusher {
    /// Acknowledges the rows that are done with. One whose acknowledgement fails comes again, and then only that is left
    /// to do: the ledger knows the rest. One whose acknowledgement is refused stands among the failures: it stays in the
    /// pool, and no pull tells anybody so.
    pub(crate) async fn acknowledge(
        &self,
        batch: Batch<'_>,
        held_up: &HashSet<EntryId>,
        outcomes: &mut [Outcome],
    ) {
        let rows = batch.messages.iter().zip(outcomes.iter()).enumerate();
        let rows: Vec<_> = rows
            .filter_map(|(place, (message, outcome))| {
                let item = message.item.as_ref().ok().filter(|item| item.acknowledge)?;
                Some(DoneRow { place, flow: &item.flow, row: &item.document, verdict: accepted(outcome)? })
            })
            .collect();
        let mut places: BTreeSet<_> = rows.iter().map(|row| row.place).collect();
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
            return Outcome::Postponed { wait: Duration::ZERO };
        }
        tracing::warn!(%failure, "the acknowledgement is repeated");
        self.credential_check.note_failure(failure);
        let at_least = match failure.class {
            Class::Retry { after } => after.unwrap_or_default(),
            Class::Paused { .. } => SOURCE_WAIT,
            _ => Duration::ZERO,
        };
        let wait = backoff::wait(receives, at_least, self.rng.as_ref());
        Outcome::Retry { wait, message: failure.in_full(), limited: false }
    }

    async fn stays_in_pool(
        &self,
        source: System,
        message: &Opened,
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
        let kind =
            self.flows.named(&item.flow).map(|routed| routed.flow.version_kind()).or(item.version_kind);
        match self.documents.ledger_writer.unacknowledged(item, kind, &told).await {
            Ok(()) => Outcome::Failed { class: UNACKNOWLEDGED.to_owned(), message: told },
            Err(error) => {
                tracing::error!(%error, "a refused acknowledgement waits for the store");
                let wait = backoff::wait(message.received.receive_count, STORE_WAIT, self.rng.as_ref());
                Outcome::Retry { wait, message: error.to_string(), limited: false }
            }
        }
    }

    /// An acknowledgement that was refused before and is taken now is no failure any more.
    async fn is_acknowledged(&self, message: &Opened, held_up: &HashSet<EntryId>) {
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
    let is_held_up = |known: &Known| known.entry.failures().any(|failed| failed.class == UNACKNOWLEDGED);
    known.iter().filter(|(_, known)| is_held_up(known)).map(|(id, _)| id.clone()).collect()
}

/// What a source is told of a row; `None`: nothing yet.
fn accepted(outcome: &Outcome) -> Option<Result<(), String>> {
    match outcome {
        // Not before it is sure to be the newest that the target has.
        Outcome::Delivered { confirm, .. } => confirm.is_none().then_some(Ok(())),
        Outcome::Confirmed { .. } | Outcome::Found { .. } | Outcome::Unchanged => Some(Ok(())),
        Outcome::Skipped(Skip::Same | Skip::Filtered | Skip::Settled) => Some(Ok(())),
        // The source may not have heard the reason yet: its acknowledgement was refused, or its answer lost.
        Outcome::Failed { message, .. } | Outcome::Skipped(Skip::FailedBefore { message }) => {
            Some(Err(message.clone()))
        }
        // The newer version has been, or will be, acknowledged with its own counter.
        Outcome::Skipped(Skip::Older) => None,
        Outcome::Retry { .. } | Outcome::Paused { .. } | Outcome::Postponed { .. } => None,
    }
}
