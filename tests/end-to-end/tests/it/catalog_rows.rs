//! What the catalog says of a document's key, of its windows and of its number, from the vendor to the target.

use std::time::Duration;

use relay_connector::{Delivery, Found};
use relay_core::System;
use relay_core::clock::Deadline;
use relay_simulators::Fault;
use serde_json::{Value, json};

use crate::house::{House, object};

/// A house with one flow to ShareCRM, whose `[source]` and record id are given.
fn house(source: &str, id: &str) -> (House, tempfile::TempDir) {
    let flow = format!(
        "[source]\n{source}\n[target]\ndocument = \"sharecrm.objdata_push\"\n[fields]\n\
         objAPIName = {{ value = \"erpStockObj\" }}\ndataCenterId = {{ setting = \"SHARECRM_DATA_CENTER_ID\" }}\nid = {id}\n\
         [fields.masterFieldVal]\nversion = \"modified\"\n"
    );
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("rows.toml"), flow).unwrap();
    let house = House::new(1).with("RELAY_FLOWS_DIR", folder.path().to_str().unwrap());
    (house, folder)
}

fn put(house: &House, query: &str, key: &[&str], row: Value) {
    house.vendors.wangdian.put_row(query, key, object(row));
}

async fn poll_and_deliver(house: &House) {
    house.clock.advance(Duration::from_secs(300));
    let process = house.start();
    assert_eq!(process.poll().await.error, None);
    process.drain().await;
    assert_eq!(process.failures().await, []);
}

#[tokio::test]
async fn the_stock_of_a_good_arrives_for_each_of_its_warehouses() {
    let source =
        "document = \"wangdian.stock_query\"\nkey = [\"spec_no\", \"warehouse_no\"]\nversion = \"modified\"";
    let (house, _flows) = house(source, "{ text = \"{spec_no}-{warehouse_no}\" }");
    // Pages are read from the last to the first: what another warehouse holds is older, and comes after the newest.
    for good in 0..100 {
        for (warehouse, minute) in [("W1", 50), ("C/W2", 40), ("W2", 30)] {
            let modified = format!("2026-11-22 11:{minute}:{:02}", good % 60);
            let spec = if good == 0 { "B/C".to_owned() } else { format!("B{good}") };
            let row = json!({"spec_no": spec, "warehouse_no": warehouse, "modified": modified});
            put(&house, "stock_query", &["spec_no", "warehouse_no"], row);
        }
    }
    poll_and_deliver(&house).await;
    assert_eq!(house.vendors.sharecrm.records().len(), 300);
    let entry = house.start().entry("rows", "B%2FC/W2").await.unwrap();
    assert!(entry.delivered.is_some());
}

#[tokio::test]
async fn a_refund_that_changes_long_after_it_was_made_is_seen_again() {
    let source = "document = \"wangdian.refund_query\"\nkey = \"refund_no\"\nversion = \"modified\"";
    let (house, _flows) = house(source, "\"refund_no\"");
    let refund =
        |modified: &str| json!({"refund_no": "TK1", "created": "2026-11-22 11:58:00", "modified": modified});
    put(&house, "refund_query", &["refund_no"], refund("2026-11-22 11:58:00"));
    poll_and_deliver(&house).await;
    put(&house, "refund_query", &["refund_no"], refund("2026-11-22 12:05:30"));
    poll_and_deliver(&house).await;
    let records = house.vendors.sharecrm.records();
    let record = records.values().next().unwrap();
    assert!(format!("{record:?}").contains("2026-11-22 12:05:30"), "{record:?}");
}

#[tokio::test]
async fn a_shipped_order_that_changes_is_seen_again_and_only_by_consign_time_where_the_flow_says_so() {
    let source =
        "document = \"wangdian.stockout_order_query_trade\"\nkey = \"stockout_id\"\nversion = \"modified\"\n";
    for (more, seen) in [
        ("params = { status = \"95\" }", "2026-11-22 12:05:30"),
        ("window = \"consign_time\"", "2026-11-22 11:58:00"),
    ] {
        let (house, _flows) = house(&format!("{source}{more}"), "\"stockout_id\"");
        let row = |modified: &str| {
            json!({
                "stockout_id": 7, "status": 95, "consign_time": "2026-11-22 11:58:00", "modified": modified,
            })
        };
        put(&house, "stockout_order_query_trade", &["stockout_id"], row("2026-11-22 11:58:00"));
        poll_and_deliver(&house).await;
        put(&house, "stockout_order_query_trade", &["stockout_id"], row("2026-11-22 12:05:30"));
        poll_and_deliver(&house).await;
        let records = house.vendors.sharecrm.records();
        let record = records.values().next().unwrap();
        assert!(format!("{record:?}").contains(seen), "{more}: {record:?}");
    }
}

