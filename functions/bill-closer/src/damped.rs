//! Alerts that were held back, and of whose cause nothing has come since: told when their time is over.

use std::time::Duration;

use chrono::{DateTime, Utc};
use relay_core::damped::{self, is_held_back};
use relay_core::{Checkpoints, EntryId, Intake, Ledger, StoreError, VersionKind, WorkItem};

/// What is held back by a flow.
pub(crate) struct HeldBack<'a> {
    pub(crate) flow: &'a str,
    pub(crate) system: relay_core::System,
    pub(crate) damp: Duration,
    pub(crate) checkpoints: &'a dyn Checkpoints,
    pub(crate) ledger: &'a dyn Ledger,
    pub(crate) intake: &'a Intake,
    pub(crate) now: DateTime<Utc>,
}

impl HeldBack<'_> {
    /// Queues an alert for each cause whose time is over; answers how many, and how many causes still wait.
    pub(crate) async fn tell(&self) -> Result<(u64, u64), StoreError> {
        let all = damped::read(self.checkpoints, self.flow).await?;
        if all.is_empty() {
            return Ok((0, 0));
        }
        let ids: Vec<_> = all.keys().map(|cause| EntryId::new(self.flow, cause)).collect();
        let mut told_at = std::collections::BTreeMap::new();
        for ids in ids.chunks(100) {
            for (id, entry) in self.ledger.read(ids).await? {
                told_at.insert(id.key, entry.delivered.map(|delivered| delivered.at));
            }
        }
        // One that was told of since has told of these too.
        let is_over = |cause: &str, told: DateTime<Utc>| told_at.get(cause) != Some(&Some(told));
        damped::forget(self.checkpoints, self.flow, |cause, held| {
            is_over(cause, held.told_at) || held.count == 0
        })
        .await?;
        let (mut items, mut waiting) = (Vec::new(), 0);
        for (cause, held) in all.into_iter().filter(|(cause, held)| !is_over(cause, held.told_at)) {
            if held.count == 0 || is_held_back(Some(held.told_at), self.damp, self.now) {
                waiting += u64::from(held.count > 0);
                continue;
            }
            // Whenever it is queued it is the same item, which the queue drops within minutes and the pusher does not count.
            items.push(WorkItem {
                flow: self.flow.to_owned(),
                trace: format!("{}/{}", self.flow, held.last),
                key: cause,
                version: None,
                version_kind: Some(VersionKind::Received),
                acknowledge: false,
                received_at: held.since,
                replay: None,
                document: held.sample,
            });
        }
        if !items.is_empty() {
            self.intake.take(self.system, &items).await?;
        }
        Ok((items.len() as u64, waiting))
    }
}
