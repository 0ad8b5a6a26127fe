//! One list, read as a whole: what is new or has changed is queued for each flow that reads it.
//!
//! A row is known by its key and its content ([`snapshot`](crate::snapshot)). One that is not on the list any more tells
//! no target anything: most vendors leave out what is disabled, and a list that came short would end the rest.
//!
//! A list that is longer than a run has time for is read on by the next one. What moves meanwhile to a page that has been read
//! already comes with the next reading.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use chrono::{DateTime, TimeDelta, Utc};
use relay_connector::{Lists, Page, PageOf, Query, retry};
use relay_core::clock::Deadline;
use relay_core::item::content_hash;
use relay_core::{System, WorkItem};
use relay_job::snapshot::{self, EVERY, Unfinished};
use relay_job::{Routed, health};
use serde_json::Value;
use tracing::Instrument as _;

use crate::flow_turn::FlowTurn;
use crate::lease;
use crate::poll::{Poller, Progress};
use crate::read::{MOST_PAGES, PAGE_SIZE, ReadError};
use crate::report::Report;
use crate::snapshot::Snapshot;

/// So many new rows are held before they are queued.
const MOST_HELD: usize = 2_000;

/// A reading that began longer ago is begun anew: its pages tell too little of each other.
const LONGEST: Duration = Duration::from_secs(86_400);

/// Documents that one call to the queue takes.
const QUEUED_AT_ONCE: usize = 100;

/// When a list is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum When {
    /// Where the last reading is [`EVERY`] ago for one of its flows.
    Due,
    /// Now: a person asks for it.
    Now,
}

/// One flow of a list.
struct Reader<'a> {
    turn: FlowTurn<'a>,
    snapshot: Option<Snapshot<'a>>,
    /// The rows that the flow was not given before, and that are not queued yet.
    fresh: Vec<WorkItem>,
}

impl<'a> Reader<'a> {
    async fn open(poller: &'a Poller, routed: &'a Routed, owner: &str, patience: Deadline) -> Self {
        let turn = FlowTurn::of(poller, routed);
        let mut reader = Self { turn, snapshot: None, fresh: Vec::new() };
        if let Err(error) = reader.take_place(poller, owner, patience).await {
            reader.turn.stop(&error).await;
        }
        reader
    }

    async fn take_place(
        &mut self,
        poller: &'a Poller,
        owner: &str,
        patience: Deadline,
    ) -> anyhow::Result<()> {
        self.turn.take_lease(owner, patience).await?;
        let snapshot = Snapshot::load(poller.checkpoints.as_ref(), &self.turn.report.flow).await?;
        self.turn.report.watermark = snapshot.read_at();
        self.snapshot = Some(snapshot);
        Ok(())
    }

    /// Sees a page.
    async fn see(&mut self, rows: Vec<Value>) -> anyhow::Result<()> {
        let snapshot = self.snapshot.as_mut().context("the flow has no snapshot")?;
        self.fresh.extend(self.turn.documents(rows, |item| snapshot.is_news(item)));
        if self.fresh.len() > MOST_HELD { self.queue().await } else { Ok(()) }
    }

    /// All of the list has been seen.
    async fn finish(&mut self, began: DateTime<Utc>) -> anyhow::Result<()> {
        self.queue().await?;
        let snapshot = self.snapshot.as_mut().context("the flow has no snapshot")?;
        snapshot.finish(began, self.turn.lease()).await?;
        (self.turn.report.watermark, self.turn.report.caught_up) = (Some(began), true);
        Ok(())
    }

    /// There was no time for all of the list.
    async fn interrupt(&mut self, unfinished: Unfinished) -> anyhow::Result<()> {
        self.queue().await?;
        let snapshot = self.snapshot.as_mut().context("the flow has no snapshot")?;
        snapshot.interrupt(unfinished, self.turn.lease()).await?;
        let pages = unfinished.next;
        self.turn.report.notes.push(format!("{pages} pages of the list were read, and the next run goes on"));
        Ok(())
    }

