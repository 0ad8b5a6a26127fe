//! Hundreds of direct orders in every order of arrival, while both targets misbehave.

use std::collections::BTreeMap;
use std::time::Duration;

use relay_simulators::qince::{SignedPush, Story, modify_time};
use relay_simulators::{Fault, FaultRates};
use serde_json::Value;

use crate::house::House;

fn misbehave(house: &House) {
    let slow = Fault::Slow(Duration::from_secs(20));
    let vendors = &house.vendors;
    vendors.sharecrm.faults.set_rates(
        FaultRates::none()
            .with(Fault::LostAnswer, 40)
            .with(Fault::LostRequest, 40)
            .with(Fault::Duplicate, 30)
            .with(Fault::RateLimited, 30)
            .with(Fault::Status(502), 30)
            .with(slow.clone(), 10)
            .with(Fault::ExpireTokens, 20)
            .with(Fault::ServiceException, 40)
            .with(Fault::StringNumbers, 50)
            .with(Fault::DailyQuotaUsed, 5)
            .with(Fault::Garbage, 20),
    );
    // Of few calls, with many orders in each.
    vendors.wangdian.faults.set_rates(
        FaultRates::none()
            .with(Fault::LostAnswer, 70)
            .with(Fault::LostRequest, 70)
            .with(Fault::Duplicate, 60)
            .with(Fault::RateLimited, 60)
            .with(Fault::Status(502), 60)
            .with(slow, 60)
            .with(Fault::StringNumbers, 60)
            .with(Fault::InnerRefusal("系统繁忙,请稍后重试".to_owned()), 60)
            .with(Fault::LeaveOutEmptyLists, 60)
            .with(Fault::Garbage, 60),
    );
}

/// The newest version of each order.
fn newest(pushes: &[SignedPush]) -> BTreeMap<String, Value> {
    let mut newest = BTreeMap::<String, Value>::new();
    for push in pushes {
        let id = push.order["id"].as_str().unwrap();
        if newest.get(id).is_none_or(|known| modify_time(known) < modify_time(&push.order)) {
            newest.insert(id.to_owned(), push.order.clone());
        }
    }
    newest
}

fn check(house: &House, newest: &BTreeMap<String, Value>, seed: u64) {
    let records = house.vendors.sharecrm.records();
    let pushed = house.vendors.wangdian.pushed_orders();
    assert_eq!((records.len(), pushed.len()), (newest.len(), newest.len()), "seed {seed}: one record each");
    for (id, order) in newest {
        let record = &records[&("erpSalesOrderObj".to_owned(), id.clone())];
        let master = &record.current().unwrap()["masterFieldVal"];
        for field in ["modify_time_str", "status", "purchase_status", "remark"] {
            assert_eq!(master[field], order[field], "seed {seed}: {field} of {id} in the CRM");
        }
        let versions: Vec<&str> =
            record.history.iter().map(|push| modify_time(&push.data["masterFieldVal"])).collect();
        assert!(versions.is_sorted(), "seed {seed}: an older version came after a newer one: {versions:?}");

        let in_wdt = &pushed[id];
        assert_eq!(in_wdt.creates, 1, "seed {seed}: {id} in WDT");
        assert_eq!(in_wdt.order["buyer_message"], order["remark"], "seed {seed}: {id} in WDT");
        let deleted = order["status"] == "0";
        assert_eq!(in_wdt.order["trade_status"] == "80", deleted, "seed {seed}: {id} in WDT");
    }
}

async fn campaign(seed: u64, orders: u32) -> House {
    let house = House::new(seed);
    let orders = house.vendors.qince.orders(orders, house.minutes_ago(600), house.minutes_ago(10));
    let stories = orders.iter().zip(Story::ALL.iter().cycle());
    let stories = stories.map(|(order, story)| house.vendors.qince.tell(*story, order));
    let pushes = house.vendors.qince.mix(stories);
    misbehave(&house);
    let process = house.start();
    for some in pushes.chunks(40) {
        for push in some {
            assert!(process.post(push).await);
        }
        // Not all is worked before more comes in, and some comes again after the queue has forgotten it.
        process.work_once().await;
        house.clock.advance(Duration::from_secs(120));
    }
    process.drain_through_pauses().await;
    let failures = process.failures().await;
    assert!(failures.is_empty(), "seed {seed}: {failures:?}");
    check(&house, &newest(&pushes), seed);
    house
}

#[tokio::test]
async fn three_hundred_orders_end_in_their_newest_version() {
    let house = campaign(1, 300).await;
    assert_eq!(house.vendors.sharecrm.faults.happened().len(), 11, "every kind of fault has happened");
    assert_eq!(house.vendors.wangdian.faults.happened().len(), 10, "every kind of fault has happened");
}

#[tokio::test]
async fn fewer_orders_under_other_seeds_too() {
    for seed in 2..8 {
        campaign(seed, 30).await;
    }
}
