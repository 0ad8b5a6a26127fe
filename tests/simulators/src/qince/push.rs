//! One push: form fields, digest, and the answer that Qince expects.

use chrono::{DateTime, Utc};
use md5::{Digest as _, Md5};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use super::Qince;
use crate::wangdian;

/// The `pushsecret`, for `QINCE_PUSH_SECRETS`.
pub const PUSH_SECRET: &str = "simulated-pushsecret";
/// The enterprise's id in Qince.
pub const TENANT_ID: &str = "598865626837229452";

const BOUNDARY: &str = "----QinceSimulatedBoundary";
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// How the fields travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// Form-urlencoded, a space as `+`.
    Plus,
    /// Form-urlencoded, a space as `%20`.
    Percent,
    /// `multipart/form-data`, as a gateway may make of it.
    Multipart,
    /// The JSON of `data` alone, without a digest.
    RawJson,
}

/// What the digest covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Digest {
    /// `data` as text.
    Decoded,
    /// `data` as it stands in the form, url-encoded.
    Encoded,
    /// Another secret.
    Wrong,
    /// `data` before it was changed on the way.
    Tampered,
}

/// How a push is made.
#[derive(Debug, Clone)]
pub struct PushStyle {
    /// How the fields travel.
    pub encoding: Encoding,
    /// What the digest covers.
    pub digest: Digest,
    /// When the delivery before failed: form `status` 2 instead of 0.
    pub redelivery: Option<DateTime<Utc>>,
    /// `dms_purchase` for direct orders.
    pub data_type: String,
    /// `biz` made in the app, `api` made through the open API.
    pub data_source: String,
    /// A message id to keep, as on a redelivery.
    pub msg_id: Option<String>,
}

impl Default for PushStyle {
    fn default() -> Self {
        Self {
            encoding: Encoding::Plus,
            digest: Digest::Decoded,
            redelivery: None,
            data_type: "dms_purchase".to_owned(),
            data_source: "biz".to_owned(),
            msg_id: None,
        }
    }
}

/// A push, ready to be sent by `POST`.
#[derive(Debug, Clone)]
pub struct SignedPush {
    /// The header.
    pub content_type: String,
    /// The body's bytes.
    pub body: Vec<u8>,
    /// `msgId`, which the answer repeats.
    pub msg_id: String,
    /// What is in `data`.
    pub order: Value,
}

/// `md5(data|pushsecret|timestamp)`, lower-case hex.
#[must_use]
pub fn digest(data: &str, secret: &str, timestamp: &str) -> String {
    hex::encode(Md5::digest(format!("{data}|{secret}|{timestamp}")))
}

impl Qince {
    /// The push of an order.
    pub fn push(&self, order: &Value, style: &PushStyle) -> SignedPush {
        let data = order.to_string();
        let msg_id = style.msg_id.clone().unwrap_or_else(|| self.dice.digits(19));
        let timestamp = self.clock.now().timestamp_millis().to_string();
        let digest = match style.digest {
            Digest::Decoded | Digest::Tampered => digest(&data, PUSH_SECRET, &timestamp),
            Digest::Encoded => digest(&encoded(&data, style.encoding), PUSH_SECRET, &timestamp),
            Digest::Wrong => digest(&data, "not-the-secret", &timestamp),
        };
        let data_id = order.get("id").and_then(Value::as_str).unwrap_or_default();
        // Changed on the way: one more blank keeps the JSON and breaks the digest.
        let sent = if style.digest == Digest::Tampered { format!("{data} ") } else { data };
        let mut fields = vec![
            ("msgId", msg_id.clone()),
            ("dataType", style.data_type.clone()),
            ("dataId", data_id.to_owned()),
            ("dataVersion", "001".to_owned()),
            ("dataFormat", "json".to_owned()),
            ("dataSource", style.data_source.clone()),
            ("data", sent.clone()),
            ("timestamp", timestamp),
            ("status", if style.redelivery.is_some() { "2" } else { "0" }.to_owned()),
            ("digest", digest),
            ("tenantId", TENANT_ID.to_owned()),
        ];
        if let Some(failed_at) = style.redelivery {
            fields.push(("statusTime", wangdian::time::format(failed_at.timestamp())));
        }
        let (content_type, body) = match style.encoding {
            Encoding::Plus | Encoding::Percent => {
                let pairs =
                    fields.iter().map(|(name, value)| format!("{name}={}", encoded(value, style.encoding)));
                ("application/x-www-form-urlencoded".to_owned(), pairs.collect::<Vec<_>>().join("&"))
            }
            Encoding::Multipart => (format!("multipart/form-data; boundary={BOUNDARY}"), multipart(&fields)),
            Encoding::RawJson => ("application/json".to_owned(), sent),
        };
        SignedPush { content_type, body: body.into_bytes(), msg_id, order: order.clone() }
    }
}

fn encoded(text: &str, encoding: Encoding) -> String {
    let percent = utf8_percent_encode(text, PLAIN).to_string();
    if encoding == Encoding::Plus { percent.replace("%20", "+") } else { percent }
}

fn multipart(fields: &[(&str, String)]) -> String {
    let parts = fields.iter().map(|(name, value)| {
        format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    });
    parts.collect::<String>() + &format!("--{BOUNDARY}--\r\n")
}

/// What a receiver's answer means to Qince: `true` done, `false` failed and to be sent again.
///
/// # Errors
/// How the answer breaks the contract `{"return_code": 0|1, "return_msg": text, "msg_id": msgId}`; Qince counts
/// such an answer as failed.
pub fn read_reply(push: &SignedPush, status: u16, body: &[u8]) -> Result<bool, String> {
    let answer: Value = serde_json::from_slice(body).map_err(|error| format!("no JSON: {error}"))?;
    let done = match answer.get("return_code").and_then(Value::as_i64) {
        Some(0) => true,
        Some(1) => false,
        _ => return Err(format!("return_code is neither 0 nor 1 in {answer}")),
    };
    if done && status != 200 {
        return Err(format!("done, but HTTP {status}"));
    }
    if !answer.get("return_msg").is_some_and(Value::is_string) {
        return Err(format!("return_msg is no text in {answer}"));
    }
    let msg_id = answer.get("msg_id").and_then(Value::as_str);
    // A body that is not a push has no msgId to repeat.
    let unknown = !done && msg_id == Some("");
    if msg_id != Some(push.msg_id.as_str()) && !unknown {
        return Err(format!("msg_id is not {} in {answer}", push.msg_id));
    }
    Ok(done)
}
