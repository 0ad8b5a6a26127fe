//! API Gateway's HTTP API event (payload format 2.0) and its answer.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::Deserialize;
use serde_json::{Value, json};

use relay_connector::PushRequest;

use crate::receive::Answer;

/// What the receiver needs of an event.
#[derive(Debug)]
pub struct HttpRequest {
    method: String,
    path: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ApiGatewayEvent {
    raw_path: String,
    request_context: RequestContext,
    #[serde(default)]
    headers: serde_json::Map<String, Value>,
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    is_base64_encoded: bool,
}

#[derive(Deserialize)]
struct RequestContext {
    http: Http,
}

#[derive(Deserialize)]
struct Http {
    method: String,
}

impl HttpRequest {
    /// The push that it may be.
    #[must_use]
    pub fn as_push(&self) -> PushRequest<'_> {
        let Self { method, path, headers, body } = self;
        PushRequest { method, path, headers, body }
    }
}

/// Reads an event.
///
/// # Errors
/// What is wrong with it, in words.
pub fn decode(event: Value) -> Result<HttpRequest, String> {
    let event: ApiGatewayEvent = serde_json::from_value(event)
        // The parser's own words are left out: they quote what they stumble over.
        .map_err(|_| "the event is none of an HTTP API (payload format 2.0)")?;
    let text = event.body.unwrap_or_default();
    let body = if event.is_base64_encoded {
        BASE64.decode(&text).map_err(|error| format!("the event's body is not base64: {error}"))?
    } else {
        text.into_bytes()
    };
    let header = |(name, value): (String, Value)| Some((name, value.as_str()?.to_owned()));
    Ok(HttpRequest {
        method: event.request_context.http.method,
        path: event.raw_path,
        headers: event.headers.into_iter().filter_map(header).collect(),
        body,
    })
}

/// Writes the answer as API Gateway takes it.
#[must_use]
pub fn encode(answer: &Answer) -> Value {
    json!({
        "statusCode": answer.status,
        "headers": { "content-type": "application/json" },
        "body": answer.reply.to_json(),
        "isBase64Encoded": false,
    })
}
