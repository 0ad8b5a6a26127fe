//! Reading by windows of last-modified time.

use std::time::Duration;

use async_trait::async_trait;
use relay_connector::{Failure, Page, PageOf, Query, Span, VendorTime, Windows, china};
use relay_core::clock::Deadline;

use crate::client::Client;
use crate::error::not_sent;
use crate::read::{Asked, route};
use crate::settings::Route;

#[async_trait]
impl Windows for Client {
    async fn window(
        &self,
        query: &Query,
        span: Span,
        page: PageOf,
        deadline: Deadline,
    ) -> Result<Page, Failure> {
        let asked = Asked::by(query)?;
        within_longest(&asked, span)?;
        self.may_walk(&asked, span, deadline).await?;
        let mut parameters = asked.parameters()?;
        parameters.set("start_time", &china::format(span.start));
        parameters.set("end_time", &china::format(span.end));
        self.read(asked.route, asked.endpoint, parameters, page, deadline).await
    }

    fn pace(&self) -> Duration {
        self.interval()
    }

    fn time(&self, query: &Query) -> &VendorTime {
        // Nothing is read over a route that there is not.
        self.time_of(route(query).unwrap_or(Route::Direct))
    }
}

/// # Errors
/// Refused where the document has no windows, or the window is longer than its row says.
fn within_longest(asked: &Asked<'_>, Span { start, end }: Span) -> Result<(), Failure> {
    let Some(longest) = asked.endpoint.document.max_span else {
        let message = "this document has no time window; it is listed as a whole";
        return Err(not_sent(asked.operation(), message));
    };
    if (end - start).to_std().is_ok_and(|span| span <= longest) {
        return Ok(());
    }
    let (start, end, longest) = (china::format(start), china::format(end), longest.as_secs());
    let message = format!("the window {start} to {end} must span 0 to {longest} seconds: cut it smaller");
    Err(not_sent(asked.operation(), message))
}
