//! The signs, against what the public SDKs compute.

use std::collections::BTreeMap;

use relay_wangdian::sign::{self, SignMethod};
use secrecy::SecretString;
use serde_json::Value;

fn vectors(text: &str) -> Vec<Value> {
    let document: Value = serde_json::from_str(text).unwrap();
    document["vectors"].as_array().unwrap().clone()
}

fn parameters(vector: &Value) -> BTreeMap<String, String> {
    let params = vector["params"].as_object().unwrap();
    params.iter().map(|(name, value)| (name.clone(), value_of(value))).collect()
}

fn value_of(value: &Value) -> String {
    match value.get("$repeat") {
        None => value.as_str().unwrap().to_owned(),
        Some(repeat) => {
            repeat[0].as_str().unwrap().repeat(usize::try_from(repeat[1].as_u64().unwrap()).unwrap())
        }
    }
}

fn secret(vector: &Value) -> SecretString {
    vector["secret"].as_str().unwrap().into()
}

#[test]
fn the_direct_sign_is_the_sdks() {
    let vectors = vectors(include_str!("../vectors/wdt.json"));
    assert_eq!(vectors.len(), 11);
    for vector in vectors {
        let sign = sign::direct(&parameters(&vector), &secret(&vector));
        assert_eq!(sign, vector["expected_sign"].as_str().unwrap(), "{}", vector["id"]);
    }
}

#[test]
fn the_direct_sign_counts_neither_bytes_nor_utf_16_units() {
    let (mut bytes, mut units) = (0, 0);
    for vector in vectors(include_str!("../vectors/wdt.json")) {
        let sign = sign::direct(&parameters(&vector), &secret(&vector));
        if let Some(wrong) = vector["sign_if_counting_utf8_bytes_WRONG"].as_str() {
            assert_ne!(sign, wrong, "{}", vector["id"]);
            bytes += 1;
        }
        if let Some(java) = vector["sign_if_counting_utf16_units_official_java"].as_str() {
            assert_ne!(sign, java, "{}", vector["id"]);
            units += 1;
        }
    }
    assert_eq!((bytes, units), (3, 1));
}

#[test]
fn the_qimen_signs_are_the_sdks() {
    let vectors = vectors(include_str!("../vectors/qimen.json"));
    assert_eq!(vectors.len(), 6);
    for vector in vectors {
        for (method, expected) in [
            (SignMethod::Md5, "expected_sign"),
            (SignMethod::Hmac, "expected_sign_hmac_md5"),
            (SignMethod::HmacSha256, "expected_sign_hmac_sha256"),
        ] {
            let mut parameters = parameters(&vector);
            parameters.insert("sign_method".to_owned(), method.name().to_owned());
            let sign = sign::qimen(method, &parameters, &secret(&vector));
            assert_eq!(sign, vector[expected].as_str().unwrap(), "{} {expected}", vector["id"]);
        }
    }
}

#[test]
fn without_its_empty_parameters_a_call_signs_alike_in_all_sdks() {
    let mut checked = 0;
    for vector in vectors(include_str!("../vectors/qimen.json")) {
        let Some(expected) = vector["sign_if_empty_skipped_java_top_sdk"].as_str() else { continue };
        let mut parameters = parameters(&vector);
        parameters.retain(|_, value| !value.is_empty());
        assert_eq!(sign::qimen(SignMethod::Md5, &parameters, &secret(&vector)), expected);
        checked += 1;
    }
    assert_eq!(checked, 1);
}
