//! Secrets and signs that the vendor refuses.

use std::sync::Arc;

use relay_connector::record::recorded;
use relay_connector::{Failure, Request, Response, TransportError};
use serde_json::{Map, Value, json};

use crate::Suite;
use crate::bench::{Answers, Bench, FIRST_PAGE, Outcome};
use crate::cases::{class, is_paused};

/// A wrong one of each secret that is declared and set, one after the other.
fn wrong_secrets(suite: &Suite) -> impl Iterator<Item = Bench> {
    let secrets = suite.vendor.connector().settings().iter().filter(|setting| setting.is_secret);
    secrets.filter_map(|setting| {
        let given = relay_simulators::settings().into_iter().find(|(name, _)| *name == setting.name);
        // Whatever form it has to have, it keeps.
        let wrong = format!("{}-wrong", given?.1);
        Some(Bench::with(suite.vendor, &[(setting.name, wrong.as_str())]))
    })
}

pub(crate) async fn a_wrong_secret_pauses_and_nothing_is_written(suite: Suite) {
    for read in suite.reads() {
        let mut refused = 0;
        for bench in wrong_secrets(&suite) {
            let page = bench.page(read, FIRST_PAGE).await;
            // The other route has a secret of its own.
            assert!(page.is_ok() || is_paused(&page), "{} is {}", read.document, class(&page));
            refused += usize::from(page.is_err());
        }
        assert!(refused > 0, "{} is read without a secret", read.document);
    }
    for write in suite.writes() {
        let mut refused = 0;
        for bench in wrong_secrets(&suite) {
            let bodies = [1, 2].map(|number| (write.body)(&bench.vendors, number));
            for (body, outcome) in bodies.iter().zip(bench.deliver(write, &bodies).await) {
                assert!(outcome.is_ok() || is_paused(&outcome), "{} is {}", write.document, class(&outcome));
                assert_eq!(bench.written(&write, body), usize::from(outcome.is_ok()), "{}", write.document);
                refused += usize::from(outcome.is_err());
            }
        }
        assert!(refused > 0, "{} is delivered without a secret", write.document);
    }
}

/// Where vendors put their words and their codes, all of them.
const FIELDS: &[&str] = &[
    "code",
    "message",
    "msg",
    "errcode",
    "errmsg",
    "errorCode",
    "errorMessage",
    "sub_code",
    "sub_msg",
    "description",
    "StatusCode",
    "StatusMessage",
];

/// Everything that a request holds, as a gateway quotes it.
fn quoted(request: &Request) -> Vec<String> {
    let query = request.url.query_pairs().map(|(_, value)| value.into_owned());
    let headers = request.headers.iter().map(|(_, value)| value.clone());
    let path = request.url.path_segments().into_iter().flatten().map(str::to_owned);
    let whole = format!("{} {}", request.url, String::from_utf8_lossy(&request.body));
    query.chain(headers).chain(path).chain([whole]).collect()
}

fn in_every_field(words: &str) -> String {
    let fields: Map<_, _> = FIELDS.iter().map(|name| ((*name).to_owned(), Value::from(words))).collect();
    let mut answer = fields.clone();
    for name in ["response", "error_response", "data"] {
        answer.insert(name.to_owned(), Value::from(fields.clone()));
    }
    Value::from(answer).to_string()
}

/// Vendors that quote what they were sent, each in another way: the whole of it as a text, as JSON, in an error of the
/// transport; and part by part, for a code is short.
fn parrots() -> Vec<Answers> {
    let mut parrots: Vec<Answers> = Vec::new();
    for status in [200, 400, 403, 500] {
        parrots.push(Arc::new(move |request: &Request| Ok(Response::new(status, quoted(request).join(" ")))));
        parrots.push(Arc::new(move |request: &Request| {
            Ok(Response::new(status, in_every_field(&quoted(request).join(" "))))
        }));
        for part in 0..12 {
            parrots.push(Arc::new(move |request: &Request| {
                let parts = quoted(request);
                Ok(Response::new(status, in_every_field(&parts[part % parts.len()])))
            }));
        }
    }
    parrots.push(Arc::new(|request: &Request| Err(TransportError::Lost(quoted(request).join(" ")))));
    parrots.push(Arc::new(|request: &Request| Err(TransportError::NotSent(quoted(request).join(" ")))));
    parrots
}

/// The values of all secrets of a vendor, as they are and as they stand in an address.
fn secrets(suite: &Suite) -> Vec<String> {
    let declared = suite.vendor.connector().settings().iter().filter(|setting| setting.is_secret);
    let values = declared.flat_map(|setting| {
        let given = relay_simulators::settings().into_iter().find(|(name, _)| *name == setting.name);
        let value = given.unwrap_or_else(|| panic!("{} is not set", setting.name)).1;
        // Of a header it is the value that is secret.
        let value = value.split_once(": ").map_or(value, |(_, value)| value);
        [value.to_owned(), url::form_urlencoded::byte_serialize(value.as_bytes()).collect()]
    });
    values.collect()
}

fn shown<T>(outcome: &Result<T, Failure>) -> String {
    outcome.as_ref().err().map(|error| format!("{error} {error:?} {}", error.in_full())).unwrap_or_default()
}

/// Those that are tried with the parrot of that place: all of a few, some of many, and of those others each time.
fn hearing<T>(place: usize, subjects: impl Iterator<Item = T>) -> impl Iterator<Item = T> {
    const A_FEW: usize = 6;
    let subjects: Vec<T> = subjects.collect();
    let every = subjects.len().div_ceil(A_FEW).max(1);
    subjects.into_iter().skip(place % every).step_by(every)
}

/// In what a person reads, what is logged, and what the archive keeps.
pub(crate) async fn what_a_vendor_quotes_back_shows_no_secret(suite: Suite) {
    let mut told = Vec::new();
    for (place, parrot) in parrots().into_iter().enumerate() {
        for read in hearing(place, suite.reads()) {
            // Once with a log-in that is quoted, and once with a call after it.
            for is_known in [false, true] {
                let bench = Bench::of(suite.vendor);
                if is_known {
                    _ = bench.page(read, FIRST_PAGE).await;
                }
                bench.sent.answered_by(parrot.clone());
                let (outcome, calls) = recorded(bench.page(read, FIRST_PAGE)).await;
                told.push(format!("{} {}", shown(&outcome), json!(calls)));
            }
        }
        for write in hearing(place, suite.writes()) {
            for is_known in [false, true] {
                let bench = Bench::of(suite.vendor);
                let body = (write.body)(&bench.vendors, 1);
                if is_known {
                    let again = (write.body)(&bench.vendors, 2);
                    _ = bench.deliver_one(write, &again).await;
                }
                bench.sent.answered_by(parrot.clone());
                let (outcome, calls): (Outcome, _) = recorded(bench.deliver_one(write, &body)).await;
                told.push(format!("{} {}", shown(&outcome), json!(calls)));
            }
        }
    }
    let failed = told.iter().filter(|told| !told.starts_with(' ')).count();
    assert!(told.is_empty() || failed > told.len() / 4, "{failed} of {} failed", told.len());
    for secret in secrets(&suite) {
        let told = told.iter().find(|told| told.contains(&secret));
        assert!(told.is_none(), "{secret} in {}", told.unwrap());
    }
}
