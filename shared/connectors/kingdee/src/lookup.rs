//! Look-ups: by the pages of a list that are worth reading, or by a search, page by page, for one exact match, because
//! `search` is fuzzy.

use relay_connector::{Class, Document, Failure, Use, lenient};
use relay_core::clock::Deadline;
use serde_json::{Map, Value, json};

use crate::catalog::PAGES;
use crate::client::Client;
use crate::directory::is_enabled;
use crate::{VENDOR, catalog, error, lists};

/// Where a search ends that finds too much. An exact code finds one page.
const MOST_PAGES: usize = 50;

impl Client {
    /// The id that `code` stands for in one of the [`catalog::lookups`], such as `kingdee.customer`; `None` where
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
        match table {
            "kingdee.customer" => self.record_id("customer_list", &["number"], code, deadline).await,
            "kingdee.material" => self.record_id("material_list", &["number"], code, deadline).await,
            "kingdee.store" => self.record_id("store_list", &["number"], code, deadline).await,
            "kingdee.emp" => self.record_id("emp_list", &["number"], code, deadline).await,
            // Sources name a unit (件), they rarely know its code.
            "kingdee.unit" => self.record_id("measure_unit_list", &["name", "number"], code, deadline).await,
            "kingdee.material_unit" => self.base_unit_id(code, deadline).await,
            _ => Err(Failure::new(VENDOR, table, Class::Refused, None, "is no look-up table of the catalog")),
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
        let (document, path) = list_named(list)?;
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
        let (document, path) = list_named(list)?;
        let request = lists::request(document, &[("search", code)]);
        let fit = |row: &Value| names.iter().position(|name| is_enabled(row) && is(row, name, code));
        self.search(path, request, fit, deadline).await
    }

    /// A bill's line takes only units of that very good; its base unit always is one.
    async fn base_unit_id(&self, material: &str, deadline: Deadline) -> Result<Option<String>, Failure> {
        let row = self.record("material_list", &["number"], material, deadline).await?;
        let Some(row) = row else { return Ok(None) };
        if let Some(unit) = lenient::field(&row, "baseunitid_id") {
            return Ok(Some(unit));
        }
        let Some(id) = lenient::field(&row, "id") else { return Ok(None) };
        let detail = self.call(catalog::MATERIAL_DETAIL, &json!({"id": id}), Use::Read, deadline).await;
        let detail = detail.map_err(error::harmless)?;
        Ok(lenient::field(&detail, "baseunitid_id"))
    }

    /// The row with the lowest rank, and the first of those; a rank of 0 ends the search.
    pub(crate) async fn search(
        &self,
        path: &str,
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
        let text = request.get("search").and_then(lenient::text).unwrap_or_default();
        let message = format!("the search for {text} finds more than {MOST_PAGES} pages: use a longer code");
        Err(Failure::new(VENDOR, path, Class::Refused, None, message))
    }
}

fn list_named(list: &str) -> Result<(&'static Document, &'static str), Failure> {
    let unknown = || Failure::new(VENDOR, list, Class::Refused, None, "is no list of the catalog");
    catalog::list_named(list).ok_or_else(unknown)
}

fn is(row: &Value, name: &str, text: &str) -> bool {
    lenient::field(row, name).is_some_and(|field| field == text)
}
