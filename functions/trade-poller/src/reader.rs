//! One flow of a poll.

use std::collections::HashSet;

use anyhow::Context as _;
use chrono::{DateTime, TimeDelta, Utc};
use relay_core::StoreError;
use relay_core::clock::Deadline;
use relay_core::health::Part;
use relay_job::watermark::{Watermark, checkpoint_name};
use relay_job::{Routed, work};
use serde_json::Value;

use crate::lease::HeldLease;
use crate::poll::{Poller, Progress};
use crate::read::ReadError;
use crate::report::Report;
use crate::window::{Position, Window};

/// How far is gone back where the watermark is not believed.
const A_DAY: TimeDelta = TimeDelta::days(1);

/// One flow of a poll: where it stands, and what became of its turn.
pub(crate) struct Reader<'a> {
    pub(crate) routed: &'a Routed,
    pub(crate) position: Position,
    pub(crate) report: Report,
    /// Whether the window that is read at this moment is read for it.
    is_served: bool,
    is_stopped: bool,
    poller: &'a Poller,
    lease: Option<HeldLease<'a>>,
    revision: Option<u64>,
}

impl<'a> Reader<'a> {
    /// Takes the flow's lease and reads its watermark. Where one of them fails the flow is stopped from the beginning.
    pub(crate) async fn open(
        poller: &'a Poller,
        routed: &'a Routed,
        owner: &str,
        patience: Deadline,
    ) -> Self {
        let report = Report { flow: routed.flow.name().to_owned(), ..Report::default() };
        let position = Position::Start(poller.start);
        let (is_served, is_stopped) = (false, false);
        let mut reader =
            Self { routed, position, report, is_served, is_stopped, poller, lease: None, revision: None };
        if let Err(error) = reader.take_place(owner, patience).await {
            reader.stop(&error).await;
        }
        reader
    }

    async fn take_place(&mut self, owner: &str, patience: Deadline) -> anyhow::Result<()> {
        let (checkpoints, clock) = (self.poller.checkpoints.as_ref(), self.poller.clock.as_ref());
        let name = format!("poll/{}", self.report.flow);
        let lease = HeldLease::acquire(checkpoints, clock, &name, owner, patience).await?;
        self.lease =
            Some(lease.context("another run is polling this flow now; it reads what this one would have")?);

        let name = checkpoint_name(&self.report.flow);
        let Some(checkpoint) = checkpoints.get(&name).await? else { return Ok(()) };
        let Watermark { read_until } = serde_json::from_str(&checkpoint.value)
            .with_context(|| format!("the checkpoint {name} is not a watermark: `{}`", checkpoint.value))?;
        self.report.watermark = Some(read_until);
        (self.position, self.revision) = (Position::ReadUntil(read_until), Some(checkpoint.revision));
        Ok(())
    }

    /// The part whose health its polls tell.
    pub(crate) fn part(&self) -> Part {
        Part::Poll(self.report.flow.clone())
    }

    /// Ends the flow's turn early. The others go on.
    pub(crate) async fn stop(&mut self, error: &anyhow::Error) {
        self.is_stopped = true;
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

    /// A watermark in the vendor's future was written by a clock that was ahead, nobody knows for how long: what it has
    /// passed over is read again, and the ledger drops the repetitions.
    fn believe(&mut self, vendor_now: Option<DateTime<Utc>>) {
        let (Position::ReadUntil(until), Some(now)) = (self.position, vendor_now) else { return };
        if until <= now {
            return;
        }
        let (back, start) = (now - A_DAY, self.poller.start);
        let back = if start < now { back.max(start) } else { back };
        tracing::warn!(flow = self.report.flow, watermark = %until, %now, again_from = %back, "the watermark lies in the vendor's future");
        self.report.notes.push(format!(
            "the watermark {until} lay in the vendor's future, so a clock was ahead: read again from {back}"
        ));
        self.report.watermark = Some(back);
        self.position = Position::ReadUntil(back);
    }

    /// Queues rows, except those that were queued before, and answers what it has queued.
    async fn take(
        &mut self,
        rows: Vec<Value>,
        before: &HashSet<String>,
    ) -> Result<HashSet<String>, StoreError> {
        let Self { poller, routed, report, .. } = self;
        let now = poller.clock.now();
        report.rows += rows.len() as u64;
        let mut taken = HashSet::with_capacity(rows.len());
        let mut items = Vec::with_capacity(rows.len());
        for row in rows {
            // A row that the filter cannot judge is queued: the pusher records it as failed, so it is not lost.
            if !routed.flow.admits(&row).unwrap_or(true) {
                report.filtered += 1;
                continue;
            }
            let item = work::item(&routed.flow, row, false, now, poller.rng.as_ref());
            let id = item.content_id();
            if !before.contains(&id) && taken.insert(id) {
                items.push(item);
            }
        }
        let outcome = poller.intake.take(routed.system, &items).await?;
        report.queued += outcome.queued;
        report.failed += outcome.failed;
        Ok(taken)
    }

    /// Notes that a window has been read to its end.
    async fn move_watermark(&mut self, window: Window) -> anyhow::Result<()> {
        let (checkpoints, name) = (self.poller.checkpoints.as_ref(), checkpoint_name(&self.report.flow));
        let lease = self.lease.as_ref().map(HeldLease::current);
        let value = serde_json::to_string(&Watermark { read_until: window.end })?;
        let moved = checkpoints.put(&name, &value, self.revision, lease).await?;
        anyhow::ensure!(moved, "another run has moved the watermark of this flow: this one stops");
        self.revision = Some(self.revision.unwrap_or(0) + 1);
        self.position = Position::ReadUntil(window.end);
        self.report.windows += 1;
        self.report.watermark = Some(window.end);
        Ok(())
    }

    /// Gives the lease back.
    pub(crate) async fn close(&mut self) {
        let Some(lease) = self.lease.take() else { return };
        let released = lease.release().await;
        // What stopped the work comes first.
        if !self.is_stopped {
            self.poller.health.well(self.part()).await;
            if let Err(error) = released {
                self.stop(&error.into()).await;
            }
        }
    }
}

/// The flows of a poll.
pub(crate) struct Readers<'a>(pub(crate) Vec<Reader<'a>>);

