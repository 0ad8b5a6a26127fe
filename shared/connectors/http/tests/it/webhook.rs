//! `POST /http/{name}`: what is believed, and what of it is kept.

use std::sync::Arc;

use relay_connector::{
    AgeLimit, Connector as _, PushRefused, PushRequest, RefusalKind, Verified, Webhook as _,
};
use relay_core::clock::SystemClock;
use relay_http::{Http, Pushes, sign};

use crate::support::{all, settings};

const SECRETS: [&str; 2] = ["old-secret", "new-secret"];

fn pushes() -> Pushes {
    believing(SECRETS.map(Into::into).to_vec())
}

fn believing(secrets: Vec<secrecy::SecretString>) -> Pushes {
    Pushes::new(secrets, AgeLimit::any("HTTP_WEBHOOK_MAX_AGE_MINUTES"), Arc::new(SystemClock))
}

fn headers(timestamp: &str, signature: String) -> Vec<(String, String)> {
    let headers = [
        ("X-Relay-Timestamp", timestamp.to_owned()),
        ("X-Relay-Signature", signature),
        ("Idempotency-Key", "K-1".to_owned()),
    ];
    headers.map(|(name, value)| (name.to_owned(), value)).to_vec()
}

fn verified(path: &str, headers: &[(String, String)], body: &[u8]) -> Result<Verified, PushRefused> {
    pushes().verify(&PushRequest { method: "POST", path, headers, body })
}

fn pushed(path: &str, body: &str, secret: &str) -> Result<Verified, PushRefused> {
    let signature = sign::relay(secret, "1700000000", body.as_bytes());
    verified(path, &headers("1700000000", signature), body.as_bytes())
}

#[test]
fn a_signed_object_is_believed_under_the_name_of_its_path_by_either_secret() {
    for secret in SECRETS {
        let push = pushed("/http/orders", r#"{"id":"A-1","total":12.50}"#, secret).unwrap();
        assert_eq!(push.document.unwrap().name, "http.webhook");
        assert_eq!(push.params, [("name".to_owned(), "orders".to_owned())]);
        assert_eq!((push.kind.as_str(), push.msg_id.as_str()), ("orders", "K-1"));
        assert_eq!(push.data.to_string(), r#"{"id":"A-1","total":12.50}"#, "every digit as it came");
        assert!(push.id.starts_with("A-1-"), "{}", push.id);
    }
    assert!(pushed("/http/orders/", "\u{feff}{}", SECRETS[0]).is_ok());
}

#[test]
fn what_was_changed_or_is_signed_otherwise_is_not_believed() {
    let body = br#"{"id":"A-1"}"#;
    let good = sign::relay(SECRETS[0], "1700000000", body);
    let kind = |timestamp: &str, signature: String, body: &[u8]| {
        verified("/http/orders", &headers(timestamp, signature), body).map_err(|refused| refused.kind)
    };
    assert!(kind("1700000000", good.to_ascii_uppercase(), body).is_ok(), "hex in any case");
    for (timestamp, signature, body) in [
        ("1700000000", good.clone(), br#"{"id":"A-2"}"#),
        ("1700000001", good.clone(), body),
        ("1700000000", sign::relay("guessed", "1700000000", body), body),
        ("1700000000", sign::relay("", "1700000000", body), body),
        ("1700000000", good.trim_start_matches("sha256=").to_owned(), body),
        ("1700000000", String::new(), body),
    ] {
        assert_eq!(kind(timestamp, signature, body), Err(RefusalKind::Digest));
    }
    let old = sign::relay(SECRETS[1], "1", body);
    assert!(kind("1", old, body).is_ok(), "the age is no reason by itself: a sender delivers again for days");
}

#[test]
fn an_empty_secret_signs_nothing() {
    let pushes = believing(vec!["".into()]);
    let headers = headers("1", sign::relay("", "1", b"{}"));
    let push = PushRequest { method: "POST", path: "/http/orders", headers: &headers, body: b"{}" };
    assert_eq!(pushes.verify(&push).unwrap_err().kind, RefusalKind::Digest);
}

#[test]
fn a_request_that_is_no_push_gives_nothing_away() {
    for path in ["/http/", "/http/a/b", "/http/%E5", "/http/订单"] {
        let refused = pushed(path, "{}", SECRETS[0]).unwrap_err();
        assert_eq!((refused.kind, refused.kept), (RefusalKind::Malformed, None), "{path}");
    }
    for missing in ["X-Relay-Timestamp", "X-Relay-Signature"] {
        let mut headers = headers("1", sign::relay(SECRETS[0], "1", b"{}"));
        headers.retain(|(name, _)| name != missing);
        let refused = verified("/http/orders", &headers, b"{}").unwrap_err();
        assert!(refused.message.contains(missing), "{refused}");
        assert_eq!(refused.kind, RefusalKind::Malformed);
    }
}

#[test]
fn what_is_signed_and_no_document_is_kept_for_a_person() {
    let deep = format!("{{\"a\":{}1{}}}", "[".repeat(100), "]".repeat(100));
    for body in ["", "[1]", "{\"id\":", "\"text\"", &deep] {
        let refused = pushed("/http/orders", body, SECRETS[0]).unwrap_err();
        assert_eq!(refused.kind, RefusalKind::Malformed);
        let kept = refused.kept.unwrap();
        assert_eq!(kept.data, body);
        assert!(kept.id.starts_with("orders/"), "{}", kept.id);
    }
    let one = pushed("/http/orders", "[1]", SECRETS[0]).unwrap_err().kept.unwrap();
    assert_ne!(one.id, pushed("/http/orders", "[2]", SECRETS[0]).unwrap_err().kept.unwrap().id);
}

#[test]
fn documents_that_no_flow_takes_keep_apart_unless_they_are_the_same() {
    let id = |body: &str| pushed("/http/orders", body, SECRETS[0]).unwrap().id;
    assert_eq!(id(r#"{"id":"A","n":1}"#), id(r#"{"id":"A","n":1}"#));
    assert_ne!(id(r#"{"id":"A","n":1}"#), id(r#"{"id":"A","n":2}"#));
    assert_ne!(id(r#"{"n":1}"#), id(r#"{"n":2}"#));
    let push = pushed("/http/orders", "{}", SECRETS[0]).unwrap();
    let told = pushes().unrouted(&push);
    assert!(told.contains("/http/orders") && told.contains(r#"params = { name = "orders" }"#), "{told}");
    let (document, params) = Http.pushed(&settings(&[]), "orders").unwrap();
    assert_eq!((Some(document), params), (push.document, push.params), "a replay finds the same flows");
}

#[test]
fn a_push_prints_its_ids_alone() {
    let push = pushed("/http/orders", r#"{"id":"A","phone":"13912345678"}"#, SECRETS[0]).unwrap();
    assert!(!format!("{push:?} {:?}", all(&[])).contains("13912345678"));
}
