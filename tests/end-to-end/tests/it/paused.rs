//! What a person has paused waits, and burns no attempt; everything else goes on, and sources go on being read.

use std::time::Duration;

use relay_simulators::qince::PushStyle;

use crate::house::House;
use crate::process::{ORDERS_TO_CRM, ORDERS_TO_WDT, Process, STOCK, count, outcomes};

const HALF_AN_HOUR: Duration = Duration::from_secs(30 * 60);

/// Pushes a new order of Qince, and answers its id.
async fn one_order(house: &House, process: &Process) -> String {
    let order = house.vendors.qince.order(house.minutes_ago(10));
    assert!(process.post(&house.vendors.qince.push(&order, &PushStyle::default())).await);
    order["id"].as_str().unwrap().to_owned()
}

/// Works one batch of every queue, and tells which flows' documents were delivered.
async fn delivered(process: &Process) -> Vec<String> {
    let (turns, _) = process.work_once().await;
    let delivered = turns.iter().filter(|turn| turn.outcome.name() == "delivered");
    delivered.map(|turn| turn.flow().to_owned()).collect()
}

#[tokio::test]
async fn the_documents_of_a_paused_flow_wait_and_the_other_flows_of_its_target_go_on() {
    let (house, process) = House::running(1);
    house.vendors.wangdian.change_stock("S001", "ML", "ML-1L-12", "57".parse().unwrap());
    process.operations().pause(ORDERS_TO_CRM, "stock-taking", "李", None).await.unwrap();
    let id = one_order(&house, &process).await;
    process.sync().await;
    let mut flows = delivered(&process).await;
    flows.sort_unstable();
    assert_eq!(flows, [ORDERS_TO_WDT, STOCK]);

    let shown = process.operations().status().await.unwrap();
    let pause = shown.flows[ORDERS_TO_CRM].paused.as_ref().unwrap();
    assert_eq!((pause.by.as_deref(), pause.reason.as_str(), pause.until), (Some("李"), "stock-taking", None));
    assert!(shown.issues.is_empty(), "it is meant to be so: {:?}", shown.issues);

    // It is looked at each half hour, for days.
    for _ in 0..100 {
        house.clock.advance(HALF_AN_HOUR);
        assert_eq!(outcomes(&process.work_once().await.0), ["postponed"]);
    }
    assert!(process.entry(ORDERS_TO_CRM, &id).await.is_none_or(|entry| entry.attempts.is_none()));

    // Another process honours it as well: a start ends only pauses that nobody knows the end of.
    let process = house.start();
    process.operations().resume(ORDERS_TO_CRM).await.unwrap();
    house.clock.advance(HALF_AN_HOUR);
    assert_eq!(delivered(&process).await, [ORDERS_TO_CRM]);
    assert_eq!(process.waiting().await, 0);
}

#[tokio::test]
async fn a_flow_that_is_paused_for_a_while_goes_on_by_itself() {
    let (house, process) = House::running(1);
    let an_hour = Some(Duration::from_secs(3_600));
    process.operations().pause(ORDERS_TO_CRM, "stock-taking", "李", an_hour).await.unwrap();
    one_order(&house, &process).await;
    assert_eq!(delivered(&process).await, [ORDERS_TO_WDT]);
    house.clock.advance(HALF_AN_HOUR);
    assert_eq!(outcomes(&process.work_once().await.0), ["postponed"]);
    house.clock.advance(HALF_AN_HOUR);
    assert_eq!(delivered(&process).await, [ORDERS_TO_CRM]);
}

#[tokio::test]
async fn the_versions_of_a_document_keep_their_order_over_a_pause_of_their_flow() {
    let (house, process) = House::running(1);
    let order = house.vendors.qince.order(house.minutes_ago(10));
    let newer = house.vendors.qince.changed(&order, chrono::TimeDelta::seconds(5), "CG_FHZ");
    process.operations().pause(ORDERS_TO_CRM, "stock-taking", "李", None).await.unwrap();
    for version in [&order, &newer] {
        assert!(process.post(&house.vendors.qince.push(version, &PushStyle::default())).await);
        process.work_once().await;
    }
    process.operations().resume(ORDERS_TO_CRM).await.unwrap();
    house.clock.advance(HALF_AN_HOUR);
    let turns = process.drain().await;
    assert_eq!(count(&turns, "delivered"), 2, "{turns:?}");
    let records = house.vendors.sharecrm.records();
    let id = order["id"].as_str().unwrap().to_owned();
    let held = &records[&("erpSalesOrderObj".to_owned(), id)];
    let held = held.current().unwrap()["masterFieldVal"]["modify_time_str"].as_str();
    assert_eq!(held, newer["modify_time_str"].as_str());
}

#[tokio::test]
async fn a_target_that_a_person_has_paused_takes_nothing_until_it_is_resumed() {
    let (house, process) = House::running(1);
    process.operations().pause("sharecrm", "the CRM is being moved", "李", None).await.unwrap();
    let id = one_order(&house, &process).await;
    assert_eq!(delivered(&process).await, [ORDERS_TO_WDT]);
    house.clock.advance(Duration::from_secs(3 * 86_400));
    let process = house.start();
    assert!(process.drain().await.is_empty());
    let document = process.operations().show(ORDERS_TO_WDT, &id).await.unwrap();
    assert!(document.delivered.is_some() && document.paused.is_none());
    process.operations().resume("sharecrm").await.unwrap();
    assert_eq!(delivered(&process).await, [ORDERS_TO_CRM]);
}
