//! What codes the lists of base data hold, read a page at a time where that costs less than asking for each code.
//!
//! The first page of a list holds all of most lists. Of a longer one, codes are asked for one by one, until as many were
//! as the list has pages left: from then on the pages are read, as far as the code that is wanted. So nobody pays for
//! more than twice the calls that the better way would have cost, whichever it is.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use relay_connector::lenient;
use serde_json::Value;
use tokio::sync::Mutex as AsyncMutex;

use crate::catalog::PAGES;
use crate::lists::Rows;

/// How long what was read is believed. The relay remembers the ids that it has asked for longer.
const BELIEVED: Duration = Duration::from_secs(3600);

/// A list of more pages is no small one: it is not read.
const MOST_PAGES: u32 = 100;

/// The directories of all lists.
#[derive(Default)]
pub(crate) struct Directories(Mutex<BTreeMap<&'static str, Arc<AsyncMutex<Directory>>>>);

impl Directories {
    /// The directory of a list. Held while its pages are read: others find in it what they want.
    pub(crate) fn of(&self, list: &'static str) -> Arc<AsyncMutex<Directory>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(list).or_default().clone()
    }
}

/// What is known of one list.
#[derive(Default)]
pub(crate) struct Directory {
    ids: HashMap<String, String>,
    /// When its first page was read, by the monotonic clock.
    began: Duration,
    /// How many pages were read, and how many there are.
    read: u32,
    pages: u32,
    /// How many codes were asked for one by one.
    asked: u32,
}

impl Directory {
    /// Forgets what was read too long ago.
    pub(crate) fn refresh(&mut self, now: Duration) {
        if self.read > 0 && now.saturating_sub(self.began) > BELIEVED {
            *self = Self::default();
        }
    }

    /// The id of a code.
    pub(crate) fn id(&self, code: &str) -> Option<String> {
        self.ids.get(code).cloned()
    }

    /// The number of the page that is worth reading next.
    pub(crate) fn next_page(&self) -> Option<u32> {
        let left = self.pages.saturating_sub(self.read);
        let is_worth = self.read == 0 || left > 0 && self.pages <= MOST_PAGES && self.asked >= left;
        is_worth.then_some(PAGES.first + self.read)
    }

    /// A page was read: of enabled records, by the field that holds their code. The first of two that share one counts.
    pub(crate) fn add(&mut self, page: &Rows, code: &str, now: Duration) {
        if self.read == 0 {
            self.began = now;
        }
        self.read += 1;
        self.pages = if page.is_last(self.read, PAGES.cap) {
            self.read
        } else {
            page.pages().unwrap_or(MOST_PAGES + 1)
        };
        for row in page.rows.iter().filter(|row| is_enabled(row)) {
            if let (Some(code), Some(id)) = (lenient::field(row, code), lenient::field(row, "id")) {
                self.ids.entry(code).or_insert(id);
            }
        }
    }

    /// A code was asked for by itself.
    pub(crate) fn has_asked(&mut self) {
        self.asked += 1;
    }
}

/// Whether a record may be used.
pub(crate) fn is_enabled(row: &Value) -> bool {
    lenient::flag(row, "enable") != Some(false)
}
