//! `http.post`: what is sent, and what the receiver's answer means.

use std::time::Duration;

use chrono::DateTime;
use relay_connector::{Class, Delivery, Found, Repeat, Response, TransportError};
use relay_core::clock::{Clock as _, Deadline};
use relay_http::sign;
use serde_json::json;

use crate::support::{Receiver, SECRET, all, class, delivered, document, header, says};

const POST: &str = "http.post";

#[tokio::test]
async fn a_document_goes_as_json_with_its_key_its_headers_and_a_signature() {
    let body = json!({"id": "单/1", "amount": 12.5});
    let params = [("path".to_owned(), "orders/new".to_owned())];
    let (result, request) = delivered(&all(&[]), POST, &body, &params, says(201, r#"{"id": 7}"#)).await;
    assert_eq!(result.unwrap().as_deref(), Some("7"), "the receiver's own id");
    assert_eq!(request.url.as_str(), "https://receiver.test/in/orders/new?tenant=7");
    assert_eq!(request.body, r#"{"id":"单/1","amount":12.5}"#.as_bytes());
    assert_eq!(header(&request, "content-type"), Some("application/json; charset=utf-8"));
    assert_eq!((header(&request, "x-api-key"), header(&request, "x-plain")), (Some(SECRET), Some("1")));
    assert_eq!(header(&request, sign::TIMESTAMP), Some("1700000000"));
    let signature = sign::relay(SECRET, "1700000000", &request.body);
    assert_eq!(header(&request, sign::SIGNATURE), Some(&*signature));
    assert!(header(&request, "idempotency-key").unwrap().starts_with("%E5%8D%95%2F1."));
}

#[tokio::test]
async fn a_repeat_has_the_same_idempotency_key_and_another_version_another() {
    let key = async |body| {
        let (_, request) = delivered(&all(&[]), POST, &body, &[], says(200, "")).await;
        header(&request, "idempotency-key").unwrap().to_owned()
    };
    let first = key(json!({"id": "A", "state": 1})).await;
    assert_eq!(first, key(json!({"id": "A", "state": 1})).await);
    assert_ne!(first, key(json!({"id": "A", "state": 2})).await);
    assert_ne!(first, key(json!({"id": "B", "state": 1})).await);
}

/// Of three versions A, B, A a receiver that knows keys again would keep B.
#[tokio::test]
async fn content_that_comes_back_has_a_key_of_its_own() {
    let body = json!({"id": "A", "state": 1});
    let key = async |follows: Option<i64>| {
        let receiver = Receiver::answering([says(200, "")]);
        let connection = receiver.connected(&all(&[]));
        let follows = follows.and_then(DateTime::from_timestamp_millis);
        let delivery = Delivery { follows, ..Delivery::of(document(POST), &[], &body) };
        connection.target().unwrap().deliver(&[delivery], Deadline::NONE).await.remove(0).unwrap();
        header(&receiver.sent().remove(0), "idempotency-key").unwrap().to_owned()
    };
    let (first, back) = (key(None).await, key(Some(1_700_000_000_000)).await);
    assert_ne!(first, back);
    assert_eq!(back, key(Some(1_700_000_000_000)).await, "a repeat of it");
    assert_ne!(back, key(Some(1_700_000_000_001)).await, "and back once more");
}

#[tokio::test]
async fn nothing_is_signed_without_a_secret_and_our_number_serves_without_an_id() {
    let bare = crate::support::settings(&[("HTTP_POST_URL", "http://127.0.0.1:8080/")]);
    let (result, request) = delivered(&bare, POST, &json!({"id": "A-1"}), &[], says(204, "")).await;
    assert_eq!(result.unwrap().as_deref(), Some("A-1"));
    assert_eq!(header(&request, sign::SIGNATURE), None);
}

#[tokio::test]
async fn a_path_leads_nowhere_but_below_the_address() {
    for (path, url) in [
        ("../../admin", "https://receiver.test/in/admin?tenant=7"),
        ("//evil.test/x", "https://receiver.test/in/evil.test/x?tenant=7"),
        ("a?b#c", "https://receiver.test/in/a%3Fb%23c?tenant=7"),
    ] {
        let params = [("path".to_owned(), path.to_owned())];
        let (_, request) = delivered(&all(&[]), POST, &json!({"id": "A"}), &params, says(200, "")).await;
        assert_eq!(request.url.as_str(), url);
    }
}

#[tokio::test]
async fn the_status_says_what_became_of_the_document() {
    let paused = || Err(Class::Paused { until: None });
    for (status, expected) in [
        (200, Ok(())),
        (202, Ok(())),
        (302, paused()),
        (400, Err(Class::Refused)),
        (401, paused()),
        (403, paused()),
        (404, paused()),
        (409, Err(Class::Exists)),
        (422, Err(Class::Refused)),
        (429, Err(Class::Retry { after: None })),
        (500, Err(Class::Unknown)),
        (503, Err(Class::Unknown)),
        (504, Err(Class::Unknown)),
    ] {
        assert_eq!(class(POST, &json!({"id": "A"}), says(status, "")).await, expected, "{status}");
    }
    let lost = Err(TransportError::Lost("reset".to_owned()));
    assert_eq!(class(POST, &json!({"id": "A"}), lost).await, Err(Class::Unknown));
    let unsent = Err(TransportError::NotSent("refused".to_owned()));
    assert_eq!(class(POST, &json!({"id": "A"}), unsent).await, Err(Class::Retry { after: None }));
}

#[tokio::test]
async fn the_receiver_is_left_alone_for_as_long_as_it_asks() {
    for status in [429, 503] {
        let after = Some(Duration::from_secs(30));
        let answer = Ok(Response { retry_after: after, ..Response::new(status, "") });
        assert_eq!(class(POST, &json!({"id": "A"}), answer).await, Err(Class::Retry { after }), "{status}");
    }
}

#[tokio::test]
async fn what_the_receiver_says_is_for_the_ledger_without_our_secrets_and_never_for_a_log() {
    let says = says(422, "张三 has no account, and never-to-be-shown is your key");
    let (result, request) = delivered(&all(&[]), POST, &json!({"id": "A"}), &[], says).await;
    let failure = result.unwrap_err();
    assert_eq!(failure.to_string(), "http post: refused (code http 422)");
    assert!(
        failure.in_full().contains("张三 has no account, and [secret] is your key"),
        "{}",
        failure.in_full()
    );
    assert!(!format!("{request:?}").contains("/in"), "{request:?}");
}

#[tokio::test]
async fn a_repeat_doubles_unless_who_runs_the_receiver_knows_better() {
    let receiver = Receiver::answering([]);
    for (setting, expected) in [("doubles", Repeat::Doubles), ("replaces", Repeat::Replaces)] {
        let connection = receiver.connected(&all(&[("HTTP_POST_REPEAT", setting)]));
        let target = connection.target().unwrap();
        assert_eq!(target.repeat(document(POST)), expected);
        assert_eq!(target.repeat(document("http.feishu_robot")), Repeat::Replaces);
        let body = json!({"id": "A"});
        let delivery = Delivery::of(document(POST), &[], &body);
        assert_eq!(target.find(&delivery, Deadline::NONE).await, Ok(Found::CannotBeAsked));
    }
}

#[tokio::test]
async fn nothing_is_sent_after_the_deadline_or_faster_than_the_quota() {
    let receiver = Receiver::answering((0..70).map(|_| says(200, "")));
    let connection = receiver.connected(&all(&[("HTTP_CALLS_PER_MINUTE", "20")]));
    let body = json!({"id": "A"});
    let delivery = Delivery::of(document(POST), &[], &body);
    let target = connection.target().unwrap();
    let began = receiver.clock.monotonic();
    let results = target.deliver(&[delivery; 60], Deadline::NONE).await;
    assert!(results.iter().all(Result::is_ok));
    assert!(receiver.clock.monotonic() - began > Duration::from_secs(120), "60 calls at 20 a minute");
    let over = Deadline::within(receiver.clock.as_ref(), Duration::ZERO);
    let late = target.deliver(&[delivery], over).await.remove(0);
    assert_eq!(late.unwrap_err().class, Class::OutOfTime);
    assert_eq!(receiver.sent().len(), 60);
}
