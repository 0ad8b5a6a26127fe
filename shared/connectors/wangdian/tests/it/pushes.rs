//! Pushing, in the shapes of form that the endpoints want.

use relay_connector::Class;
use relay_wangdian::{documents, endpoint};
use serde_json::{Value, json};

use crate::support::{Bench, answer, params, payload};

const TRADE: &str = "wangdian.trade_push";

fn trade() -> Value {
    serde_json::from_str(include_str!("../payloads/push/trade.json")).unwrap()
}

#[tokio::test]
async fn an_order_is_pushed_as_a_list_of_one_in_ascii() {
    let bench = Bench::new(vec![payload("push/accepted.json")]);
    bench.push(TRADE, &params(&[("shop_no", "api_test")]), &trade()).await.unwrap();
    let form = &bench.forms()[0];
    assert_eq!((form["shop_no"].as_str(), form["switch"].as_str()), ("api_test", "0"));
    assert!(form["trade_list"].is_ascii());
    assert!(form["trade_list"].contains(r"\u884C\u8005\uD83D\uDE00"), "{}", form["trade_list"]);
    assert!(form["trade_list"].contains(r#""price":9.90"#), "digits are kept: {}", form["trade_list"]);
    let sent: Value = serde_json::from_str(&form["trade_list"]).unwrap();
    assert_eq!(sent, json!([trade()]), "nothing of the document is lost");
}

#[tokio::test]
async fn a_flow_may_ask_for_the_strict_switch() {
    let bench = Bench::new(vec![payload("push/accepted.json")]);
    bench.push(TRADE, &params(&[("switch", "1")]), &trade()).await.unwrap();
    assert_eq!(bench.forms()[0]["switch"], "1");
}

#[tokio::test]
async fn a_document_refused_under_code_0_is_refused() {
    let bench = Bench::new(vec![payload("push/refused_inside.json")]);
    let failure = bench.push(TRADE, &[], &trade()).await.unwrap_err();
    assert_eq!(failure.class, Class::Refused);
    assert_eq!(failure.message, "AD-1: 订单货品数量不一致");
}

#[tokio::test]
async fn a_supplier_is_pushed_as_flat_fields() {
    let bench = Bench::new(vec![payload("push/accepted.json")]);
    let provider = json!({"provider_no": "P1", "provider_name": "供应商&co", "zip": "", "fax": null,
        "is_disabled": false, "charge_cycle_days": 30});
    bench.push("wangdian.purchase_provider_create", &[], &provider).await.unwrap();
    let form = &bench.forms()[0];
    assert_eq!(form["provider_name"], "供应商&co");
    assert_eq!((form["is_disabled"].as_str(), form["charge_cycle_days"].as_str()), ("0", "30"));
    assert!(!form.contains_key("zip") && !form.contains_key("fax"), "{form:?}");
}

#[tokio::test]
async fn a_stock_count_is_flat_with_its_goods_as_json() {
    let bench = Bench::new(vec![payload("push/accepted.json")]).by_night();
    let count = json!({"warehouse_no": "W1", "api_outer_no": "C1", "goods_list": [{"spec_no": "a", "stock_num": "3"}]});
    bench.push("wangdian.stock_sync_by_pd", &[], &count).await.unwrap();
    assert_eq!(bench.forms()[0]["warehouse_no"], "W1");
    assert_eq!(bench.forms()[0]["goods_list"], r#"[{"spec_no":"a","stock_num":"3"}]"#);
}

#[tokio::test]
async fn every_target_of_the_catalog_can_be_pushed() {
    for document in documents().iter().filter(|document| document.role == relay_connector::Role::Target) {
        let bench = Bench::new(vec![answer(200, r#"{"code": "0", "message": ""}"#)]).by_night();
        let endpoint = endpoint(document.name).unwrap();
        bench.push(document.name, &[], &json!({"outer_no": "X1", "任意": [1]})).await.unwrap();
        assert!(bench.requests()[0].url.path().ends_with(endpoint.php));
        assert!(bench.forms()[0].values().any(|value| value.contains("X1")), "{}", document.name);
    }
}

#[tokio::test]
async fn what_cannot_be_pushed_is_not_sent() {
    let bench = Bench::new(vec![]);
    for body in [json!("text"), json!([]), Value::Array(vec![trade(); 51])] {
        assert_eq!(bench.push(TRADE, &[], &body).await.unwrap_err().class, Class::Refused);
    }
    let failure = bench.push("wangdian.shop", &[], &trade()).await.unwrap_err();
    assert!(failure.message.contains("read, not pushed"), "{failure}");
}

#[tokio::test]
async fn a_delivered_document_is_known_by_our_number() {
    let bench = Bench::new(vec![payload("push/accepted.json"), payload("push/accepted.json")]);
    assert_eq!(bench.push(TRADE, &[], &trade()).await, Ok(Some("AD-1".to_owned())));
    assert_eq!(bench.push("wangdian.api_goodsspec_push", &[], &json!({"shop_no": "S1"})).await, Ok(None));
}
