//! One flow's part in a run: its lease, and what becomes of it. It knows neither windows nor lists.

use anyhow::Context as _;
use relay_connector::{Class, Failure};
use relay_core::clock::Deadline;
use relay_core::health::Part;
use relay_core::tally::Counted;
use relay_core::{Lease, StoreError, WorkItem};
use relay_job::{Routed, work};
use serde_json::Value;

use crate::lease::HeldLease;
use crate::poll::Poller;
use crate::read::ReadError;
use crate::report::Report;

/// One flow's part in a run.
pub(crate) struct FlowTurn<'a> {
    pub(crate) routed: &'a Routed,
    pub(crate) report: Report,
    pub(crate) is_stopped: bool,
    poller: &'a Poller,
    lease: Option<HeldLease<'a>>,
}

impl<'a> FlowTurn<'a> {
    pub(crate) fn of(poller: &'a Poller, routed: &'a Routed) -> Self {
        let report = Report { flow: routed.flow.name().to_owned(), ..Report::default() };
        Self { routed, report, is_stopped: false, poller, lease: None }
    }

    /// Takes the flow's lease, under the name that it had when each flow was polled by itself: a watermark refuses a write
    /// under an older fence than its last, and fences count by the lease's name.
    ///
    /// # Errors
    /// When another run has it for longer than `patience`, or the store does not answer.
    pub(crate) async fn take_lease(&mut self, owner: &str, patience: Deadline) -> anyhow::Result<()> {
        let (checkpoints, clock) = (self.poller.checkpoints.as_ref(), self.poller.clock.as_ref());
        let name = format!("poll/{}", self.report.flow);
        let lease = HeldLease::acquire(checkpoints, clock, &name, owner, patience).await?;
        self.lease =
            Some(lease.context("another run is polling this flow now; it reads what this one would have")?);
        Ok(())
    }

    /// The lease as it is now.
    pub(crate) fn lease(&self) -> Option<&Lease> {
        self.lease.as_ref().map(HeldLease::current)
    }

    /// Renews the lease where it is due. Whoever has lost it is stopped.
    pub(crate) async fn keep_lease(&mut self) {
        if let Err(error) = self.hold_lease().await {
            self.stop(&error.into()).await;
        }
    }

    /// Renews the lease where it is due.
    ///
    /// # Errors
    /// When another run has it, or had it meanwhile, or the store does not answer.
    pub(crate) async fn hold_lease(&mut self) -> Result<(), StoreError> {
        match &mut self.lease {
            Some(lease) => lease.keep().await,
            None => Ok(()),
        }
    }

    /// The part whose health its polls tell.
    pub(crate) fn part(&self) -> Part {
        Part::Poll(self.report.flow.clone())
    }

    /// Ends the flow's turn early. The others go on. That the vendor is not to be asked yet is no error.
    pub(crate) async fn stop(&mut self, error: &anyhow::Error) {
        self.is_stopped = true;
        if let Some(ReadError::Vendor(Failure { class: Class::NotYet { after }, message, .. })) =
            error.downcast_ref()
        {
            self.report.waits_s = Some(after.as_secs());
            self.report.notes.push(message.clone());
            return;
        }
        self.report.error = Some(format!("{error:#}"));
        let vendors = match error.downcast_ref() {
            Some(ReadError::Vendor(failure)) => Some(failure.in_full()),
            _ => None,
        };
        // Each call has told itself; and another run that is at work is no failure of the source.
        if vendors.is_none() && self.lease.is_some() {
            let class = if error.is::<StoreError>() { "store" } else { "reading" };
            self.poller.health.failed(self.part(), class, None, format!("{error:#}")).await;
        }
        self.report.error_in_full = vendors.or_else(|| self.report.error.clone());
    }

    /// The documents of rows, of those that the flow's filter takes, as far as they are news to it.
    pub(crate) fn documents(
        &mut self,
        rows: Vec<Value>,
        mut is_news: impl FnMut(&WorkItem) -> bool,
    ) -> Vec<WorkItem> {
        let Self { poller, routed, report, .. } = self;
        let now = poller.clock.now();
        report.rows += rows.len() as u64;
        let mut items = Vec::with_capacity(rows.len());
        for row in rows {
            // A row that the filter cannot judge is queued: the pusher records it as failed, so it is not lost.
            if !routed.flow.admits(&row).unwrap_or(true) {
                report.filtered += 1;
                continue;
            }
            let mut item = work::item(&routed.flow, row, false, now, poller.rng.as_ref());
            if poller.until.is_some() {
                item.replay = Some(format!("backfill/{}", poller.rng.uuid()));
            }
            if is_news(&item) {
                items.push(item);
            }
        }
        items
    }

    /// Queues documents.
    pub(crate) async fn queue(&mut self, items: &[WorkItem]) -> Result<(), StoreError> {
        let outcome = self.poller.intake.take(self.routed.system, items).await?;
        self.report.queued += outcome.queued;
        self.report.failed += outcome.failed;
        Ok(())
    }

    /// Gives the lease back.
    pub(crate) async fn close(&mut self) {
        let Some(lease) = self.lease.take() else { return };
        let released = lease.release().await;
        // A backfill reads what was read before.
        if self.poller.until.is_none() {
            let counted = Counted { read: self.report.queued, ..Counted::default() };
            self.poller.health.count(&self.report.flow, counted).await;
        }
        // What stopped the work comes first.
        if self.report.error.is_none() {
            self.poller.health.well(self.part()).await;
            if let Err(error) = released {
                self.stop(&error.into()).await;
            }
        }
    }
}
