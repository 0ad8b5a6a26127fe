//! What a person has dealt with by hand keeps its place: nothing older goes over it, and nothing newer makes a second one.

use chrono::TimeDelta;
use relay_simulators::qince::PushStyle;
use serde_json::{Value, json};

use crate::house::House;
use crate::process::{ORDERS_TO_WDT, Process, failure, outcomes};

async fn post(house: &House, process: &Process, order: &Value) {
    assert!(process.post(&house.vendors.qince.push(order, &PushStyle::default())).await);
}

/// Only what goes to WDT.
async fn to_wdt(process: &Process) -> Vec<relay_erp_pusher::Turn> {
    let turns = process.drain().await;
    turns.into_iter().filter(|turn| turn.flow() == ORDERS_TO_WDT).collect()
}

#[tokio::test]
async fn an_older_version_is_not_sent_over_what_a_person_has_entered_and_a_newer_one_asks_a_person() {
    let (house, process) = House::running(1);
    let mut order = house.vendors.qince.order(house.minutes_ago(10));
    let older = order.clone();
    order["receive_addr"] = json!("老地方");
    let order = house.vendors.qince.changed(&order, TimeDelta::seconds(5), "CG_DFH");
    let mut newer = house.vendors.qince.changed(&order, TimeDelta::seconds(5), "CG_FHZ");
    newer["receive_addr"] = older["receive_addr"].clone();
    let id = order["id"].as_str().unwrap();
    post(&house, &process, &order).await;
    assert_eq!(failure(&to_wdt(&process).await).0, "mapping");
    process.operations().settle(ORDERS_TO_WDT, id, Some("entered by hand"), "李").await.unwrap();
    let settled = process.entry(ORDERS_TO_WDT, id).await.unwrap().settled.unwrap();
    assert_eq!((settled.by.as_str(), settled.reason.as_deref()), ("李", Some("entered by hand")));
    assert_eq!((settled.version.document, settled.at), (order.clone(), house.now()), "its content is kept");

    for known in [&older, &order] {
        house.clock.advance(std::time::Duration::from_secs(3_600));
        post(&house, &process, known).await;
        assert_eq!(outcomes(&to_wdt(&process).await), ["skipped"]);
    }
    assert!(house.vendors.wangdian.pushed_orders().is_empty(), "nothing was sent");
    assert!(process.failures().await.is_empty());

    post(&house, &process, &newer).await;
    let turns = to_wdt(&process).await;
    let (class, message) = failure(&turns);
    assert!(
        class == "settled" && message.contains("李") && message.contains("by hand"),
        "{class}: {message}"
    );
    assert!(house.vendors.wangdian.pushed_orders().is_empty(), "it makes no second order");

    // A person may say so, though.
    let entry = process.entry(ORDERS_TO_WDT, id).await.unwrap();
    process.replay(entry).await;
    assert_eq!(outcomes(&to_wdt(&process).await), ["delivered"]);
    let entry = process.entry(ORDERS_TO_WDT, id).await.unwrap();
    assert!(entry.settled.is_none() && entry.failed.is_none(), "{entry:?}");
}
