//! Documents that wait for those of other flows, and whose time is over: they are sent through their flow once more, where they
//! fail for a person, or go on if what they wait for has come.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use relay_core::clock::{Clock, Deadline, Rng};
use relay_core::{EntryId, Failed, FailureClass, Intake, Ledger, StoreError};
use relay_job::{Parts, Routed, work};

use crate::ONE_GROUP;

/// So many failed documents are read at once.
const PAGE: usize = 100;

pub(crate) struct Waits {
    flows: Vec<Arc<Routed>>,
    ledger: Arc<dyn Ledger>,
    intake: Intake,
    clock: Arc<dyn Clock>,
    rng: Arc<dyn Rng>,
}

impl Waits {
    pub(crate) fn new(parts: &Parts) -> Self {
        Self {
            flows: parts.flows.iter().filter(|routed| routed.flow.may_wait()).cloned().collect(),
            ledger: parts.stores.ledger.clone(),
            intake: parts.intake(),
            clock: parts.clock.clone(),
            rng: parts.rng.clone(),
        }
    }

    /// Sends what has waited for too long again, and answers how many documents that are.
    pub(crate) async fn end(&self, deadline: Deadline) -> Result<u64, StoreError> {
        let mut ended = 0;
        for routed in &self.flows {
            let mut after: Option<EntryId> = None;
            while deadline.allows(self.clock.as_ref(), ONE_GROUP) {
                let page = self.ledger.failed(Some(routed.flow.name()), PAGE, after.as_ref()).await?;
                let (now, rng) = (self.clock.now(), self.rng.as_ref());
                let failures =
                    page.iter().flat_map(|entry| entry.failures().map(move |failed| (&entry.id, failed)));
                let items: Vec<_> = failures
                    .filter(|(_, failed)| is_over(routed, failed, now))
                    .map(|(id, failed)| work::again(&routed.flow, id, failed, now, rng))
                    .collect();
                if !items.is_empty() {
                    let (flow, documents) = (routed.flow.name(), items.len());
                    tracing::info!(
                        flow,
                        documents,
                        "have waited for as long as their flow says: sent once more"
                    );
                    self.intake.take(routed.system, &items).await?;
                    ended += documents as u64;
                }
                if page.len() < PAGE {
                    break;
                }
                after = page.last().map(|entry| entry.id.clone());
            }
        }
        Ok(ended)
    }
}

/// Whether it waits, and its time is over; or its flow says of what it waits for no more that it is waited for.
fn is_over(routed: &Routed, failed: &Failed, now: DateTime<Utc>) -> bool {
    let waits = failed.missing.iter().map(|code| routed.flow.wait_for(&code.table).unwrap_or_default());
    let wait = waits.min().and_then(|wait| TimeDelta::from_std(wait).ok());
    failed.class == FailureClass::Waiting && wait.is_none_or(|wait| now - failed.received_at >= wait)
}
