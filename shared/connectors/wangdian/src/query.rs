//! Reading by windows of last-modified time, and reading whole lists.

use std::time::Duration;

use chrono::{DateTime, Utc};
use relay_connector::{Failure, Use, china};
use relay_core::clock::Deadline;
use serde_json::Value;

use crate::catalog::Endpoint;
use crate::client::Client;
use crate::error::not_sent;
use crate::parameters::Parameters;
use crate::settings::Route;

/// One page of rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The rows, as the vendor wrote them.
    pub rows: Vec<Value>,
    /// How many rows match in all. The vendor says so on page 0, and mostly there.
    pub total: Option<u64>,
    /// The earliest time that the vendor's clock can have shown when the page was asked for, where its answer bears a
    /// `Date`: what changed before, and is visible by then, is on it.
    pub as_of: Option<DateTime<Utc>>,
}

impl Client {
    /// Reads one page of a windowed document. The window is closed at both ends, to the second. A page is a number,
    /// counted from 0, and a size; a size above the endpoint's is lowered to it.
    ///
    /// # Errors
    /// Refused, without a call, where the endpoint has no windows or the window is longer than its
    /// `max_span`; otherwise what the vendor's answer means. A read that got no answer may be made again.
    pub async fn page(
        &self,
        route: Route,
        endpoint: &Endpoint,
        window: (DateTime<Utc>, DateTime<Utc>),
        params: &[(String, String)],
        page: (u32, u32),
        deadline: Deadline,
    ) -> Result<Page, Failure> {
        let operation = endpoint.operation(route);
        let (start, end) = window;
        let Some(max_span) = endpoint.max_span else {
            return Err(not_sent(operation, "this document has no time window; it is listed as a whole"));
        };
        let span = (end - start).to_std().unwrap_or(Duration::MAX);
        if span > max_span {
            let (start, end) = (china::format(start), china::format(end));
            let longest = max_span.as_secs();
            let message =
                format!("the window {start} to {end} must span 0 to {longest} seconds: cut it smaller");
            return Err(not_sent(operation, message));
        }
        let mut parameters = Parameters::of(operation, params)?;
        parameters.set("start_time", &china::format(start));
        parameters.set("end_time", &china::format(end));
        self.read(route, endpoint, parameters, page, deadline).await
    }

    /// Reads all rows of a listed document (shops, warehouses, carriers, suppliers).
    ///
    /// # Errors
    /// What the vendor's answer to any of its pages means.
    pub async fn list(
        &self,
        route: Route,
        endpoint: &Endpoint,
        params: &[(String, String)],
        deadline: Deadline,
    ) -> Result<Vec<Value>, Failure> {
        let mut rows = Vec::new();
        let mut total = None;
        for page_no in 0.. {
            let parameters = Parameters::of(endpoint.operation(route), params)?;
            let page = self.read(route, endpoint, parameters, (page_no, u32::MAX), deadline).await?;
            let page_rows = page.rows.len() as u64;
            rows.extend(page.rows);
            total = total.or(page.total);
            let last = match (endpoint.page_size, total) {
                (None, _) => true,
                (Some(_), Some(total)) => page_rows == 0 || rows.len() as u64 >= total,
                (Some(page_size), None) => page_rows < u64::from(page_size),
            };
            if last {
                break;
            }
        }
        Ok(rows)
    }

    pub(crate) async fn read(
        &self,
        route: Route,
        endpoint: &Endpoint,
        mut parameters: Parameters,
        (page_no, page_size): (u32, u32),
        deadline: Deadline,
    ) -> Result<Page, Failure> {
        if let Some(largest) = endpoint.page_size {
            // Always sent: the default has changed over the years.
            parameters.set("page_size", &page_size.clamp(1, largest).to_string());
            parameters.set("page_no", &page_no.to_string());
        }
        let mut envelope =
            self.call(route, endpoint, parameters, Use::Read, deadline).await.map_err(Failure::of_reading)?;
        let rows = envelope.take_rows(endpoint.list_key);
        let total = envelope.total().filter(|_| page_no == 0);
        Ok(Page { rows, total, as_of: envelope.as_of })
    }
}
