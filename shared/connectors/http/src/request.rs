//! What is sent for each document.

use chrono::{DateTime, Utc};
use relay_connector::{Delivery, Request};
use relay_core::codec;
use relay_core::item::content_hash;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json as value};
use url::Url;

use crate::catalog::PATH;
use crate::settings::{Post, Robot};
use crate::sign;

/// Answers are short; of what a broken gateway sends no more is read.
const LARGEST_ANSWER: usize = 1024 * 1024;

/// So many digits of a hash tell bodies apart.
const DIGITS: usize = 16;

/// JSON to the receiver's address, signed where a secret is set.
///
/// The Idempotency-Key holds the document's number, and a hash of the body and of when the receiver took the version before
/// it: a repeat has the same key, and every newer version another, because receivers refuse or skip a key that they know,
/// whatever comes under it. Without the time a document that goes back to what it said before would be skipped.
pub(crate) fn post(post: &Post, delivery: &Delivery<'_>, now: DateTime<Utc>) -> Request {
    let mut request = json(address(post, delivery), delivery.body)
        .header("idempotency-key", idempotency_key(delivery))
        .header(sign::TIMESTAMP, now.timestamp().to_string());
    if let Some(secret) = &post.secret {
        let timestamp = now.timestamp().to_string();
        let signature = sign::relay(secret.expose_secret(), &timestamp, &request.body);
        request = request.header(sign::SIGNATURE, signature);
    }
    for (name, value) in &post.headers {
        request = request.header(name.clone(), value.expose_secret());
    }
    request
}

/// The address, and what the flow's `path` adds to it.
fn address(post: &Post, delivery: &Delivery<'_>) -> Url {
    let mut url = post.url.clone();
    let path = delivery.params.iter().find(|(name, _)| name == PATH).map(|(_, path)| path.as_str());
    if let (Some(path), Ok(mut segments)) = (path, url.path_segments_mut()) {
        segments.pop_if_empty().extend(path.split('/').filter(|segment| !segment.is_empty()));
    }
    url
}

/// Escaped as in a form, for a header holds no Chinese.
fn idempotency_key(delivery: &Delivery<'_>) -> String {
    let number = delivery.number().unwrap_or_default();
    let follows = delivery.follows.map(|at| at.timestamp_millis());
    let hash: String = content_hash(&value!([delivery.body, follows])).chars().take(DIGITS).collect();
    url::form_urlencoded::byte_serialize(number.as_bytes()).chain([".", &hash]).collect()
}

/// `POST /cgi-bin/webhook/send?key=…`. Nothing is signed: the key is the secret. Certain.
pub(crate) fn wecom(robot: &Robot, delivery: &Delivery<'_>) -> Request {
    let mut url = at(robot, &["cgi-bin", "webhook", "send"]);
    url.query_pairs_mut().append_pair("key", robot.token.expose_secret());
    json(url, delivery.body)
}

/// `POST /robot/send?access_token=…&timestamp=…&sign=…`. Certain.
pub(crate) fn dingtalk(robot: &Robot, delivery: &Delivery<'_>, now: DateTime<Utc>) -> Request {
    let mut url = at(robot, &["robot", "send"]);
    url.query_pairs_mut().append_pair("access_token", robot.token.expose_secret());
    if let Some(secret) = &robot.secret {
        let timestamp = now.timestamp_millis().to_string();
        let sign = sign::dingtalk(secret.expose_secret(), &timestamp);
        url.query_pairs_mut().append_pair("timestamp", &timestamp).append_pair("sign", &sign);
    }
    json(url, delivery.body)
}

/// `POST /open-apis/bot/v2/hook/…`, with `timestamp` and `sign` in the body. Certain.
pub(crate) fn feishu(robot: &Robot, delivery: &Delivery<'_>, now: DateTime<Utc>) -> Request {
    let url = at(robot, &["open-apis", "bot", "v2", "hook", robot.token.expose_secret()]);
    let mut body = delivery.body.clone();
    if let (Some(secret), Some(fields)) = (&robot.secret, body.as_object_mut()) {
        let timestamp = now.timestamp().to_string();
        let sign = sign::feishu(secret.expose_secret(), &timestamp);
        fields.insert("timestamp".to_owned(), Value::from(timestamp));
        fields.insert("sign".to_owned(), Value::from(sign));
    }
    json(url, &body)
}

fn json(url: Url, body: &Value) -> Request {
    let body = codec::json(body).into_bytes();
    Request::post(url, "application/json; charset=utf-8", body).answer_up_to(LARGEST_ANSWER)
}

fn at(robot: &Robot, path: &[&str]) -> Url {
    let mut url = robot.base_url.clone();
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.pop_if_empty().extend(path);
    }
    url
}
