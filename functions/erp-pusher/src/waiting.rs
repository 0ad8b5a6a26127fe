//! Documents that failed for a code that nobody knew: they are sent again as soon as it is known.
//!
//! A code becomes known when the flow that is looked up delivers a document of that key, or when a target that was asked
//! again has it. Whoever learns of it walks the failed documents of the flows that name the look-up. That is a walk for each
//! code, so a mark in the look-ups says whether anybody waits at all: one read of the store where nobody does.
//!
//! **Nobody is missed.** A document sets its mark, then its failure is recorded, then it looks once more whether the other has
//! been delivered. The other is recorded as delivered first, then looks for the mark and walks. Whichever of the two records
//! is written last, the one that wrote it sees the other's.

use std::collections::BTreeSet;
use std::sync::Arc;

use relay_core::clock::{Clock, Rng};
use relay_core::{Entry, EntryId, Intake, Ledger, Lookups, Outcome, Skip, StoreError, UnknownCode};
use relay_job::{Flows, Routed, known_codes, work};
use relay_mapping::{DeliveredAs, LookupKey, LookupTable, TENANT};

use crate::work::Work;

/// So many failed documents are read at once.
const PAGE: usize = 100;

pub(crate) struct Waiting {
    flows: Arc<Flows>,
    lookups: Arc<dyn Lookups>,
    ledger: Arc<dyn Ledger>,
    intake: Intake,
    clock: Arc<dyn Clock>,
    rng: Arc<dyn Rng>,
    /// The look-ups of deliveries that flows name.
    deliveries: BTreeSet<String>,
}

impl Waiting {
    pub(crate) fn new(parts: &relay_job::Parts) -> Self {
        let tables = parts.flows.iter().flat_map(|routed| routed.flow.tables());
        let deliveries = tables.filter(|lookup| matches!(lookup.table, LookupTable::Delivered { .. }));
        Self {
            deliveries: deliveries.map(|lookup| lookup.table.to_string()).collect(),
            flows: parts.flows.clone(),
            lookups: parts.stores.lookups.clone(),
            ledger: parts.stores.ledger.clone(),
            intake: parts.intake(),
            clock: parts.clock.clone(),
            rng: parts.rng.clone(),
        }
    }

    /// Notes that a document waits for these codes, before its failure is recorded.
    pub(crate) async fn note(&self, missing: &[UnknownCode]) -> Result<(), StoreError> {
        // A table of the tenant changes by a person's command alone, which walks without a mark.
        for code in missing.iter().filter(|code| !code.table.starts_with(TENANT)) {
            let (table, mark) = code.mark();
            self.lookups.put(&table, &mark, "", None).await?;
        }
        Ok(())
    }

    /// After a document's outcome was recorded: sends what waits for it again, or itself where what it waits for has come.
    pub(crate) async fn settled(&self, work: &Work<'_>, outcome: &Outcome) -> Result<(), StoreError> {
        match outcome {
            Outcome::Delivered { .. }
            | Outcome::Confirmed { .. }
            | Outcome::Found { .. }
            | Outcome::Unchanged
            | Outcome::Skipped(Skip::Same) => self.delivered(&work.item.flow, &work.item.key).await,
            Outcome::Failed { .. } | Outcome::Skipped(Skip::FailedBefore { .. }) => {
                self.look_again(work).await
            }
            Outcome::Skipped(_)
            | Outcome::Divided { .. }
            | Outcome::Retry { .. }
            | Outcome::Paused { .. }
            | Outcome::Postponed { .. } => Ok(()),
        }
    }

    async fn delivered(&self, flow: &str, key: &str) -> Result<(), StoreError> {
        for result in [DeliveredAs::Id, DeliveredAs::Number] {
            let table = LookupTable::Delivered { flow: flow.to_owned(), result }.to_string();
            if self.deliveries.contains(&table) {
                self.arrived(&UnknownCode { table, code: key.to_owned() }, None).await?;
            }
        }
        Ok(())
    }

    /// A code is known from now on: sends again what failed for it. Not the document at hand, of which a person may have
    /// corrected what failed: the failed version would follow it.
    pub(crate) async fn arrived(
        &self,
        code: &UnknownCode,
        at_hand: Option<&EntryId>,
    ) -> Result<(), StoreError> {
        let mark = code.mark();
        if self.lookups.get(std::slice::from_ref(&mark)).await?.is_empty() {
            return Ok(());
        }
        let names = |routed: &&Arc<Routed>| {
            routed.flow.tables().iter().any(|lookup| lookup.table.to_string() == code.table)
        };
        for routed in self.flows.iter().filter(names) {
            let mut after: Option<EntryId> = None;
            loop {
                let page = self.ledger.failed(Some(routed.flow.name()), PAGE, after.as_ref()).await?;
                let others = page.iter().filter(|entry| Some(&entry.id) != at_hand);
                self.send_again(routed, others, code).await?;
                if page.len() < PAGE {
                    break;
                }
                after = page.last().map(|entry| entry.id.clone());
            }
        }
        self.lookups.remove(&mark.0, &mark.1).await
    }

    async fn send_again(
        &self,
        routed: &Routed,
        entries: impl Iterator<Item = &Entry>,
        code: &UnknownCode,
    ) -> Result<(), StoreError> {
        let (now, rng) = (self.clock.now(), self.rng.as_ref());
        let waiting = entries.flat_map(|entry| entry.failures().map(move |failed| (&entry.id, failed)));
        let items: Vec<_> = waiting
            .filter(|(_, failed)| failed.missing.contains(code))
            .map(|(id, failed)| work::again(&routed.flow, id, failed, now, rng))
            .collect();
        if !items.is_empty() {
            let (flow, documents) = (routed.flow.name(), items.len());
            tracing::info!(
                flow,
                documents,
                table = code.table,
                code = code.code,
                "a code is known now: sent again"
            );
            self.intake.take(routed.system, &items).await?;
        }
        Ok(())
    }

    /// Sends a document that has just failed again where what it waits for was delivered in the meantime.
    async fn look_again(&self, work: &Work<'_>) -> Result<(), StoreError> {
        let of_entry = work.known.entry.failures().filter(|failed| failed.hash == work.hash);
        let missing: Vec<_> =
            work.missing.iter().chain(of_entry.flat_map(|failed| &failed.missing)).cloned().collect();
        let Some(routed) = self.flows.named(&work.item.flow) else { return Ok(()) };
        let tables = routed.flow.tables();
        let keys: Vec<_> = missing
            .into_iter()
            .map(|UnknownCode { table, code }| LookupKey { table, key: code })
            .filter(|key| self.deliveries.contains(&key.table))
            .collect();
        let asked: Vec<_> = keys
            .iter()
            .filter_map(|key| {
                tables.iter().find_map(|lookup| match &lookup.table {
                    LookupTable::Delivered { flow, result } if lookup.table.to_string() == key.table => {
                        Some((key, flow.as_str(), *result))
                    }
                    _ => None,
                })
            })
            .collect();
        for (key, _) in known_codes::deliveries(self.ledger.as_ref(), &asked).await? {
            self.arrived(&UnknownCode { table: key.table, code: key.key }, None).await?;
        }
        Ok(())
    }
}
