//! `relay explain`: what would become of a document, and that nothing is sent for the answer.

use std::path::Path;

use chrono::TimeDelta;
use relay_core::clock::{Clock as _, SystemClock};
use relay_simulators::qince::PushStyle;
use serde_json::{Value, json};

use crate::support::{Installation, Town, events};

const TO_WDT: &str = "direct-order-to-wangdian";
const TRADES: &str = "trade-to-kingdee";

/// The sample trade and what Kingdee needs for it.
fn town_with_trade() -> (Town, Installation) {
    let town = Town::open();
    town.stock_the_sample_trade();
    let installation = town.installation();
    (town, installation)
}

fn trade() -> String {
    events("wangdian/trade.json").to_str().unwrap().to_owned()
}

fn field<'a>(explained: &'a Value, target: &str) -> &'a Value {
    let fields = explained["trace"]["fields"].as_array().unwrap();
    fields.iter().find(|field| field["target"] == target).unwrap_or_else(|| panic!("{target} in {explained}"))
}

#[test]
fn a_file_is_explained_field_by_field_with_the_exact_request_and_nothing_is_sent() {
    let (town, installation) = town_with_trade();
    let explained =
        installation.relay(&["explain", &trade(), "--flow", TRADES, "--json"]).with_status(0).json();
    assert_eq!(explained["verdict"]["becomes"], "sent", "{explained}");
    let unit = field(&explained, "material_entity[0].unit_id");
    assert_eq!(unit["when"], "has(unit_name)");
    assert_eq!(unit["reads"], json!([{ "path": "goods_list[0].unit_name", "value": "瓶" }]));
    assert_eq!(unit["lookup"]["code"], "瓶");
    assert_eq!(unit["lookup"]["id"], unit["result"], "Kingdee was asked for it");
    let call = &explained["request"]["call"];
    assert_eq!(call["operation"], "jdy/sal/sal_order_save");
    let body: Value = serde_json::from_str(call["body"].as_str().unwrap()).unwrap();
    assert_eq!(body, explained["request"]["body"]);
    assert_eq!(explained["target_now"]["not_compared"], "the target has no document of this number");
    assert!(town.vendors.kingdee.orders("JY202611220001").is_empty(), "nothing was sent");
    assert!(!installation.path("relay.db").exists(), "and nothing was written");

    let text = installation.relay(&["explain", &trade(), "--flow", TRADES]).with_status(0).stdout;
    for said in [
        "trade-to-kingdee JY202611220001, version 2026-11-22 10:42:17, from the file",
        "It would be sent.",
        "  billdate = \"2026-11-22\"\n      line 30; from trade_time | created; trade_time = \"2026-11-22 10:15:30\"; as date",
        "kingdee.unit 瓶 is ",
        "jdy/sal/sal_order_save",
    ] {
        assert!(text.contains(said), "{said} in {text}");
    }
}

#[test]
fn what_cannot_be_mapped_names_each_fault_and_the_exit_status_says_so() {
    let (_town, installation) = town_with_trade();
    let mut trade: Value = serde_json::from_str(&std::fs::read_to_string(trade()).unwrap()).unwrap();
    trade["shop_no"] = json!("S9");
    trade["goods_list"][0]["share_price"] = json!("");
    std::fs::write(installation.path("trade.json"), trade.to_string()).unwrap();
    let explained =
        installation.relay(&["explain", "trade.json", "--flow", TRADES, "--json"]).with_status(1).json();
    assert_eq!(explained["verdict"]["becomes"], "fails");
    let faults = explained["faults"].as_array().unwrap();
    assert_eq!(faults.len(), 2, "{explained}");
    assert_eq!(field(&explained, "customerid_id")["fault"], faults[0]);
    assert_eq!(field(&explained, "material_entity[0].taxprice")["fault"], faults[1]);
    assert_eq!(explained["request"], Value::Null);
}

#[test]
fn a_change_is_compared_with_what_was_sent_and_with_what_the_target_holds() {
    let town = Town::open();
    let installation = town.installation();
    let order = town.vendors.qince.order("2026-11-22T04:00:00Z".parse().unwrap());
    let push = town.vendors.qince.push(&order, &PushStyle::default());
    let event = json!({
        "rawPath": "/qince/direct-orders",
        "requestContext": { "http": { "method": "POST" } },
        "headers": { "content-type": push.content_type },
        "body": String::from_utf8(push.body).unwrap(),
    });
    std::fs::write(installation.path("push.json"), event.to_string()).unwrap();
    installation.relay(&["invoke", "webhook-receiver", "--event", "push.json"]).with_status(0);
    installation.relay(&["drain"]).with_status(0);
    let id = order["id"].as_str().unwrap();
    let pushes = || town.vendors.wangdian.pushed_orders()[id].updates;

    let same =
        installation.relay(&["explain", "--flow", TO_WDT, "--key", id, "--json"]).with_status(0).json();
    assert_eq!(same["verdict"]["becomes"], "nothing", "{same}");
    assert_eq!(same["sent_last"]["differing"], json!([]), "{same}");
    assert!(same["sent_last"]["at"].is_string(), "{same}");

    let mut changed = order.clone();
    changed["modify_time_str"] = json!("2036-01-01 00:00:00");
    changed["receive_name"] = json!("新收货人");
    std::fs::write(installation.path("order.json"), changed.to_string()).unwrap();
    let explained =
        installation.relay(&["explain", "order.json", "--flow", TO_WDT, "--json"]).with_status(0).json();
    assert_eq!(explained["verdict"]["becomes"], "sent", "{explained}");
    let differing = explained["sent_last"]["differing"].as_array().unwrap();
    let fields: Vec<_> = differing.iter().map(|field| field["field"].as_str().unwrap()).collect();
    assert_eq!(fields, ["trade_list[0].receiver_name"], "{explained}");
    assert_eq!(differing[0]["now"], "新收货人");
    assert_eq!(pushes(), 0, "nothing was sent");
}

