//! Lists: base data and bills, a page at a time.

use async_trait::async_trait;
use relay_connector::{Class, Document, Failure, Lists, Page, PageOf, Query, Use, lenient};
use relay_core::clock::Deadline;
use serde_json::{Map, Value};

use crate::client::Client;
use crate::{VENDOR, catalog, error};

/// One page of a list, as the vendor answers it.
pub(crate) struct Rows {
    pub(crate) rows: Vec<Value>,
    /// How many pages there are, where the vendor says so.
    pages: Option<u32>,
}

impl Rows {
    /// How many pages the list has, where the vendor says so.
    pub(crate) fn pages(&self) -> Option<u32> {
        self.pages
    }

    /// Whether no page follows upon this one, which has that number and was asked for so many rows.
    pub(crate) fn is_last(&self, number: u32, size: u32) -> bool {
        self.pages.map_or(self.rows.len() < size as usize, |pages| number >= pages)
    }
}

/// What a request for a list holds: the parameters that are given, and what its row sends by default.
pub(crate) fn request(document: &Document, given: &[(&str, &str)]) -> Map<String, Value> {
    let sent = document.defaults.iter().chain(given);
    // What is given comes last, and takes the default's place.
    sent.map(|(name, value)| ((*name).to_owned(), parameter(name, value))).collect()
}

/// A parameter as the vendor takes it: times and flags are numbers, `parent` is a list.
fn parameter(name: &str, value: &str) -> Value {
    match name {
        "parent" => relay_connector::settings::list(value).collect(),
        "enable" | "starttime" | "endtime" => {
            value.trim().parse::<i64>().map_or_else(|_| Value::from(value), Value::from)
        }
        _ => Value::from(value),
    }
}

impl Client {
    /// One page of a list, by the vendor's own number of it.
    pub(crate) async fn page(
        &self,
        path: &str,
        request: &Map<String, Value>,
        number: u32,
        size: u32,
        deadline: Deadline,
    ) -> Result<Rows, Failure> {
        let mut request = request.clone();
        request.insert("page".to_owned(), number.into());
        request.insert("pagesize".to_owned(), size.into());
        let body = Value::Object(request);
        let mut data = self.call(path, &body, Use::Read, deadline).await.map_err(error::harmless)?;
        let pages = total_pages(&data);
        Ok(Rows { rows: take_rows(&mut data), pages })
    }
}

#[async_trait]
impl Lists for Client {
    async fn list(&self, query: &Query, page: PageOf, deadline: Deadline) -> Result<Page, Failure> {
        let refused =
            |message: String| Failure::new(VENDOR, query.document.name, Class::Refused, None, message);
        let (document, path) = catalog::list_named(query.document.name)
            .ok_or_else(|| refused("is no list of the catalog".to_owned()))?;
        let pages = document.pages.ok_or_else(|| refused("is no list with pages".to_owned()))?;
        let given: Vec<_> =
            query.params.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let size = page.size.min(pages.cap);
        let number = page.number.saturating_add(pages.first);

        let read = self.page(path, &request(document, &given), number, size, deadline).await?;
        let is_last = read.is_last(number, size);
        let rows = read.rows.len();
        if !is_last && rows < size as usize {
            return Err(refused(format!(
                "page {number} holds {rows} rows instead of {size}, and another page follows: the vendor cuts its \
                 pages, and rows would be lost"
            )));
        }
        // Kingdee counts pages and not rows: how many rows there are shows where the last of them are.
        let total = is_last.then(|| u64::from(page.number) * u64::from(size) + rows as u64);
        Ok(Page { rows: read.rows, total, as_of: None })
    }
}

fn take_rows(data: &mut Value) -> Vec<Value> {
    match data {
        Value::Array(_) => data.take().as_array_mut().map(std::mem::take).unwrap_or_default(),
        _ => lenient::take_list(data, "rows"),
    }
}

fn total_pages(data: &Value) -> Option<u32> {
    ["totalpage", "total_page"]
        .iter()
        .find_map(|name| lenient::field(data, name))
        .and_then(|total| total.parse().ok())
}
