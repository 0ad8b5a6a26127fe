use std::collections::HashSet;
use std::time::Duration;

use chrono::{DateTime, Utc};
use clock::Deadline;
use pipeline::StoreError;
use pipeline::health::Part;
use serde_json::Value;
use vendor::{Class, Failure, patience};
use wangdian::catalog::Endpoint;
use wangdian::{Page, Route};
use wiring::flows::Routed;
use wiring::{health, work};

use crate::lease::HeldLease;
use crate::poll::{Poller, Report};
use crate::window::{self, Window};

/// What is asked for unless the endpoint allows less.
const PAGE_SIZE: u32 = 100;

/// How often a window whose rows do not add up is read anew.
const READINGS: u32 = 3;

/// What the answer to one page takes.
const ANSWER: Duration = Duration::from_millis(300);

/// Why a window was not read to its end. The watermark stays before it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReadError {
    #[error(transparent)]
    Vendor(#[from] Failure),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(
        "{read} rows came where the vendor counts {total}: the window is read again by the next run; if it stays so, ask WDT what its total_count counts"
    )]
    Incomplete { read: u64, total: u64 },
    #[error("the window ends beyond {horizon}, the last second that the vendor's clock lets us read")]
    Beyond { horizon: DateTime<Utc> },
    #[error("the window has {pages} pages, more than this run has time for")]
    TooLong { pages: u64 },
}

impl ReadError {
    /// Whether the run's time was over before a page could be asked for.
    pub(crate) fn is_out_of_time(&self) -> bool {
        matches!(self, Self::Vendor(failure) if failure.class == Class::OutOfTime)
    }
}

/// Where one flow's pages come from.
pub(crate) struct Reading<'a> {
    pub(crate) poller: &'a Poller,
    pub(crate) routed: &'a Routed,
    pub(crate) endpoint: &'static Endpoint,
    pub(crate) route: Route,
    pub(crate) params: &'a [(String, String)],
    pub(crate) deadline: Deadline,
    pub(crate) lease: &'a HeldLease<'a>,
}

