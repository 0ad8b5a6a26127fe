//! The example flow: a day of a trade that is audited, changed and cancelled.

use std::time::Duration;

use chrono::NaiveDate;
use relay_simulators::kingdee::Saved;
use serde_json::{Value, json};

use crate::house::{House, object};
use crate::process::{Process, outcomes};

const EXAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/flows/examples/kingdee-v2");

fn house() -> House {
    House::new(1).with("RELAY_FLOWS_DIR", EXAMPLES).with("KINGDEE_AUTH", "v2")
}

fn orders(house: &House) -> Vec<Saved> {
    house.vendors.kingdee.saved_of("sal_order")
}

/// The trade changes, and what follows is read and worked.
async fn changed(
    house: &House,
    process: &Process,
    trade_no: &str,
    field: &str,
    value: Value,
) -> Vec<&'static str> {
    let mut trade = object(house.vendors.wangdian.trade(trade_no).unwrap());
    trade.insert(field.to_owned(), value);
    let now = house.now().with_timezone(&relay_connector::china::zone());
    trade.insert("modified".to_owned(), json!(now.format("%Y-%m-%d %H:%M:%S").to_string()));
    house.vendors.wangdian.add_trade(trade);
    house.clock.advance(Duration::from_secs(300));
    assert_eq!(process.poll().await.error, None);
    outcomes(&process.drain().await)
}

#[tokio::test]
async fn the_example_audits_an_order_reopens_it_for_a_change_and_deletes_it_when_it_is_cancelled() {
    let house = house();
    let process = house.start();
    assert_eq!(process.wiring.flows.warnings().count(), 0);
    let trade_no = house.vendors.wangdian.generate_trade("S001", 55, house.minutes_ago(5));
    process.poll().await;
    assert_eq!(outcomes(&process.drain().await), ["delivered"]);
    assert_eq!((orders(&house)[0].is_audited, orders(&house)[0].edits), (true, 0));

    assert_eq!(changed(&house, &process, &trade_no, "cs_remark", json!("改地址")).await, ["delivered"]);
    let order = orders(&house).remove(0);
    assert_eq!((order.is_audited, order.edits), (true, 1));
    assert_eq!(order.steps, ["audit", "unaudit", "audit"]);
    assert_eq!(order.body["remark"], json!("改地址"));

    assert_eq!(changed(&house, &process, &trade_no, "trade_status", json!(95)).await, ["unchanged"]);
    assert_eq!(changed(&house, &process, &trade_no, "trade_status", json!(5)).await, ["delivered"]);
    assert_eq!(orders(&house).len(), 0);
    assert_eq!(house.vendors.kingdee.deleted("sal_order").len(), 1);
    assert!(process.failures().await.is_empty());
}

#[tokio::test]
async fn the_example_books_what_is_dated_in_a_closed_month_on_the_next_open_day() {
    let house = house();
    house.vendors.kingdee.close_books("2026-11-23".parse::<NaiveDate>().unwrap(), true);
    let process = house.start();
    house.vendors.wangdian.generate_trade("S001", 55, house.minutes_ago(5));
    process.poll().await;
    assert_eq!(outcomes(&process.drain().await), ["delivered"]);
    let order = orders(&house).remove(0);
    assert_eq!(order.body["bill_date"], json!("2026-11-23"));
    assert!(order.body["remark"].as_str().unwrap().contains("原单据日期2026-11-22"), "{order:?}");
}
