//! What every way of reading has in common: the interface and the route of a query, and one page of rows.

use relay_connector::{Failure, Page, PageOf, Query, Use};
use relay_core::clock::Deadline;

use crate::catalog::{self, Endpoint};
use crate::client::Client;
use crate::error::not_sent;
use crate::parameters::Parameters;
use crate::settings::Route;

/// A query, with the interface that it asks and the route that it goes.
pub(crate) struct Asked<'q> {
    pub(crate) endpoint: &'static Endpoint,
    pub(crate) route: Route,
    pub(crate) query: &'q Query,
}

impl<'q> Asked<'q> {
    /// # Errors
    /// Refused where there is no such document to read, or no such route.
    pub(crate) fn by(query: &'q Query) -> Result<Self, Failure> {
        let name = query.document.name;
        let read = catalog::endpoint(name).filter(|endpoint| endpoint.form.is_none());
        let endpoint = read.ok_or_else(|| not_sent(name, "this is no document that is read from 旺店通"))?;
        let route = route(query).map_err(|unknown| not_sent(name, unknown.to_string()))?;
        Ok(Self { endpoint, route, query })
    }

    /// The interface's name on the query's route.
    pub(crate) fn operation(&self) -> &'static str {
        self.endpoint.operation(self.route)
    }

    /// # Errors
    /// As [`Parameters::of`].
    pub(crate) fn parameters(&self) -> Result<Parameters, Failure> {
        Parameters::of(self.operation(), &self.query.params, self.endpoint.document.defaults)
    }
}

/// The route of a query: the direct one unless the flow names another.
///
/// # Errors
/// When there is no route of that name.
pub(crate) fn route(query: &Query) -> Result<Route, crate::UnknownRoute> {
    named(query.route.as_deref())
}

/// The route of that name; the direct one where none is named.
///
/// # Errors
/// When there is no route of that name.
pub(crate) fn named(route: Option<&str>) -> Result<Route, crate::UnknownRoute> {
    route.map_or(Ok(Route::Direct), str::parse)
}

impl Client {
    /// Reads one page. Where the interface has no pages, the first is all there is.
    pub(crate) async fn read(
        &self,
        route: Route,
        endpoint: &Endpoint,
        mut parameters: Parameters,
        page: PageOf,
        deadline: Deadline,
    ) -> Result<Page, Failure> {
        if let Some(pages) = endpoint.document.pages {
            // Always sent: the default has changed over the years.
            parameters.set("page_size", &page.size.clamp(1, pages.cap).to_string());
            parameters.set("page_no", &(pages.first + page.number).to_string());
        } else if page.number > 0 {
            return Ok(Page { rows: Vec::new(), total: None, as_of: None });
        }
        let answer = self.call(route, endpoint, parameters, Use::Read, deadline).await;
        let mut envelope = answer.map_err(|rejected| rejected.failure.of_reading())?;
        let rows = envelope.take_rows(endpoint.list_key);
        // The vendor says so on page 0, and mostly there.
        let total = envelope.total().filter(|_| page.number == 0);
        Ok(Page { rows, total, as_of: envelope.as_of })
    }
}
