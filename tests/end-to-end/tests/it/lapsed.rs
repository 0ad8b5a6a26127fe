//! A worker whose time in flight is over: nothing older goes over something newer, and no second bill is made.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use relay_core::{Entry, System};
use relay_simulators::qince::PushStyle;
use serde_json::{Value, json};

use crate::house::{House, object};
use crate::meanwhile::{Late, Meanwhile, When};
use crate::process::{ORDERS_TO_CRM, Process, TRADES, outcomes};

/// Longer than messages stay in flight.
const ASLEEP: Duration = Duration::from_secs(600);

/// Two versions of an order in the queue: its id, and both.
async fn two_versions(house: &House, process: &Process) -> (String, [Value; 2]) {
    let older = house.vendors.qince.order(house.minutes_ago(10));
    let newer = house.vendors.qince.changed(&older, TimeDelta::seconds(5), "CG_FHZ");
    for order in [&older, &newer] {
        assert!(process.post(&house.vendors.qince.push(order, &PushStyle::default())).await);
    }
    (older["id"].as_str().unwrap().to_owned(), [older, newer])
}

fn remarks(house: &House, id: &str) -> Vec<Value> {
    let records = house.vendors.sharecrm.records();
    let history = &records[&("erpSalesOrderObj".to_owned(), id.to_owned())].history;
    history.iter().map(|push| push.data["masterFieldVal"]["remark"].clone()).collect()
}

/// The worker of ShareCRM of a process that is suspended during its first request to a path, while another process on
/// the same store works everything.
async fn suspended(house: &House, path: &'static str, when: When) -> (Process, Arc<Process>) {
    let other = Arc::new(house.start());
    let (clock, working) = (house.clock.clone(), other.clone());
    let event = async move {
        clock.advance(ASLEEP);
        working.drain().await;
    };
    (house.start_over(Meanwhile::new(house.vendors.transport(), path, when, event)), other)
}

#[tokio::test]
async fn a_worker_that_was_suspended_before_it_sent_gives_its_batch_up() {
    let house = House::new(1);
    let (process, other) = suspended(&house, "/token", When::Before).await;
    let (id, [older, newer]) = two_versions(&house, &other).await;
    process.work_once().await;
    other.drain().await;
    let sent = [older["remark"].clone(), newer["remark"].clone()];
    assert_eq!(remarks(&house, &id), sent, "each once, the newer one last");
    assert!(other.failures().await.is_empty());
}

#[tokio::test]
async fn an_older_version_that_went_out_too_late_is_told_and_the_newest_is_sent_again() {
    let house = House::new(1);
    let (process, other) = suspended(&house, "/push", When::Before).await;
    let (id, [older, newer]) = two_versions(&house, &other).await;
    process.work_once().await;
    let sent = [&older, &newer, &older].map(|order| order["remark"].clone());
    assert_eq!(remarks(&house, &id), sent, "too late to be helped");
    let failed = other.entry(ORDERS_TO_CRM, &id).await.unwrap().failed.unwrap();
    assert_eq!(failed.class, "crossed");
    assert!(failed.message.contains("suspended") && failed.message.contains("compare"), "{}", failed.message);

    // Its source hands the newest over once more: what the ledger says of its delivery is not believed.
    house.clock.advance(Duration::from_secs(3_600));
    assert!(other.post(&house.vendors.qince.push(&newer, &PushStyle::default())).await);
    other.drain().await;
    assert_eq!(remarks(&house, &id).last(), Some(&newer["remark"]));
    let entry = other.entry(ORDERS_TO_CRM, &id).await.unwrap();
    assert!(entry.failed.is_none() && entry.attempts.is_none(), "{entry:?}");
}

/// A trade of goods that Kingdee has to be asked for, one by one.
async fn many_codes(house: &House, process: &Process, count: usize) {
    let unit = house.vendors.kingdee.add_unit("U98", "条");
    for n in 0..count {
        house.vendors.kingdee.add_material(&format!("NEW-{n:03}"), "新品", &[&unit]);
    }
    let line =
        |n| json!({"spec_no": format!("NEW-{n:03}"), "num": "1", "share_price": "2.5", "unit_name": "条"});
    let lines: Vec<_> = (0..count).map(line).collect();
    let row = json!({"trade_no": "JY-LONG", "shop_no": "S001", "warehouse_no": "WH01",
        "trade_time": "2026-11-22 11:30:00", "modified": "2026-11-22 11:30:00", "goods_list": lines});
    house.vendors.wangdian.add_trade(object(row));
    process.poll().await;
}

/// No fault at all: the look-ups of one document take longer than a message stays in flight.
#[tokio::test]
async fn a_document_of_many_codes_is_worked_by_one_of_two_processes() {
    let house = House::new(1);
    house.vendors.kingdee.set_refuses_duplicates(false);
    house.crowd_goods();
    let other = Arc::new(house.start());
    many_codes(&house, &other, 300).await;
    let began = house.now();
    let working = other.clone();
    // In the middle of it: by then the first time in flight is over.
    let watch = crate::meanwhile::Often::new(house.vendors.transport(), "material_list", move || {
        let working = working.clone();
        Box::pin(async move {
            let (turns, _) = working.work_once().await;
            assert!(turns.is_empty(), "another has it in hand: {turns:?}");
        })
    });
    let process = house.start_over(watch);
    let (turns, _) = process.work_once().await;
    assert!(house.now() - began > TimeDelta::seconds(240), "{}", house.now() - began);
    assert_eq!(outcomes(&turns), ["delivered"]);
    assert_eq!(house.vendors.kingdee.creates()["JY-LONG"], 1);
}

