use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use relay_qince::{Push, PushError, VerifiedPush};

use crate::{event, json, settings};

/// What the webhook does with an API Gateway event.
fn receive(name: &str) -> Result<VerifiedPush, PushError> {
    let event = json(&event(&format!("webhook-receiver/{name}")));
    let body = event["body"].as_str().unwrap();
    let body = match event["isBase64Encoded"].as_bool().unwrap() {
        true => STANDARD.decode(body).unwrap(),
        false => body.as_bytes().to_vec(),
    };
    let content_type = event["headers"]["content-type"].as_str();
    Push::parse(content_type, &body, &settings())?.verify(&settings())
}

#[test]
fn the_sample_events_carry_the_vendors_order() {
    for name in ["direct-order.json", "direct-order-base64.json"] {
        let push = receive(name).unwrap();
        assert_eq!(push.document, json(&event("qince/direct-order.json")), "{name}");
        assert!(settings().takes(&push.data_type));
    }
}

#[test]
fn the_tampered_sample_event_is_refused() {
    assert_eq!(receive("tampered.json").unwrap_err().status(), 401);
}
