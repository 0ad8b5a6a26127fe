//! What a person does with several versions of one document: replays the newest, or settles what was done by hand.

use chrono::TimeDelta;
use relay_core::clock::{Clock as _, SystemClock};
use relay_simulators::qince::PushStyle;
use serde_json::{Value, json};

use crate::support::{Installation, Town};

const TO_WDT: &str = "direct-order-to-wangdian";

/// Pushes an order through the receiver's function.
fn push(town: &Town, installation: &Installation, order: &Value) {
    let push = town.vendors.qince.push(order, &PushStyle::default());
    let event = json!({
        "rawPath": "/qince/direct-orders",
        "requestContext": { "http": { "method": "POST" } },
        "headers": { "content-type": push.content_type },
        "body": String::from_utf8(push.body).unwrap(),
    });
    let file = installation.path("push.json");
    std::fs::write(&file, event.to_string()).unwrap();
    let answer = installation.relay(&["invoke", "webhook-receiver", "--event", file.to_str().unwrap()]);
    assert_eq!(answer.with_status(0).json()["statusCode"], 200);
}

/// An order in two versions.
fn versions(town: &Town) -> (Value, Value) {
    let older = town.vendors.qince.order(SystemClock.now());
    let newer = town.vendors.qince.changed(&older, TimeDelta::seconds(1), "CG_FHZ");
    (older, newer)
}

#[test]
fn of_pushes_that_no_flow_took_a_replay_sends_the_newest_version() {
    let town = Town::open();
    let mut installation = town.installation();
    let (older, newer) = versions(&town);
    installation.set("QINCE_DATA_TYPES", "my_order");
    for order in [&newer, &older] {
        push(&town, &installation, order);
    }
    let listed = installation.relay(&["failures", "--json"]).with_status(1).json();
    assert_eq!(listed["failures"].as_array().unwrap().len(), 2, "both are kept: {listed}");

    installation.set("QINCE_DATA_TYPES", "my_order, dms_purchase");
    let answer = installation.relay(&["replay", "--all", "--json"]).with_status(0).json();
    assert_eq!(answer["replayed"], 2, "one for each flow: {answer}");
    installation.relay(&["drain"]).with_status(0);
    installation.relay(&["failures"]).with_status(0);
    let id = newer["id"].as_str().unwrap().to_owned();
    let pushed = &town.vendors.wangdian.pushed_orders()[&id];
    assert_eq!((pushed.creates, pushed.updates), (1, 0));
    let record = &town.vendors.sharecrm.records()[&("erpSalesOrderObj".to_owned(), id)];
    assert_eq!(record.history.len(), 1);
    assert_eq!(record.history[0].data["masterFieldVal"]["remark"], newer["remark"]);
}

#[test]
fn a_settled_document_keeps_who_when_and_why_and_its_newer_version_asks_a_person() {
    let town = Town::open();
    let installation = town.installation();
    let (mut older, mut newer) = versions(&town);
    // Nothing that the flow could split.
    for order in [&mut older, &mut newer] {
        order["receive_addr"] = json!("老地方");
    }
    let key = older["id"].as_str().unwrap();
    push(&town, &installation, &older);
    installation.relay(&["drain"]).with_status(1);
    let settle = ["settle", "--flow", TO_WDT, "--key", key, "--by", "小王", "--reason", "手工录入", "--json"];
    let answer = installation.relay(&settle).with_status(0).json();
    assert_eq!((&answer["by"], &answer["reason"]), (&json!("小王"), &json!("手工录入")), "{answer}");
    installation.relay(&["status"]).with_status(0);

    let store = rusqlite::Connection::open(installation.path("relay.db")).unwrap();
    let entry = "SELECT entry FROM ledger WHERE flow = ?1 AND key = ?2";
    let entry: String = store.query_row(entry, [TO_WDT, key], |row| row.get(0)).unwrap();
    let entry: Value = serde_json::from_str(&entry).unwrap();
    assert_eq!((&entry["settled"]["by"], &entry["settled"]["reason"]), (&json!("小王"), &json!("手工录入")));
    assert_eq!(entry["settled"]["version"]["version"], older["modify_time_str"]);

    push(&town, &installation, &newer);
    installation.relay(&["drain"]).with_status(1);
    let listed = installation.relay(&["failures", "--flow", TO_WDT, "--json"]).with_status(1).json();
    assert_eq!(listed["failures"][0]["class"], "settled", "{listed}");
    assert!(town.vendors.wangdian.pushed_orders().is_empty(), "it makes no second order");
}
