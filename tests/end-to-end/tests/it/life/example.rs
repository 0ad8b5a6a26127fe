//! The example flows: a day of a trade that is audited, changed and cancelled; its outbound bill.

use std::fs;
use std::time::Duration;

use chrono::NaiveDate;
use relay_core::clock::Deadline;
use relay_simulators::kingdee::Saved;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::house::{House, object};
use crate::process::{Process, count, outcomes};

const EXAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/flows/examples/kingdee-v2");

const ORDER: &str = "trade-audited-to-kingdee";
const OUTBOUND: &str = "outbound-of-order-to-kingdee";

/// A house in which these example flows run, and nothing else.
fn house(flows: &[&str]) -> (House, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    for flow in flows {
        let file = format!("{flow}.toml");
        fs::copy(format!("{EXAMPLES}/{file}"), folder.path().join(file)).unwrap();
    }
    let house = House::new(1).with("RELAY_FLOWS_DIR", folder.path().to_str().unwrap());
    (house.with("KINGDEE_AUTH", "v2"), folder)
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
    let (house, _folder) = house(&[ORDER]);
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
    let (house, _folder) = house(&[ORDER]);
    house.vendors.kingdee.close_books("2026-11-23".parse::<NaiveDate>().unwrap(), true);
    let process = house.start();
    house.vendors.wangdian.generate_trade("S001", 55, house.minutes_ago(5));
    process.poll().await;
    assert_eq!(outcomes(&process.drain().await), ["delivered"]);
    let order = orders(&house).remove(0);
    assert_eq!(order.body["bill_date"], json!("2026-11-23"));
    assert!(order.body["remark"].as_str().unwrap().contains("原单据日期2026-11-22"), "{order:?}");
}

#[tokio::test]
async fn an_outbound_bill_waits_for_its_order_and_has_it_as_its_source() {
    let (house, _folder) = house(&[ORDER, OUTBOUND]);
    let process = house.start();
    let read = async || {
        for report in process.poller.poll_all(Deadline::NONE, &|_| {}).await {
            assert_eq!(report.error, None, "{}", report.flow);
        }
        process.drain().await
    };
    // It is not audited when the warehouse reports it shipped.
    let trade_no = house.vendors.wangdian.generate_trade("S001", 30, house.minutes_ago(5));
    let shipped = house.minutes_ago(5).with_timezone(&relay_connector::china::zone());
    let shipped = shipped.format("%Y-%m-%d %H:%M:%S").to_string();
    let stockout = json!({
        "order_no": "CK1", "src_order_no": trade_no, "shop_no": "S001", "warehouse_no": "WH01", "status": 95,
        "consign_time": shipped, "modified": shipped,
        "details_list": [{"sale_order_id": "9001", "spec_no": "ML-250-24", "goods_count": "3", "gift_type": 0, "share_amount": "58.00", "tax_rate": "0.13"}],
    });
    house.vendors.wangdian.put_row("stockout_order_query_trade", &["order_no"], object(stockout));
    assert_eq!(count(&read().await, "failed"), 1, "it waits");
    let waits = process.failures().await.remove(0).failed.unwrap();
    assert!(waits.message.contains(&trade_no), "{}", waits.message);

    let mut trade = object(house.vendors.wangdian.trade(&trade_no).unwrap());
    trade.insert("trade_status".to_owned(), json!(55));
    trade["goods_list"][0]["rec_id"] = json!("9001");
    let now = house.now().with_timezone(&relay_connector::china::zone());
    trade.insert("modified".to_owned(), json!(now.format("%Y-%m-%d %H:%M:%S").to_string()));
    house.vendors.wangdian.add_trade(trade);
    house.clock.advance(Duration::from_secs(300));
    let turns = read().await;
    assert_eq!((count(&turns, "delivered"), count(&turns, "failed")), (2, 0), "both, in either order");
    assert_eq!(house.vendors.kingdee.saved_of("sal_outbound").len(), 1);
    let order = orders(&house).remove(0);
    let outbound = house.vendors.kingdee.saved_of("sal_outbound").remove(0);
    assert!(order.is_audited && outbound.is_audited);
    assert_eq!(outbound.body["material_entity"][0]["src_inter_id"], json!(order.id));
    assert_eq!(outbound.body["remark"], json!(trade_no));
    assert!(process.failures().await.is_empty());
}