impl Reading<'_> {
    /// Reads a window and queues every row of it.
    pub(crate) async fn window(&self, window: Window, report: &mut Report) -> Result<(), ReadError> {
        let mut reading = 1;
        loop {
            match self.once(window, report).await {
                Err(ReadError::Incomplete { read, total }) if reading < READINGS => {
                    tracing::warn!(read, total, reading, "rows do not add up, reading the window anew");
                    reading += 1;
                }
                done => return done,
            }
        }
    }

    async fn once(&self, window: Window, report: &mut Report) -> Result<(), ReadError> {
        let began = self.poller.clock.monotonic();
        let first = self.page(window, 0).await?;
        let took = self.poller.clock.monotonic().saturating_sub(began);
        // The first page shows what was visible when it was asked for: whatever was changed later is not on it.
        let horizon = first.as_of.map(window::horizon);
        if let Some(horizon) = horizon.filter(|horizon| window.end > *horizon + window::LEEWAY) {
            return Err(ReadError::Beyond { horizon });
        }
        let (total, first_rows) = (first.total, first.rows.len() as u64);
        let taken_first = self.take(first.rows, &HashSet::new(), report).await?;
        match total {
            Some(total) if total <= first_rows => Ok(()),
            Some(total) if first_rows == 0 => Err(ReadError::Incomplete { read: 0, total }),
            // A server that gives fewer rows than asked for pages by what it gives.
            Some(total) => {
                let last = (total - 1) / first_rows;
                self.check_time(last + 1, took)?;
                self.backwards(window, last, taken_first, report).await
            }
            None if first_rows == 0 => Ok(()),
            None => {
                let last = self.last_page(window, report).await?;
                self.backwards(window, last, taken_first, report).await
            }
        }
    }

    /// A window that is not read to its end is read from its start by the next run, which would never come further.
    /// `took` is the time of the first page: the others of a slow vendor take no less.
    fn check_time(&self, pages: u64, took: Duration) -> Result<(), ReadError> {
        let a_page = took.max(self.poller.client.pace() + ANSWER);
        let needed = a_page.saturating_mul(u32::try_from(pages).unwrap_or(u32::MAX));
        if self.deadline.allows(self.poller.clock.as_ref(), needed) {
            Ok(())
        } else {
            Err(ReadError::TooLong { pages })
        }
    }

    /// Last page to first: rows that leave the window while it is read shift the others towards pages that are still to
    /// be read. Page 0 was read first, for the count, so it is read once more.
    async fn backwards(
        &self,
        window: Window,
        last: u64,
        taken_first: HashSet<String>,
        report: &mut Report,
    ) -> Result<(), ReadError> {
        let mut read = 0;
        for page_no in (1..=last).rev() {
            let page = self.page(window, u32::try_from(page_no).unwrap_or(u32::MAX)).await?;
            read += page.rows.len() as u64;
            self.take(page.rows, &HashSet::new(), report).await?;
        }
        let again = self.page(window, 0).await?;
        read += again.rows.len() as u64;
        self.take(again.rows, &taken_first, report).await?;
        match again.total {
            Some(total) if read < total => Err(ReadError::Incomplete { read, total }),
            _ => Ok(()),
        }
    }

    /// Without a count the last page is found by going forward until one comes empty: one that comes short may be all
    /// that the server gives at once. Rows shift meanwhile, so the way back is gone all the same.
    async fn last_page(&self, window: Window, report: &mut Report) -> Result<u64, ReadError> {
        let mut page_no = 1;
        loop {
            let page = self.page(window, page_no).await?;
            if page.rows.is_empty() {
                return Ok(u64::from(page_no) - 1);
            }
            self.take(page.rows, &HashSet::new(), report).await?;
            page_no += 1;
        }
    }

    fn page_size(&self) -> u32 {
        self.endpoint.page_size.map_or(PAGE_SIZE, |largest| largest.min(PAGE_SIZE))
    }

    /// Queues rows, except those that were queued before, and answers what it has queued.
    async fn take(
        &self,
        rows: Vec<Value>,
        before: &HashSet<String>,
        report: &mut Report,
    ) -> Result<HashSet<String>, StoreError> {
        let poller = self.poller;
        let now = poller.clock.now();
        report.rows += rows.len() as u64;
        let mut taken = HashSet::with_capacity(rows.len());
        let mut items = Vec::with_capacity(rows.len());
        for row in rows {
            // A row that the filter cannot judge is queued: the pusher records it as failed, so it is not lost.
            if !self.routed.flow.admits(&row).unwrap_or(true) {
                report.filtered += 1;
                continue;
            }
            let item = work::item(&self.routed.flow, row, false, now, poller.chance.as_ref());
            let id = item.content_id();
            if !before.contains(&id) && taken.insert(id) {
                items.push(item);
            }
        }
        let outcome = poller.intake.take(self.routed.system, &items).await?;
        report.queued += outcome.queued;
        report.failed += outcome.failed;
        Ok(taken)
    }

    /// Asks for a page only to hear the vendor's time.
    pub(crate) async fn hear_the_time(&self, window: Window) -> Result<(), ReadError> {
        self.page(window, 0).await.map(drop)
    }

    async fn page(&self, window: Window, page_no: u32) -> Result<Page, ReadError> {
        let poller = self.poller;
        self.lease.keep().await?;
        let span = (window.start, window.end);
        let (size, deadline) = (self.page_size(), self.deadline);
        let ask = || async {
            let client = &poller.client;
            let page =
                client.page(self.route, self.endpoint, span, self.params, page_no, size, deadline).await;
            health::told(&poller.health, Part::Poll(self.routed.flow.name().to_owned()), page).await
        };
        let page = patience::read(&poller.clock, self.deadline, ask).await;
        Ok(page.inspect_err(|failure| poller.doubt.note_failure(failure))?)
    }
}
