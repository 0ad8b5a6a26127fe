//! Echo: a document that another flow of ours has made is left alone where it would go back to where it came from.
//!
//! What is made is known as ours **before** it is sent: its number stands in the ledger, and it may come back at once.

use std::sync::Arc;

use relay_core::{EntryId, Ledger, Outcome, Skip};
use relay_job::echoes::Echoes;

use crate::map::Plan;
use crate::settle::LedgerWriter;
use crate::stop::Stop;
use crate::work::Work;

/// Tells our own documents from others.
pub(crate) struct Own {
    pub(crate) echoes: Echoes,
    pub(crate) ledger: Arc<dyn Ledger>,
}

impl Own {
    /// Ends the turn of an echo.
    pub(crate) async fn check(&self, work: &Work<'_>) -> Result<(), Stop> {
        let Some((numbers, makers)) = self.echoes.mark(&work.item.flow, &work.item.document) else {
            return Ok(());
        };
        for number in &numbers {
            let ids: Vec<_> = makers.iter().map(|maker| EntryId::new(maker, number)).collect();
            let is_key = !self.ledger.read(&ids).await?.is_empty();
            let is_ours =
                is_key || self.ledger.find(number).await?.iter().any(|found| makers.contains(&found.flow));
            if !is_ours {
                // Of what was merged, something is not ours.
                return Ok(());
            }
        }
        if numbers.is_empty() { Ok(()) } else { Err(Stop::Ended(Outcome::Skipped(Skip::Echo))) }
    }

    /// Notes our number of a document that another flow looks for, before it is sent.
    pub(crate) async fn note(
        &self,
        work: &mut Work<'_>,
        plan: &Plan<'_>,
        ledger_writer: &LedgerWriter,
    ) -> Result<(), Stop> {
        let Some(number) = plan.number().filter(|_| self.echoes.is_faced(&work.item.flow)) else {
            return Ok(());
        };
        let entry = &work.known.entry;
        if entry.revision > 0 && (entry.id.key == number || entry.numbers.all().contains(&number)) {
            return Ok(());
        }
        ledger_writer.numbered(work, &number).await?;
        Ok(())
    }
}
