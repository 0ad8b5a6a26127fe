use relay_simulators::wangdian::sign;
use serde_json::Value;

use crate::bench::{Params, text};

/// `{"$repeat": [s, n]}` is s, n times.
fn params(vector: &Value) -> Params {
    let params = vector["params"].as_object().unwrap().iter();
    params
        .map(|(name, value)| match value.get("$repeat") {
            Some(repeat) => {
                let times = repeat[1].as_u64().unwrap();
                (name.clone(), text(&repeat[0]).repeat(usize::try_from(times).unwrap()))
            }
            None => (name.clone(), text(value)),
        })
        .collect()
}

fn vectors(file: &str) -> Vec<Value> {
    let file: Value = serde_json::from_str(file).unwrap();
    file["vectors"].as_array().unwrap().clone()
}

#[test]
fn openapi2_signs_are_those_of_the_official_sdks() {
    for vector in vectors(include_str!("../vectors/wdt.json")) {
        let found = sign::direct(&params(&vector), &text(&vector["secret"]));
        assert_eq!(found, vector["expected_sign"], "{}", vector["id"]);
        assert_ne!(found, vector["sign_if_counting_utf8_bytes_WRONG"], "{}", vector["id"]);
    }
}

#[test]
fn qimen_signs_are_those_of_the_top_sdks() {
    for vector in vectors(include_str!("../vectors/qimen.json")) {
        for (method, expected) in [
            ("md5", "expected_sign"),
            ("hmac", "expected_sign_hmac_md5"),
            ("hmac-sha256", "expected_sign_hmac_sha256"),
        ] {
            let mut params = params(&vector);
            params.insert("sign_method".to_owned(), method.to_owned());
            let found = sign::top(&params, &text(&vector["secret"]), method).unwrap();
            assert_eq!(found, vector[expected], "{} {method}", vector["id"]);
        }
    }
    assert_eq!(sign::top(&Params::new(), "secret", "sha1"), None);
}

#[test]
fn push_digests_are_those_of_qince() {
    for vector in vectors(include_str!("../vectors/qince.json")) {
        let input = &vector["input"];
        if vector["kind"] == "push" && vector["expected"].is_string() {
            let found = relay_simulators::qince::digest(
                &text(&input["data"]),
                &text(&input["pushsecret"]),
                &text(&input["timestamp"]),
            );
            assert_eq!(found, vector["expected"], "{}", vector["id"]);
        }
    }
}
