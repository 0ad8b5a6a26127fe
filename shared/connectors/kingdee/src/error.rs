//! What an answer means.
//!
//! The one place that decides it: [`read`] for what the vendor answered, [`harmless`] for calls that change nothing,
//! [`credentials`] for the calls that log in. The pusher acts on the [`Class`]; the vendor's words travel along for the
//! person who reads the ledger.
//!
//! Neither interface documents a list of errors, so the words decide, and only towards the careful side: what is not recognised is
//! kept for a person, and what may have been done is asked after before it is repeated.

use chrono::{NaiveDate, TimeDelta};
use relay_connector::{Class, Failure, Rejection, Response, words};
use serde_json::Value;

use crate::VENDOR;
use crate::client::Client;
use crate::version::{Answer, Refusal};

/// V2: the key check failed, because the application's secret has rotated.
const APP_KEY_REFUSED: &str = "1030002006";
/// V2: "system error". What was done by then is not known.
const SYSTEM_ERROR: &str = "2000002000";

const SIGNATURE: [&str; 2] = ["x-api-signature", "签名"];
/// The time by which a call is signed, which the vendor takes five minutes long.
const SIGNED_AT: [&str; 2] = ["timestamp", "时间戳"];
const RATE: [&str; 6] = ["频率", "频繁", "too many", "rate limit", "qps", "限流"];
const LOG_IN: [&str; 4] = ["token", "登录", "授权", "unauthorized"];
const LOG_IN_PERHAPS: [&str; 3] = ["过期", "expired", "invalid"];
const THERE_ALREADY: [&str; 4] = ["重复", "已存在", "已经存在", "duplicate"];
const NOT_THERE: [&str; 4] = ["not exist", "n't exist", "nonexist", "non-exist"];
/// The books of a period are closed. Neither interface documents its words for that.
const CLOSED: [&str; 3] = ["结账", "关账", "closed"];
const PERIOD: [&str; 3] = ["期间", "日期", "period"];

/// How long to leave the vendor alone after it refused a new access token too: it may give out the same token for a
/// while, and a person who has to mend something is not kept waiting.
const TOKEN_REFUSED: TimeDelta = TimeDelta::minutes(5);

/// The answer's data, or why there is none.
pub(crate) fn read(
    operation: &str,
    response: &Response,
    answer: Option<Answer>,
    client: &Client,
) -> Result<Value, Rejection> {
    match (response.status, answer) {
        (200..300, Some(Answer::Data(data))) => Ok(data),
        (_, Some(Answer::Refusal(refusal))) => Err(refused(operation, response, refusal, client)),
        // A status of failure around an answer of success: what was done is not known.
        (_, Some(Answer::Data(_))) => {
            let refusal = Refusal { code: None, message: String::new(), is_about_the_document: false };
            Err(refused(operation, response, refusal, client))
        }
        (status, None) => Err(no_answer(operation, status)),
    }
}

/// The vendor said no, in its own JSON.
fn refused(operation: &str, response: &Response, refusal: Refusal, client: &Client) -> Rejection {
    let Refusal { code, message: said, is_about_the_document } = refusal;
    let status = response.status;
    let text = said.to_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
    let code = code.or_else(|| (status != 200).then(|| format!("http {status}")));
    let is = |known: &str| code.as_deref() == Some(known);
    let message = if said.is_empty() { "neither success nor a reason".to_owned() } else { said };
    let failure = |class| Failure::new(VENDOR, operation, class, code.clone(), message.clone());
    let of_us = |until| {
        let mut failure = failure(Class::Paused { until });
        failure.message.push_str(&check(client.version.credentials()));
        failure
    };

    if status == 429 || says(&RATE) {
        return Rejection::Other(failure(Class::Retry { after: response.retry_after }));
    }
    let token_refused = Some(client.clock.now() + TOKEN_REFUSED);
    if is(APP_KEY_REFUSED) {
        return Rejection::Token(of_us(token_refused));
    }
    if (says(&SIGNATURE) || says(&SIGNED_AT)) && !is_about_the_document {
        return Rejection::Other(of_us(None));
    }
    if is(SYSTEM_ERROR) && status != 519 {
        return Rejection::Other(failure(Class::Unknown));
    }
    // A customer's or a good's name may hold these words too: a complaint about the document stops only it.
    if status == 401 || (says(&LOG_IN) && !is_about_the_document) {
        return Rejection::Token(of_us(token_refused));
    }
    if says(&CLOSED) && says(&PERIOD) && is_final(status) {
        return Rejection::Other(failure(Class::Closed { open_from: latest_date(&text) }));
    }
    if says(&THERE_ALREADY) || (text.contains("exist") && !says(&NOT_THERE)) {
        return Rejection::Other(failure(Class::Exists));
    }
    if says(&LOG_IN) || says(&LOG_IN_PERHAPS) {
        return Rejection::Token(failure(Class::Refused));
    }
    let by_status = by_status(status, text.is_empty() && code.is_none());
    Rejection::Other(failure(match (words::class(&text), by_status) {
        // However busy it says that it is: a broken server may have done it.
        (_, Class::Unknown) => Class::Unknown,
        (said, by_status) => said.unwrap_or(by_status),
    }))
}

/// Whether a status leaves no doubt that nothing was done.
fn is_final(status: u16) -> bool {
    matches!(status, 200..300 | 400..500 | 519)
}

/// The latest date in a text: what is said of a closed period names the date that was given, and the first that is open.
fn latest_date(text: &str) -> Option<NaiveDate> {
    let dates = text.char_indices().filter_map(|(start, first)| {
        let date = text.get(start..start + 10).filter(|_| first.is_ascii_digit())?;
        NaiveDate::parse_from_str(date, "%Y-%m-%d").ok()
    });
    dates.max()
}

/// The way out where the vendor does not take us for who we say we are.
fn check(credentials: &str) -> String {
    format!("; check {credentials}")
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

/// Whether V2 says that the application's secret is none, as it does when that has rotated.
pub(crate) fn says_key_refused(failure: &Failure) -> bool {
    failure.code.as_deref() == Some(APP_KEY_REFUSED)
}

/// Whether the vendor says that there is no record of that id.
pub(crate) fn says_not_there(failure: &Failure) -> bool {
    failure.class == Class::Refused && failure.message.contains("不存在")
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
pub(crate) fn credentials(failure: Failure, settings: &str) -> Failure {
    let mut failure = harmless(failure);
    if failure.class == Class::Refused {
        failure.message.push_str(&check(settings));
    }
    if matches!(failure.class, Class::Refused | Class::Paused { .. }) {
        failure.class = Class::Paused { until: None };
    }
    failure
}
