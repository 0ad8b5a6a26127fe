//! Up to where a run reads. The vendor's clock decides, as far as its answers have told it: a window that ends by a
//! machine's clock that is ahead passes over what the vendor is still to change.

use std::time::Duration;

use chrono::{DateTime, Utc};
use relay_connector::VendorTime;
use relay_core::clock::Clock;

use crate::read::{ReadError, Reading};
use crate::reader::Readers;
use crate::window::{self, LEEWAY, OVERLAP, Window};

/// The end of what one run reads, as of its beginning.
pub(crate) struct Horizon<'a> {
    /// The last second to be read.
    pub(crate) end: DateTime<Utc>,
    clock: &'a dyn Clock,
    time: &'a VendorTime,
    began: Duration,
    /// Whether an answer of this run has confirmed it. What earlier answers have told goes by a clock that stands still
    /// while the machine sleeps.
    is_confirmed: bool,
}

impl<'a> Horizon<'a> {
    /// By the vendor's clock where it is known, else by the machine's until the first answer has come.
    pub(crate) fn of(time: &'a VendorTime, clock: &'a dyn Clock) -> Self {
        let (now, began) = (time.now().unwrap_or(clock.now()), clock.monotonic());
        Self { end: window::horizon(now), clock, time, began, is_confirmed: false }
    }

    /// What the vendor's clock shows now, once an answer of this run has told it.
    pub(crate) fn vendor_now(&self) -> Option<DateTime<Utc>> {
        self.time.now().filter(|_| self.is_confirmed)
    }

    /// The vendor's clock lets no more be read than this.
    pub(crate) fn cut(&mut self, end: DateTime<Utc>) {
        (self.end, self.is_confirmed) = (end, true);
    }

    /// Whether to look again, now that everything up to the horizon has been read: the clock that it goes by may be
    /// behind, or where a flow stands (`furthest` of all) in the vendor's future. Where no window `was_read`, a page is
    /// asked for to hear the time.
    pub(crate) async fn is_news(
        &mut self,
        reading: &Reading<'_>,
        readers: &mut Readers<'_>,
        furthest: DateTime<Utc>,
        was_read: bool,
    ) -> Result<bool, ReadError> {
        let is_past = self.time.now().is_some_and(|now| furthest <= now);
        if self.is_confirmed || (is_past && !was_read) {
            return Ok(false);
        }
        if !was_read {
            readers.serve_all();
            let window = Window { start: self.end - OVERLAP, end: self.end };
            match reading.hear_the_time(window, readers).await {
                Err(error) if error.is_out_of_time() => return Ok(false),
                heard => heard?,
            }
        }
        self.is_confirmed = true;
        let Some(now) = self.time.now() else { return Ok(false) };
        let told = window::horizon(now - self.clock.monotonic().saturating_sub(self.began));
        if told > self.end + LEEWAY {
            self.end = told;
        }
        Ok(true)
    }
}
