//! Pushes that are wrong, each with its answer; and those that are odd, taken and judged later.

use relay_connector::{Field, Kind};
use relay_simulators::qince::{Digest, Encoding, PushStyle, SignedPush, digest};
use relay_webhook_receiver::{Answer, PushRequest};
use serde_json::{Value, json};

use crate::house::House;
use crate::process::{ORDERS_TO_CRM, ORDERS_TO_WDT, Process, outcomes};

pub(crate) const FORM: &str = "application/x-www-form-urlencoded";

/// A push of any text, rightly signed.
pub(crate) fn signed(data: &str) -> Vec<u8> {
    let timestamp = "1795320000000";
    let digest = digest(data, relay_simulators::qince::PUSH_SECRET, timestamp);
    let fields = [
        ("msgId", "77"),
        ("dataType", "dms_purchase"),
        ("dataId", "42"),
        ("data", data),
        ("timestamp", timestamp),
        ("digest", &digest),
    ];
    let mut form: url::Url = "http://form/".parse().unwrap();
    form.query_pairs_mut().extend_pairs(fields);
    form.query().unwrap().as_bytes().to_vec()
}

fn styled(house: &House, order: &Value, style: &PushStyle) -> SignedPush {
    house.vendors.qince.push(order, style)
}

/// The answer to a body, and what the ledger keeps of it.
async fn refused(body: &[u8]) -> (Answer, Vec<relay_core::Entry>) {
    let (house, process) = House::running(1);
    let answer = process.request(FORM, body).await;
    assert_eq!(process.waiting().await, 0, "nothing is believed");
    let kept = process.failures().await;
    drop(house);
    (answer, kept)
}

