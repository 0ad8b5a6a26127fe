use std::sync::Arc;

use relay_connector::{Connector as _, Kept, PushRefused, PushRequest, RefusalKind, Verified, Webhook as _};
use relay_core::clock::SystemClock;
use relay_core::item::MAX_DEPTH;
use relay_qince::{Pushes, Qince, Settings, sign};

use crate::{SECRET, json, settings};

const DATA: &str = r#"{"id":"7226306356013346628","cm_name":"南京苏果","number":7226306356013346628}"#;
const TIMESTAMP: &str = "1569404987248";

fn form(data_type: &str, data: &str) -> String {
    let digest = sign::push_digest(data.as_bytes(), SECRET, TIMESTAMP);
    let fields = [
        ("msgId", "X0001"),
        ("dataType", data_type),
        ("dataId", "D1"),
        ("data", data),
        ("timestamp", TIMESTAMP),
        ("digest", &digest),
    ];
    form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

fn pushes(settings: Settings) -> Pushes {
    Pushes::new(settings, Arc::new(SystemClock))
}

fn verified(settings: Settings, content_type: &str, body: &str) -> Result<Verified, PushRefused> {
    let headers = [("Content-Type".to_owned(), content_type.to_owned())];
    let (method, path) = ("POST", "/qince/direct-orders");
    pushes(settings).verify(&PushRequest { method, path, headers: &headers, body: body.as_bytes() })
}

fn pushed(data_type: &str, data: &str) -> Result<Verified, PushRefused> {
    verified(settings(), "application/x-www-form-urlencoded", &form(data_type, data))
}

#[test]
fn a_push_of_a_direct_order_is_the_document_that_flows_read() {
    let push = pushed("dms_purchase", DATA).unwrap();
    assert_eq!(push.document.map(|document| document.name), Some("qince.direct_order"));
    assert_eq!((push.kind.as_str(), push.msg_id.as_str()), ("dms_purchase", "X0001"));
    assert_eq!((push.id.as_str(), push.data.to_string().as_str()), ("7226306356013346628", DATA));
    assert_eq!(push.params, [("dataSource".to_owned(), "biz".to_owned())]);
}

#[test]
fn what_was_made_over_the_open_api_is_told_from_what_was_made_in_the_app() {
    let body = format!("{}&dataSource=api", form("dms_purchase", DATA));
    let push = verified(settings(), "", &body).unwrap();
    assert_eq!(push.params, [("dataSource".to_owned(), "api".to_owned())]);
    assert_eq!(push.kind, "dms_purchase@api");
    let none = relay_connector::Settings::from_iter([]);
    let pushed =
        |kind| Qince.pushed(&none, kind).map(|(document, params)| (document.name, params[0].1.clone()));
    assert_eq!(pushed("dms_purchase@api"), Some(("qince.direct_order", "api".to_owned())));
    assert_eq!(pushed("dms_sent"), Some(("qince.dms_sent", "biz".to_owned())));
    assert_eq!(pushed("of_the_tenant"), None);
}

#[test]
fn every_type_of_the_vendors_page_is_a_document_and_of_another_its_way_out_is_told() {
    // `https://api.waiqin365.com/SERVER/sys/push_introduction.html`
    for data_type in [
        "employee",
        "department",
        "custom_district",
        "custom_type",
        "custom",
        "visit",
        "cuxiao_activity",
        "cuxiao_record",
        "cuxiao_record_check",
        "cuxiao_plan_regular_sale",
        "stdorder_order",
        "stdorder_sent",
        "stdom_return",
        "stdorder_carsale",
        "dms_salesorder",
        "dms_sent",
        "dms_sign",
        "dms_inventory",
        "dms_cardistributeorder",
    ] {
        let push = pushed(data_type, DATA).unwrap();
        assert_eq!(push.document.map(|document| document.name), Some(format!("qince.{data_type}").as_str()));
        assert_eq!(push.data, json(DATA));
    }
    let push = pushed("visit", r#"{"cm_name":"南京苏果"}"#).unwrap();
    assert_eq!(push.data["id"], "D1", "a record without an id has the form's");
    let push = pushed("of_the_tenant", DATA).unwrap();
    assert_eq!((push.document, push.data.clone()), (None, json(DATA)));
    assert_eq!(
        pushes(settings()).unrouted(&push),
        "no flow takes Qince's `of_the_tenant`: add a flow that reads it (qince.direct_order) and replay; if it is a direct \
         order, add the type to QINCE_DATA_TYPES; otherwise stop the push in Qince"
    );
    let taking = Settings { data_types: vec!["dms_purchase".into(), "dms_sent".into()], ..settings() };
    let push = verified(taking, "", &form("dms_sent", DATA)).unwrap();
    assert_eq!(push.document.map(|document| document.name), Some("qince.direct_order"));
}

#[test]
fn a_multipart_boundary_is_the_headers() {
    let digest = sign::push_digest(DATA.as_bytes(), SECRET, TIMESTAMP);
    let fields = [("data", DATA), ("timestamp", TIMESTAMP), ("digest", &digest)];
    let parts = fields.map(|(name, value)| {
        format!("--cut\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    });
    // Text before the first boundary would be taken for one, did the header not say better.
    let body = format!("--note\r\n{}--cut--\r\n", parts.concat());
    assert!(verified(settings(), "multipart/form-data; boundary=cut", &body).is_ok());
    assert!(verified(settings(), "text/plain", &body).is_err());
}

#[test]
fn a_refusal_says_what_kind_it_is_and_whom_to_answer() {
    let capped = Settings { max_body_bytes: 10, ..settings() };
    let other = Settings::new(vec!["other".into()]);
    let form = form("dms_purchase", DATA);
    for (settings, body, kind, msg_id, message) in [
        (
            capped,
            form.as_str(),
            RefusalKind::TooLarge,
            "",
            "the push is larger than the 10 bytes that are taken",
        ),
        (other, &form, RefusalKind::Digest, "X0001", "the digest of the push fits none of the push secrets"),
        (
            settings(),
            "msgId=X1",
            RefusalKind::Malformed,
            "X1",
            "the body is not a push of Qince: its form has no",
        ),
    ] {
        let refused = verified(settings, "", body).unwrap_err();
        assert_eq!(
            (refused.kind, refused.msg_id.as_str(), &refused.kept),
            (kind, msg_id, &None),
            "{refused}"
        );
        assert!(refused.message.starts_with(message), "{refused}");
    }
}

#[test]
fn data_that_is_no_document_is_kept_under_the_forms_id_and_does_not_print() {
    let refused = pushed("dms_purchase", "not JSON: 13800000000").unwrap_err();
    assert_eq!((refused.kind, refused.msg_id.as_str()), (RefusalKind::Malformed, "X0001"));
    assert!(refused.message.starts_with("the data of push X0001 (record D1) is no document: broken JSON"));
    let printed = format!("{refused:?} {refused}");
    assert!(!printed.contains("13800000000"), "{printed}");
    assert_eq!(refused.kept, Some(Kept { id: "D1".into(), data: "not JSON: 13800000000".into() }));
}

#[test]
fn an_order_is_nested_as_deep_as_a_work_item_carries_and_no_deeper() {
    let nested = |levels: usize| {
        format!(r#"{{"id":"1","deep":{}{}}}"#, "[".repeat(levels - 1), "]".repeat(levels - 1))
    };
    assert!(pushed("dms_purchase", &nested(MAX_DEPTH)).is_ok());
    let refused = pushed("dms_purchase", &nested(MAX_DEPTH + 1)).unwrap_err();
    assert!(refused.message.contains("nested 101 levels deep, and no more than 100"), "{refused}");
    assert!(refused.kept.is_some());
}

#[test]
fn where_the_age_is_limited_raw_json_is_not_taken_because_it_says_no_time() {
    let values =
        [("QINCE_PUSH_SECRETS", SECRET), ("QINCE_ALLOW_RAW_JSON", "true"), ("QINCE_MAX_AGE_MINUTES", "10")];
    let settings = |limited: bool| {
        let values = values.iter().take(if limited { 3 } else { 2 });
        Settings::read(&values.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
            .unwrap()
    };
    assert!(verified(settings(false), "application/json", DATA).is_ok());
    let refused = verified(settings(true), "application/json", DATA).unwrap_err();
    assert_eq!(refused.kind, RefusalKind::Age, "{refused}");
}
