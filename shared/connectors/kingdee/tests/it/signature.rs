use std::collections::BTreeMap;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use relay_kingdee::sign;
use secrecy::SecretString;
use serde_json::Value;

fn vectors() -> Vec<Value> {
    let file: Value = serde_json::from_str(include_str!("../vectors/kingdee.json")).unwrap();
    file["vectors"].as_array().unwrap().clone()
}

fn vector(id: &str) -> Value {
    vectors().into_iter().find(|vector| vector["id"] == id).unwrap()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn params(input: &Value) -> BTreeMap<&str, &str> {
    input["params"].as_object().unwrap().iter().map(|(name, value)| (name.as_str(), text(value))).collect()
}

fn string_to_sign(input: &Value) -> String {
    let (method, path) = (text(&input["method"]), text(&input["path"]));
    let (nonce, timestamp) = (text(&input["nonce"]), text(&input["timestamp"]));
    sign::string_to_sign(method, path, &params(input), nonce, timestamp).unwrap()
}

fn secret(input: &Value, name: &str) -> SecretString {
    text(&input[name]).into()
}

#[test]
fn every_request_vector_is_reproduced() {
    let requests: Vec<_> =
        vectors().into_iter().filter(|vector| vector["input"]["method"].is_string()).collect();
    assert_eq!(requests.len(), 3);
    for vector in requests {
        let (input, expected) = (&vector["input"], &vector["expected"]);
        let string = string_to_sign(input);
        assert_eq!(string, text(&expected["string_to_sign"]), "{}", vector["id"]);
        let signature = sign::signature(&secret(input, "client_secret"), &string);
        assert_eq!(signature, text(&expected["signature"]), "{}", vector["id"]);
        let query = sign::query(&params(input));
        assert_eq!(text(&expected["url"]).split_once('?').map_or("", |(_, query)| query), query);
    }
}

#[test]
fn the_app_signature_is_the_same_mac_over_the_app_key() {
    let vector = vector("jdy-appsig-published-1");
    let signature =
        sign::signature(&secret(&vector["input"], "app_secret"), text(&vector["input"]["app_key"]));
    assert_eq!(signature, text(&vector["expected"]["app_signature"]));
}

#[test]
fn the_last_newline_is_signed() {
    let (base, negative) = (vector("jdy-xapi-published-1"), vector("jdy-negative-no-trailing-newline"));
    let secret = secret(&base["input"], "client_secret");
    let whole = string_to_sign(&base["input"]);
    let shortened = sign::signature(&secret, whole.strip_suffix('\n').unwrap());
    assert_eq!(shortened, text(&negative["expected"]["value"]));
    assert_ne!(shortened, text(&negative["expected"]["must_not_equal"]));
    assert_ne!(sign::signature(&secret, &whole), shortened);
}

#[test]
fn the_hex_text_is_encoded_and_not_the_bytes() {
    let (base, negative) = (vector("jdy-xapi-published-1"), vector("jdy-negative-raw-base64"));
    let signature =
        sign::signature(&secret(&base["input"], "client_secret"), &string_to_sign(&base["input"]));
    let hex_text = BASE64_STANDARD.decode(&signature).unwrap();
    assert_eq!(hex_text, text(&base["expected"]["hmac_sha256_hex"]).as_bytes());
    let raw = BASE64_STANDARD.encode(hex::decode(hex_text).unwrap());
    assert_eq!(raw, text(&negative["expected"]["value"]));
    assert_ne!(signature, raw);
}

#[test]
fn what_the_vendors_clients_encode_differently_is_refused() {
    let params = BTreeMap::from([("search", "A B")]);
    let refused = sign::string_to_sign("GET", "/jdy/v2/bd/customer", &params, "1", "2").unwrap_err();
    assert_eq!((refused.parameter.as_str(), refused.character), ("search", ' '));
}
