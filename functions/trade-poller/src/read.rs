//! One window, page by page, so that no row slips through while rows move.

use std::collections::HashSet;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use relay_connector::{Class, Failure, Page, PageOf, Query, Windows, retry};
use relay_core::clock::Deadline;
use relay_job::health;

use crate::poll::Poller;
use crate::reader::Readers;
use crate::window::{self, Window};

/// What is asked for unless the document allows less.
pub(crate) const PAGE_SIZE: u32 = 100;

/// How often a window whose rows do not add up is read anew.
const READINGS: u32 = 3;

/// How many pages may come empty at the end that the count tells of, before the count is not believed.
const EMPTY_PAGES: usize = 3;

/// No window and no list has more pages: an hour's allowance of calls would not read them.
pub(crate) const MOST_PAGES: u64 = 4_000;

/// What the answer to one page takes.
const ANSWER: Duration = Duration::from_millis(300);

/// Why a window was not read to its end. The watermark stays before it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReadError {
    #[error(transparent)]
    Vendor(#[from] Failure),
    #[error(
        "{read} rows came where the vendor counts {total}: they are read again by the next run; if it stays so, ask {vendor} what its total_count counts"
    )]
    Incomplete { vendor: &'static str, read: u64, total: u64 },
    #[error("the window ends beyond {horizon}, the last second that the vendor's clock lets us read")]
    Beyond { horizon: DateTime<Utc> },
    #[error("there is no end within {MOST_PAGES} pages: ask {vendor} what its page_no counts")]
    Endless { vendor: &'static str },
    #[error("the window has {pages} pages, more than this run has time for")]
    TooLong { pages: u64 },
    /// Each of them says why.
    #[error("no flow is left that the window is read for")]
    Nobody,
}

impl ReadError {
    /// Whether the run's time was over before a page could be asked for.
    pub(crate) fn is_out_of_time(&self) -> bool {
        matches!(self, Self::Vendor(failure) if failure.class == Class::OutOfTime)
    }
}

/// What is known once the end of a window has been found.
struct Behind {
    /// The last page that is still to be read on the way back.
    left: u64,
    /// The rows of the pages behind it.
    read: u64,
}

/// Where the pages of a query come from.
pub(crate) struct Reading<'a> {
    pub(crate) poller: &'a Poller,
    pub(crate) source: &'a dyn Windows,
    pub(crate) query: &'a Query,
    pub(crate) deadline: Deadline,
}

