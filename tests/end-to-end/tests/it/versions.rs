//! Never an older version over a newer one, never the same one twice.

use std::path::Path;
use std::time::Duration;

use chrono::TimeDelta;
use relay_decorator::Port;
use relay_simulators::qince::PushStyle;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::fuse::Fuse;
use crate::house::{House, object};
use crate::process::{ORDERS_TO_CRM, Process, TRADES, count, failure, outcomes};

async fn post(house: &House, process: &Process, order: &Value) {
    let push = house.vendors.qince.push(order, &PushStyle::default());
    assert!(process.post(&push).await);
}

fn remarks_in_crm(house: &House, order: &Value) -> Vec<Value> {
    let id = order["id"].as_str().unwrap().to_owned();
    let records = house.vendors.sharecrm.records();
    let history = &records[&("erpSalesOrderObj".to_owned(), id)].history;
    history.iter().map(|push| push.data["masterFieldVal"]["remark"].clone()).collect()
}

#[tokio::test]
async fn an_older_version_after_a_newer_one_is_skipped() {
    let (house, process) = House::running(1);
    let older = house.vendors.qince.order(house.minutes_ago(10));
    let newer = house.vendors.qince.changed(&older, TimeDelta::milliseconds(1), "CG_FHZ");
    post(&house, &process, &newer).await;
    process.drain().await;
    post(&house, &process, &older).await;
    assert_eq!(outcomes(&process.drain().await), ["skipped", "skipped"]);
    assert_eq!(remarks_in_crm(&house, &older), [newer["remark"].clone()]);
}

#[tokio::test]
async fn an_older_version_does_not_take_the_place_of_a_newer_one_that_failed() {
    let (house, process) = House::running(1);
    let mut older = house.vendors.qince.order(house.minutes_ago(10));
    older["receive_addr"] = json!("老地方");
    let newer = house.vendors.qince.changed(&older, TimeDelta::milliseconds(1), "CG_FHZ");
    for order in [&newer, &older] {
        post(&house, &process, order).await;
        process.drain().await;
    }
    let failed = process.failures().await.remove(0).failed.unwrap();
    assert_eq!(failed.version.as_deref(), newer["modify_time_str"].as_str());
    assert_eq!(failed.document["modify_time_str"], newer["modify_time_str"]);
}

/// Who could not delete what is done has it handed out once more, and the version tells nothing.
#[tokio::test]
async fn of_two_contents_under_one_version_the_first_is_not_put_over_the_last_when_both_are_handed_out_again()
{
    let house = House::new(1);
    let fuse = Fuse::unbreakable();
    let process = house.start_with(&fuse);
    let first = house.vendors.qince.order(house.minutes_ago(10));
    let second = house.vendors.qince.changed(&first, TimeDelta::zero(), "CG_DFH");
    for order in [&first, &second] {
        post(&house, &process, order).await;
        house.clock.advance(Duration::from_millis(5));
    }
    fuse.refuse(Port::Queue, "delete");
    for worker in &process.workers {
        _ = worker.work(&|| true).await;
    }
    let both = [first["remark"].clone(), second["remark"].clone()];
    assert_eq!(remarks_in_crm(&house, &first), both);
    fuse.refuse_nothing();
    house.clock.advance(Duration::from_secs(3_600));
    process.drain().await;
    assert_eq!(remarks_in_crm(&house, &first), both);
}

#[tokio::test]
async fn of_two_contents_under_one_version_the_last_received_wins() {
    let (house, process) = House::running(1);
    let first = house.vendors.qince.order(house.minutes_ago(10));
    let second = house.vendors.qince.changed(&first, TimeDelta::zero(), "CG_DFH");
    post(&house, &process, &first).await;
    post(&house, &process, &second).await;
    process.drain().await;
    assert_eq!(remarks_in_crm(&house, &first), [first["remark"].clone(), second["remark"].clone()]);
}

/// What was changed and changed back within a minute: neither the queue nor the guard takes the third for the first.
async fn check_that_the_third_wins(house: &House, process: &Process, orders: [&Value; 3], drains: bool) {
    for order in orders {
        post(house, process, order).await;
        if drains {
            process.drain().await;
        }
        house.clock.advance(Duration::from_secs(20));
    }
    process.drain().await;
    let remarks = remarks_in_crm(house, orders[0]);
    assert_eq!(remarks, orders.map(|order| order["remark"].clone()), "drained in between: {drains}");
}

