//! 金蝶云·星辰 over V2, end to end: the flow that V1 has too, a secret that rotates, and a vendor that misbehaves.

use std::time::Duration;

use relay_simulators::kingdee::Saved;
use relay_simulators::wangdian::TradeMix;
use relay_simulators::{Fault, FaultRates};
use tempfile::TempDir;

use crate::house::House;
use crate::process::count;

/// Saved, and then audited.
const AUDITED: &str =
    include_str!("../../../../shared/flows/examples/kingdee-v2/trade-audited-to-kingdee.toml");

const TRADES: u32 = 40;

/// A merchant with trades, whose Kingdee takes the same number twice: our asking alone prevents a second order.
fn house(seed: u64) -> House {
    let house = House::new(seed).with("KINGDEE_AUTH", "v2");
    house.vendors.kingdee.set_refuses_duplicates(false);
    let (from, to) = (house.minutes_ago(50), house.minutes_ago(5));
    house.vendors.wangdian.generate_trades(TRADES, from, to, TradeMix::default());
    house
}

/// That merchant with the audited flow alone, and the folder that it lies in.
fn audited_house(seed: u64) -> (House, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("trade-audited-to-kingdee.toml"), AUDITED).unwrap();
    (house(seed).with("RELAY_FLOWS_DIR", folder.path().to_str().unwrap()), folder)
}

fn orders(house: &House) -> Vec<Saved> {
    let mut orders = house.vendors.kingdee.saved_of("sal_order");
    orders.sort_by(|one, other| one.number.cmp(&other.number));
    orders
}

/// The numbers of the trades, each once.
fn trades(house: &House) -> Vec<String> {
    let mut numbers: Vec<_> =
        house.vendors.wangdian.trades().into_iter().map(|trade| trade.trade_no).collect();
    numbers.sort();
    numbers
}

fn numbers(house: &House) -> Vec<String> {
    orders(house).into_iter().map(|order| order.number).collect()
}

#[tokio::test]
async fn the_shipped_flow_of_trades_serves_v2_as_it_does_v1() {
    let house = house(1);
    let process = house.start();
    assert_eq!(process.poll().await.error, None);
    let turns = process.drain().await;
    assert_eq!(count(&turns, "delivered"), turns.len());
    assert_eq!(numbers(&house), trades(&house));
    assert_eq!(house.vendors.kingdee.creates().len(), 0, "nothing went over V1");
}

#[tokio::test]
async fn a_secret_that_rotates_again_and_again_costs_no_order_and_no_call_too_many() {
    let (house, _folder) = audited_house(2);
    let process = house.start();
    process.poll().await;
    // Before a save, and before an audit: the token that is at hand is worth nothing then, nor is what it was made of.
    for operation in ["sal_order_save", "common_operate", "sal_order_save", "common_operate"] {
        house.vendors.kingdee.faults.inject_for(operation, Fault::ExpireTokens);
        house.clock.advance(Duration::from_secs(120));
        process.work_once().await;
    }
    process.drain_through_pauses().await;
    assert_eq!(numbers(&house), trades(&house));
    assert!(orders(&house).iter().all(|order| order.steps == ["audit"]), "each is audited once");
    assert_eq!(house.vendors.kingdee.refused_for_tokens(), 0, "two calls for a token in any minute");
    assert!(process.failures().await.is_empty());
}

#[tokio::test]
async fn each_trade_is_one_audited_order_whatever_v2_answers() {
    for seed in 3..7 {
        let (house, _folder) = audited_house(seed);
        let faults = [
            Fault::LostAnswer,
            Fault::LostRequest,
            Fault::RateLimited,
            Fault::ExpireTokens,
            Fault::Duplicate,
            Fault::StringNumbers,
        ];
        let rates = faults.into_iter().fold(FaultRates::none(), |rates, fault| rates.with(fault, 40));
        house.vendors.kingdee.faults.set_rates(rates);
        let process = house.start();
        process.poll().await;
        process.drain_through_pauses().await;
        house.vendors.kingdee.faults.clear();
        for failed in process.failures().await {
            process.replay(failed).await;
        }
        process.drain_through_pauses().await;
        assert_eq!(numbers(&house), trades(&house), "seed {seed}");
        assert!(
            orders(&house).iter().all(|order| order.is_audited && order.steps == ["audit"]),
            "seed {seed}: {:?}",
            orders(&house).iter().map(|order| &order.steps).collect::<Vec<_>>()
        );
        assert!(process.failures().await.is_empty(), "seed {seed}");
        assert!(house.vendors.kingdee.faults.happened().len() >= 4, "seed {seed}");
    }
}
