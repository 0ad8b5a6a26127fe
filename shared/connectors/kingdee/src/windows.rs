//! Reading by windows of the last change: V2 lists by `modify_start_time` and `modify_end_time`, in milliseconds.

use std::time::Duration;

use async_trait::async_trait;
use relay_connector::{Class, Failure, Page, PageOf, Query, Span, VendorTime, Windows};
use relay_core::clock::Deadline;

use crate::VENDOR;
use crate::client::{Client, MINUTE};

/// A window holds all of its last second.
const REST_OF_THE_SECOND: i64 = 999;

#[async_trait]
impl Windows for Client {
    async fn window(
        &self,
        query: &Query,
        Span { start, end }: Span,
        page: PageOf,
        deadline: Deadline,
    ) -> Result<Page, Failure> {
        let (document, _) = self.known(query.document.name)?;
        let fits = |longest| (end - start).to_std().is_ok_and(|span| span <= longest);
        if !document.max_span.is_some_and(fits) {
            let message = "this document has no windows, or this one is longer than they may be";
            return Err(Failure::new(VENDOR, document.name, Class::Refused, None, message));
        }
        let start = start.timestamp_millis().to_string();
        let end = (end.timestamp_millis() + REST_OF_THE_SECOND).to_string();
        let window = [("modify_start_time", start.as_str()), ("modify_end_time", end.as_str())];
        self.read(query, &window, page, deadline).await
    }

    fn pace(&self) -> Duration {
        MINUTE / self.settings.calls_per_minute.get()
    }

    fn time(&self, _query: &Query) -> &VendorTime {
        &self.time
    }
}
