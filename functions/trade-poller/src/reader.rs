//! One flow of a poll.

use std::collections::HashSet;

use anyhow::Context as _;
use chrono::{DateTime, TimeDelta, Utc};
use relay_core::StoreError;
use relay_core::clock::Deadline;
use relay_job::Routed;
use relay_job::watermark::{Watermark, checkpoint_name};
use serde_json::Value;

use crate::flow_turn::FlowTurn;
use crate::poll::{Poller, Progress};
use crate::read::ReadError;
use crate::window::{Position, Window};

/// How far is gone back where the watermark is not believed.
const A_DAY: TimeDelta = TimeDelta::days(1);

/// One flow of a poll: where it stands, and what became of its turn.
pub(crate) struct Reader<'a> {
    pub(crate) turn: FlowTurn<'a>,
    pub(crate) position: Position,
    /// Whether the window that is read at this moment is read for it.
    is_served: bool,
    poller: &'a Poller,
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
        let (turn, position) = (FlowTurn::of(poller, routed), Position::Start(poller.start));
        let mut reader = Self { turn, position, is_served: false, poller, revision: None };
        if let Err(error) = reader.take_place(owner, patience).await {
            reader.turn.stop(&error).await;
        }
        reader
    }

    async fn take_place(&mut self, owner: &str, patience: Deadline) -> anyhow::Result<()> {
        self.turn.take_lease(owner, patience).await?;
        let name = checkpoint_name(&self.turn.report.flow);
        let Some(checkpoint) = self.poller.checkpoints.get(&name).await? else { return Ok(()) };
        let Watermark { read_until } = serde_json::from_str(&checkpoint.value)
            .with_context(|| format!("the checkpoint {name} is not a watermark: `{}`", checkpoint.value))?;
        self.turn.report.watermark = Some(read_until);
        (self.position, self.revision) = (Position::ReadUntil(read_until), Some(checkpoint.revision));
        Ok(())
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
        tracing::warn!(flow = self.turn.report.flow, watermark = %until, %now, again_from = %back, "the watermark lies in the vendor's future");
        self.turn.report.notes.push(format!(
            "the watermark {until} lay in the vendor's future, so a clock was ahead: read again from {back}"
        ));
        self.turn.report.watermark = Some(back);
        self.position = Position::ReadUntil(back);
    }

    /// Queues rows: all of them, or those that were not queued before; and answers what they are where that is asked.
    async fn take(
        &mut self,
        rows: Vec<Value>,
        before: Option<&HashSet<String>>,
    ) -> Result<HashSet<String>, StoreError> {
        let mut taken = HashSet::new();
        let items = self.turn.documents(rows, |item| {
            before.is_none_or(|before| {
                let id = item.content_id();
                let is_new = !before.contains(&id);
                taken.insert(id) && is_new
            })
        });
        self.turn.queue(&items).await?;
        Ok(taken)
    }

    /// Notes that a window has been read to its end.
    async fn move_watermark(&mut self, window: Window) -> anyhow::Result<()> {
        let (checkpoints, name) = (self.poller.checkpoints.as_ref(), checkpoint_name(&self.turn.report.flow));
        let lease = self.turn.lease();
        let value = serde_json::to_string(&Watermark { read_until: window.end })?;
        let moved = checkpoints.put(&name, &value, self.revision, lease).await?;
        anyhow::ensure!(moved, "another run has moved the watermark of this flow: this one stops");
        self.revision = Some(self.revision.unwrap_or(0) + 1);
        self.position = Position::ReadUntil(window.end);
        self.turn.report.windows += 1;
        self.turn.report.watermark = Some(window.end);
        Ok(())
    }
}

/// The flows of a poll.
pub(crate) struct Readers<'a>(pub(crate) Vec<Reader<'a>>);

impl<'a> Readers<'a> {
    /// Those that go on.
    pub(crate) fn open(&self) -> impl Iterator<Item = &Reader<'a>> {
        self.0.iter().filter(|reader| !reader.turn.is_stopped)
    }

    fn open_mut(&mut self) -> impl Iterator<Item = &mut Reader<'a>> {
        self.0.iter_mut().filter(|reader| !reader.turn.is_stopped)
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
            reader.turn.stop(error).await;
        }
    }

    /// Notes who has nothing left to read for now.
    pub(crate) fn note_caught_up(&mut self, is_at_the_end: impl Fn(Position) -> bool) {
        for reader in self.open_mut() {
            reader.turn.report.caught_up = is_at_the_end(reader.position);
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
            reader.turn.keep_lease().await;
        }
        self.somebody()
    }

    /// Queues rows for each flow. To tell what a row is takes as long as half of reading it: nobody asks for these.
    pub(crate) async fn take(&mut self, rows: Vec<Value>) -> Result<(), ReadError> {
        self.take_for_each(rows, None).await.map(drop)
    }

    /// Queues rows for each flow, except those that were queued before, and answers what was queued.
    pub(crate) async fn take_except(
        &mut self,
        rows: Vec<Value>,
        before: &HashSet<String>,
    ) -> Result<HashSet<String>, ReadError> {
        self.take_for_each(rows, Some(before)).await
    }

    async fn take_for_each(
        &mut self,
        rows: Vec<Value>,
        before: Option<&HashSet<String>>,
    ) -> Result<HashSet<String>, ReadError> {
        let (mut taken, mut left) = (HashSet::new(), self.served().count());
        let mut rows = Some(rows);
        for reader in self.served_mut() {
            left -= 1;
            // The last has them for itself, and as a rule there is one.
            let own = if left > 0 { rows.clone() } else { rows.take() };
            match reader.take(own.unwrap_or_default(), before).await {
                Ok(ids) => taken.extend(ids),
                Err(error) => reader.turn.stop(&error.into()).await,
            }
        }
        self.somebody()?;
        Ok(taken)
    }

    /// Moves the watermarks behind a window, and tells `progress` of each.
    pub(crate) async fn move_watermarks(&mut self, window: Window, progress: Progress<'_>) {
        for reader in self.served_mut() {
            match reader.move_watermark(window).await {
                Ok(()) => progress(&reader.turn.report),
                Err(error) => reader.turn.stop(&error).await,
            }
        }
    }

    /// Notes what a person should know of the window, once.
    pub(crate) fn note(&mut self, note: &str) {
        for reader in self.served_mut() {
            if !reader.turn.report.notes.iter().any(|known| known == note) {
                reader.turn.report.notes.push(note.to_owned());
            }
        }
    }
}