#[tokio::test]
async fn whatever_was_made_behind_a_lost_answer_is_found_by_its_number() {
    for (endpoint, is_check) in [
        ("stock_transfer_push", None),
        ("stockin_order_push", Some(0)),
        ("stockin_order_push", Some(1)),
        ("stockin_transfer_push", None),
        ("stockout_order_push", Some(0)),
        ("stockout_order_push", Some(1)),
        ("stockout_transfer_push", None),
        ("purchase_order_push", Some(0)),
        ("stockin_purchase_push", Some(0)),
        ("purchase_return_push", Some(0)),
        ("purchase_return_order_push", Some(0)),
        ("stock_sync_by_pd", Some(0)),
        ("goods_push", None),
        ("sales_refund_push", None),
        ("purchase_provider_create", None),
    ] {
        let mut body = relay_simulators::wangdian::example(endpoint, "N-1").unwrap();
        if let Some(is_check) = is_check {
            body["is_check"] = json!(is_check);
        }
        let house = House::new(1);
        if endpoint == "stock_sync_by_pd" {
            // It is taken by night.
            house.clock.advance(Duration::from_secs(9 * 3_600));
        }
        let connection = house.start().wiring.connection(System::new("wangdian")).unwrap();
        let target = connection.target().unwrap();
        let document = relay_connectors::catalog().document(&format!("wangdian.{endpoint}")).unwrap();
        let delivery = Delivery::of(document, &[], &body);
        let mut other = body.clone();
        other[document.number().unwrap()] = json!("N-2");
        let other = Delivery { body: &other, ..delivery };
        assert_eq!(target.find(&delivery, Deadline::NONE).await, Ok(Found::NotThere), "{endpoint}");
        house.vendors.wangdian.faults.inject_for(endpoint, Fault::LostAnswer);
        target.deliver(&[delivery], Deadline::NONE).await.remove(0).unwrap_err();
        let [made] = &house.vendors.wangdian.pushed_documents(endpoint)[..] else { panic!("{endpoint}") };
        let there = target.find(&delivery, Deadline::NONE).await.unwrap();
        let known = document.push.unwrap().asked.unwrap();
        let by_our_number = known.ids == known.holds;
        let expected = if by_our_number { "N-1" } else { made.id.as_str() };
        assert_eq!(there, Found::There(expected.to_owned()), "{endpoint}");
        assert_eq!(target.find(&other, Deadline::NONE).await, Ok(Found::NotThere), "{endpoint}");
    }
}

/// A house with one flow that makes a transfer of each trade, and one trade.
fn house_of_transfers() -> (House, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let flow = "[source]\ndocument = \"wangdian.trade_query\"\nkey = \"trade_no\"\nversion = \"modified\"\n[target]\n\
                document = \"wangdian.stock_transfer_push\"\n[fields]\nouter_no = \"trade_no\"\n\
                from_warehouse_no = \"warehouse_no\"\nto_warehouse_no = { value = \"W2\" }\n\
                skus = { each = \"goods_list\", spec_no = \"spec_no\", num = \"num\" }\n";
    std::fs::write(folder.path().join("transfers.toml"), flow).unwrap();
    let house = House::new(1).with("RELAY_FLOWS_DIR", folder.path().to_str().unwrap());
    house.vendors.wangdian.generate_trade("S001", 55, house.minutes_ago(5));
    (house, folder)
}

#[tokio::test]
async fn a_transfer_whose_answer_was_lost_is_asked_for_and_not_made_twice() {
    let (house, _flows) = house_of_transfers();
    let faults = &house.vendors.wangdian.faults;
    faults.inject_for("stock_transfer_push", Fault::LostAnswer);
    // A second push would make a second transfer.
    faults.inject_for("stock_transfer_push", Fault::DoublesNumbers);
    poll_and_deliver(&house).await;
    assert_eq!(house.vendors.wangdian.pushed_documents("stock_transfer_push").len(), 1);
    assert_eq!(house.vendors.wangdian.calls()["stock_transfer_push"], 1);
}

#[tokio::test]
async fn a_transfer_that_may_not_be_asked_for_is_kept_from_being_made_twice_by_its_number() {
    let (house, _flows) = house_of_transfers();
    let faults = &house.vendors.wangdian.faults;
    faults.inject_for("stock_transfer_push", Fault::LostAnswer);
    for _ in 0..3 {
        faults.inject_for("stock_transfer_query", Fault::InnerRefusal("接口账号没有该接口的权限".to_owned()));
    }
    poll_and_deliver(&house).await;
    assert_eq!(house.vendors.wangdian.pushed_documents("stock_transfer_push").len(), 1);
}