#[tokio::test]
async fn a_content_that_comes_back_under_an_equal_version_wins() {
    for drains in [true, false] {
        let (house, process) = House::running(1);
        let one = house.vendors.qince.order(house.minutes_ago(10));
        let other = house.vendors.qince.changed(&one, TimeDelta::zero(), "CG_DFH");
        check_that_the_third_wins(&house, &process, [&one, &other, &one], drains).await;
    }
}

#[tokio::test]
async fn a_content_that_comes_back_in_a_flow_without_versions_wins() {
    let folder = flows_without_versions();
    for drains in [true, false] {
        let house = House::new(1).with("RELAY_FLOWS_DIR", folder.path().to_str().unwrap());
        let process = house.start();
        let one = house.vendors.qince.order(house.minutes_ago(10));
        let other = house.vendors.qince.changed(&one, TimeDelta::seconds(1), "CG_DFH");
        check_that_the_third_wins(&house, &process, [&one, &other, &one], drains).await;
    }
}

/// The shipped flows, of which none names a version.
fn flows_without_versions() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/flows");
    for file in std::fs::read_dir(shipped).unwrap().map(|file| file.unwrap().path()) {
        if file.extension().is_some_and(|extension| extension == "toml") {
            let text = std::fs::read_to_string(&file).unwrap();
            let lines: Vec<_> = text.lines().filter(|line| !line.starts_with("version ")).collect();
            std::fs::write(folder.path().join(file.file_name().unwrap()), lines.join("\n")).unwrap();
        }
    }
    folder
}

/// Each time it is pushed it is another message, and the target is sent it once.
#[tokio::test]
async fn a_push_that_is_repeated_at_once_is_sent_to_the_target_once() {
    let (house, process) = House::running(1);
    let order = house.vendors.qince.order(house.minutes_ago(10));
    for _ in 0..3 {
        post(&house, &process, &order).await;
    }
    let turns = process.drain().await;
    assert_eq!((count(&turns, "delivered"), count(&turns, "skipped")), (2, 4), "for two targets");
    assert_eq!(remarks_in_crm(&house, &order).len(), 1);
}

/// A pool gives a row until it is acknowledged: it is queued once in five minutes, unless it has changed in between.
#[tokio::test]
async fn a_row_that_a_pool_gives_again_is_queued_again_only_where_it_has_changed() {
    let (house, process) = House::running(1);
    let row = |remark: &str| {
        object(json!({"rec_id": 77, "tid": "T1", "logistics_no": "SF1", "logistics_name": remark}))
    };
    let queued = async |remark: &str| -> u64 {
        house.vendors.wangdian.add_shipment(row(remark));
        process.sync().await.iter().map(|report| report.queued).sum()
    };
    assert_eq!((queued("A").await, queued("A").await), (1, 0));
    assert_eq!((queued("B").await, queued("A").await, queued("A").await), (1, 1, 0));
    house.clock.advance(Duration::from_secs(300));
    assert_eq!(queued("A").await, 1, "nobody has acknowledged it for five minutes");
    process.drain().await;
    assert!(house.vendors.wangdian.waiting_shipments().is_empty());
}

#[tokio::test]
async fn the_same_version_again_is_skipped_an_hour_later() {
    let (house, process) = House::running(1);
    let order = house.vendors.qince.order(house.minutes_ago(10));
    post(&house, &process, &order).await;
    process.drain().await;
    house.clock.advance(Duration::from_secs(3_600));
    post(&house, &process, &order).await;
    assert_eq!(outcomes(&process.drain().await), ["skipped", "skipped"]);
    assert_eq!(remarks_in_crm(&house, &order).len(), 1);
}

#[tokio::test]
async fn a_version_that_changes_nothing_for_a_target_is_not_sent_to_it() {
    let (house, process) = House::running(1);
    let first = house.vendors.qince.order(house.minutes_ago(10));
    post(&house, &process, &first).await;
    process.drain().await;
    let mut second = first.clone();
    second["modify_time_str"] = json!("2026-11-22 12:00:00.000");
    post(&house, &process, &second).await;
    // The CRM's record carries the time of change, WDT's order does not.
    assert_eq!(outcomes(&process.drain().await), ["delivered", "unchanged"]);
    let pushed = &house.vendors.wangdian.pushed_orders()[first["id"].as_str().unwrap()];
    assert_eq!((pushed.creates, pushed.updates, pushed.repeats), (1, 0, 0));
}

