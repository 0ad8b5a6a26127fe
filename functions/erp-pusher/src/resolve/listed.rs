//! Codes in the lists of vendors, read a page at a time where that costs less than asking for each code.
//!
//! The first page of a list holds all of most lists. Of a longer one whose vendor can be asked for one code, codes are asked
//! for one by one, until as many were as the list has pages left: from then on the pages are read, as far as the code that
//! is wanted. So nobody pays for more than twice the calls that the better way would have cost, whichever it is.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use relay_connector::{Class, Document, Failure, Lists, Page, PageOf, Query, lenient};
use relay_core::System;
use relay_core::clock::{Clock, Deadline};
use relay_core::item::content_hash;
use relay_core::ordered;
use relay_job::Connections;
use relay_mapping::LookupTable;
use serde_json::Value;
use tokio::sync::Mutex as AsyncMutex;

/// How long what was read is believed. What was asked for is remembered longer.
const BELIEVED: Duration = Duration::from_secs(3600);

/// What a list that was read so long ago does not hold may have been created since.
const FRESH: Duration = Duration::from_secs(60);

/// A list that does not say how long it is is taken to have so many pages.
const MANY: u64 = 100;

/// Which list, and which of its fields holds the codes.
type Name = (&'static str, String);

/// The lists of all vendors.
pub(super) struct Listings {
    connections: Connections,
    clock: Arc<dyn Clock>,
    /// What the flows want of each list.
    wanted: BTreeMap<Name, BTreeSet<String>>,
    read: Mutex<BTreeMap<Name, Arc<AsyncMutex<Listing>>>>,
}

/// What is known of one list.
#[derive(Default)]
struct Listing {
    /// What is wanted of each row, by its code.
    rows: HashMap<String, BTreeMap<String, String>>,
    /// When its first page was read, by the monotonic clock.
    began: Duration,
    /// How many pages and rows were read.
    pages: u32,
    count: u64,
    /// How many rows there are, where the vendor says so.
    total: Option<u64>,
    is_whole: bool,
    /// What each page said that had rows: a vendor that repeats one gives no end.
    pages_seen: HashSet<String>,
    /// How many codes were asked for one by one.
    asked: u64,
}

impl Listings {
    pub(super) fn new<'t>(
        connections: Connections,
        clock: Arc<dyn Clock>,
        tables: impl Iterator<Item = &'t LookupTable>,
    ) -> Self {
        let mut wanted = BTreeMap::<Name, BTreeSet<String>>::new();
        for table in tables {
            if let LookupTable::Listed { document, by, result } = table {
                wanted.entry((document.name, by.clone())).or_default().insert(result.clone());
            }
        }
        Self { connections, clock, wanted, read: Mutex::default() }
    }

    /// What stands in the row of a code; `None` where no row has the code, or the row nothing there.
    pub(super) async fn find(
        &self,
        document: &'static Document,
        by: &str,
        result: &str,
        code: &str,
        deadline: Deadline,
    ) -> Result<Option<String>, Failure> {
        let list = List { lists: self.lists(document)?, document, by };
        let name = (document.name, by.to_owned());
        let wanted = self.wanted.get(&name).cloned().unwrap_or_default();
        let listing =
            self.read.lock().unwrap_or_else(PoisonError::into_inner).entry(name).or_default().clone();
        // Held while the pages are read: others find in it what they want.
        let mut listing = listing.lock().await;
        if self.clock.monotonic().saturating_sub(listing.began) > BELIEVED {
            *listing = Listing::default();
        }
        loop {
            if let Some(row) = listing.rows.get(code) {
                return Ok(row.get(result).cloned());
            }
            let age = self.clock.monotonic().saturating_sub(listing.began);
            if listing.is_whole && age <= FRESH {
                return Ok(None);
            }
            if list.takes_codes() && !listing.is_next_page_worth_it(document) {
                let page = list.of_code(code, deadline).await?;
                listing.asked += 1;
                let row = page.rows.iter().find(|row| lenient::field(row, by).as_deref() == Some(code));
                return Ok(row.and_then(|row| lenient::field(row, result)));
            }
            if listing.is_whole {
                *listing = Listing::default();
            }
            if listing.pages == 0 {
                listing.began = self.clock.monotonic();
            }
            let page = list.page(listing.pages, deadline).await?;
            if let Err(failure) = listing.add(&page, &list, &wanted) {
                *listing = Listing::default();
                return Err(failure);
            }
        }
    }

    fn lists(&self, document: &Document) -> Result<&dyn Lists, Failure> {
        self.connections.lists(System::of_document(document.name)).ok_or_else(|| {
            let message = "no flow reads of this system, so it is not connected";
            Failure::new("look-up", document.name, Class::Refused, None, message)
        })
    }
}

