use relay_qince::{DigestForm, Push, sign};
use serde_json::Value;

use crate::{json, settings};

fn vectors(kind: &str) -> Vec<Value> {
    let file = json(include_str!("../vectors/qince.json"));
    let all = file["vectors"].as_array().unwrap();
    let of_kind: Vec<_> = all.iter().filter(|vector| vector["kind"] == kind).cloned().collect();
    assert!(!of_kind.is_empty(), "no vector of kind {kind}");
    of_kind
}

fn text<'a>(vector: &'a Value, name: &str) -> &'a str {
    vector["input"][name].as_str().unwrap()
}

#[test]
fn calls_are_signed_as_the_vendor_published() {
    for vector in vectors("call") {
        let digest = sign::call_digest(
            text(&vector, "body").as_bytes(),
            text(&vector, "appkey"),
            text(&vector, "timestamp"),
        );
        assert_eq!(vector["expected"], digest, "{}", vector["id"]);
    }
}

#[test]
fn pushes_are_signed_as_published_and_tampered_ones_are_not() {
    for vector in vectors("push") {
        let digest = sign::push_digest(
            text(&vector, "data").as_bytes(),
            text(&vector, "pushsecret"),
            text(&vector, "timestamp"),
        );
        if vector["expected"].is_string() {
            assert_eq!(vector["expected"], digest, "{}", vector["id"]);
        } else {
            assert_eq!(vector["expected"]["correct"], digest, "{}", vector["id"]);
            assert_ne!(vector["input"]["digest_received"], digest, "{}", vector["id"]);
        }
    }
}

#[test]
fn a_tampered_push_is_refused() {
    for vector in vectors("push").iter().filter(|vector| vector["expected"]["valid"] == false) {
        let body = form_urlencoded::Serializer::new(String::new())
            .append_pair("msgId", "7898952955531954883")
            .append_pair("data", text(vector, "data"))
            .append_pair("timestamp", text(vector, "timestamp"))
            .append_pair("digest", text(vector, "digest_received"))
            .finish();
        let push = Push::parse(None, body.as_bytes(), &settings()).unwrap();
        assert_eq!(push.verify(&settings()).unwrap_err().status(), 401);
    }
}

#[test]
fn the_push_on_the_wire_is_taken() {
    for vector in vectors("push_wire") {
        for raw_body in [text(&vector, "raw_body").to_owned(), text(&vector, "raw_body").replace('+', "%20")]
        {
            let content_type = Some(text(&vector, "content_type"));
            let push = Push::parse(content_type, raw_body.as_bytes(), &settings()).unwrap();
            assert_eq!(push.msg_id(), "7898952955531954883");
            let push = push.verify(&settings()).unwrap();
            assert_eq!(push.digest_form, DigestForm::Decoded);
            assert_eq!(push.document, json(vector["expected"]["data_decoded"].as_str().unwrap()));
            assert_eq!(push.data_type, "dms_purchase");
            assert_eq!(push.data_id, "7226306356013346628");
            assert_eq!(push.tenant_id, "598865626837229452");
        }
    }
}
