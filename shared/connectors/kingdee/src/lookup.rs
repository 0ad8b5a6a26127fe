//! Look-ups: by the pages of a list that are worth reading, or by a search, page by page, for one exact match, because
//! `search` is fuzzy.

use relay_connector::{Class, Failure, lenient};
use relay_core::clock::Deadline;
use serde_json::{Map, Value};

use crate::catalog::PAGES;
use crate::client::Client;
use crate::directory::is_enabled;
use crate::version::Endpoint;
use crate::{VENDOR, catalog, lists};

/// Where a search ends that finds too much. An exact code finds one page.
const MOST_PAGES: usize = 50;

/// What a good's base unit is called, by V1 and by V2.
const BASE_UNIT: [&str; 2] = ["baseunitid_id", "base_unit_id"];

impl Client {
    /// The id that `code` stands for in one of the [`crate::lookups`], such as `kingdee.customer`; `None` where
    /// no enabled record has exactly this code.
    ///
    /// # Errors
    /// Where the table cannot be listed, or is none.
    pub async fn lookup(
        &self,
        table: &str,
        code: &str,
        deadline: Deadline,
    ) -> Result<Option<String>, Failure> {
        let code = code.trim();
        if code.is_empty() {
            return Ok(None);
        }
        let Some((list, names)) = catalog::table(table) else {
            let message = "is no look-up table of the catalog";
            return Err(Failure::new(VENDOR, table, Class::Refused, None, message));
        };
        match table {
            catalog::MATERIAL_UNIT => self.base_unit_id(list, code, deadline).await,
            _ => self.record_id(list, names, code, deadline).await,
        }
    }

    async fn record_id(
        &self,
        list: &'static str,
        names: &[&str],
        code: &str,
        deadline: Deadline,
    ) -> Result<Option<String>, Failure> {
        if let Some(id) = self.listed_id(list, names, code, deadline).await? {
            return Ok(Some(id));
        }
        let row = self.record(list, names, code, deadline).await?;
        Ok(row.and_then(|row| lenient::field(&row, "id")))
    }

    /// The id of a code, as far as the pages tell it that are worth reading. What they do not tell is asked for.
    async fn listed_id(
        &self,
        list: &'static str,
        names: &[&str],
        code: &str,
        deadline: Deadline,
    ) -> Result<Option<String>, Failure> {
        let (document, Endpoint { path, .. }) = self.known(list)?;
        let request = lists::request(document, &[]);
        let directory = self.directories.of(list);
        let mut directory = directory.lock().await;
        directory.refresh(self.clock.monotonic());
        loop {
            let next = match directory.id(code) {
                Some(id) => return Ok(Some(id)),
                None => directory.next_page(),
            };
            let Some(number) = next else {
                directory.has_asked();
                return Ok(None);
            };
            let page = self.page(path, &request, number, PAGES.cap, deadline).await?;
            // Only the first of the fields: what a second one holds may be the first of a record on another page.
            directory.add(&page, names.first().copied().unwrap_or_default(), self.clock.monotonic());
        }
    }

    /// The enabled record that has `code` in the first of the fields that fits any record.
    async fn record(
        &self,
        list: &str,
        names: &[&str],
        code: &str,
        deadline: Deadline,
    ) -> Result<Option<Value>, Failure> {
        let (document, Endpoint { path, .. }) = self.known(list)?;
        self.version.can_search(code).map_err(|why| Failure::new(VENDOR, path, Class::Refused, None, why))?;
        let request = lists::request(document, &[("search", code)]);
        let fit = |row: &Value| names.iter().position(|name| is_enabled(row) && is(row, name, code));
        self.search(path, request, fit, deadline).await
    }

    /// A bill's line takes only units of that very good; its base unit always is one.
    async fn base_unit_id(
        &self,
        list: &'static str,
        material: &str,
        deadline: Deadline,
    ) -> Result<Option<String>, Failure> {
        let unit = |row: &Value| BASE_UNIT.iter().find_map(|name| lenient::field(row, name));
        let row = self.record(list, &["number"], material, deadline).await?;
        let Some(row) = row else { return Ok(None) };
        if let Some(unit) = unit(&row) {
            return Ok(Some(unit));
        }
        let detail = self.version.material_detail();
        match lenient::field(&row, "id") {
            Some(id) => Ok(unit(&self.whole(detail, &id, deadline).await?)),
            None => Ok(None),
        }
    }

    /// The row with the lowest rank, and the first of those; a rank of 0 ends the search.
    pub(crate) async fn search(
        &self,
        path: &'static str,
        request: Map<String, Value>,
        rank: impl Fn(&Value) -> Option<usize>,
        deadline: Deadline,
    ) -> Result<Option<Value>, Failure> {
        let mut best: Option<(usize, Value)> = None;
        for number in (PAGES.first..).take(MOST_PAGES) {
            let page = self.page(path, &request, number, PAGES.cap, deadline).await?;
            let is_last = page.is_last(number, PAGES.cap);
            for row in page.rows {
                match rank(&row) {
                    Some(0) => return Ok(Some(row)),
                    Some(rank) if best.as_ref().is_none_or(|(lowest, _)| rank < *lowest) => {
                        best = Some((rank, row));
                    }
                    _ => {}
                }
            }
            if is_last {
                return Ok(best.map(|(_, row)| row));
            }
        }
        let message = match request.get("search").and_then(lenient::text) {
            Some(text) => {
                format!("the search for {text} finds more than {MOST_PAGES} pages: use a longer code")
            }
            None => format!("the list has more than {MOST_PAGES} pages"),
        };
        Err(Failure::new(VENDOR, path, Class::Refused, None, message))
    }
}

fn is(row: &Value, name: &str, text: &str) -> bool {
    lenient::field(row, name).is_some_and(|field| field == text)
}
