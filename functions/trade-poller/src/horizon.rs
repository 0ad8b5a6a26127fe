//! Up to where a run reads. The vendor's clock decides, as far as its answers have told it: a window that ends by a
//! machine's clock that is ahead passes over what the vendor is still to change.

use std::time::Duration;

use chrono::{DateTime, Utc};
use vendor::VendorTime;

use crate::poll::Poller;
use crate::read::{ReadError, Reading};
use crate::window::{self, LEEWAY, OVERLAP, Window};

/// The end of what one run reads, as of its beginning.
pub(crate) struct Horizon<'a> {
    /// The last second to be read.
    pub(crate) end: DateTime<Utc>,
    poller: &'a Poller,
    time: &'a VendorTime,
    began: Duration,
    /// Whether the vendor's clock was asked.
    is_vendors: bool,
}

impl<'a> Horizon<'a> {
    /// By the vendor's clock where it is known, else by the machine's until the first answer has come.
    pub(crate) fn of(poller: &'a Poller, route: wangdian::Route) -> Self {
        let time = poller.client.time(route);
        let (now, began) = (time.now(), poller.clock.monotonic());
        let end = window::horizon(now.unwrap_or(poller.clock.now()));
        Self { end, poller, time, began, is_vendors: now.is_some() }
    }

    /// What the vendor's clock shows now, as far as is known.
    pub(crate) fn vendor_now(&self) -> Option<DateTime<Utc>> {
        self.time.now()
    }

    /// The vendor's clock lets no more be read than this.
    pub(crate) fn cut(&mut self, end: DateTime<Utc>) {
        (self.end, self.is_vendors) = (end, true);
    }

    /// Whether there may be more to read, now that everything up to a machine's horizon has been: its clock may be
    /// behind. Where no window `was_read`, a page is asked for to hear the vendor's time.
    pub(crate) async fn is_told(&mut self, reading: &Reading<'_>, was_read: bool) -> Result<bool, ReadError> {
        if self.is_vendors {
            return Ok(false);
        }
        if self.time.now().is_none() && !was_read {
            match reading.hear_the_time(Window { start: self.end - OVERLAP, end: self.end }).await {
                Err(error) if error.is_out_of_time() => return Ok(false),
                heard => heard?,
            }
        }
        self.is_vendors = true;
        let Some(now) = self.time.now() else { return Ok(false) };
        let since = self.poller.clock.monotonic().saturating_sub(self.began);
        let told = window::horizon(now - since);
        if told > self.end + LEEWAY {
            self.end = told;
        }
        Ok(true)
    }
}