impl<'a> Readers<'a> {
    /// Those that go on.
    pub(crate) fn open(&self) -> impl Iterator<Item = &Reader<'a>> {
        self.0.iter().filter(|reader| !reader.is_stopped)
    }

    fn open_mut(&mut self) -> impl Iterator<Item = &mut Reader<'a>> {
        self.0.iter_mut().filter(|reader| !reader.is_stopped)
    }

    /// Those that the window is read for.
    pub(crate) fn served(&self) -> impl Iterator<Item = &Reader<'a>> {
        self.open().filter(|reader| reader.is_served)
    }

    fn served_mut(&mut self) -> impl Iterator<Item = &mut Reader<'a>> {
        self.open_mut().filter(|reader| reader.is_served)
    }

    /// Whether the window is read for nobody any more.
    fn somebody(&self) -> Result<(), ReadError> {
        if self.served().next().is_some() { Ok(()) } else { Err(ReadError::Nobody) }
    }

    /// Reads for those that stand at these places among the open ones.
    pub(crate) fn serve(&mut self, places: &[usize]) {
        for (place, reader) in self.open_mut().enumerate() {
            reader.is_served = places.contains(&place);
        }
    }

    /// Reads for all.
    pub(crate) fn serve_all(&mut self) {
        self.open_mut().for_each(|reader| reader.is_served = true);
    }

    /// Ends the turn of those that the window was read for.
    pub(crate) async fn stop_served(&mut self, error: &anyhow::Error) {
        for reader in self.served_mut() {
            reader.stop(error).await;
        }
    }

    /// Notes who has nothing left to read for now.
    pub(crate) fn note_caught_up(&mut self, is_at_the_end: impl Fn(Position) -> bool) {
        for reader in self.open_mut() {
            reader.report.caught_up = is_at_the_end(reader.position);
        }
    }

    /// Where those that go on stand, as far as the vendor's clock lets it be believed.
    pub(crate) fn positions(&mut self, vendor_now: Option<DateTime<Utc>>) -> Vec<Position> {
        self.open_mut()
            .map(|reader| {
                reader.believe(vendor_now);
                reader.position
            })
            .collect()
    }

    /// Renews the leases that are due: of all flows, for those that the window is not read for are read for later.
    pub(crate) async fn keep_leases(&mut self) -> Result<(), ReadError> {
        for reader in self.open_mut() {
            let Some(lease) = &mut reader.lease else { continue };
            if let Err(error) = lease.keep().await {
                reader.stop(&error.into()).await;
            }
        }
        self.somebody()
    }

    /// Queues rows for each flow, except those that were queued before, and answers what was queued.
    pub(crate) async fn take(
        &mut self,
        rows: Vec<Value>,
        before: &HashSet<String>,
    ) -> Result<HashSet<String>, ReadError> {
        let (mut taken, mut left) = (HashSet::new(), self.served().count());
        let mut rows = Some(rows);
        for reader in self.served_mut() {
            left -= 1;
            // The last has them for itself, and as a rule there is one.
            let own = if left > 0 { rows.clone() } else { rows.take() };
            match reader.take(own.unwrap_or_default(), before).await {
                Ok(ids) => taken.extend(ids),
                Err(error) => reader.stop(&error.into()).await,
            }
        }
        self.somebody()?;
        Ok(taken)
    }

    /// Moves the watermarks behind a window, and tells `progress` of each.
    pub(crate) async fn move_watermarks(&mut self, window: Window, progress: Progress<'_>) {
        for reader in self.served_mut() {
            match reader.move_watermark(window).await {
                Ok(()) => progress(&reader.report),
                Err(error) => reader.stop(&error).await,
            }
        }
    }

    /// Notes what a person should know of the window, once.
    pub(crate) fn note(&mut self, note: &str) {
        for reader in self.served_mut() {
            if !reader.report.notes.iter().any(|known| known == note) {
                reader.report.notes.push(note.to_owned());
            }
        }
    }
}