    async fn queue(&mut self) -> anyhow::Result<()> {
        // A vendor may have made this run wait for so long that another has read the list, and queued what is new.
        self.turn.hold_lease().await?;
        let snapshot = self.snapshot.as_mut().context("the flow has no snapshot")?;
        snapshot.forget_changed(self.turn.lease()).await?;
        let fresh = std::mem::take(&mut self.fresh);
        for items in fresh.chunks(QUEUED_AT_ONCE) {
            self.turn.queue(items).await?;
        }
        Ok(())
    }
}

/// Where the pages of a list come from.
struct Listing<'a> {
    poller: &'a Poller,
    source: &'a dyn Lists,
    query: &'a Query,
    deadline: Deadline,
}

impl Poller {
    /// What reads a list.
    pub(crate) fn lists(&self, query: &Query) -> anyhow::Result<&dyn Lists> {
        let name = query.document.name;
        let source = self.connections.lists(System::of_document(name));
        source.with_context(|| format!("`{name}`: no vendor is connected that lists it"))
    }

    /// Reads a list for these flows, where it is due for one of them. A flow that fails alone stops no other.
    pub(crate) async fn list(
        &self,
        query: &Query,
        flows: &[Arc<Routed>],
        when: When,
        deadline: Deadline,
        progress: Progress<'_>,
    ) -> Vec<Report> {
        if when == When::Due
            && let Some(reports) = self.not_due(flows).await
        {
            return reports;
        }
        let names: Vec<_> = flows.iter().map(|routed| routed.flow.name()).collect();
        let span = tracing::info_span!("list", flow = names.join(", "));
        let readers = self.read_list(query, flows, deadline).instrument(span).await;
        let mut reports = Vec::with_capacity(readers.len());
        for Reader { turn, .. } in readers {
            self.health.remark(turn.part(), turn.report.notes.clone()).await;
            self.log(&turn.report, self.clock.now() - TimeDelta::from_std(EVERY).unwrap_or_default()).await;
            progress(&turn.report);
            reports.push(turn.report);
        }
        reports
    }

    /// The reports of flows none of which is due.
    async fn not_due(&self, flows: &[Arc<Routed>]) -> Option<Vec<Report>> {
        let mut reports = Vec::with_capacity(flows.len());
        for routed in flows {
            let flow = routed.flow.name().to_owned();
            // Where the store does not answer, the reading tells so.
            let read_at = snapshot::read_at(self.checkpoints.as_ref(), &flow).await.ok()??;
            let since = self.clock.now() - read_at;
            // One that lies in the future was written by a clock that was ahead.
            let is_due = since < TimeDelta::zero() || since.to_std().is_ok_and(|since| since >= EVERY);
            if is_due {
                return None;
            }
            reports.push(Report { flow, watermark: Some(read_at), caught_up: true, ..Report::default() });
        }
        Some(reports)
    }

    async fn read_list<'a>(
        &'a self,
        query: &Query,
        flows: &'a [Arc<Routed>],
        deadline: Deadline,
    ) -> Vec<Reader<'a>> {
        let owner = self.rng.uuid().to_string();
        let patience = lease::patience(self.clock.as_ref(), deadline);
        let mut readers = Vec::with_capacity(flows.len());
        for routed in flows {
            readers.push(Reader::open(self, routed, &owner, patience).await);
        }
        let reading = self.goes_on_at(&mut readers);
        let read = match self.lists(query) {
            Ok(source) => {
                Listing { poller: self, source, query, deadline }.pages(&mut readers, reading.next).await
            }
            Err(error) => Err(error),
        };
        for reader in open(&mut readers) {
            let done = match &read {
                Ok(End::Reached) => reader.finish(reading.began).await,
                Ok(End::Later { next }) => reader.interrupt(Unfinished { next: *next, ..reading }).await,
                // The next run has more time.
                Ok(End::NotBegun) => Ok(()),
                Err(error) => {
                    reader.turn.stop(error).await;
                    continue;
                }
            };
            if let Err(error) = done {
                reader.turn.stop(&error).await;
            }
        }
        for reader in &mut readers {
            reader.turn.close().await;
        }
        readers
    }

    /// Where the reading goes on that an earlier run has not come to the end of, if it is one and the same for all flows; a new
    /// one begins at the first page.
    fn goes_on_at(&self, readers: &mut [Reader<'_>]) -> Unfinished {
        let now = self.clock.now();
        let of_each: Vec<_> =
            open(readers).map(|reader| reader.snapshot.as_ref().and_then(Snapshot::unfinished)).collect();
        let is_of_late =
            |unfinished: &Unfinished| (now - unfinished.began).to_std().is_ok_and(|since| since < LONGEST);
        let first = of_each.first().copied().flatten().filter(is_of_late);
        if let Some(unfinished) = first
            && of_each.iter().all(|each| *each == first)
        {
            return unfinished;
        }
        for reader in open(readers) {
            reader.snapshot.iter_mut().for_each(Snapshot::begin);
        }
        Unfinished { began: now, next: 0 }
    }
}

