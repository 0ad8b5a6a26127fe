//! What the archive is told of a batch: what came, the calls that were made for it, and how its turn ended.
//!
//! It is written once, after the batch. A history that cannot be written is told, and stops nothing.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use relay_connector::record::recorded;
use relay_core::archive::{Event, Exchange, Record};
use relay_core::clock::{Clock, Elapsed, Rng, timeout};
use relay_core::{Archive, EntryId, Outcome, Skip, WorkItem, codec};

/// How long a batch waits for its history to be written: its documents are done with, and its messages are still in flight.
const PATIENCE: Duration = Duration::from_secs(5);

/// The history of one batch.
pub(crate) struct History {
    archive: Arc<dyn Archive>,
    clock: Arc<dyn Clock>,
    /// Where it will stand, for the ledger to point to.
    location: Option<String>,
    records: Mutex<Vec<Record>>,
}

impl History {
    /// The history of a batch that begins now.
    pub(crate) fn begin(archive: &Arc<dyn Archive>, clock: &Arc<dyn Clock>, rng: &dyn Rng) -> Self {
        let location = archive.location(clock.now(), rng);
        Self { archive: archive.clone(), clock: clock.clone(), location, records: Mutex::default() }
    }

    /// Where it will stand; `None` where it is found by flow and key.
    pub(crate) fn location(&self) -> Option<&str> {
        self.location.as_deref()
    }

    /// Records the turn of one document.
    pub(crate) async fn of(
        &self,
        item: &WorkItem,
        attempt: impl Fn() -> u32,
        turn: impl Future<Output = Outcome>,
    ) -> Outcome {
        if !self.archive.keeps() {
            return turn.await;
        }
        let began = self.clock.now();
        let (outcome, calls) = recorded(turn).await;
        if !calls.is_empty() || is_an_end(&outcome) {
            let records = records(item, began, attempt(), &outcome, calls, self.clock.now());
            self.records.lock().unwrap_or_else(PoisonError::into_inner).extend(records);
        }
        outcome
    }

    /// Writes it.
    pub(crate) async fn end(self) {
        let records = self.records.into_inner().unwrap_or_else(PoisonError::into_inner);
        if records.is_empty() {
            return;
        }
        let written = self.archive.write(self.location.as_deref(), &records);
        let written = timeout(self.clock.as_ref(), PATIENCE, written).await;
        let lost = match &written {
            Ok(Ok(())) => return,
            Ok(Err(error)) => error.to_string(),
            Err(Elapsed) => format!("no answer within {} s", PATIENCE.as_secs()),
        };
        metrics::counter!("history_lost").increment(records.len() as u64);
        tracing::error!(
            error = lost,
            records = records.len(),
            "the history of a batch is lost; its documents are not"
        );
    }
}

fn records(
    item: &WorkItem,
    began: DateTime<Utc>,
    attempt: u32,
    outcome: &Outcome,
    calls: Vec<Exchange>,
    ended: DateTime<Utc>,
) -> Vec<Record> {
    let record = |at, event| Record {
        id: EntryId::new(&item.flow, &item.key),
        version: item.version.clone(),
        trace: item.trace.clone(),
        at,
        event,
    };
    let ending = Event::Ended {
        outcome: outcome.name().to_owned(),
        message: outcome.message().map(str::to_owned),
        attempt,
    };
    // The document itself stands with its first attempt; the others are of the same.
    let came = (attempt == 1).then(|| Event::Received { document: codec::json(&item.document) });
    let came = came.map(|event| record(item.received_at, event));
    let calls = calls.into_iter().map(|call| record(began, Event::Called(call)));
    came.into_iter().chain(calls).chain([record(ended, ending)]).collect()
}

/// Whether a turn without any call is worth telling: one that only waits comes again every few seconds, and a repetition
/// of what the target has is told by the ledger.
fn is_an_end(outcome: &Outcome) -> bool {
    match outcome {
        Outcome::Skipped(skip) => !matches!(skip, Skip::Same | Skip::FailedBefore { .. }),
        Outcome::Delivered { .. }
        | Outcome::Confirmed { .. }
        | Outcome::Found { .. }
        | Outcome::Unchanged
        | Outcome::Divided { .. }
        | Outcome::Failed { .. } => true,
        Outcome::Retry { .. } | Outcome::Paused { .. } | Outcome::Postponed { .. } => false,
    }
}
