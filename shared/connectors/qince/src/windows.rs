//! Reading orders by windows over their last change.
//!
//! `after_modify_date` goes by the second and `end_modify_date` by the day (vendor's pages), so an answer may hold rows from
//! beyond the window: they come again with theirs, and the ledger drops the repetition.

use std::time::Duration;

use async_trait::async_trait;
use chrono::TimeDelta;
use relay_connector::{Class, Failure, Page, PageOf, Query, Span, Use, VendorTime, Windows, china};
use relay_core::clock::Deadline;
use serde_json::{Map, Value};

use crate::VENDOR;
use crate::client::Client;
use crate::envelope::Unreadable;

#[async_trait]
impl Windows for Client {
    async fn window(
        &self,
        query: &Query,
        span: Span,
        page: PageOf,
        deadline: Deadline,
    ) -> Result<Page, Failure> {
        let (first, cap) = query.document.pages.map_or((1, 1_000), |pages| (pages.first, pages.cap));
        let (number, size) = (first + page.number, page.size.clamp(1, cap));
        let mut body: Map<String, Value> =
            query.params.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str()))).collect();
        // Whether "after" holds the second itself is not documented, nor whether the last day is one of the days.
        let after = china::format(span.start - TimeDelta::seconds(1));
        let end = (span.end + TimeDelta::days(1)).with_timezone(&china::zone()).format("%Y-%m-%d");
        for (name, value) in [
            ("after_modify_date", Value::from(after)),
            ("end_modify_date", Value::from(end.to_string())),
            ("page_number", Value::from(number)),
            ("page_length", Value::from(size)),
        ] {
            body.insert(name.to_owned(), value);
        }
        let answer = self.call(query.document.name, &Value::Object(body), Use::Read, deadline).await;
        let envelope = answer.map_err(Failure::of_reading)?;
        let as_of = envelope.as_of;
        let rows = envelope.into_rows().map_err(|Unreadable(why)| {
            Failure::in_our_words(VENDOR, query.document.name, Class::Retry { after: None }, None, why)
        })?;
        // How many there are is not told: it shows where the last of them are.
        let is_last = rows.len() < size as usize;
        let total = is_last.then(|| u64::from(page.number) * u64::from(size) + rows.len() as u64);
        Ok(Page { rows, total, as_of })
    }

    fn pace(&self) -> Duration {
        self.interval()
    }

    fn time(&self, _query: &Query) -> &VendorTime {
        &self.time
    }
}
