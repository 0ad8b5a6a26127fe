use std::collections::BTreeMap;

use relay_mapping::{Cause, Context};
use serde_json::{Value, json};

use super::{apply, document, master, shipped};

#[test]
fn all_faults_of_a_document_come_at_once_with_field_path_and_value() {
    let mut trade = document("wangdian/trade.json");
    trade["trade_no"] = Value::Null;
    trade["trade_time"] = json!("昨天");
    trade["goods_list"][0]["num"] = json!("十二");
    trade["goods_list"][0]["share_price"] = json!("9".repeat(40));
    let nothing = BTreeMap::new();
    let flow = shipped("trade-to-kingdee");
    let faults = flow.apply(&trade, &Context { settings: &nothing, lookups: &BTreeMap::new() }).unwrap_err();
    let lines: Vec<_> = faults.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!("faults_of_a_trade", lines.join("\n"));
    assert!(lines.iter().all(|line| !line.contains('\n')));
}

#[test]
fn faults_of_a_direct_order_name_the_way_out() {
    let mut order = document("qince/direct-order.json");
    order["receive_addr"] = json!("建邺路\n66号");
    order["purchase_status"] = json!("CG_XXX");
    order["prods"][0]["purchase_count"] = json!({"n": 1});
    let flow = shipped("direct-order-to-wangdian");
    let nothing = BTreeMap::new();
    let faults = flow.apply(&order, &Context { settings: &nothing, lookups: &BTreeMap::new() }).unwrap_err();
    let lines: Vec<_> = faults.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!("faults_of_a_direct_order", lines.join("\n"));
}

#[test]
fn a_missing_key_is_a_fault() {
    let flow = shipped("trade-to-kingdee");
    assert_eq!(flow.key(&json!({"trade_no": ""})).unwrap_err().cause, Cause::Absent);
    assert!(matches!(flow.key(&json!({"trade_no": []})).unwrap_err().cause, Cause::Absent));
    assert!(matches!(flow.key(&json!({"trade_no": [1]})).unwrap_err().cause, Cause::Unreadable { .. }));
}

#[test]
fn what_is_not_a_document_is_faults_and_no_panic() {
    for flow in ["trade-to-kingdee", "direct-order-to-wangdian", "direct-order-to-sharecrm"] {
        for document in [json!([]), json!(null), json!("text"), json!(1)] {
            assert!(apply(&shipped(flow), &document).is_err(), "{flow} {document}");
        }
    }
}

#[test]
fn arithmetic_that_would_round_is_a_fault() {
    let document = json!({"paid": "1234567890.12345678"});
    let faults = master("x = { compute = \"paid * paid * 1.5\" }", &document).unwrap_err();
    assert_eq!(faults[0].cause, Cause::TooLarge);
    let faults = master("x = { compute = \"paid / 0\" }", &document).unwrap_err();
    assert_eq!(faults[0].cause, Cause::DividesByZero);
}

#[test]
fn a_long_value_is_shortened() {
    let faults =
        master("x = { from = \"paid\", as = \"decimal\" }", &json!({"paid": "长".repeat(500)})).unwrap_err();
    assert_eq!(faults[0].value.as_ref().unwrap().chars().count(), 81);
}
