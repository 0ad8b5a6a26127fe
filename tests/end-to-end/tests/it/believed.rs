//! What was delivered last is believed only while nothing else may have arrived since.

use std::time::Duration;

use chrono::TimeDelta;
use relay_core::System;
use relay_core::clock::Deadline;
use relay_decorator::Port;
use relay_erp_pusher::ErpPusher;
use relay_job::{Invocation, Job as _};
use relay_simulators::Fault;
use relay_simulators::qince::PushStyle;
use serde_json::{Value, json};

use crate::fuse::Fuse;
use crate::house::House;
use crate::meanwhile::Late;
use crate::outages::record;
use crate::process::{ORDERS_TO_CRM, Process};

async fn post(house: &House, process: &Process, order: &Value) {
    assert!(process.post(&house.vendors.qince.push(order, &PushStyle::default())).await);
}

fn remarks(house: &House, order: &Value) -> Vec<Value> {
    let id = order["id"].as_str().unwrap().to_owned();
    let records = house.vendors.sharecrm.records();
    let history = &records[&("erpSalesOrderObj".to_owned(), id)].history;
    history.iter().map(|push| push.data["masterFieldVal"]["remark"].clone()).collect()
}

/// A was delivered; B was done and its answer lost, and then B was refused. A again must go out again.
#[tokio::test]
async fn what_was_delivered_before_an_unknown_try_is_sent_again_when_it_comes_again() {
    let (house, process) = House::running(1);
    let a = house.vendors.qince.order(house.minutes_ago(10));
    // Two contents under one version: the one received last wins.
    let b = house.vendors.qince.changed(&a, TimeDelta::zero(), "CG_DFH");
    post(&house, &process, &a).await;
    process.drain().await;
    house.clock.advance(Duration::from_secs(3_600));
    house.vendors.sharecrm.faults.inject_for("push", Fault::LostAnswer);
    house.vendors.sharecrm.faults.inject_for("push", Fault::InnerRefusal("字段不合法".to_owned()));
    post(&house, &process, &b).await;
    process.drain().await;
    let entry = process.entry(ORDERS_TO_CRM, a["id"].as_str().unwrap()).await.unwrap();
    assert_eq!(entry.failed.as_ref().unwrap().document, b);
    assert_eq!(remarks(&house, &a).last(), Some(&b["remark"]), "the target keeps B");

    house.clock.advance(Duration::from_secs(3_600));
    post(&house, &process, &a).await;
    process.drain().await;
    assert_eq!(remarks(&house, &a).last(), Some(&a["remark"]), "A came last");
}

/// The same where the target is sent the same body as before (`Unchanged`), under a newer version.
#[tokio::test]
async fn a_body_that_was_delivered_before_an_unknown_try_is_not_taken_for_unchanged() {
    let house = House::new(1).with("KINGDEE_EDITS", "on");
    let process = house.start();
    house.vendors.wangdian.generate_trade("S001", 55, house.minutes_ago(5));
    process.poll().await;
    process.drain().await;
    let trade_no = house.vendors.wangdian.trades()[0].trade_no.clone();
    let a = house.vendors.wangdian.trade(&trade_no).unwrap();
    let changed = |second: u32, quantity: &Value| {
        let mut row = a.clone();
        row["modified"] = json!(format!("2026-11-22 12:00:{second:02}"));
        row["goods_list"][0]["num"] = quantity.clone();
        crate::house::object(row)
    };
    let quantity =
        |house: &House| house.vendors.kingdee.orders(&trade_no)[0].body["material_entity"][0]["qty"].clone();
    let before = quantity(&house);

    house.clock.advance(Duration::from_secs(600));
    house.vendors.kingdee.faults.inject_for("sal_order_save", Fault::LostAnswer);
    house.vendors.kingdee.faults.inject_for("sal_order_save", Fault::InnerRefusal("参数错误".to_owned()));
    house.vendors.wangdian.add_trade(changed(1, &json!("77.0000")));
    process.poll().await;
    process.drain().await;
    assert_ne!(quantity(&house), before, "B was done");

    house.clock.advance(Duration::from_secs(3_600));
    let mut back = changed(2, &a["goods_list"][0]["num"]);
    back.insert("modified".to_owned(), json!("2026-11-22 13:00:00"));
    house.vendors.wangdian.add_trade(back);
    house.clock.advance(Duration::from_secs(600));
    process.poll().await;
    process.drain().await;
    assert_eq!(quantity(&house), before, "as A has it again");
}

