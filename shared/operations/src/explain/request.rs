//! The request as it would go out, and what is there already.

use chrono::{DateTime, Utc};
use relay_connector::record::unsent as without_sending;
use relay_connector::{Delivery, Document};
use relay_core::System;
use relay_core::archive::{Event, Exchange, Record};
use relay_core::clock::Deadline;
use relay_mapping::Mapped;
use serde::Serialize;
use serde_json::{Map, Value};

use super::Connect;
use relay_reconcile::compare::{By, Differing, differing};

/// What would be sent.
#[derive(Debug, Clone, Serialize)]
pub struct Request {
    /// The target's document, such as `kingdee.sal_order_save`.
    pub document: &'static str,
    /// Our number of it, where the target has a field for it.
    pub number: Option<String>,
    /// The flow's request parameters.
    pub params: Vec<(String, String)>,
    /// The target's document, as the flow makes it.
    pub body: Value,
    /// The call that would be made, as the vendor takes it, without what signs it.
    pub call: Option<Call>,
    /// Why the call cannot be shown.
    pub no_call: Option<String>,
}

/// A call to a vendor.
#[derive(Debug, Clone, Serialize)]
pub struct Call {
    /// The vendor.
    pub vendor: String,
    /// The operation in the vendor's spelling.
    pub operation: String,
    /// Its business parameters.
    pub parameters: Vec<(String, String)>,
    /// Its body, as text.
    pub body: String,
}

/// A comparison of what would be sent with what is there.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Compared {
    /// Since when that is there, where it is known.
    pub at: Option<DateTime<Utc>>,
    /// Where they differ; empty where they do not.
    pub differing: Vec<Differing>,
    /// Why there is nothing to compare with.
    pub not_compared: Option<String>,
}

impl Compared {
    pub(super) fn not(why: impl Into<String>) -> Self {
        Self { at: None, differing: Vec::new(), not_compared: Some(why.into()) }
    }
}

/// Why there is nothing to compare with.
pub(super) const NOTHING: &str = "nothing is sent of it as it stands";

/// A document as its target takes it.
pub(super) fn delivery<'m>(document: &'static Document, mapped: &'m Mapped) -> Delivery<'m> {
    Delivery { route: mapped.route, ..Delivery::of(document, &mapped.params, &mapped.body) }
}

/// The request, made up to the point where it would be sent.
pub(super) async fn unsent(
    system: System,
    delivery: &Delivery<'_>,
    connect: Connect<'_>,
    deadline: Deadline,
) -> Request {
    let call = match connect(system) {
        Ok(connection) => match connection.target() {
            Some(target) => {
                let (answers, calls) = without_sending(target.deliver(&[*delivery], deadline)).await;
                let said = answers.into_iter().find_map(Result::err).map(|failure| failure.in_full());
                let call = calls.into_iter().next().map(Call::from);
                call.ok_or_else(|| {
                    said.unwrap_or_else(|| "the vendor's connector does not tell it".to_owned())
                })
            }
            None => Err(format!("{system} takes no documents")),
        },
        Err(why) => Err(why),
    };
    let (call, no_call) = match call {
        Ok(call) => (Some(call), None),
        Err(why) => (None, Some(why)),
    };
    Request {
        document: delivery.document.name,
        number: delivery.number(),
        params: delivery.params.to_vec(),
        body: delivery.body.clone(),
        call,
        no_call,
    }
}

impl From<Exchange> for Call {
    fn from(Exchange { vendor, operation, parameters, body, .. }: Exchange) -> Self {
        Self { vendor, operation, parameters, body }
    }
}

/// Where the request differs from the last one that was sent for this document.
pub(super) fn sent_last(request: Option<&Request>, history: &[Record]) -> Compared {
    let Some(request) = request else {
        return Compared::not(NOTHING);
    };
    let Some(call) = &request.call else { return Compared::not("the call cannot be shown") };
    let last = history.iter().rev().find_map(|record| match &record.event {
        Event::Called(exchange) if exchange.operation == call.operation => Some((record.at, exchange)),
        _ => None,
    });
    let Some((at, exchange)) = last else {
        return Compared::not("the archive has no call that sent it");
    };
    let number = request.number.as_deref();
    let there = content(&exchange.parameters, &exchange.body, number);
    let now = content(&call.parameters, &call.body, number);
    Compared { at: Some(at), differing: differing(&there, &now, By::Text), not_compared: None }
}

/// What a call says: parameters and body as one object. Of a call for several documents, that of this number.
fn content(parameters: &[(String, String)], body: &str, number: Option<&str>) -> Value {
    let read = |text: &str| match serde_json::from_str::<Value>(text) {
        Ok(value @ (Value::Object(_) | Value::Array(_))) => own(value, number),
        _ => Value::from(text),
    };
    let mut content: Map<String, Value> =
        parameters.iter().map(|(name, value)| (name.clone(), read(value))).collect();
    match read(body) {
        Value::Object(fields) => content.extend(fields),
        Value::String(text) if text.is_empty() => {}
        other => _ = content.insert("body".to_owned(), other),
    }
    Value::Object(content)
}

fn own(value: Value, number: Option<&str>) -> Value {
    let Value::Array(items) = value else { return value };
    let is_own = |item: &&Value| number.is_some_and(|number| holds(item, number));
    match items.iter().find(is_own) {
        Some(own) if items.len() > 1 => Value::Array(vec![own.clone()]),
        _ => Value::Array(items),
    }
}

/// Whether one of an object's own fields is this text.
fn holds(object: &Value, text: &str) -> bool {
    let fields = object.as_object().into_iter().flat_map(Map::values);
    fields.filter_map(relay_connector::lenient::text).any(|value| value == text)
}

/// Where the request differs from what the target shows of the document, in the fields that go by the same name there.
pub(super) async fn target_now(
    system: System,
    delivery: &Delivery<'_>,
    connect: Connect<'_>,
    deadline: Deadline,
) -> Compared {
    let connection = match connect(system) {
        Ok(connection) => connection,
        Err(why) => return Compared::not(format!("the target cannot be read: {why}")),
    };
    let Some(target) = connection.target() else { return Compared::not("the target cannot be read") };
    match target.held(delivery, deadline).await {
        Err(failure) => Compared::not(format!("the target cannot be read: {}", failure.in_full())),
        Ok(None) => Compared::not("the target cannot be read: it is not asked for such documents"),
        Ok(Some(held)) => match held.first() {
            None => Compared::not("the target has no document of this number"),
            Some(there) => {
                let differing = differing(&there.shown, delivery.body, By::Value(delivery.document.same));
                Compared { at: None, differing, not_compared: None }
            }
        },
    }
}
