use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use proptest::prelude::*;
use relay_qince::{DataSource, Delivery, DigestForm, Push, PushError, Settings, VerifiedPush, sign};

use crate::{SECRET, json, settings};

const DATA: &str =
    r#"{"id":"7226306356013346628","cm_name":"南京 苏果+超市&%","number":7226306356013346628,"x":null}"#;
const TIMESTAMP: &str = "1569404987248";

fn form(fields: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

fn signed(data: &str, secret: &str) -> String {
    let digest = sign::push_digest(data.as_bytes(), secret, TIMESTAMP);
    form(&[
        ("msgId", "X0001"),
        ("dataId", "D1"),
        ("data", data),
        ("timestamp", TIMESTAMP),
        ("digest", &digest),
    ])
}

fn taken(content_type: Option<&str>, body: &str, settings: &Settings) -> Result<VerifiedPush, PushError> {
    Push::parse(content_type, body.as_bytes(), settings)?.verify(settings)
}

fn reason(result: Result<VerifiedPush, PushError>) -> String {
    match result.unwrap_err() {
        PushError::NotAPush { reason, .. } | PushError::BadDocument { reason, .. } => reason,
        other => other.to_string(),
    }
}

#[test]
fn a_document_comes_out_exactly_as_it_was_sent() {
    let push = taken(None, &signed(DATA, SECRET), &settings()).unwrap();
    assert_eq!(push.document.to_string(), DATA);
    assert_eq!(push.document_id(), "7226306356013346628");
}

#[test]
fn a_byte_order_mark_is_no_part_of_the_document() {
    let push = taken(None, &signed(&format!("\u{feff}{DATA}"), SECRET), &settings()).unwrap();
    assert_eq!(push.document_id(), "7226306356013346628");
}

#[test]
fn data_that_is_no_document_is_handed_over_but_does_not_print() {
    let error = taken(None, &signed("not JSON: 13800000000", SECRET), &settings()).unwrap_err();
    for text in [format!("{error:?}"), error.to_string()] {
        assert!(!text.contains("13800000000"), "{text}");
    }
    let PushError::BadDocument { data, .. } = error else { panic!("{error}") };
    assert_eq!(data.0, "not JSON: 13800000000");
}

#[test]
fn names_and_ids_of_any_length_are_quoted_in_short() {
    let long = "长".repeat(700_000);
    let bodies = [
        format!("{long}=%"),
        form(&[("msgId", &long), ("data", "x")]),
        form(&[("msgId", &long), ("data", "x"), ("timestamp", "1"), ("digest", "x")]),
        signed("no JSON", SECRET).replace("X0001", &long).replace("D1", &long),
        format!("--cut\r\nContent-Disposition: form-data; name=\"{long}\"\r\n\r\n"),
    ];
    for body in bodies {
        let error = taken(None, &body, &settings()).unwrap_err();
        for text in [error.to_string(), error.msg_id().to_owned()] {
            assert!(text.chars().count() < 500, "{} characters", text.chars().count());
        }
    }
}

#[test]
fn a_form_of_more_fields_than_a_push_has_is_refused() {
    let urlencoded = format!("{}&{}", "a=&".repeat(200), signed(DATA, SECRET));
    let part = "--cut\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n\r\n";
    for body in [urlencoded, "&".repeat(3_000_000), format!("{}--cut--\r\n", part.repeat(201))] {
        let error = taken(None, &body, &settings()).unwrap_err();
        assert!(error.to_string().contains("more than 200 form fields"), "{error}");
    }
}

#[test]
fn names_and_ids_of_strangers_begin_no_line_of_a_log() {
    let forged = "x%0A2026-11-22T04%3A00%3A00Z%20ERROR%20forged%1B%5B2K";
    for body in [format!("{forged}=%25%"), format!("msgId={forged}&data=x")] {
        let error = taken(None, &body, &settings()).unwrap_err();
        let told = format!("{error} {}", error.msg_id());
        assert!(told.contains("ERROR forged") && !told.contains(char::is_control), "{told:?}");
    }
}

#[test]
fn a_form_is_taken_whatever_content_type_a_gateway_gave_it() {
    for content_type in
        [None, Some("application/json"), Some("text/plain"), Some("multipart/form-data; boundary=x")]
    {
        taken(content_type, &signed(DATA, SECRET), &settings()).unwrap();
    }
}

#[test]
fn a_multipart_form_is_taken_with_and_without_its_content_type() {
    let digest = sign::push_digest(DATA.as_bytes(), SECRET, TIMESTAMP);
    let fields = [("msgId", "X0001"), ("data", DATA), ("timestamp", TIMESTAMP), ("digest", &digest)];
    let parts = fields.map(|(name, value)| {
        format!("--cut\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    });
    let body = parts.concat() + "--cut--\r\n";
    for content_type in [Some("multipart/form-data; boundary=cut"), None] {
        let push = taken(content_type, &body, &settings()).unwrap();
        assert_eq!((push.msg_id.as_str(), push.document), ("X0001", json(DATA)));
    }
    let cut_short = &body[..body.len() / 2];
    assert_eq!(taken(None, cut_short, &settings()).unwrap_err().status(), 400);
}

#[test]
fn a_digest_over_the_encoded_data_is_taken_and_told_apart() {
    let encoded = utf8_percent_encode(DATA, NON_ALPHANUMERIC).to_string();
    let digest = sign::push_digest(encoded.as_bytes(), SECRET, TIMESTAMP);
    let body = format!("data={encoded}&timestamp={TIMESTAMP}&digest={digest}");
    let push = taken(None, &body, &settings()).unwrap();
    assert_eq!((push.digest_form, push.document), (DigestForm::Encoded, json(DATA)));
}

#[test]
fn a_digest_is_taken_in_upper_case() {
    let digest = sign::push_digest(DATA.as_bytes(), SECRET, TIMESTAMP).to_uppercase();
    let body = form(&[("data", DATA), ("timestamp", TIMESTAMP), ("digest", &digest)]);
    taken(None, &body, &settings()).unwrap();
}

#[test]
fn any_of_the_secrets_serves_while_one_replaces_another() {
    let both = Settings::new(vec!["new".into(), SECRET.into()]);
    taken(None, &signed(DATA, SECRET), &both).unwrap();
    taken(None, &signed(DATA, "new"), &both).unwrap();
    assert_eq!(taken(None, &signed(DATA, "other"), &both).unwrap_err().status(), 401);
}

#[test]
fn nothing_is_taken_without_a_secret() {
    for secrets in [vec![], vec!["".into()]] {
        let error = taken(None, &signed(DATA, ""), &Settings::new(secrets)).unwrap_err();
        assert!(matches!(error, PushError::BadDigest { .. }), "{error}");
    }
}

#[test]
fn the_forms_fields_are_read_and_unknown_ones_kept() {
    let more = form(&[
        ("dataType", "custom"),
        ("dataSource", "api"),
        ("status", "2"),
        ("statusTime", "2026-11-22 01:30:00"),
        ("tenantId", "598865626837229452"),
        ("dataVersion", "001"),
        ("pushid", "P1"),
    ]);
    let push = taken(None, &format!("{}&{more}", signed(DATA, SECRET)), &settings()).unwrap();
    assert_eq!((push.data_source, push.delivery), (DataSource::Api, Delivery::Redelivery));
    assert_eq!(push.status_time.as_deref(), Some("2026-11-22 01:30:00"));
    assert_eq!((push.data_id.as_str(), push.tenant_id.as_str()), ("D1", "598865626837229452"));
    assert_eq!(push.other_fields, [("dataVersion".into(), "001".into()), ("pushid".into(), "P1".into())]);
    assert!(!settings().takes(&push.data_type));

    let push = taken(None, &signed(DATA, SECRET), &settings()).unwrap();
    assert_eq!((push.data_source, push.delivery, push.status_time), (DataSource::Biz, Delivery::First, None));
}

#[test]
fn raw_json_is_taken_only_where_it_is_allowed() {
    let error = taken(Some("application/json"), DATA, &settings()).unwrap_err();
    assert_eq!(error.status(), 400);
    let allowing = Settings { allow_raw_json: true, ..settings() };
    let push = taken(Some("application/json"), DATA, &allowing).unwrap();
    assert_eq!((push.digest_form, push.document), (DigestForm::Absent, json(DATA)));
    assert!(allowing.takes(&push.data_type));
}

#[test]
fn allowing_raw_json_lets_no_unsigned_form_in() {
    let allowing = Settings { allow_raw_json: true, ..settings() };
    assert_eq!(taken(None, &signed(DATA, "other"), &allowing).unwrap_err().status(), 401);
}

#[test]
fn a_body_over_the_cap_is_too_large() {
    let capped = Settings { max_body_bytes: 10, ..settings() };
    let error = taken(None, &signed(DATA, SECRET), &capped).unwrap_err();
    assert_eq!((error.status(), error), (413, PushError::TooLarge { limit: 10 }));
}

#[test]
fn a_body_that_is_no_push_is_told_what_it_lacks() {
    assert_eq!(reason(taken(None, "", &settings())), "it is empty");
    assert_eq!(reason(taken(None, "hello", &settings())), "its form has no field `data`");
    assert_eq!(reason(taken(None, "data=1", &settings())), "its form has no field `digest`");
    assert_eq!(reason(taken(None, "data=1&digest=2", &settings())), "its form has no field `timestamp`");
    assert!(
        reason(taken(None, "data=%7", &settings())).starts_with("the form field `data` has a percent sign")
    );
    assert_eq!(reason(taken(None, "data=%FF", &settings())), "the form field `data` is not UTF-8");
    assert!(reason(taken(None, &"a&".repeat(1000), &settings())).contains("more than 200 form fields"));
}

#[test]
fn a_body_that_is_no_push_still_gives_its_id_to_answer_with() {
    let error = Push::parse(None, b"msgId=X0001&data=1", &settings()).unwrap_err();
    assert!(matches!(error, PushError::NotAPush { msg_id, .. } if msg_id == "X0001"));
}

#[test]
fn data_that_is_no_document_is_told_which_field_is_wrong() {
    for (data, expected) in [
        (r#"{"id":"#, "broken JSON"),
        (r#"[{"id":"1"}]"#, "a list instead of an object"),
        (r#"{"status":"1"}"#, "the field `id` is missing"),
        (r#"{"id":" "}"#, "the field `id` is empty"),
        (r#"{"id":["1"]}"#, "the field `id` is a list instead of text"),
    ] {
        let result = taken(None, &signed(data, SECRET), &settings());
        assert_eq!(result.as_ref().unwrap_err().status(), 400);
        assert!(reason(result).contains(expected), "{data}");
    }
}

#[test]
fn wrong_types_elsewhere_are_the_mappings_to_report() {
    let data = r#"{"id":7226306356013346628,"prods":"none","order_amount":{}}"#;
    let push = taken(None, &signed(data, SECRET), &settings()).unwrap();
    assert_eq!(push.document_id(), "7226306356013346628");
}

#[test]
fn neither_secrets_nor_orders_print() {
    let push = Push::parse(None, signed(DATA, SECRET).as_bytes(), &settings()).unwrap();
    let printed = format!("{:?} {push:?} {:?}", settings(), taken(None, &signed(DATA, SECRET), &settings()));
    assert!(!printed.contains(SECRET) && !printed.contains("苏果"), "{printed}");
}

proptest! {
    #[test]
    fn any_text_survives_the_form(name in any::<String>()) {
        let data = serde_json::json!({"id": "1", "cm_name": name}).to_string();
        let push = taken(None, &signed(&data, SECRET), &settings()).unwrap();
        prop_assert_eq!(push.document.to_string(), data);
    }

    #[test]
    fn no_bytes_break_the_reader(body in any::<Vec<u8>>(), multipart in any::<bool>()) {
        let body = if multipart { [&b"--cut\r\n"[..], &body].concat() } else { body };
        let _ = Push::parse(None, &body, &settings()).map(|push| push.verify(&settings()));
    }
}
