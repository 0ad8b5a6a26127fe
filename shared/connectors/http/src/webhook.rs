//! `POST /http/{name}`: signed JSON from anybody.
//!
//! What a sender does: the body is one JSON object; `X-Relay-Timestamp` holds the seconds since 1970, and
//! `X-Relay-Signature` what [`sign::relay`] makes of both. It sends again until the answer's `return_code` is 0.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use relay_connector::{
    AgeLimit, Connection, Kept, PushRefused, PushRequest, Verified, Webhook, lenient, nesting,
};
use relay_core::clock::Clock;
use relay_core::item::{MAX_DEPTH, content_hash};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use subtle::{Choice, ConstantTimeEq as _};

use crate::catalog::{self, ID, NAME, WEBHOOK};
use crate::error::{PushError, shortened};
use crate::sign;

/// What the paths of pushes begin with.
pub(crate) const PREFIX: &str = "/http/";

/// 4 MiB: a body may reach AWS Lambda as base64, a third longer, inside an event of at most 6 MB. What is larger than that
/// API Gateway refuses in its own words.
const MAX_BODY_BYTES: usize = 4 * 1024 * 1024;

/// So many digits of a hash tell bodies apart.
const DIGITS: usize = 16;

/// What is pushed by whoever has one of the secrets.
pub struct Pushes {
    secrets: Vec<SecretString>,
    max_age: AgeLimit,
    clock: Arc<dyn Clock>,
}

impl Pushes {
    /// Believes what is signed by any of these secrets, so that one can be replaced without losing a push, and is no older
    /// than that by this clock.
    #[must_use]
    pub fn new(secrets: Vec<SecretString>, max_age: AgeLimit, clock: Arc<dyn Clock>) -> Self {
        Self { secrets, max_age, clock }
    }

    /// Compares with every secret, whichever fits first, so that the time taken tells nothing.
    fn signs(&self, timestamp: &str, body: &[u8], signature: &str) -> bool {
        let received = signature.trim().to_ascii_lowercase();
        // An empty secret would let anyone sign.
        let secrets =
            self.secrets.iter().map(SecretString::expose_secret).filter(|secret| !secret.is_empty());
        let fits = secrets.fold(Choice::from(0), |fits, secret| {
            fits | sign::relay(secret, timestamp, body).as_bytes().ct_eq(received.as_bytes())
        });
        fits.into()
    }

    fn verified(&self, request: &PushRequest<'_>) -> Result<Verified, PushError> {
        let name = name(request.path)?;
        let header = |name, missing| request.header(name).ok_or(PushError::NotAPush(missing));
        let timestamp = header(sign::TIMESTAMP, "the header X-Relay-Timestamp is missing")?;
        let signature = header(sign::SIGNATURE, "the header X-Relay-Signature is missing")?;
        // Not signed, so it serves for the answer and the log alone.
        let msg_id = request.header("idempotency-key").map(|id| shortened(&id)).unwrap_or_default();
        if !self.signs(timestamp, request.body, signature) {
            return Err(PushError::BadSignature { msg_id });
        }
        if let Err(reason) = self.max_age.check(sent_at(timestamp), self.clock.now()) {
            return Err(PushError::BadAge { name: name.to_owned(), msg_id, reason });
        }
        match document(request.body) {
            Ok(data) => Ok(Verified {
                document: Some(catalog::webhook()),
                params: vec![(NAME.to_owned(), name.to_owned())],
                kind: name.to_owned(),
                id: id(&data),
                msg_id,
                data,
            }),
            Err(reason) => {
                let data = String::from_utf8_lossy(request.body).into_owned();
                let id = format!("{name}/{}", hash(&Value::from(data.as_str())));
                Err(PushError::BadDocument { name: name.to_owned(), msg_id, reason, kept: Kept { id, data } })
            }
        }
    }
}

impl Webhook for Pushes {
    fn prefix(&self) -> &'static str {
        PREFIX
    }

    fn max_body_bytes(&self) -> usize {
        MAX_BODY_BYTES
    }

    fn verify(&self, request: &PushRequest<'_>) -> Result<Verified, PushRefused> {
        if request.body.len() > MAX_BODY_BYTES {
            return Err(PushRefused::too_large(MAX_BODY_BYTES));
        }
        Ok(self.verified(request)?)
    }

    fn unrouted(&self, push: &Verified) -> String {
        let name = &push.kind;
        format!(
            "no flow takes what is pushed to {PREFIX}{name}: write one with document = \"{WEBHOOK}\" and params = {{ {NAME} = \
             \"{name}\" }}, and replay; otherwise have the sender stop"
        )
    }
}

impl Connection for Pushes {
    fn webhook(&self) -> Option<&dyn Webhook> {
        Some(self)
    }
}

/// The timestamp, in seconds since 1970.
fn sent_at(timestamp: &str) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp(timestamp.trim().parse().ok()?, 0)
}

/// The name in the path: one part of an address, for a flow and a ledger entry are found by it.
fn name(path: &str) -> Result<&str, PushError> {
    let name = path.trim_end_matches('/').strip_prefix(PREFIX).unwrap_or_default();
    let is_of_names = |character: char| character.is_ascii_alphanumeric() || "-_.".contains(character);
    let is_name = !name.is_empty() && name.len() <= 100 && name.chars().all(is_of_names);
    is_name.then_some(name).ok_or(PushError::NotAPush(
        "the path is /http/ and a name of letters, digits, `-`, `_` and `.`, such as /http/orders",
    ))
}

/// What a push is kept under while no flow takes it. Nobody but a flow knows its key, so all that differ are kept.
fn id(data: &Value) -> String {
    let hash = hash(data);
    lenient::field(data, ID).map(|id| format!("{}-{hash}", shortened(&id))).unwrap_or(hash)
}

fn hash(data: &Value) -> String {
    content_hash(data).chars().take(DIGITS).collect()
}

fn document(body: &[u8]) -> Result<Value, String> {
    // A byte order mark is no part of the JSON, but some libraries put one before it.
    let body = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body);
    let depth = nesting::depth(body);
    if depth > MAX_DEPTH {
        return Err(format!("it is nested {depth} levels deep, and no more than {MAX_DEPTH} are carried"));
    }
    match serde_json::from_slice(body) {
        Ok(document @ Value::Object(_)) => Ok(document),
        Ok(_) => Err("it is JSON, but no object".to_owned()),
        // The parser's words hold places alone.
        Err(error) => Err(format!("broken JSON at line {}, column {}", error.line(), error.column())),
    }
}
