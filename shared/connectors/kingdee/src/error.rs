//! What an answer means.
//!
//! The one place that decides it: [`read`] for what the vendor answered, [`harmless`] for calls that change nothing,
//! [`credentials`] for the calls that log in. The pusher acts on the [`Class`]; the vendor's words travel along for the
//! person who reads the ledger.
//!
//! V1 documents no list of errors, so the words decide, and only towards the careful side: what is not recognised is
//! kept for a person, and what may have been done is asked after before it is repeated.

use chrono::{DateTime, TimeDelta, Utc};
use relay_connector::{Class, Failure, Rejection, Response};
use serde_json::Value;

use crate::VENDOR;
use crate::envelope::Envelope;

/// The way out where the vendor does not take us for who we say we are.
const CHECK: &str = "; check KINGDEE_CLIENT_ID, KINGDEE_CLIENT_SECRET, KINGDEE_USERNAME and KINGDEE_PASSWORD";

const RATE: [&str; 6] = ["频率", "频繁", "too many", "rate limit", "qps", "限流"];
const LOG_IN: [&str; 4] = ["token", "登录", "授权", "unauthorized"];
const LOG_IN_PERHAPS: [&str; 3] = ["过期", "expired", "invalid"];
const THERE_ALREADY: [&str; 4] = ["重复", "已存在", "已经存在", "duplicate"];
const NOT_THERE: [&str; 4] = ["not exist", "n't exist", "nonexist", "non-exist"];
const BUSY: [&str; 5] = ["繁忙", "稍后", "稍候", "busy", "try again"];
const TIMED_OUT: [&str; 3] = ["超时", "timeout", "timed out"];

/// How long to leave the vendor alone after it refused a new access token too: it may give out the same token for a
/// while, and a person who has to mend something is not kept waiting.
const TOKEN_REFUSED: TimeDelta = TimeDelta::minutes(5);

/// The answer's `data`, or why there is none.
pub(crate) fn read(operation: &str, response: &Response, now: DateTime<Utc>) -> Result<Value, Rejection> {
    match (response.status, Envelope::parse(response)) {
        (200..300, Some(envelope)) if envelope.succeeded() => Ok(envelope.into_data()),
        (status, Some(envelope)) => Err(refusal(operation, status, &envelope, now)),
        (status, None) => Err(no_answer(operation, status)),
    }
}

/// The vendor said no, in its own JSON.
fn refusal(operation: &str, status: u16, envelope: &Envelope, now: DateTime<Utc>) -> Rejection {
    let said = envelope.message();
    let text = said.to_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
    let code = envelope.code().or_else(|| (status != 200).then(|| format!("http {status}")));
    let message = if said.is_empty() { "neither success nor a reason".to_owned() } else { said };
    let failure = |class| Failure::new(VENDOR, operation, class, code.clone(), message.clone());

    if status == 429 || says(&RATE) {
        return Rejection::Other(failure(Class::Retry { after: None }));
    }
    // A customer's or a good's name may hold these words too: a complaint about the document stops only it.
    if status == 401 || (says(&LOG_IN) && !envelope.is_about_the_document()) {
        let mut failure = failure(Class::Paused { until: Some(now + TOKEN_REFUSED) });
        failure.message.push_str(CHECK);
        return Rejection::Token(failure);
    }
    if says(&THERE_ALREADY) || (text.contains("exist") && !says(&NOT_THERE)) {
        return Rejection::Other(failure(Class::Exists));
    }
    if says(&LOG_IN) || says(&LOG_IN_PERHAPS) {
        return Rejection::Token(failure(Class::Refused));
    }
    Rejection::Other(failure(if says(&BUSY) {
        Class::Retry { after: None }
    } else if says(&TIMED_OUT) {
        Class::Unknown
    } else {
        by_status(status, text.is_empty() && code.is_none())
    }))
}

/// The class of a refusal whose words tell nothing.
fn by_status(status: u16, without_reason: bool) -> Class {
    match status {
        // Not allowed, or nothing is served there: no document is to blame.
        403 | 404 => Class::Paused { until: None },
        // The vendor's own status for business errors.
        519 => Class::Refused,
        500.. => Class::Unknown,
        _ if without_reason => Class::Unknown,
        _ => Class::Refused,
    }
}

/// Something else answered: a gateway, or another host.
fn no_answer(operation: &str, status: u16) -> Rejection {
    let mut failure = Failure::not_an_answer(VENDOR, operation, status);
    if matches!(status, 300..400 | 404 | 405) {
        failure.message.push_str(" (KINGDEE_BASE_URL)");
    }
    if status == 401 { Rejection::Token(failure) } else { Rejection::Other(failure) }
}

/// The failure of a call that changes nothing: it may simply be repeated, and cannot find anything "there already".
pub(crate) fn harmless(failure: Failure) -> Failure {
    let mut failure = failure.of_reading();
    if failure.class == Class::Exists {
        failure.class = Class::Refused;
    }
    failure
}

/// The failure of a call that logs in: no document is to blame, so what is refused waits for a person. It does not try
/// again by itself, for wrong passwords lock accounts.
pub(crate) fn credentials(failure: Failure) -> Failure {
    let mut failure = harmless(failure);
    if failure.class == Class::Refused {
        failure.message.push_str(CHECK);
    }
    if matches!(failure.class, Class::Refused | Class::Paused { .. }) {
        failure.class = Class::Paused { until: None };
    }
    failure
}