#[tokio::test]
async fn a_body_that_is_no_document_is_answered_with_400_and_the_reason() {
    let cases: [(&str, Vec<u8>, &str, &[&str]); 8] = [
        ("no body", Vec::new(), "", &["is empty"]),
        ("a broken escape", b"msgId=1&data=%7B%2".to_vec(), "", &["form field `data`", "percent sign"]),
        ("no data", b"msgId=1&digest=x&timestamp=1".to_vec(), "1", &["no field `data`"]),
        ("no digest", b"msgId=1&data=x&timestamp=1".to_vec(), "1", &["no field `digest`"]),
        ("broken JSON", signed(r#"{"id": "42""#), "77", &["77", "42", "broken JSON"]),
        ("a list", signed(r#"[{"id": "42"}]"#), "77", &["42", "a list instead of an object"]),
        ("no id", signed(r#"{"status": "1"}"#), "77", &["42", "`id` is missing"]),
        ("an id that is none", signed(r#"{"id": {}}"#), "77", &["42", "`id` is an object"]),
    ];
    for (case, body, msg_id, reasons) in cases {
        let (answer, kept) = refused(&body).await;
        assert_eq!((answer.status, answer.reply.return_code), (400, 1), "{case}: {answer:?}");
        assert_eq!(answer.reply.msg_id, msg_id, "{case}");
        // What Qince has signed is kept for a person; what anyone may have sent is not.
        let kept: Vec<_> = kept.iter().map(|entry| (entry.id.flow.as_str(), entry.id.key.as_str())).collect();
        let signed = if msg_id == "77" { vec![("qince/unreadable", "42")] } else { Vec::new() };
        assert_eq!(kept, signed, "{case}");
        for reason in reasons {
            assert!(
                answer.reply.return_msg.contains(reason),
                "{case}: {reason} in {}",
                answer.reply.return_msg
            );
        }
    }
}

#[tokio::test]
async fn a_push_whose_digest_fits_no_secret_is_answered_with_401() {
    let (house, process) = House::running(1);
    let order = house.vendors.qince.order(house.now());
    for digest in [Digest::Wrong, Digest::Tampered] {
        let push = styled(&house, &order, &PushStyle { digest, ..PushStyle::default() });
        let answer = process.request(&push.content_type, &push.body).await;
        assert_eq!((answer.status, answer.reply.return_code), (401, 1));
        assert!(answer.reply.return_msg.contains("QINCE_PUSH_SECRETS"), "{}", answer.reply.return_msg);
    }
    assert_eq!(process.waiting().await, 0);
}

#[tokio::test]
async fn a_body_that_would_not_fit_into_an_event_of_lambda_is_answered_with_413() {
    let limit = 4 * 1024 * 1024;
    let (answer, _) = refused(&vec![b'a'; limit]).await;
    assert_eq!(answer.status, 400, "read, and no push");
    let (answer, kept) = refused(&vec![b'a'; limit + 1]).await;
    assert!(kept.is_empty());
    assert_eq!((answer.status, answer.reply.return_code), (413, 1));
    assert!(answer.reply.return_msg.contains("4194304 bytes"), "{}", answer.reply.return_msg);
}

#[tokio::test]
async fn only_a_post_to_our_path_is_a_push() {
    let (house, process) = House::running(1);
    let order = house.vendors.qince.order(house.now());
    let push = styled(&house, &order, &PushStyle::default());
    for (method, path, status) in [
        ("GET", "/qince/direct-orders", 405),
        ("POST", "/", 404),
        ("POST", "/qince/", 404),
        ("POST", "/qince", 404),
        ("POST", "/admin", 404),
        ("POST", "/qince/anything", 200),
    ] {
        let headers = [("content-type".to_owned(), FORM.to_owned())];
        let request = PushRequest { method, path, headers: &headers, body: &push.body };
        let answer = process.receiver.receive(&request).await;
        assert_eq!(answer.status, status, "{method} {path}: {answer:?}");
        assert_eq!(answer.reply.return_code, u8::from(status != 200), "{method} {path}");
    }
}

#[tokio::test]
async fn raw_json_is_believed_only_where_a_setting_allows_it() {
    let (house, process) = House::running(1);
    let order = house.vendors.qince.order(house.now());
    let raw = styled(&house, &order, &PushStyle { encoding: Encoding::RawJson, ..PushStyle::default() });
    let answer = process.request(&raw.content_type, &raw.body).await;
    assert_eq!(answer.status, 400);
    assert!(answer.reply.return_msg.contains("no digest"), "{}", answer.reply.return_msg);

    let house = house.with("QINCE_ALLOW_RAW_JSON", "true");
    let process = house.start();
    assert_eq!(process.request(&raw.content_type, &raw.body).await.status, 200);
    assert_eq!(outcomes(&process.drain().await), ["delivered", "delivered"]);
}

/// Posts an order and works it; the reason of each flow that could not take it.
async fn posted(order: &Value) -> (House, Vec<(String, String)>) {
    let (house, process) = House::running(1);
    let push = styled(&house, order, &PushStyle::default());
    assert!(process.post(&push).await, "stored is stored, whatever becomes of it");
    process.drain().await;
    assert_eq!(process.waiting().await, 0);
    let reasons = failed(&process, order).await;
    (house, reasons)
}

async fn failed(process: &Process, order: &Value) -> Vec<(String, String)> {
    let mut reasons = Vec::new();
    for entry in process.failures().await {
        let failed = entry.failed.unwrap();
        assert_eq!(failed.document, *order, "the content is kept whole");
        reasons.push((entry.id.flow, failed.message));
    }
    reasons
}

fn order() -> Value {
    let house = House::new(9);
    house.vendors.qince.order(house.now())
}

#[tokio::test]
async fn a_wrong_type_in_a_field_is_answered_with_0_and_fails_with_its_reason() {
    let mut wrong = order();
    wrong["order_amount"] = json!({"amount": "1.00"});
    wrong["prods"][0]["purchase_count"] = json!("a dozen");
    let (_house, reasons) = posted(&wrong).await;
    let reason = |flow: &str| &reasons.iter().find(|(name, _)| name == flow).unwrap().1;
    for part in ["masterFieldVal.order_origin_price", "order_amount", "correct it in the source system"] {
        assert!(reason(ORDERS_TO_CRM).contains(part), "{part} in {}", reason(ORDERS_TO_CRM));
    }
    for part in ["order_list[0].num", "purchase_count", "a dozen", "correct it in the source system"] {
        assert!(reason(ORDERS_TO_WDT).contains(part), "{part} in {}", reason(ORDERS_TO_WDT));
    }
}

/// Where each of the fields stands in a document, as JSON pointers (of a list's fields, in its first row), and the
/// names under which it may be spoken of: a list's rows by their fields.
fn places(fields: &[Field], within: &str) -> Vec<(String, Vec<&'static str>)> {
    let mut places = Vec::new();
    for field in fields {
        let place = format!("{within}/{}", field.name);
        let mut names = vec![field.name];
        if let Kind::List(fields) = field.kind {
            names.extend(fields.iter().map(|field| field.name));
            places.extend(self::places(fields, &format!("{place}/0")));
        }
        places.push((place, names));
    }
    places
}

#[tokio::test]
async fn a_wrong_type_in_any_field_is_answered_with_0_and_arrives_or_fails_with_that_field_named() {
    let (house, process) = House::running(1);
    let catalog = relay_connectors::catalog();
    let orders = house.vendors.qince.orders(50, house.minutes_ago(60), house.now());
    let smallest = orders.into_iter().find(|order| order["prods"][1].is_null()).unwrap();
    let mut posted = Vec::new();
    for (place, names) in places(catalog.document("qince.direct_order").unwrap().fields(), "") {
        for wrong in [json!(["a", "b"]), json!({"a": "b"}), json!(1.5), json!(true), json!(null)] {
            if place == "/id" && !wrong.is_number() {
                // Without its key a document is none, and refused above.
                continue;
            }
            let mut order = smallest.clone();
            order["id"] = json!(format!("order-{}", posted.len()));
            let (parent, name) = place.rsplit_once('/').unwrap();
            order.pointer_mut(parent).unwrap()[name] = wrong.clone();
            let push = styled(&house, &order, &PushStyle::default());
            assert!(process.post(&push).await, "{place} = {wrong}");
            let id = order["id"].as_str().map_or_else(|| order["id"].to_string(), str::to_owned);
            posted.push((id, names.clone(), format!("{place} = {wrong}")));
        }
    }
    process.drain().await;
    assert_eq!(process.waiting().await, 0);
    for (id, names, case) in posted {
        for flow in [ORDERS_TO_CRM, ORDERS_TO_WDT] {
            let entry = process.entry(flow, &id).await.unwrap_or_else(|| panic!("{flow} lost {case}"));
            match (entry.delivered, entry.failed.map(|failed| failed.message)) {
                (Some(_), None) => {}
                (None, Some(reason)) => {
                    assert!(names.iter().any(|name| reason.contains(name)), "{flow}: {case}: {reason}");
                }
                other => panic!("{flow}: {case}: {other:?}"),
            }
        }
    }
}

#[tokio::test]
async fn lines_that_are_no_list_fail_with_their_reason() {
    for lines in [json!("none"), json!(null), json!([])] {
        let mut wrong = order();
        wrong["prods"] = lines;
        let (_house, reasons) = posted(&wrong).await;
        let to_wdt = reasons.iter().find(|(flow, _)| flow == ORDERS_TO_WDT).unwrap();
        assert!(to_wdt.1.contains("order_list") && to_wdt.1.contains("prods"), "{}", to_wdt.1);
    }
}

#[tokio::test]
async fn unknown_fields_do_no_harm() {
    let mut odd = order();
    odd["ai_summary"] = json!({"tokens": [1, 2, 3]});
    let (house, reasons) = posted(&odd).await;
    assert!(reasons.is_empty(), "{reasons:?}");
    assert_eq!(
        (house.vendors.sharecrm.records().len(), house.vendors.wangdian.pushed_orders().len()),
        (1, 1)
    );
}

#[tokio::test]
async fn a_deleted_order_is_cancelled_in_wdt_and_marked_in_the_crm() {
    let mut deleted = order();
    deleted["status"] = json!("0");
    let (house, reasons) = posted(&deleted).await;
    assert!(reasons.is_empty(), "{reasons:?}");
    let records = house.vendors.sharecrm.records();
    assert_eq!(records.values().next().unwrap().current().unwrap()["masterFieldVal"]["status"], "0");
    let pushed = house.vendors.wangdian.pushed_orders();
    assert_eq!(pushed.values().next().unwrap().order["trade_status"], "80");
}

#[tokio::test]
async fn an_address_that_cannot_be_split_fails_for_wdt_alone() {
    let mut vague = order();
    vague["receive_addr"] = json!("人民路1188号门卫室");
    let (house, reasons) = posted(&vague).await;
    let [(flow, reason)] = &reasons[..] else { panic!("not one failure: {reasons:?}") };
    assert_eq!(flow, ORDERS_TO_WDT);
    for part in ["receiver_province", "receive_addr", "人民路1188号", "cannot be split", "`default`"] {
        assert!(reason.contains(part), "{part} in {reason}");
    }
    assert_eq!(house.vendors.sharecrm.records().len(), 1);
}

#[tokio::test]
async fn a_push_of_another_kind_is_kept_where_a_person_sees_it() {
    let (house, process) = House::running(1);
    let order = order();
    let push =
        styled(&house, &order, &PushStyle { data_type: "dms_return".to_owned(), ..PushStyle::default() });
    assert!(process.post(&push).await);
    assert_eq!(process.waiting().await, 0);
    let reasons = failed(&process, &order).await;
    let [(flow, reason)] = &reasons[..] else { panic!("not one failure: {reasons:?}") };
    assert_eq!(flow, "qince/unrouted");
    assert!(reason.contains("dms_return") && reason.contains("QINCE_DATA_TYPES"), "{reason}");
}

#[tokio::test]
async fn a_type_that_the_settings_name_is_a_direct_order() {
    let house =
        House::new(1).with("QINCE_DATA_TYPES", "my_order, dms_purchase").with("QINCE_ALLOW_RAW_JSON", "true");
    let process = house.start();
    let style = |data_type: &str| PushStyle { data_type: data_type.to_owned(), ..PushStyle::default() };
    for style in
        [style("my_order"), style("dms_purchase"), PushStyle { encoding: Encoding::RawJson, ..style("") }]
    {
        let push = styled(&house, &house.vendors.qince.order(house.now()), &style);
        assert_eq!(process.request(&push.content_type, &push.body).await.status, 200);
        assert_eq!(outcomes(&process.drain().await), ["delivered", "delivered"], "{style:?}");
    }
    assert!(process.failures().await.is_empty());
}

/// An order in which lists are nested, the order itself included.
fn nested(levels: usize) -> String {
    let lists = levels - 1;
    format!(r#"{{"id": "42", "x": {}"苏果"{}}}"#, "[".repeat(lists), "]".repeat(lists))
}

#[tokio::test]
async fn a_push_that_is_nested_too_deep_to_be_carried_is_refused_before_the_answer_and_kept_whole() {
    for levels in [101, 125, 126, 127, 128, 5_000] {
        let text = nested(levels);
        let (answer, kept) = refused(&signed(&text)).await;
        assert_eq!((answer.status, answer.reply.return_code), (400, 1), "{levels}");
        for part in [format!("{levels} levels deep"), "no more than 100".to_owned()] {
            assert!(answer.reply.return_msg.contains(&part), "{}", answer.reply.return_msg);
        }
        let failed = kept[0].failed.as_ref().unwrap();
        assert_eq!(kept[0].id.flow, "qince/unreadable");
        assert_eq!((kept.len(), &failed.document), (1, &json!(text)));
        assert!(failed.message.contains("levels deep"), "{}", failed.message);
    }
}

#[tokio::test]
async fn a_push_that_is_nested_as_deep_as_can_be_carried_goes_all_the_way() {
    let (_house, process) = House::running(1);
    let answer = process.request(FORM, &signed(&nested(100))).await;
    assert_eq!((answer.status, answer.reply.return_code), (200, 0), "{answer:?}");
    process.drain().await;
    let failures = process.failures().await;
    assert!(!failures.is_empty(), "it lacks what the targets need");
    for entry in failures {
        let failed = entry.failed.as_ref().unwrap();
        assert_eq!(
            (failed.class.code(), failed.document.to_string()),
            ("mapping", nested(100).replace(": ", ":").replace(", ", ","))
        );
        process.replay(entry).await;
    }
    let turns = process.drain().await;
    assert!(turns.iter().all(|turn| turn.flow().starts_with("direct-order")), "{:?}", outcomes(&turns));
}
