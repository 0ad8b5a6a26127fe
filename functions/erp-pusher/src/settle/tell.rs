//! Telling metrics, the target's health record and the credential check what became of a batch.

use std::collections::BTreeMap;

use relay_core::health::Part;
use relay_core::policy::{self, Consequences, TargetHealth};
use relay_core::tally::Counted;
use relay_core::{Outcome, RetryCause, told};

use crate::batch::Batch;
use crate::open::Turn;
use crate::push::Pusher;

impl Pusher {
    /// Counts what became of the documents, and tells how the target is doing.
    pub(crate) async fn tell(&self, batch: &Batch<'_>, turns: &[Turn]) {
        let consequences: Vec<_> = turns.iter().map(|turn| self.consequences(batch, turn)).collect();
        for (turn, consequences) in turns.iter().zip(&consequences) {
            told::count(turn.flow(), consequences);
            if consequences.again.is_some() {
                // SQS leaves messages that come again and again out of the age that it tells of its oldest.
                let waited = (self.clock.now() - turn.message.received.sent_at).to_std().unwrap_or_default();
                metrics::histogram!("waited", "target" => batch.system.name()).record(waited);
            }
            if consequences.check_credentials {
                self.credential_check.note();
            }
        }
        self.tell_health(batch, &consequences).await;
        self.count(turns, &consequences).await;
        for turn in turns {
            if let Outcome::Retry { wait, message, cause: RetryCause::NotYet } = &turn.outcome {
                self.health.not_yet(turn.flow(), *wait, message).await;
            }
        }
    }

    /// Counts what was delivered of each flow.
    async fn count(&self, turns: &[Turn], consequences: &[Consequences<'_>]) {
        let mut delivered: BTreeMap<&str, u64> = BTreeMap::new();
        for (turn, _) in
            turns.iter().zip(consequences).filter(|(_, it)| it.counted == Some(policy::DELIVERED))
        {
            *delivered.entry(turn.flow()).or_default() += 1;
        }
        for (flow, delivered) in delivered {
            self.health.count(flow, Counted { delivered, ..Counted::default() }).await;
        }
    }

    /// A batch of which the target has answered for one document shows that it takes documents, and one that came to no
    /// call shows nothing.
    async fn tell_health(&self, batch: &Batch<'_>, consequences: &[Consequences<'_>]) {
        let part = Part::Target(batch.system);
        let mut said = consequences.iter().filter_map(|consequences| consequences.target);
        if said.clone().any(|health| health == TargetHealth::Well) {
            self.health.well(part).await;
        } else if let Some(TargetHealth::Failing { class, message }) = said.next() {
            self.health.failed(part, class, None, message.to_owned()).await;
        }
    }
}
