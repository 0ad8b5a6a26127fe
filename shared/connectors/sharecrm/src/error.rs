//! What an answer means.
//!
//! The one place that decides it: [`read`] for what the vendor answered, [`credentials`] for the call that logs in. The
//! pusher acts on the [`Class`]; the vendor's words travel along for the person who reads the ledger.
//!
//! `errorCode` alone decides, whatever the HTTP status. Only 0 and 20016 are sure to mean what the vendor's table
//! says, so the classes lean to the careful side.

use chrono::{DateTime, TimeDelta, Utc};
use relay_connector::{Class, Failure, Rejection, Response, china, words};

use crate::VENDOR;
use crate::envelope::Envelope;

/// How long to leave the vendor alone after it refused a new token too: it gives out the same token again for most of
/// that token's life, and a person who has to mend something is not kept waiting.
const TOKEN_REFUSED: TimeDelta = TimeDelta::minutes(5);

/// The answer, or why it is no success.
pub(crate) fn read(operation: &str, response: &Response, now: DateTime<Utc>) -> Result<Envelope, Rejection> {
    match Envelope::parse(response) {
        Some(envelope) if envelope.code == "0" => Ok(envelope),
        Some(envelope) => Err(refusal(operation, &envelope, now)),
        None => Err(Rejection::Other(no_answer(operation, response))),
    }
}

fn refusal(operation: &str, envelope: &Envelope, now: DateTime<Utc>) -> Rejection {
    let failure = |class, hint: &str| {
        let trace = envelope.trace_id.as_deref().map(|id| format!(" (traceId {id})")).unwrap_or_default();
        let message = format!("{}{trace}{hint}", envelope.message);
        Failure::new(VENDOR, operation, class, Some(envelope.code.clone()), message)
    };
    Rejection::Other(match envelope.code.as_str() {
        "20016" | "20005" => {
            let paused = Class::Paused { until: Some(now + TOKEN_REFUSED) };
            return Rejection::Token(failure(paused, "; a new access token is refused too"));
        }
        "-1" | "-2" | "14001" | "30004" => failure(Class::Retry { after: None }, ""),
        "50009" if is_locked(&envelope.message) => {
            failure(Class::Refused, "; replay it when the record is free")
        }
        "50009" => failure(Class::Unknown, ""),
        "30002" => {
            failure(Class::Paused { until: Some(china::next_midnight(now)) }, "; the day's calls are used up")
        }
        "30003" => failure(Class::Paused { until: None }, "; buy a pack of calls in the ShareCRM console"),
        "20006" | "20014" | "20015" | "20017" | "20020" | "20021" | "20022" | "15003" | "10006" => failure(
            Class::Paused { until: None },
            "; check SHARECRM_APP_ID, SHARECRM_APP_SECRET, SHARECRM_PERMANENT_CODE, SHARECRM_USER_ID and the app's \
             IP allow-list",
        ),
        _ => failure(words::class(&envelope.message).unwrap_or(Class::Refused), ""),
    })
}

/// The one message under 50009 that says for certain that nothing was written. Not to recognise it only costs a repeat.
fn is_locked(message: &str) -> bool {
    let message = message.to_lowercase();
    ["锁定", "is locked", "been locked", "was locked"].iter().any(|words| message.contains(words))
}

/// Something else answered: a gateway, or another host.
fn no_answer(operation: &str, response: &Response) -> Failure {
    let mut failure = Failure::not_an_answer(VENDOR, operation, response.status);
    let is_page = response.body.trim_ascii_start().starts_with(b"<");
    if response.status < 300 && is_page {
        // Once it is a proxy's accident and goes by; a wrong host answers so every time.
        failure.message = "a web page; if it is one every time, check the base URL setting".to_owned();
    }
    if matches!(response.status, ..400 | 404 | 405) {
        failure.message.push_str(" (SHARECRM_BASE_URL)");
    }
    failure
}

/// The failure of the call that logs in: nothing was pushed, and no document is to blame for what is refused.
pub(crate) fn credentials(failure: Failure) -> Failure {
    let mut failure = failure.of_reading();
    if failure.class == Class::Refused {
        failure.message.push_str("; check SHARECRM_APP_ID, SHARECRM_APP_SECRET and SHARECRM_PERMANENT_CODE");
        failure.class = Class::Paused { until: None };
    }
    failure
}