/// A list of a vendor, by the field that holds the codes.
struct List<'l> {
    lists: &'l dyn Lists,
    document: &'static Document,
    by: &'l str,
}

impl List<'_> {
    /// Whether the vendor can be asked for one code.
    fn takes_codes(&self) -> bool {
        self.document.param_names().any(|name| name == self.by)
    }

    async fn page(&self, number: u32, deadline: Deadline) -> Result<Page, Failure> {
        self.lists.list(&self.query(Vec::new()), PageOf { number, size: u32::MAX }, deadline).await
    }

    async fn of_code(&self, code: &str, deadline: Deadline) -> Result<Page, Failure> {
        let query = self.query(vec![(self.by.to_owned(), code.to_owned())]);
        self.lists.list(&query, PageOf { number: 0, size: u32::MAX }, deadline).await
    }

    fn endless(&self, pages: u32) -> Failure {
        let message = format!(
            "the page after the first {pages} pages of the list is one of these, so that no end is in sight: ask the vendor what \
             its page number or cursor counts"
        );
        Failure::new("look-up", self.document.name, Class::Refused, None, message)
    }

    fn query(&self, params: Vec<(String, String)>) -> Query {
        let route = self.document.routes.first().map(|route| (*route).to_owned());
        Query { document: self.document, route, params }
    }
}

impl Listing {
    /// Whether reading on costs less than asking for each code, by what is known so far.
    fn is_next_page_worth_it(&self, document: &Document) -> bool {
        let cap = document.pages.map_or(1, |pages| u64::from(pages.cap.max(1)));
        let left = self.total.map_or(MANY, |total| total.saturating_sub(self.count).div_ceil(cap));
        self.pages == 0 || !self.is_whole && self.asked >= left
    }

    /// Adds a page. The first of two rows that share a code counts.
    ///
    /// # Errors
    /// A page that was there before: what it leaves out is not known, and there may be no end.
    fn add(&mut self, page: &Page, list: &List<'_>, wanted: &BTreeSet<String>) -> Result<(), Failure> {
        let is_repeated =
            !page.rows.is_empty() && !self.pages_seen.insert(content_hash(&Value::from(page.rows.clone())));
        if is_repeated {
            return Err(list.endless(self.pages));
        }
        self.pages += 1;
        self.count += page.rows.len() as u64;
        self.total = self.total.or(page.total);
        self.is_whole = match (list.document.pages, self.total) {
            (None, _) => true,
            (Some(_), Some(total)) => page.rows.is_empty() || self.count >= total,
            (Some(pages), None) => page.rows.len() < pages.cap as usize,
        };
        for row in &page.rows {
            if let Some(code) = lenient::field(row, list.by) {
                self.rows.entry(code).or_insert_with(|| values(row, wanted));
            }
        }
        Ok(())
    }
}

fn values(row: &Value, wanted: &BTreeSet<String>) -> BTreeMap<String, String> {
    ordered::map(wanted.iter().filter_map(|name| Some((name.clone(), lenient::field(row, name)?))))
}