impl Reading<'_> {
    /// Reads a window and queues every row of it for every flow that it is read for.
    pub(crate) async fn window(&self, window: Window, readers: &mut Readers<'_>) -> Result<(), ReadError> {
        for query in &self.query.one_by_one() {
            let asked = Reading { query, ..*self };
            asked.asked(window, readers).await?;
        }
        Ok(())
    }

    /// Reads what one request, page by page, shows of a window.
    async fn asked(&self, window: Window, readers: &mut Readers<'_>) -> Result<(), ReadError> {
        let mut reading = 1;
        loop {
            match self.once(window, readers).await {
                Err(ReadError::Incomplete { read, total, .. }) if reading < READINGS => {
                    tracing::warn!(read, total, reading, "rows do not add up, reading the window anew");
                    reading += 1;
                }
                done => return done,
            }
        }
    }

    async fn once(&self, window: Window, readers: &mut Readers<'_>) -> Result<(), ReadError> {
        let began = self.poller.clock.monotonic();
        let first = self.page(window, 0, readers).await?;
        let took = self.poller.clock.monotonic().saturating_sub(began);
        // The first page shows what was visible when it was asked for: whatever was changed later is not on it.
        let horizon = first.as_of.map(window::horizon);
        if let Some(horizon) = horizon.filter(|horizon| window.end > *horizon + window::LEEWAY) {
            return Err(ReadError::Beyond { horizon });
        }
        let (total, first_rows) = (first.total, first.rows.len() as u64);
        let taken_first = readers.take_except(first.rows, &HashSet::new()).await?;
        let is_full = first_rows >= u64::from(self.page_size());
        let behind = match (total, counted(window, total, first_rows, readers)) {
            (Some(total), _) if first_rows == 0 && total > 0 => {
                return Err(ReadError::Incomplete { vendor: self.vendor(), read: 0, total });
            }
            _ if first_rows == 0 => return Ok(()),
            (_, Some(total)) if total == first_rows && !is_full => return Ok(()),
            (_, Some(total)) if total > first_rows => {
                self.by_count(window, total, first_rows, took, readers).await?
            }
            // There is no count, or none that is right.
            _ => Behind { left: self.last_page(window, 1, readers).await?, read: 0 },
        };
        self.backwards(window, behind, taken_first, readers).await
    }

    /// Reads the last page that the count tells of. Where the pages prove it wrong they are read until one comes empty.
    async fn by_count(
        &self,
        window: Window,
        total: u64,
        first_rows: u64,
        took: Duration,
        readers: &mut Readers<'_>,
    ) -> Result<Behind, ReadError> {
        // A server that gives fewer rows than asked for pages by what it gives.
        let last = (total - 1) / first_rows;
        let is_shortest =
            window.end - window.start <= TimeDelta::from_std(window::SHORTEST).unwrap_or_default();
        // A shorter window would have fewer pages. Of the shortest the last page is to show that the count is right.
        if !is_shortest {
            self.check_time(last + 1, took)?;
        }
        // Rows that have left the window meanwhile may leave the last pages empty.
        for page_no in (1..=last).rev().take(EMPTY_PAGES) {
            let page = self.page(window, page_no, readers).await?;
            let read = page.rows.len() as u64;
            readers.take(page.rows).await?;
            if read == 0 {
                continue;
            }
            self.check_time(last + 1, took)?;
            let is_last = read < first_rows || total.is_multiple_of(first_rows);
            return Ok(if is_last {
                Behind { left: page_no - 1, read }
            } else {
                Behind { left: self.last_page(window, page_no + 1, readers).await?, read: 0 }
            });
        }
        tracing::warn!(
            total,
            "pages come empty where total_count says that there are rows: reading page by page"
        );
        Ok(Behind { left: self.last_page(window, 1, readers).await?, read: 0 })
    }

    /// A window that is not read to its end is read from its start by the next run, which would never come further.
    /// `took` is the time of the first page: the others of a slow vendor take no less.
    fn check_time(&self, pages: u64, took: Duration) -> Result<(), ReadError> {
        let a_page = took.max(self.source.pace() + ANSWER);
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
        behind: Behind,
        taken_first: HashSet<String>,
        readers: &mut Readers<'_>,
    ) -> Result<(), ReadError> {
        let Behind { left, mut read } = behind;
        for page_no in (1..=left).rev() {
            let page = self.page(window, page_no, readers).await?;
            read += page.rows.len() as u64;
            readers.take(page.rows).await?;
        }
        let again = self.page(window, 0, readers).await?;
        let first_rows = again.rows.len() as u64;
        read += first_rows;
        readers.take_except(again.rows, &taken_first).await?;
        match again.total.filter(|total| is_possible(*total, first_rows)) {
            Some(total) if read < total => Err(ReadError::Incomplete { vendor: self.vendor(), read, total }),
            _ => Ok(()),
        }
    }

    /// Without a count the last page is found by going forward until one comes empty: one that comes short may be all
    /// that the server gives at once. Rows shift meanwhile, so the way back is gone all the same. Some servers give their
    /// last page for every one that is asked for behind it.
    async fn last_page(
        &self,
        window: Window,
        from: u64,
        readers: &mut Readers<'_>,
    ) -> Result<u64, ReadError> {
        let mut before = HashSet::new();
        for page_no in from..MOST_PAGES {
            let page = self.page(window, page_no, readers).await?;
            let is_empty = page.rows.is_empty();
            let taken = readers.take_except(page.rows, &HashSet::new()).await?;
            if is_empty || (!taken.is_empty() && taken == before) {
                return Ok(page_no - 1);
            }
            before = taken;
        }
        Err(ReadError::Endless { vendor: self.vendor() })
    }

    fn page_size(&self) -> u32 {
        self.query.document.pages.map_or(PAGE_SIZE, |pages| pages.cap.min(PAGE_SIZE))
    }

    fn vendor(&self) -> &'static str {
        self.source.time(self.query).vendor()
    }

    /// Asks for a page only to hear the vendor's time.
    pub(crate) async fn hear_the_time(
        &self,
        window: Window,
        readers: &mut Readers<'_>,
    ) -> Result<(), ReadError> {
        self.page(window, 0, readers).await.map(drop)
    }

    async fn page(&self, window: Window, page_no: u64, readers: &mut Readers<'_>) -> Result<Page, ReadError> {
        let number = u32::try_from(page_no).map_err(|_| ReadError::Endless { vendor: self.vendor() })?;
        let (poller, page, deadline) =
            (self.poller, PageOf { number, size: self.page_size() }, self.deadline);
        readers.keep_leases().await?;
        let readers = &*readers;
        let ask = || async {
            let mut page = self.source.window(self.query, window, page, deadline).await;
            for reader in readers.served() {
                page = health::told(&poller.health, reader.turn.part(), page).await;
            }
            page
        };
        let page = retry::read(&poller.clock, deadline, ask).await;
        Ok(page.inspect_err(|failure| poller.credential_check.note_failure(failure))?)
    }
}

/// The count of a window's rows, if it can be one.
fn counted(window: Window, total: Option<u64>, first_rows: u64, readers: &mut Readers<'_>) -> Option<u64> {
    let total = total?;
    if is_possible(total, first_rows) {
        return Some(total);
    }
    tracing::warn!(total, "total_count cannot be right: reading page by page");
    readers.note(&format!(
        "the vendor's total_count of the window to {} was {total}, which cannot be right: read until a page came empty",
        window.end
    ));
    None
}

fn is_possible(total: u64, first_rows: u64) -> bool {
    total / first_rows.max(1) < MOST_PAGES
}
