//! Signatures, against what another program makes of the same.

use relay_http::sign;
use serde_json::Value;

fn vectors(of: &str) -> Vec<Value> {
    let file: Value = serde_json::from_str(include_str!("../vectors/http.json")).unwrap();
    let vectors = file[of].as_array().unwrap().clone();
    assert!(vectors.len() >= 2, "{of}");
    vectors
}

fn text<'a>(vector: &'a Value, name: &str) -> &'a str {
    vector[name].as_str().unwrap()
}

#[test]
fn our_own_is_over_the_timestamp_and_the_bytes_of_the_body() {
    for vector in vectors("relay") {
        let body = text(&vector, "body").as_bytes();
        let signature = sign::relay(text(&vector, "secret"), text(&vector, "timestamp"), body);
        assert_eq!(signature, text(&vector, "signature"));
    }
}

#[test]
fn dingtalks_has_the_secret_as_key_and_in_the_message() {
    for vector in vectors("dingtalk") {
        let sign = sign::dingtalk(text(&vector, "secret"), text(&vector, "timestamp"));
        assert_eq!(sign, text(&vector, "sign"));
        let mut url: url::Url = "https://oapi.dingtalk.test/".parse().unwrap();
        url.query_pairs_mut().append_pair("sign", &sign);
        assert_eq!(url.query(), Some(&*format!("sign={}", text(&vector, "in_query"))));
    }
}

#[test]
fn feishus_has_timestamp_and_secret_as_key_and_no_message() {
    for vector in vectors("feishu") {
        let sign = sign::feishu(text(&vector, "secret"), text(&vector, "timestamp"));
        assert_eq!(sign, text(&vector, "sign"));
    }
}