#[test]
fn what_the_target_holds_now_is_compared_line_by_line() {
    let town = Town::open();
    let installation = town.installation();
    let number = town.vendors.wangdian.generate_trade("S001", 55, SystemClock.now() - TimeDelta::minutes(5));
    installation.invoke("trade-poller", "trade-poller/schedule.json").with_status(0);
    installation.relay(&["drain"]).with_status(0);
    let target_now = || {
        let arguments = ["explain", "--flow", TRADES, "--key", &number, "--json"];
        installation.relay(&arguments).with_status(0).json()["target_now"].clone()
    };
    assert_eq!(target_now()["differing"], json!([]));
    town.vendors.kingdee.change_line_by_hand(&number, "qty", &json!("77"));
    let now = target_now();
    assert_eq!(now["differing"][0]["field"], "material_entity[0].qty", "{now}");
    assert_eq!(now["differing"][0]["there"], "77", "{now}");
}

#[test]
fn a_document_is_fetched_from_its_source_by_its_number() {
    let (town, installation) = town_with_trade();
    town.vendors.wangdian.generate_trade("S001", 30, SystemClock.now() - TimeDelta::minutes(5));
    let trade_no = town.vendors.wangdian.trades()[0].trade_no.clone();
    let arguments = ["explain", "--flow", TRADES, "--number", &trade_no, "--json"];
    let answer = installation.relay(&arguments);
    assert!(matches!(answer.status, Some(0 | 1)), "{}", answer.stderr);
    let explained = answer.json();
    assert_eq!(explained["key"], trade_no.as_str());
    assert_eq!(explained["document"]["trade_status"], "30", "in whatever state it is");
    let tid = explained["document"]["src_tids"].as_str().unwrap().split(',').next().unwrap();
    let by_tid = installation.relay(&["explain", "--flow", TRADES, "--number", tid, "--json"]).json();
    assert_eq!(by_tid["key"], trade_no.as_str(), "any of its numbers finds it");
    let missing = installation.relay(&["explain", "--flow", TRADES, "--number", "JY-0"]).with_status(1);
    assert!(missing.stderr.contains("the source shows no such document"), "{}", missing.stderr);
    let pushed = installation.relay(&["explain", "--flow", TO_WDT, "--number", "1"]).with_status(1);
    assert!(pushed.stderr.contains("cannot be asked for by its number"), "{}", pushed.stderr);
}

#[test]
fn a_bill_of_kingdee_is_fetched_by_its_number() {
    let town = Town::open();
    let mut installation = town.installation();
    let flow = "shared/flows/e-commerce/kingdee-v2/purchase-order-to-wangdian.toml";
    let flow = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(flow);
    std::fs::create_dir(installation.path("flows")).unwrap();
    std::fs::copy(flow, installation.path("flows/purchase-order-to-wangdian.toml")).unwrap();
    installation.set("KINGDEE_AUTH", "v2").set("RELAY_FLOWS_DIR", "flows");
    let order = json!({
        "bill_no": "CGDD-1", "supplier_number": "G001",
        "material_entity": [{"material_number": "P0002", "stock_number": "WH001", "qty": 5, "price": 4}],
    });
    let id = town.vendors.kingdee.keep("pur_order", "CGDD-1", &order);
    town.vendors.kingdee.keep("pur_order", "CGDD-10", &order);
    let arguments = ["explain", "--flow", "purchase-order-to-wangdian", "--number", "CGDD-1", "--json"];
    let explained = installation.relay(&arguments).with_status(0).json();
    let found = (&explained["key"], &explained["request"]["number"]);
    assert_eq!(found, (&json!(id), &json!("CGDD-1")), "{explained}");
}

#[test]
fn without_a_vendors_settings_the_flows_own_document_is_shown_and_what_could_not_be_asked() {
    let installation = Installation::empty();
    let explained =
        installation.relay(&["explain", &trade(), "--flow", TRADES, "--json"]).with_status(1).json();
    let unresolved = explained["unresolved"].as_array().unwrap();
    assert!(unresolved.iter().any(|code| code["code"] == "api_zy01"), "{explained}");
    assert!(unresolved[0]["why"].as_str().unwrap().contains("KINGDEE_"), "{explained}");
    assert_eq!(explained["verdict"]["becomes"], "unknown", "nobody has said that there is none: {explained}");
    assert_eq!(explained["faults"], json!([]), "{explained}");
    assert_eq!(
        field(&explained, "customerid_id")["fault"],
        "kingdee.customer api_zy01 could not be asked for",
        "{explained}"
    );
    let order = events("qince/direct-order.json");
    let mut installation = Installation::empty();
    installation.set("WDT_SHOP_NO", "S001");
    let arguments = ["explain", order.to_str().unwrap(), "--flow", TO_WDT, "--json"];
    let explained = installation.relay(&arguments).with_status(0).json();
    assert_eq!(explained["request"]["body"]["receiver_city"], "南京市");
    assert!(explained["request"]["no_call"].as_str().unwrap().contains("WDT_SID"), "{explained}");
    let why = explained["target_now"]["not_compared"].as_str().unwrap();
    assert!(why.starts_with("the target cannot be read"), "{why}");
}