/// A trade that is polled, delivered, changed and polled again.
async fn changed_after_delivery(house: &House, process: &Process) -> (String, Vec<relay_erp_pusher::Turn>) {
    house.vendors.wangdian.generate_trade("S001", 55, house.minutes_ago(5));
    process.poll().await;
    process.drain().await;
    let trade_no = house.vendors.wangdian.trades()[0].trade_no.clone();
    house.vendors.wangdian.change_trade(&trade_no, house.now());
    house.clock.advance(Duration::from_secs(300));
    process.poll().await;
    (trade_no, process.drain().await)
}

fn decimal(value: &Value) -> Decimal {
    value.to_string().trim_matches('"').parse().unwrap()
}

#[tokio::test]
async fn a_bill_of_kingdee_is_not_changed_unless_the_tenant_lets_it_be() {
    let (house, process) = House::running(1);
    let (trade_no, turns) = changed_after_delivery(&house, &process).await;
    let (class, reason) = failure(&turns);
    let orders = house.vendors.kingdee.orders(&trade_no);
    assert_eq!((class, orders.len(), orders[0].edits), ("changed", 1, 0));
    assert!(reason.contains(&orders[0].id) && reason.contains("by hand"), "{reason}");
    let entry = process.entry(TRADES, &trade_no).await.unwrap();
    assert!(entry.delivered.is_some() && entry.failed.is_some(), "both versions are known: {entry:?}");
}

#[tokio::test]
async fn with_edits_on_the_same_bill_is_changed() {
    let house = House::new(1).with("KINGDEE_EDITS", "on");
    let process = house.start();
    let (trade_no, turns) = changed_after_delivery(&house, &process).await;
    assert_eq!(outcomes(&turns), ["delivered"]);
    let orders = house.vendors.kingdee.orders(&trade_no);
    assert_eq!((orders.len(), orders[0].edits), (1, 1));
    let trade = house.vendors.wangdian.trade(&trade_no).unwrap();
    let quantity = &orders[0].body["material_entity"][0]["qty"];
    assert_eq!(decimal(quantity), decimal(&trade["goods_list"][0]["num"]), "the newer version's");
}

#[tokio::test]
async fn a_replay_succeeds_once_the_missing_material_is_there() {
    let (house, process) = House::running(1);
    let line = json!({"spec_no": "NEW-1", "num": "2.0000", "share_price": "9.9000", "unit_name": "箱"});
    let row = json!({"trade_no": "JY-NEW", "shop_no": "S001", "warehouse_no": "WH01", "trade_time": "2026-11-22 11:30:00",
        "modified": "2026-11-22 11:30:00", "goods_list": [line]});
    house.vendors.wangdian.add_trade(object(row));
    process.poll().await;
    let turns = process.drain().await;
    let (class, reason) = failure(&turns);
    assert_eq!(class, "mapping");
    for part in ["material_entity[0].materialid_id", "spec_no", "NEW-1", "kingdee.material", "replay"] {
        assert!(reason.contains(part), "{part} in {reason}");
    }

    let unit = house.vendors.kingdee.add_unit("U99", "箱(新)");
    house.vendors.kingdee.add_material("NEW-1", "新品", &[&unit]);
    let mut failed = process.entry(TRADES, "JY-NEW").await.unwrap();
    // The unit of the row is none of this good's: the person corrects it too.
    failed.failed.as_mut().unwrap().document["goods_list"][0]["unit_name"] = json!("箱(新)");
    process.replay(failed).await;
    assert_eq!(outcomes(&process.drain().await), ["delivered"]);
    let entry = process.entry(TRADES, "JY-NEW").await.unwrap();
    assert!(entry.delivered.is_some() && entry.failed.is_none(), "{entry:?}");
    assert_eq!(house.vendors.kingdee.creates()["JY-NEW"], 1);
}

#[tokio::test]
async fn a_replay_of_what_has_been_overtaken_is_skipped() {
    let (house, process) = House::running(1);
    let mut broken = house.vendors.qince.order(house.minutes_ago(10));
    let newer = house.vendors.qince.changed(&broken, TimeDelta::seconds(5), "CG_FHZ");
    broken["order_amount"] = json!("much");
    post(&house, &process, &broken).await;
    process.drain().await;
    let id = broken["id"].as_str().unwrap();
    let failed = process.entry(ORDERS_TO_CRM, id).await.unwrap();
    assert!(failed.failed.is_some());

    post(&house, &process, &newer).await;
    process.drain().await;
    assert!(process.entry(ORDERS_TO_CRM, id).await.unwrap().failed.is_none(), "settled by the newer version");
    process.replay(failed).await;
    assert_eq!(outcomes(&process.drain().await), ["skipped"]);
}
