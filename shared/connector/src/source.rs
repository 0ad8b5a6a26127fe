//! Reading from a vendor: windows of time, whole lists, and pools.

use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use relay_core::clock::Deadline;
use serde_json::Value;

use crate::{Class, Document, Failure, VendorTime};

/// What is read: a document, over a route, with parameters. Two flows with equal queries read the same rows.
#[derive(Debug, Clone)]
pub struct Query {
    /// The document.
    pub document: &'static Document,
    /// The route, where the vendor has several; `None` for its usual one.
    pub route: Option<String>,
    /// Request parameters, in the vendor's spelling.
    pub params: Vec<(String, String)>,
}

/// Parameters have no order.
impl PartialEq for Query {
    fn eq(&self, other: &Self) -> bool {
        let sorted = |query: &Self| {
            let mut params = query.params.clone();
            params.sort_unstable();
            params
        };
        self.document == other.document && self.route == other.route && sorted(self) == sorted(other)
    }
}

impl Eq for Query {}

impl Query {
    /// What the vendor is asked for: this; or one after another, where a parameter has several values of which it takes one
    /// a request.
    #[must_use]
    pub fn one_by_one(&self) -> Vec<Self> {
        let mut all = vec![self.clone()];
        for name in self.document.one_by_one {
            all = all.iter().flat_map(|query| query.of_each(name)).collect();
        }
        all
    }

    fn of_each(&self, name: &str) -> Vec<Self> {
        let place = self.params.iter().position(|(known, _)| known == name);
        let with = |place: usize, value: &str| {
            let mut query = self.clone();
            query.params[place].1 = value.to_owned();
            query
        };
        let mut values: Vec<&str> = Vec::new();
        for value in place.into_iter().flat_map(|place| self.params[place].1.split(',')).map(str::trim) {
            if !value.is_empty() && !values.contains(&value) {
                values.push(value);
            }
        }
        match place {
            Some(place) if values.len() > 1 => values.into_iter().map(|value| with(place, value)).collect(),
            _ => vec![self.clone()],
        }
    }
}

/// A window of time, closed at both ends, to the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The first second.
    pub start: DateTime<Utc>,
    /// The last second.
    pub end: DateTime<Utc>,
}

/// Which page of a window or a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageOf {
    /// Counted from 0, whatever the vendor counts from.
    pub number: u32,
    /// How many rows are asked for; the vendor's cap lowers it.
    pub size: u32,
}

/// One page of rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The rows, as the vendor wrote them.
    pub rows: Vec<Value>,
    /// How many rows match in all, where the vendor says so (mostly on page 0).
    pub total: Option<u64>,
    /// The earliest time that the vendor's clock can have shown when the page was asked for, where its answer bears a
    /// `Date`: what changed before, and is visible by then, is on it.
    pub as_of: Option<DateTime<Utc>>,
}

/// Reads documents by windows over a time that a row carries.
#[async_trait]
pub trait Windows: Send + Sync {
    /// Reads one page of a window.
    ///
    /// # Errors
    /// Refused, without a call, where the document has no windows or the window is longer than its row says; otherwise
    /// what the vendor's answer means. A read that got no answer may be made again.
    async fn window(
        &self,
        query: &Query,
        span: Span,
        page: PageOf,
        deadline: Deadline,
    ) -> Result<Page, Failure>;

    /// What lies between two calls when there is always one more to make.
    fn pace(&self) -> Duration;

    /// The vendor's time, as the servers of that query's route tell it.
    fn time(&self, query: &Query) -> &VendorTime;
}

/// Reads whole lists.
#[async_trait]
pub trait Lists: Send + Sync {
    /// Reads one page of a list.
    ///
    /// # Errors
    /// What the vendor's answer means. A read that got no answer may be made again.
    async fn list(&self, query: &Query, page: PageOf, deadline: Deadline) -> Result<Page, Failure>;
}

/// What the target made of a pool's row: it has it, or why it never will.
pub type Verdict = Result<(), String>;

/// A row that was not acknowledged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unacknowledged {
    /// The row's place among those that were handed in.
    pub place: usize,
    /// Why, in the vendor's words.
    pub reason: String,
    /// Whether another try may do better.
    pub class: Class,
}

/// Pulls rows that the vendor keeps until each is acknowledged.
#[async_trait]
pub trait Pools: Send + Sync {
    /// Takes what a pool holds, up to its cap. The same rows come again until they are acknowledged; an empty answer
    /// means that the pool is.
    ///
    /// # Errors
    /// What the vendor's answer means. A read that got no answer may be made again.
    async fn pull(&self, query: &Query, deadline: Deadline) -> Result<Vec<Value>, Failure>;

    /// As many rows as a pull gives at most, where that is known: behind so many there may be more.
    fn most(&self, query: &Query) -> Option<usize> {
        usize::try_from(query.document.pages?.cap).ok()
    }

    /// Queries that together see all of a pool, of which each sees a part: for a pool whose pulls show nothing but rows
    /// that nobody can take out of it. Empty where the pool cannot be divided.
    ///
    /// # Errors
    /// What the vendor's answer to the question for the parts means.
    async fn divided(&self, query: &Query, deadline: Deadline) -> Result<Vec<Query>, Failure>;

    /// Acknowledges rows of one pool with what became of them, and answers those that the vendor did not take. A row
    /// that was acknowledged before is no refusal, so after an error all of them may be acknowledged again.
    ///
    /// # Errors
    /// What the vendor's answer to one of the calls means.
    async fn acknowledge(
        &self,
        query: &Query,
        rows: &[(&Value, Verdict)],
        deadline: Deadline,
    ) -> Result<Vec<Unacknowledged>, Failure>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_parameters_makes_no_other_query() {
        let query = |route: &str, params: &[(&str, &str)]| Query {
            document: &Document::UNKNOWN,
            route: Some(route.to_owned()),
            params: params.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        };
        let one = query("direct", &[("status", "55"), ("shop_no", "1")]);
        assert_eq!(one, query("direct", &[("shop_no", "1"), ("status", "55")]));
        assert_ne!(one, query("direct", &[("shop_no", "1")]));
        assert_ne!(one, query("direct", &[("shop_no", "55"), ("status", "1")]));
        assert_ne!(one, query("qimen", &[("status", "55"), ("shop_no", "1")]));
    }

    static ORDERS: Document = Document { name: "shop.orders", one_by_one: &["status"], ..Document::UNKNOWN };

    fn statuses(params: &[(&str, &str)]) -> Vec<Vec<(String, String)>> {
        let params = params.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let query = Query { document: &ORDERS, route: None, params };
        query.one_by_one().into_iter().map(|query| query.params).collect()
    }

    #[test]
    fn several_values_of_a_parameter_that_takes_one_are_asked_for_one_by_one() {
        let asked = statuses(&[("shop_nos", "S1,S2"), ("status", "95, 110,95,")]);
        let values: Vec<_> = asked.iter().map(|params| params[1].1.as_str()).collect();
        assert_eq!(values, ["95", "110"]);
        assert!(asked.iter().all(|params| params[0].1 == "S1,S2"), "of another it is one value: {asked:?}");
        assert_eq!(statuses(&[("status", "95")]).len(), 1);
        assert_eq!(statuses(&[]), [[]]);
    }
}
