//! One group through its steps.

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use relay_core::groups::{self, GroupId, Groups, Open, Rules, Seal, Tally, marked};
use relay_core::{Intake, StoreError, VersionKind, WorkItem};
use relay_job::Routed;
use serde_json::json;

/// So many members are read at once.
const PAGE: usize = 500;

/// Closes groups of one flow.
pub(crate) struct Closing<'a> {
    pub(crate) routed: &'a Routed,
    pub(crate) groups: &'a dyn Groups,
    pub(crate) intake: &'a Intake,
    pub(crate) now: DateTime<Utc>,
}

impl Closing<'_> {
    /// Closes a group, if it is due, and tells how many bills were queued.
    ///
    /// # Errors
    /// A store that does not answer, sums that are not exact: the group stays open.
    pub(crate) async fn close(&self, open: &Open) -> anyhow::Result<Option<u64>> {
        let flow = &self.routed.flow;
        let group = flow.group().context("the flow has no groups")?;
        let (close, day) = (group.close(), group.day(&open.id.group));
        // Neither needs the group to be read: it is not due, whether it was sealed before or not.
        let may_be_due = |is_sealed| close.is_due(open, day, is_sealed, self.now);
        if close.size.is_none() && !may_be_due(false) && !may_be_due(true) {
            return Ok(None);
        }
        let mut seals = self.groups.seals(&open.id).await?;
        // What a run that was killed has sealed, and may have queued.
        let mut bills = self.queue_all(&open.id, &seals).await?;
        let is_due = may_be_due(!seals.is_empty());
        if close.size.is_none() && !is_due {
            return Ok(None);
        }
        let tally = self.tally(&open.id, group.rules()).await?;
        let next = groups::seal(&open.id, &tally, &seals, group.rules(), self.now)?;
        let waiting = next.as_ref().map_or(0, |seal| seal.members.len());
        if !is_due && close.size.is_none_or(|size| waiting < size) {
            return Ok(None);
        }
        if let Some(next) = next {
            if !self.groups.seal(&open.id, &next).await? {
                anyhow::bail!("another run has sealed it at the same time: the next run looks at it again");
            }
            let Seal { number, members, .. } = &next;
            let (flow, group, members) = (flow.name(), &open.id.group, members.len());
            tracing::info!(flow, group, number, members, bills = next.bills.len(), "a group was sealed");
            seals = vec![next];
            bills += self.queue_all(&open.id, &seals).await?;
        }
        self.groups.looked(open).await?;
        Ok(Some(bills))
    }

    async fn tally(&self, id: &GroupId, rules: &Rules) -> anyhow::Result<Tally> {
        let mut tally = Tally::default();
        let mut after = None;
        loop {
            let page = self.groups.members(id, after.as_deref(), PAGE).await?;
            for contribution in &page {
                tally.add(contribution, rules)?;
            }
            match page.last().filter(|_| page.len() == PAGE) {
                Some(last) => after = Some(last.key.clone()),
                None => return Ok(tally),
            }
        }
    }

    /// Queues the bills of seals of which that is not noted yet, and tells how many.
    async fn queue_all(&self, id: &GroupId, seals: &[Seal]) -> Result<u64, StoreError> {
        let mut queued = 0;
        for seal in seals.iter().filter(|seal| !seal.is_queued) {
            let items: Vec<_> = seal.bills.iter().map(|bill| item(id, seal, bill)).collect();
            if !items.is_empty() {
                self.intake.take(self.routed.system, &items).await?;
            }
            self.groups.queued(id, seal).await?;
            queued += items.len() as u64;
        }
        Ok(queued)
    }
}

/// A bill on its way. Whenever it is queued it is the same item, down to its trace: the queue drops a repetition of the same
/// minutes, and the ledger one that comes later.
fn item(id: &GroupId, seal: &Seal, bill: &groups::Bill) -> WorkItem {
    WorkItem {
        flow: id.flow.clone(),
        key: marked(&bill.name),
        version: None,
        version_kind: Some(VersionKind::Received),
        acknowledge: false,
        received_at: seal.at,
        trace: format!("{}/{}", id.flow, bill.name),
        replay: None,
        document: json!(bill),
    }
}
