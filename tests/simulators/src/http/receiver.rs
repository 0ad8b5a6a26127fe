//! A receiver that trusts nobody: it wants its header, a signature of the last five minutes and an idempotency key.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::{POST_SECRET, State, sign};
use crate::call::{Call, Reply};
use crate::faults::Fault;

/// How old a signature may be, in seconds.
const OLDEST: i64 = 300;

/// A document that the receiver took.
#[derive(Debug, Clone)]
pub struct Received {
    /// When.
    pub at: DateTime<Utc>,
    /// What came after `/receive`.
    pub path: String,
    /// The `Idempotency-Key`.
    pub key: String,
    /// The document.
    pub body: Value,
}

pub(super) fn receive(state: &mut State, call: &Call, fault: Option<&Fault>) -> Reply {
    match taken(state, call, fault) {
        Ok(id) => Reply::json_with_status(201, &json!({ "id": id })),
        Err((status, error)) => Reply::json_with_status(status, &json!({ "error": error })),
    }
}

fn taken(state: &mut State, call: &Call, fault: Option<&Fault>) -> Result<String, (u16, String)> {
    let wrong = |status, error: &str| Err((status, error.to_owned()));
    match fault {
        Some(Fault::RateLimited) => return wrong(429, "slow down"),
        Some(Fault::InnerRefusal(message) | Fault::OuterRefusal(message)) => return wrong(422, message),
        _ => {}
    }
    if call.method != "POST" || !call.has_content_type("application/json") {
        return wrong(415, "POST application/json");
    }
    if call.header("x-api-key") != Some("simulated-api-key") {
        return wrong(401, "who are you");
    }
    let Some(timestamp) = call.header("x-relay-timestamp") else { return wrong(401, "no timestamp") };
    let age = timestamp.parse::<i64>().map(|signed| (call.at.timestamp() - signed).abs());
    if age.is_err() || age.is_ok_and(|age| age > OLDEST) {
        return wrong(401, "the signature is too old");
    }
    if call.header("x-relay-signature") != Some(&*sign::relay(POST_SECRET, timestamp, &call.body)) {
        return wrong(401, "the signature is wrong");
    }
    let Some(key) = call.header("idempotency-key") else { return wrong(400, "no idempotency key") };
    let Some(body) = call.json().filter(Value::is_object) else { return wrong(400, "no object") };
    if let Some((known, id)) = state.keys.get(key).filter(|_| state.keeps_keys) {
        return if *known == body { Ok(id.clone()) } else { wrong(422, "the key was used for another body") };
    }
    let id = format!("R{}", state.received.len() + 1);
    state.keys.insert(key.to_owned(), (body.clone(), id.clone()));
    let path = call.path.trim_start_matches("/receive").to_owned();
    state.received.push(Received { at: call.at, path, key: key.to_owned(), body });
    Ok(id)
}
