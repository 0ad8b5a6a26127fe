//! Documents that failed for a code that nobody knew: they are sent again as soon as it is known.
//!
//! A code becomes known when the flow that is looked up delivers a document of that key, when a target that was asked again
//! has it, or when a person imports it. The look-ups know which documents wait for each code, so that whoever learns of one
//! reads those and no others.
//!
//! **Nobody is missed.** A document is noted as waiting, then its failure is recorded, then it looks once more whether the
//! code is known by now. Whoever learns of a code stores that first, and then looks who waits. Whichever of the two records is
//! written last, the one that wrote it sees the other's. A document whose failure is not recorded yet goes on waiting, for it
//! may be just about to fail; one that has waited for longer than any turn takes, and has not failed for the code, waits no
//! longer: a person has dealt with it.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::TimeDelta;
use relay_core::clock::{Clock, Rng};
use relay_core::ordered;
use relay_core::{Entry, EntryId, Intake, Ledger, Lookups, Outcome, Skip, StoreError, UnknownCode, Waiter};
use relay_job::known_codes::{self, Tables};
use relay_job::{Flows, work};
use relay_mapping::{DeliveredAs, LookupTable};

use crate::work::Work;

/// So many waiting documents are read at once.
const PAGE: usize = 100;

/// A document's turn takes minutes at most.
const A_TURN: TimeDelta = TimeDelta::hours(1);

pub(crate) struct Waiting {
    flows: Arc<Flows>,
    lookups: Arc<dyn Lookups>,
    ledger: Arc<dyn Ledger>,
    intake: Intake,
    clock: Arc<dyn Clock>,
    rng: Arc<dyn Rng>,
    /// The look-ups that flows name.
    tables: Tables,
}

impl Waiting {
    pub(crate) fn new(parts: &relay_job::Parts) -> Self {
        Self {
            tables: known_codes::tables(&parts.flows),
            flows: parts.flows.clone(),
            lookups: parts.stores.lookups.clone(),
            ledger: parts.stores.ledger.clone(),
            intake: parts.intake(),
            clock: parts.clock.clone(),
            rng: parts.rng.clone(),
        }
    }

    /// Notes that a document waits for these codes, before its failure is recorded.
    pub(crate) async fn note(&self, missing: &[UnknownCode], document: &EntryId) -> Result<(), StoreError> {
        for code in missing {
            self.lookups.wait(code, document).await?;
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
            if self.tables.contains_key(&table) {
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
        let mut after = None;
        loop {
            let page = self.lookups.waiting(code, after.as_ref(), PAGE).await?;
            let waiting: Vec<_> = page.iter().map(|waiter| waiter.document.clone()).collect();
            let entries =
                if waiting.is_empty() { HashMap::new() } else { self.ledger.read(&waiting).await? };
            let mut done = Vec::new();
            for Waiter { document, since } in &page {
                let is_at_hand = Some(document) == at_hand;
                let entry = entries.get(document).filter(|_| !is_at_hand);
                let is_sent = match entry {
                    Some(entry) => self.send_again(entry, code).await?,
                    None => false,
                };
                if is_sent || is_at_hand || self.clock.now() - *since > A_TURN {
                    done.push(document.clone());
                }
            }
            if !done.is_empty() {
                self.lookups.release(code, &done).await?;
            }
            if page.len() < PAGE {
                return Ok(());
            }
            after = waiting.into_iter().last();
        }
    }

    /// Sends the versions of a document again that failed for a code; `false`: none did.
    async fn send_again(&self, entry: &Entry, code: &UnknownCode) -> Result<bool, StoreError> {
        let Some(routed) = self.flows.named(&entry.id.flow) else { return Ok(false) };
        let (now, rng) = (self.clock.now(), self.rng.as_ref());
        let failed = entry.failures().filter(|failed| failed.missing.contains(code));
        let items: Vec<_> =
            failed.map(|failed| work::again(&routed.flow, &entry.id, failed, now, rng)).collect();
        if items.is_empty() {
            return Ok(false);
        }
        let (EntryId { flow, key }, UnknownCode { table, code }) = (&entry.id, code);
        tracing::info!(flow, key, table, code, "a code is known now: sent again");
        self.intake.take(routed.system, &items).await?;
        Ok(true)
    }

    /// Sends a document that has just failed again where what it waits for has become known in the meantime.
    async fn look_again(&self, work: &Work<'_>) -> Result<(), StoreError> {
        let of_entry = work.known.entry.failures().filter(|failed| failed.hash == work.hash);
        let missing = work.missing.iter().chain(of_entry.flat_map(|failed| &failed.missing));
        let missing = ordered::set(missing.cloned());
        if missing.is_empty() {
            return Ok(());
        }
        let (lookups, ledger) = (self.lookups.as_ref(), self.ledger.as_ref());
        for code in known_codes::of(lookups, ledger, &self.tables, &missing).await? {
            // Whoever has learnt of it may have found it before its failure was recorded.
            self.lookups.wait(&code, &work.known.entry.id).await?;
            self.arrived(&code, None).await?;
        }
        Ok(())
    }
}
