//! Asking for a pushed document by our number, after an outcome that nobody knows.

use chrono::TimeDelta;
use relay_connector::{Class, Document, Failure, Found, Page, PageOf, Question, There, china, lenient};
use relay_core::clock::Deadline;
use serde_json::Value;

use crate::catalog;
use crate::client::Client;
use crate::error::not_sent;
use crate::parameters::Parameters;
use crate::settings::Route;

/// How far the vendor's clock may be ahead of ours: it takes no call that is further off.
const CLOCK_TOLERANCE: TimeDelta = TimeDelta::minutes(5);

impl Client {
    /// Asks whether the ERP has the pushed document of that number (外部单号, 原始单号, …), and gives its own number of
    /// it. It is asked over the route that it is pushed over: neither leaves out documents of the merchant's own shops.
    ///
    /// [`Found::CannotBeAsked`] where the catalog knows no question, where the account has no right to ask it, and where
    /// the rows of the answer do not say whose number they hold. Where the vendor's page does not say that the number
    /// stands in for the times, only the documents of the last 30 days are asked for.
    ///
    /// # Errors
    /// Refused, without a call, where the document is none that is pushed; otherwise what the vendor's answer means.
    pub(crate) async fn ask_for(
        &self,
        document: &'static Document,
        route: Route,
        number: &str,
        deadline: Deadline,
    ) -> Result<Found, Failure> {
        let name = document.name;
        let endpoint = catalog::endpoint(name).filter(|endpoint| endpoint.form.is_some());
        endpoint.ok_or_else(|| not_sent(name, "this document is not pushed"))?;
        let Some(question) = document.push.and_then(|push| push.asked) else {
            return Ok(Found::CannotBeAsked);
        };
        match self.ask(&question, route, number, deadline).await {
            Err(failure) if is_forbidden(&failure) => {
                tracing::warn!(%failure, document = name, "the account may not ask whether a document has arrived");
                Ok(Found::CannotBeAsked)
            }
            answer => answer,
        }
    }

    /// Everything that the ERP shows under that number, in the form of its query: not in the one that is pushed. `None` as
    /// [`Self::ask_for`] says that it cannot be asked.
    pub(crate) async fn all_held(
        &self,
        document: &'static Document,
        route: Route,
        number: &str,
        deadline: Deadline,
    ) -> Result<Option<Vec<There>>, Failure> {
        let Some(question) = document.push.and_then(|push| push.asked) else { return Ok(None) };
        let mut held: Vec<There> = Vec::new();
        for fixed in question.requests {
            let page = match self.answer_to(&question, fixed, route, number, deadline).await {
                Err(failure) if is_forbidden(&failure) => return Ok(None),
                page => page?,
            };
            if shown(&question, &page, number) == Found::CannotBeAsked {
                return Ok(None);
            }
            for row in page.rows {
                if !numbers(&question, &row).any(|each| each == number) {
                    continue;
                }
                let id = question.ids.iter().find_map(|name| lenient::field(&row, name));
                let id = id.unwrap_or_else(|| number.to_owned());
                // A document that is in two states while it is asked for both is one.
                if !held.iter().any(|known| known.id == id) {
                    held.push(There { id, shown: row, is_alike: false });
                }
            }
        }
        Ok(Some(held))
    }

    /// Makes the question's requests until one shows the document.
    async fn ask(
        &self,
        question: &Question,
        route: Route,
        number: &str,
        deadline: Deadline,
    ) -> Result<Found, Failure> {
        for fixed in question.requests {
            let page = self.answer_to(question, fixed, route, number, deadline).await?;
            match shown(question, &page, number) {
                Found::NotThere => {}
                found => return Ok(found),
            }
        }
        Ok(Found::NotThere)
    }

    /// The answer to one of the question's requests.
    async fn answer_to(
        &self,
        question: &Question,
        fixed: &[(&str, &str)],
        route: Route,
        number: &str,
        deadline: Deadline,
    ) -> Result<Page, Failure> {
        let endpoint = catalog::endpoint(question.document)
            .ok_or_else(|| not_sent(question.document, "this document cannot be queried"))?;
        let end = self.now(route) + CLOCK_TOLERANCE;
        let mut parameters = Parameters::default();
        for (name, value) in fixed {
            parameters.set(name, value);
        }
        if let Some(span) = endpoint.document.max_span.filter(|_| question.timed) {
            let span = TimeDelta::from_std(span).unwrap_or_default();
            parameters.set("start_time", &china::format(end - span));
            parameters.set("end_time", &china::format(end));
        }
        parameters.plain(endpoint.operation(route), question.param, number)?;
        let page = PageOf { number: 0, size: u32::MAX };
        self.read(route, endpoint, parameters, page, deadline).await
    }
}

/// What one page of answers says of the number.
fn shown(question: &Question, page: &Page, number: &str) -> Found {
    if let Some(row) = page.rows.iter().find(|row| numbers(question, row).any(|each| each == number)) {
        // That it is there is what counts: a row without a number of its own is known by ours.
        let id = question.ids.iter().find_map(|name| lenient::field(row, name));
        return Found::There(id.unwrap_or_else(|| number.to_owned()));
    }
    // Rows of other numbers come of a query by parts of a number. Rows that do not say theirs, or more rows than one page
    // holds, come of one that does not heed the number at all: ours may be among them.
    let is_whole = page.total.is_none_or(|total| total <= page.rows.len() as u64);
    let all_say = page.rows.iter().all(|row| numbers(question, row).next().is_some());
    if is_whole && all_say { Found::NotThere } else { Found::CannotBeAsked }
}

/// The numbers that a row holds. An order that was merged holds several in one field, with commas between.
fn numbers<'r>(question: &'r Question, row: &'r Value) -> impl Iterator<Item = String> + 'r {
    let fields = question.holds.iter().filter_map(|name| lenient::field(row, name));
    fields.flat_map(|text| {
        let parts: Vec<_> = text.split(',').map(|part| part.trim().to_owned()).collect();
        if parts.len() > 1 { [vec![text], parts].concat() } else { parts }
    })
}

/// Whether the answer says that the account lacks the right to this query, and nothing else that stops us: what is
/// wrong with sign, clock or account would stop a push as well.
fn is_forbidden(failure: &Failure) -> bool {
    let text = failure.message.to_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
    matches!(failure.class, Class::Paused { .. } | Class::Refused)
        && says(&["权限", "permission"])
        && !says(&["签名", "时间戳", "timestamp", "白名单", "停用"])
        && !text.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| ["ip", "sign", "sid"].contains(&word))
}
