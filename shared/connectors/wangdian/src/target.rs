//! Delivering documents, as many a call as their row allows, and asking for what was delivered.

use std::slice;

use async_trait::async_trait;
use relay_connector::{
    Class, Delivery, Document, Failure, Found, Quota, Repeat, Target, There, Use, lenient,
};
use relay_core::clock::Deadline;
use serde_json::Value;

use crate::catalog;
use crate::client::Client;
use crate::error::{Rejected, not_sent, refused_inside};
use crate::form;
use crate::read::named;
use crate::settings::Route;

/// What became of one document: the vendor's number of it, or ours where its answer tells none.
type Outcome = Result<Option<String>, Failure>;

#[async_trait]
impl Target for Client {
    async fn deliver(&self, batch: &[Delivery<'_>], deadline: Deadline) -> Vec<Outcome> {
        let mut outcomes = Vec::with_capacity(batch.len());
        let cap = batch.first().map_or(1, |delivery| delivery.document.batch());
        for together in batch.chunks(cap) {
            match (self.push(together, deadline).await, together) {
                (Ok(given), [only]) => outcomes.push(Ok(given.or_else(|| only.number()))),
                (Ok(_), _) => outcomes.extend(together.iter().map(|delivery| Ok(delivery.number()))),
                (Err(rejected), [_]) => outcomes.push(Err(rejected.failure)),
                (Err(rejected), _) => outcomes.extend(self.told_apart(together, &rejected, deadline).await),
            }
        }
        outcomes
    }

    async fn find(&self, delivery: &Delivery<'_>, deadline: Deadline) -> Result<Found, Failure> {
        let document = delivery.document;
        let Some(number) = delivery.number() else { return Ok(Found::CannotBeAsked) };
        let route = route_of(document, delivery.route)?;
        match self.ask_for(document, route, &number, deadline).await {
            // A question that is refused is no reason not to push what takes the place of what is there.
            Err(failure) if failure.class == Class::Refused && document.repeat() == Repeat::Replaces => {
                tracing::warn!(%failure, "cannot ask whether the document has arrived, pushing it again");
                Ok(Found::CannotBeAsked)
            }
            answer => answer,
        }
    }

    async fn held(&self, delivery: &Delivery<'_>, deadline: Deadline) -> Result<Option<Vec<There>>, Failure> {
        let Some(number) = delivery.number() else { return Ok(None) };
        let route = route_of(delivery.document, delivery.route)?;
        self.all_held(delivery.document, route, &number, deadline).await
    }

    fn quota(&self, _document: &'static Document) -> Option<&Quota> {
        Some(&self.quota)
    }
}

/// What becomes of the documents that the answer to their call does not name.
#[derive(Clone, Copy)]
enum Rest {
    /// The vendor took them.
    Taken,
    /// Each is sent alone: one of them may be why the others were refused.
    Alone,
    /// What was said of the call holds for each of them.
    AsTheCall,
}

impl Client {
    /// Pushes documents in one call, and gives the vendor's own number of what it made, where its answer holds that.
    ///
    /// # Errors
    /// Refused, without a call, where a document is none that is pushed or has the wrong shape; otherwise what the
    /// vendor's answer means.
    async fn push(&self, together: &[Delivery<'_>], deadline: Deadline) -> Result<Option<String>, Rejected> {
        let Some(Delivery { document, route, params, .. }) = together.first() else { return Ok(None) };
        let endpoint = catalog::endpoint(document.name)
            .ok_or_else(|| not_sent(document.name, "is no document of the catalog"))?;
        let route = route_of(document, *route)?;
        let bodies: Vec<_> = together.iter().map(|delivery| delivery.body).collect();
        let parameters = form::filled(endpoint, route, params, &bodies)?;
        self.admitted(endpoint, route, deadline).await?;
        let purpose = together.iter().map(|delivery| delivery.purpose).min().unwrap_or(Use::Push);
        let answer = self.call(route, endpoint, parameters, purpose, deadline).await;
        let mut envelope = answer?;
        let errors = envelope.take_errors();
        if !errors.is_empty() {
            return Err(Rejected::in_part(endpoint.operation(route), errors));
        }
        Ok(document.push.and_then(|push| push.gives).and_then(|field| envelope.field(field)))
    }

    /// Tells the documents of a rejected call apart: by our number where the answer names it, otherwise by sending each
    /// alone. A call whose outcome is unknown is so for all of them.
    async fn told_apart(
        &self,
        together: &[Delivery<'_>],
        rejected: &Rejected,
        deadline: Deadline,
    ) -> Vec<Outcome> {
        let Rejected { failure, listed } = rejected;
        let entries = listed.as_ref().map_or(&[][..], |listed| &listed.documents);
        let rest = rest(together, rejected);
        let mut outcomes = Vec::with_capacity(together.len());
        for delivery in together {
            let entry = entries.iter().find(|entry| names(entry, delivery));
            outcomes.push(match (entry, rest) {
                (Some(entry), _) => {
                    let code = failure.code.as_deref();
                    Err(refused_inside(&failure.operation, code, slice::from_ref(entry)))
                }
                (None, Rest::Taken) => Ok(delivery.number()),
                (None, Rest::Alone) => match self.push(slice::from_ref(delivery), deadline).await {
                    Ok(given) => Ok(given.or_else(|| delivery.number())),
                    Err(rejected) => Err(rejected.failure),
                },
                (None, Rest::AsTheCall) => Err(failure.clone()),
            });
        }
        outcomes
    }
}

/// The route that a document is pushed over, and asked for.
fn route_of(document: &Document, route: Option<&str>) -> Result<Route, Failure> {
    named(route).map_err(|unknown| not_sent(document.name, unknown.to_string()))
}

fn rest(together: &[Delivery<'_>], Rejected { failure, listed }: &Rejected) -> Rest {
    let is_ours = |entry: &Value| together.iter().any(|delivery| names(entry, delivery));
    match listed {
        Some(listed) if listed.takes_rest && listed.documents.iter().all(is_ours) => Rest::Taken,
        Some(_) => Rest::Alone,
        None if matches!(failure.class, Class::Refused | Class::Exists) => Rest::Alone,
        None => Rest::AsTheCall,
    }
}

/// Whether an entry of a list of refusals is about this document.
fn names(entry: &Value, delivery: &Delivery<'_>) -> bool {
    let named = delivery.document.number().and_then(|field| lenient::field(entry, field));
    named.is_some() && named == delivery.number()
}