#[tokio::test]
async fn a_bill_is_made_once_though_its_worker_slept_between_two_look_ups() {
    let house = House::new(1);
    house.vendors.kingdee.set_refuses_duplicates(false);
    let (process, other) = suspended(&house, "material_list", When::After).await;
    many_codes(&house, &other, 5).await;
    process.work_once().await;
    other.drain().await;
    assert_eq!(house.vendors.kingdee.creates()["JY-LONG"], 1);
    let Entry { delivered, failed, .. } = other.entry(TRADES, "JY-LONG").await.unwrap();
    assert!(delivered.is_some() && failed.is_none());
}

/// A machine's clock that is set forward ends every time in flight at once.
#[tokio::test]
async fn a_bill_is_made_once_though_the_clock_was_set_forward_meanwhile() {
    let house = House::new(1);
    house.vendors.kingdee.set_refuses_duplicates(false);
    let other = Arc::new(house.start());
    let (clock, working) = (house.clock.clone(), other.clone());
    let event = async move {
        let ahead = relay_core::clock::Clock::now(clock.as_ref()) + ASLEEP;
        clock.set(ahead);
        working.drain().await;
    };
    many_codes(&house, &other, 5).await;
    let transport = Meanwhile::new(house.vendors.transport(), "material_list", When::After, event);
    house.start_over(transport).work_once().await;
    other.drain().await;
    assert_eq!(house.vendors.kingdee.creates()["JY-LONG"], 1);
}

/// It ends them during a call too, where nobody stands still: what crosses then is told.
#[tokio::test]
async fn an_older_version_that_a_clock_which_was_set_forward_had_cross_a_newer_one_is_told() {
    let house = House::new(1);
    let other = Arc::new(house.start());
    let (clock, working) = (house.clock.clone(), other.clone());
    let event = async move {
        clock.set(relay_core::clock::Clock::now(clock.as_ref()) + ASLEEP);
        working.drain().await;
    };
    let process = house.start_over(Meanwhile::new(house.vendors.transport(), "/push", When::Before, event));
    let (id, _) = two_versions(&house, &other).await;
    process.work_once().await;
    let failed = other.entry(ORDERS_TO_CRM, &id).await.unwrap().failed.unwrap();
    assert_eq!(failed.class, "crossed", "{}", failed.message);
}

/// Both have sent the bill before either could note it: that two may be there is said, with both ids.
#[tokio::test]
async fn a_bill_that_two_workers_have_made_is_told_with_both_ids() {
    let house = House::new(1);
    house.vendors.kingdee.set_refuses_duplicates(false);
    let (process, other) = suspended(&house, "sal_order_save", When::Before).await;
    house.vendors.wangdian.generate_trade("S001", 55, house.minutes_ago(5));
    other.poll().await;
    process.work_once().await;
    let trade_no = house.vendors.wangdian.trades()[0].trade_no.clone();
    let ids: Vec<_> = house.vendors.kingdee.orders(&trade_no).into_iter().map(|order| order.id).collect();
    assert_eq!(ids.len(), 2, "the vendor takes a number twice, and nobody can help it");
    let failed = other.entry(TRADES, &trade_no).await.unwrap().failed.unwrap();
    assert_eq!(failed.class, "crossed");
    assert!(ids.iter().all(|id| failed.message.contains(id)), "{ids:?}: {}", failed.message);
    assert_eq!(process.wiring.stores.queue.depth(System::new("kingdee")).await.unwrap().waiting, 0);

    // A newer version deletes neither of the two: it is sent or fails, and a person is still told of both.
    assert!(house.vendors.wangdian.change_trade(&trade_no, house.minutes_ago(1)));
    other.poll().await;
    other.drain().await;
    let entry = other.entry(TRADES, &trade_no).await.unwrap();
    let classes: Vec<_> = entry.failures().map(|failed| failed.class.code().to_owned()).collect();
    assert_eq!(classes, ["changed", "crossed"], "the newest version first");
    let (ledger, now) =
        (other.wiring.stores.ledger.clone(), relay_core::clock::Clock::now(house.clock.as_ref()));
    relay_core::ledger::settle(ledger.as_ref(), entry, "li", Some("deleted there"), now).await.unwrap();
    assert_eq!(other.entry(TRADES, &trade_no).await.unwrap().failures().count(), 0);
}

/// The time for an answer is over too when the machine wakes: whether the older version arrived, nobody knows.
#[tokio::test]
async fn an_older_version_that_went_out_too_late_is_told_where_its_answer_is_lost_too() {
    let house = House::new(1);
    let other = Arc::new(house.start());
    let late = Late::new(house.vendors.transport(), "/push", 1);
    let (clock, working) = (house.clock.clone(), other.clone());
    let event = async move {
        clock.advance(ASLEEP);
        working.drain().await;
    };
    let process = house.start_over(Meanwhile::new(Arc::new(late.clone()), "/push", When::After, event));
    let (id, [older, newer]) = two_versions(&house, &other).await;
    process.work_once().await;
    late.finish().await;
    let sent = [&older, &newer, &older].map(|order| order["remark"].clone());
    assert_eq!(remarks(&house, &id), sent, "too late to be helped");
    let failed = other.entry(ORDERS_TO_CRM, &id).await.unwrap().failed.unwrap();
    assert_eq!(failed.class, "crossed", "{}", failed.message);
}
