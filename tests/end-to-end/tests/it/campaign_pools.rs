//! Pools whose rows change while they are read, delivered and acknowledged.

use std::time::Duration;

use relay_simulators::{Fault, FaultRates};
use rust_decimal::Decimal;
use serde_json::json;

use crate::house::{House, object};
use crate::process::{Process, SHIPPING};

fn misbehave(house: &House) {
    let rates = |rates: FaultRates| {
        rates
            .with(Fault::LostAnswer, 50)
            .with(Fault::LostRequest, 50)
            .with(Fault::Duplicate, 30)
            .with(Fault::RateLimited, 40)
            .with(Fault::Status(502), 40)
            .with(Fault::StringNumbers, 100)
            .with(Fault::Garbage, 30)
    };
    let wangdian = rates(FaultRates::none());
    let wangdian = wangdian.with(Fault::ErrorsUnderCodeZero, 150).with(Fault::NullLists, 50);
    house.vendors.wangdian.faults.set_rates(wangdian.with(Fault::LeaveOutEmptyLists, 50));
    let sharecrm = rates(FaultRates::none());
    house
        .vendors
        .sharecrm
        .faults
        .set_rates(sharecrm.with(Fault::ServiceException, 50).with(Fault::ExpireTokens, 20));
}

fn change_stock(house: &House, round: u32) {
    for place in (0..150_u32).filter(|place| !(place + round).is_multiple_of(3)) {
        let stock = Decimal::from(1_000 * round + place);
        house.vendors.wangdian.change_stock("S001", "G1", &format!("G1-{place}"), stock);
    }
}

async fn until_acknowledged(house: &House, process: &Process) {
    for _ in 0..30 {
        process.sync().await;
        process.drain_through_pauses().await;
        let stock = house.vendors.wangdian.stock();
        let all = stock.iter().all(|row| row.acknowledged_count == row.stock_change_count);
        if all && house.vendors.wangdian.waiting_shipments().is_empty() {
            return;
        }
        house.clock.advance(Duration::from_secs(180));
    }
    panic!("rows are left in the pools: {:?}", house.vendors.wangdian.waiting_shipments());
}

async fn campaign(seed: u64) {
    let house = House::new(seed);
    misbehave(&house);
    let mut refused = Vec::new();
    for place in 0..60 {
        // Every tenth names no order: the flow needs its number. Every ninth was sent without a carrier.
        let mut row = object(json!({"tid": format!("T{place}"), "logistics_no": format!("SF{place}")}));
        if place % 10 == 0 {
            row.remove("tid");
        }
        if place % 9 == 0 {
            row.remove("logistics_no");
        }
        let rec_id = house.vendors.wangdian.add_shipment(row);
        if place % 10 == 0 {
            refused.push(rec_id);
        }
    }
    let process = house.start();
    for round in 1..6 {
        change_stock(&house, round);
        process.sync().await;
        // It changes once more while what was read is still in the queue, and while it is being pushed.
        process.work_once().await;
        change_stock(&house, round + 10);
        process.work_once().await;
        house.clock.advance(Duration::from_secs(180));
    }
    until_acknowledged(&house, &process).await;

    let records = house.vendors.sharecrm.records();
    for row in house.vendors.wangdian.stock() {
        let record = &records[&("erpStockObj".to_owned(), row.rec_id.to_string())];
        let now = &record.current().unwrap()["masterFieldVal"]["sync_stock"];
        assert_eq!(*now, json!(row.sync_stock.to_string()), "seed {seed}: stock of {}", row.rec_id);
    }
    for (rec_id, ack) in house.vendors.wangdian.logistics_acks() {
        let is_refused = refused.contains(&rec_id);
        assert_eq!(ack.status == 1, is_refused, "seed {seed}: {rec_id}: {ack:?}");
        assert!(!is_refused || ack.message.contains("tid"), "seed {seed}: {rec_id}: {ack:?}");
    }
    let failures = process.failures().await;
    assert_eq!(failures.len(), refused.len(), "seed {seed}: {failures:?}");
    assert!(failures.iter().all(|failure| failure.id.flow == SHIPPING));
}

#[tokio::test]
async fn stock_ends_at_its_newest_value_and_every_row_is_acknowledged() {
    for seed in 1..5 {
        campaign(seed).await;
    }
}
