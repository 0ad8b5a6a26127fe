//! Lists: base data and bills, a page at a time.

use async_trait::async_trait;
use relay_connector::{Class, Document, Failure, Lists, Page, PageOf, Query, Use, lenient};
use relay_core::clock::Deadline;
use serde_json::{Map, Value};

use crate::catalog::PAGES;
use crate::client::Client;
use crate::version::{Call, Content, Endpoint};
use crate::{VENDOR, catalog, error};

/// One page of a list, as the vendor answers it.
pub(crate) struct Rows {
    pub(crate) rows: Vec<Value>,
    /// How many pages there are, where the vendor says so.
    pages: Option<u32>,
    /// How many rows there are on all pages: V2 says so.
    count: Option<u64>,
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

/// A parameter as V1 takes it: times and flags are numbers, `parent` is a list.
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
    /// Where a document of this interface is called.
    pub(crate) fn known(&self, name: &str) -> Result<(&'static Document, Endpoint), Failure> {
        let short = catalog::short(name);
        let document = self.version.documents().iter().find(|known| catalog::short(known.name) == short);
        document.zip(self.version.endpoint(short)).ok_or_else(|| {
            let message = "is no document of the interface that KINGDEE_AUTH names";
            Failure::new(VENDOR, name, Class::Refused, None, message)
        })
    }

    /// One page of a list, by the vendor's own number of it.
    pub(crate) async fn page(
        &self,
        path: &'static str,
        request: &Map<String, Value>,
        number: u32,
        size: u32,
        deadline: Deadline,
    ) -> Result<Rows, Failure> {
        let mut request = request.clone();
        request.insert("page".to_owned(), number.into());
        request.insert(self.version.page_size().to_owned(), size.into());
        let call = Call { path, content: Content::Question(&request) };
        let mut data = self.call(call, Use::Read, deadline).await.map_err(error::harmless)?;
        let of = |names: [&str; 2]| names.iter().find_map(|name| lenient::field(&data, name));
        let pages = of(["totalpage", "total_page"]).and_then(|total| total.parse().ok());
        let count = of(["count", "total"]).and_then(|count| count.parse().ok());
        let rows = take_rows(&mut data);
        let is_first = number <= PAGES.first;
        match (rows, count) {
            (Some(rows), Some(1..)) if rows.is_empty() && is_first => {
                Err(unreadable(path, "counts rows and shows none"))
            }
            (Some(rows), count) => Ok(Rows { rows, pages, count }),
            (None, _) => Err(unreadable(path, "holds no list under a name that is known (rows)")),
        }
    }

    /// One document whole, by its id.
    pub(crate) async fn whole(
        &self,
        path: &'static str,
        id: &str,
        deadline: Deadline,
    ) -> Result<Value, Failure> {
        let request = Map::from_iter([("id".to_owned(), Value::from(id))]);
        let call = Call { path, content: Content::Question(&request) };
        self.call(call, Use::Read, deadline).await.map_err(error::harmless)
    }

    /// One page of a list that a flow reads: its rows, or each of them whole.
    pub(crate) async fn read(
        &self,
        query: &Query,
        window: &[(&str, &str)],
        page: PageOf,
        deadline: Deadline,
    ) -> Result<Page, Failure> {
        let refused =
            |message: String| Failure::new(VENDOR, query.document.name, Class::Refused, None, message);
        let (document, endpoint) = self.known(query.document.name)?;
        let pages = document.pages.ok_or_else(|| refused("is no list with pages".to_owned()))?;
        let given = query.params.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let given: Vec<_> = given.chain(window.iter().copied()).collect();
        let size = page.size.min(pages.cap);
        let number = page.number.saturating_add(pages.first);

        let asked_at = self.clock.monotonic();
        let read = self.page(endpoint.path, &request(document, &given), number, size, deadline).await?;
        let took = self.clock.monotonic().saturating_sub(asked_at);
        let as_of = self.time.now().map(|now| now - took);
        let is_last = read.is_last(number, size);
        let rows = read.rows.len();
        if !is_last && rows < size as usize {
            return Err(refused(format!(
                "page {number} holds {rows} rows instead of {size}, and another page follows: the vendor cuts its \
                 pages, and rows would be lost"
            )));
        }
        // V1 counts pages and not rows: how many rows there are shows where the last of them are.
        let total = || is_last.then(|| u64::from(page.number) * u64::from(size) + rows as u64);
        let total = read.count.or_else(total);
        let rows = match endpoint.detail {
            Some(detail) => self.each_whole(detail, read.rows, deadline).await?,
            None => read.rows,
        };
        Ok(Page { rows, total, as_of })
    }

    async fn each_whole(
        &self,
        path: &'static str,
        rows: Vec<Value>,
        deadline: Deadline,
    ) -> Result<Vec<Value>, Failure> {
        let mut whole = Vec::with_capacity(rows.len());
        for row in rows {
            let id = lenient::field(&row, "id").ok_or_else(|| {
                Failure::new(
                    VENDOR,
                    path,
                    Class::Refused,
                    None,
                    "a row of the list has no id to ask for it by",
                )
            })?;
            whole.push(self.whole(path, &id, deadline).await?);
        }
        Ok(whole)
    }
}

#[async_trait]
impl Lists for Client {
    async fn list(&self, query: &Query, page: PageOf, deadline: Deadline) -> Result<Page, Failure> {
        self.read(query, &[], page, deadline).await
    }
}

/// An answer that shows no rows without saying that there are none: taken for an empty list, it would hide them.
fn unreadable(path: &'static str, why: &str) -> Failure {
    let message = format!("the answer {why}");
    Failure::in_our_words(VENDOR, path, Class::Retry { after: None }, None, message)
}

/// The rows, which the vendor leaves out where there are none; `None` where something else stands in their place.
fn take_rows(data: &mut Value) -> Option<Vec<Value>> {
    match data.take() {
        Value::Null => Some(Vec::new()),
        Value::Array(rows) => Some(rows),
        Value::Object(fields) => {
            let is_list = |value: &Value| value.as_array().is_some_and(|list| !list.is_empty());
            let is_readable = match fields.get("rows") {
                Some(rows) => matches!(rows, Value::Array(_) | Value::Object(_) | Value::Null),
                None => !fields.values().any(is_list),
            };
            is_readable.then(|| lenient::take_list(&mut Value::Object(fields), "rows"))
        }
        Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}