/// The vendor finishes a request, which timed out here, after the next version was done: the newest is the last.
#[tokio::test]
async fn a_request_that_the_vendor_finishes_late_leaves_the_newest_version_in_the_target() {
    let house = House::new(1);
    let late = Late::new(house.vendors.transport(), "/push", 1);
    let process = house.start_over(late.clone());
    let first = house.vendors.qince.order(house.minutes_ago(10));
    let second = house.vendors.qince.changed(&first, TimeDelta::seconds(5), "CG_FHZ");
    post(&house, &process, &first).await;
    process.work_once().await;
    let timed_out = house.now();
    post(&house, &process, &second).await;

    // The next version waits for as long as the vendor may still be working on the first.
    while !remarks_so_far(&house, &first).contains(&second["remark"]) {
        let (_, wait) = process.work_once().await;
        house.clock.advance(wait.unwrap_or_default().max(Duration::from_millis(10)));
    }
    assert!(house.now() - timed_out >= TimeDelta::seconds(90), "{}", house.now() - timed_out);

    house.clock.advance(Duration::from_secs(60));
    late.finish().await;
    assert_eq!(remarks(&house, &first).last(), Some(&first["remark"]), "the older one over the newer");
    process.drain().await;
    assert_eq!(remarks(&house, &first).last(), Some(&second["remark"]));
    assert_eq!(process.entry(ORDERS_TO_CRM, first["id"].as_str().unwrap()).await.unwrap().unanswered, None);
}

fn remarks_so_far(house: &House, order: &Value) -> Vec<Value> {
    let key = ("erpSalesOrderObj".to_owned(), order["id"].as_str().unwrap().to_owned());
    if house.vendors.sharecrm.records().contains_key(&key) { remarks(house, order) } else { Vec::new() }
}

/// Kingdee's bill that is made late is the only one.
#[tokio::test]
async fn a_bill_that_the_vendor_makes_late_is_the_only_one() {
    let house = House::new(1);
    house.vendors.kingdee.set_refuses_duplicates(false);
    let late = Late::new(house.vendors.transport(), "sal_order_save", 1);
    let process = house.start_over(late.clone());
    house.vendors.wangdian.generate_trade("S001", 55, house.minutes_ago(5));
    process.poll().await;
    process.work_once().await;
    // It is asked after, and not there yet.
    house.clock.advance(Duration::from_secs(30));
    process.work_once().await;
    late.finish().await;
    process.drain().await;
    let trade_no = house.vendors.wangdian.trades()[0].trade_no.clone();
    assert_eq!(house.vendors.kingdee.creates()[&trade_no], 1);
}

/// Turn one has sent the document and could not note it; turn two, after a secret was rotated, has the same records,
/// which were received once.
#[tokio::test]
async fn a_second_turn_at_an_event_asks_before_it_sends() {
    let house = House::new(1);
    house.vendors.kingdee.set_refuses_duplicates(false);
    let fuse = Fuse::unbreakable();
    let process = house.start_with(&fuse);
    house.vendors.wangdian.generate_trade("S001", 55, house.minutes_ago(5));
    process.poll().await;
    let queue = &process.wiring.stores.queue;
    let messages = queue.receive(System::new("kingdee"), 10, Duration::from_secs(720)).await.unwrap();
    let event = json!({ "Records": messages.iter().map(record).collect::<Vec<_>>() });
    let pusher = process.wiring.build::<ErpPusher>().unwrap();
    fuse.refuse(Port::Ledger, "write");
    pusher.handle(event.clone(), Invocation::first(Deadline::NONE)).await.unwrap();
    fuse.refuse_nothing();
    let handled = pusher.handle(event, Invocation::repeated(Deadline::NONE)).await.unwrap();
    assert_eq!(pusher.answer(handled).await["batchItemFailures"], json!([]));
    let trade_no = house.vendors.wangdian.trades()[0].trade_no.clone();
    assert_eq!(house.vendors.kingdee.creates()[&trade_no], 1);
}
