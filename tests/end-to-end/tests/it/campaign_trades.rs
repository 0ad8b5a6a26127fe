//! Thousands of trades while both ends misbehave.

use std::time::Duration;

use relay_simulators::wangdian::TradeMix;
use relay_simulators::{Fault, FaultRates};

use crate::house::House;
use crate::process::{Process, TRADES};

fn misbehave(house: &House) {
    let slow = Fault::Slow(Duration::from_secs(20));
    let vendors = &house.vendors;
    vendors.wangdian.faults.set_rates(
        FaultRates::none()
            .with(Fault::LostAnswer, 40)
            .with(Fault::LostRequest, 40)
            .with(Fault::RateLimited, 60)
            .with(Fault::Status(502), 40)
            .with(slow.clone(), 30)
            .with(Fault::MovingPages, 100)
            .with(Fault::StringNumbers, 60)
            .with(Fault::IntNumbers, 60)
            .with(Fault::LeaveOutEmptyLists, 60)
            .with(Fault::NullLists, 60)
            .with(Fault::ZeroDates, 60)
            .with(Fault::Garbage, 30)
            .with(Fault::OuterRefusal("服务不可用 isp.remote-service-error".to_owned()), 20)
            .with(Fault::InnerRefusal("系统繁忙,请稍后重试".to_owned()), 20),
    );
    vendors.kingdee.faults.set_rates(
        FaultRates::none()
            .with(Fault::LostAnswer, 30)
            .with(Fault::LostRequest, 20)
            .with(Fault::Duplicate, 20)
            .with(Fault::RateLimited, 15)
            .with(Fault::Status(503), 20)
            .with(slow, 10)
            .with(Fault::ExpireTokens, 5)
            .with(Fault::Http519("系统繁忙,请稍后再试".to_owned()), 15)
            .with(Fault::InnerRefusal("系统繁忙,请稍后再试".to_owned()), 10)
            .with(Fault::IntNumbers, 50)
            .with(Fault::HtmlRedirect, 2)
            .with(Fault::Garbage, 20),
    );
}

/// Polls and pushes by turns, as the schedule does, until nothing is left.
async fn until_quiet(house: &House, process: &Process) {
    loop {
        let report = process.poll().await;
        let turns = process.drain_through_pauses().await;
        if report.caught_up && report.queued == 0 && turns.is_empty() {
            return;
        }
        house.clock.advance(Duration::from_secs(300));
    }
}

/// What must be true of every trade, whatever happened on the way.
async fn check(house: &House, process: &Process, seed: u64) {
    let creates = house.creates_of_audited();
    let wrong: Vec<_> = creates.iter().filter(|(_, count)| **count != 1).collect();
    assert!(wrong.is_empty(), "seed {seed}: not exactly once: {wrong:?}");
    assert_eq!(house.vendors.kingdee.creates().len(), creates.len(), "seed {seed}: nothing else was made");
    // Kingdee creates and does not replace: a trade that changed after it was delivered waits for a person.
    let trades = house.vendors.wangdian.trades();
    for failure in process.failures().await {
        let failed = failure.failed.unwrap();
        let trade = trades.iter().find(|trade| trade.trade_no == failure.id.key).unwrap();
        assert_eq!(failed.class, "changed", "seed {seed}: {}: {}", failure.id.key, failed.message);
        assert!(trade.version_id > 1, "seed {seed}: {} never changed", failure.id.key);
    }
    let delivered = process.wiring.stores.ledger.counts().await.unwrap().delivered.unwrap()[TRADES];
    assert_eq!(delivered, creates.len() as u64, "seed {seed}: the ledger knows them all");
}

async fn campaign(seed: u64, trades: u32) -> House {
    let house = House::new(seed);
    let mix = TradeMix { taobao_per_mille: 300, jd_per_mille: 200, unaudited_per_mille: 50 };
    house.vendors.wangdian.generate_trades(trades, house.minutes_ago(59), house.minutes_ago(2), mix);
    misbehave(&house);
    let process = house.start();
    for _ in 0..3 {
        process.poll().await;
        process.drain_through_pauses().await;
        house.clock.advance(Duration::from_secs(300));
    }
    house.vendors.wangdian.faults.clear();
    house.vendors.kingdee.faults.clear();
    until_quiet(&house, &process).await;
    check(&house, &process, seed).await;
    house
}

#[tokio::test]
async fn every_trade_of_a_window_of_5000_reaches_kingdee_once() {
    let house = campaign(1, 5_000).await;
    assert_eq!(house.vendors.wangdian.faults.happened().len(), 14, "every kind of fault has happened");
    assert_eq!(house.vendors.kingdee.faults.happened().len(), 12, "every kind of fault has happened");
}

#[tokio::test]
async fn smaller_windows_under_other_seeds_too() {
    for seed in 2..8 {
        campaign(seed, 200).await;
    }
}
