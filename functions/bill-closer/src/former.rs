//! Documents that failed for a code before the look-ups knew who waits for which: they are noted once, so that whoever learns of
//! a code sends them again too.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use relay_core::clock::{Clock, Deadline, Rng};
use relay_core::{Checkpoints, Entry, EntryId, Intake, Ledger, Lookups, StoreError, UnknownCode};
use relay_job::known_codes::{self, Tables};
use relay_job::{Flows, Parts, work};

use crate::ONE_GROUP;

/// So many failed documents are read at once.
const PAGE: usize = 100;

/// Says that they are noted, and when that was.
const NOTED: &str = "waits/noted";

pub(crate) struct Former {
    flows: Arc<Flows>,
    tables: Tables,
    checkpoints: Arc<dyn Checkpoints>,
    ledger: Arc<dyn Ledger>,
    lookups: Arc<dyn Lookups>,
    intake: Intake,
    clock: Arc<dyn Clock>,
    rng: Arc<dyn Rng>,
    is_noted: AtomicBool,
}

impl Former {
    pub(crate) fn new(parts: &Parts) -> Self {
        Self {
            flows: parts.flows.clone(),
            tables: known_codes::tables(&parts.flows),
            checkpoints: parts.stores.checkpoints.clone(),
            ledger: parts.stores.ledger.clone(),
            lookups: parts.stores.lookups.clone(),
            intake: parts.intake(),
            clock: parts.clock.clone(),
            rng: parts.rng.clone(),
            is_noted: AtomicBool::new(false),
        }
    }

    /// Notes them, unless that was done. A run whose time is up before leaves it to the next, which begins anew.
    pub(crate) async fn note(&self, deadline: Deadline) -> Result<(), StoreError> {
        if self.is_noted.load(Ordering::Relaxed) {
            return Ok(());
        }
        if self.checkpoints.get(NOTED).await?.is_none() {
            let mut after: Option<EntryId> = None;
            loop {
                if !deadline.allows(self.clock.as_ref(), ONE_GROUP) {
                    return Ok(());
                }
                let page = self.ledger.failed(None, PAGE, after.as_ref()).await?;
                for entry in &page {
                    self.note_entry(entry).await?;
                }
                if page.len() < PAGE {
                    break;
                }
                after = page.last().map(|entry| entry.id.clone());
            }
            self.checkpoints
                .put(NOTED, &format!("\"{}\"", self.clock.now().to_rfc3339()), None, None)
                .await?;
        }
        self.is_noted.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// Notes what one document waits for, and sends it again where that has become known in the meantime.
    async fn note_entry(&self, entry: &Entry) -> Result<(), StoreError> {
        let missing: BTreeSet<_> = entry.failures().flat_map(|failed| failed.missing.clone()).collect();
        let Some(routed) = self.flows.named(&entry.id.flow).filter(|_| !missing.is_empty()) else {
            return Ok(());
        };
        for code in &missing {
            self.lookups.wait(code, &entry.id).await?;
        }
        let (lookups, ledger) = (self.lookups.as_ref(), self.ledger.as_ref());
        let known = known_codes::of(lookups, ledger, &self.tables, &missing).await?;
        let (now, rng) = (self.clock.now(), self.rng.as_ref());
        let is_known = |code: &UnknownCode| known.contains(code);
        let failed = entry.failures().filter(|failed| failed.missing.iter().any(is_known));
        let items: Vec<_> =
            failed.map(|failed| work::again(&routed.flow, &entry.id, failed, now, rng)).collect();
        if !items.is_empty() {
            let (flow, key) = (&entry.id.flow, &entry.id.key);
            tracing::info!(flow, key, "a code that it failed for is known: sent again");
            self.intake.take(routed.system, &items).await?;
        }
        Ok(())
    }
}