/// How far a run has come.
enum End {
    /// To the end of the list.
    Reached,
    /// As far as it had time.
    Later {
        /// The page that comes next.
        next: u64,
    },
    /// There was no time for a page.
    NotBegun,
}

/// Those that go on.
fn open<'r, 'a>(readers: &'r mut [Reader<'a>]) -> impl Iterator<Item = &'r mut Reader<'a>> {
    readers.iter_mut().filter(|reader| !reader.turn.is_stopped)
}

impl Listing<'_> {
    /// Shows every page to every reader, from that one on.
    async fn pages(&self, readers: &mut [Reader<'_>], from: u64) -> anyhow::Result<End> {
        let (mut read, mut total, mut before) = (0, None, Vec::new());
        for number in from..MOST_PAGES {
            let page = match self.page(number, readers).await {
                Err(error) if error.is_out_of_time() && number == from => return Ok(End::NotBegun),
                Err(error) if error.is_out_of_time() => return Ok(End::Later { next: number }),
                page => page?,
            };
            total = total.or(page.total);
            read += page.rows.len() as u64;
            let content: Vec<_> = page.rows.iter().map(content_hash).collect();
            for reader in open(readers) {
                if let Err(error) = reader.see(page.rows.clone()).await {
                    reader.turn.stop(&error).await;
                }
            }
            // Some servers give their last page for every one that is asked for behind it.
            let is_behind = content.is_empty() || content == before;
            // A short page may be all that the server gives at once, and a count may be wrong: of both together neither.
            let is_counted =
                content.len() < self.page_size() as usize && total.is_some_and(|total| read >= total);
            if self.query.document.pages.is_none() || is_behind || is_counted {
                self.note_missing(read, total, readers)?;
                return Ok(End::Reached);
            }
            before = content;
        }
        Err(ReadError::Endless { vendor: self.vendor() }.into())
    }

    /// What is counted and did not come is given to the flows by the next reading, if it is there. A list of which
    /// nothing came is not believed.
    fn note_missing(
        &self,
        read: u64,
        total: Option<u64>,
        readers: &mut [Reader<'_>],
    ) -> Result<(), ReadError> {
        let Some(total) = total.filter(|total| *total > read) else { return Ok(()) };
        if read == 0 {
            return Err(ReadError::Incomplete { vendor: self.vendor(), read, total });
        }
        let note = format!("the vendor counts {total} rows of the list, and {read} came");
        open(readers).for_each(|reader| reader.turn.report.notes.push(note.clone()));
        Ok(())
    }

    async fn page(&self, number: u64, readers: &mut [Reader<'_>]) -> Result<Page, ReadError> {
        let (poller, deadline) = (self.poller, self.deadline);
        let number = u32::try_from(number).map_err(|_| ReadError::Endless { vendor: self.vendor() })?;
        let page = PageOf { number, size: self.page_size() };
        for reader in open(readers) {
            reader.turn.keep_lease().await;
        }
        let parts: Vec<_> = open(readers).map(|reader| reader.turn.part()).collect();
        if parts.is_empty() {
            return Err(ReadError::Nobody);
        }
        let ask = || async {
            let mut page = self.source.list(self.query, page, deadline).await;
            for part in &parts {
                page = health::told(&poller.health, part.clone(), page).await;
            }
            page
        };
        let page = retry::read(&poller.clock, deadline, ask).await;
        Ok(page.inspect_err(|failure| poller.credential_check.note_failure(failure))?)
    }

    fn page_size(&self) -> u32 {
        self.query.document.pages.map_or(PAGE_SIZE, |pages| pages.cap.min(PAGE_SIZE))
    }

    fn vendor(&self) -> &'static str {
        System::of_document(self.query.document.name).name()
    }
}
