//! A machine's clock that is fast, slow, or set, loses nothing and stops nothing. The vendors' clock is right.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use relay_core::clock::{Clock, SimulatedClock};
use relay_core::{System, pause};
use relay_simulators::Fault;
use relay_simulators::wangdian::TradeMix;
use serde_json::json;

use crate::house::House;
use crate::process::Process;

/// The clock of a machine whose hands are off.
pub(crate) struct Off {
    right: Arc<SimulatedClock>,
    ahead: Mutex<TimeDelta>,
}

impl Off {
    pub(crate) fn by(house: &House, ahead: TimeDelta) -> Arc<Self> {
        Arc::new(Self { right: house.clock.clone(), ahead: Mutex::new(ahead) })
    }

    fn set(&self, ahead: TimeDelta) {
        *self.ahead.lock().unwrap() = ahead;
    }
}

#[async_trait]
impl Clock for Off {
    fn now(&self) -> DateTime<Utc> {
        self.right.now() + *self.ahead.lock().unwrap()
    }

    fn monotonic(&self) -> Duration {
        self.right.monotonic()
    }

    async fn sleep(&self, duration: Duration) {
        self.right.sleep(duration).await;
    }

    async fn elapse(&self, duration: Duration) {
        self.right.elapse(duration).await;
    }
}

const TRADES: u32 = 114;

/// A house in which trades come in for an hour, from now on.
fn an_hour_of_trades() -> House {
    let house = House::new(1);
    let (from, to) = (house.now(), house.now() + TimeDelta::hours(1));
    house.vendors.wangdian.generate_trades(TRADES, from, to, TradeMix::default());
    house
}

async fn poll(process: &Process) -> relay_trade_poller::Report {
    let report = process.poll().await;
    assert_eq!((&report.error, report.caught_up), (&None, true));
    report
}

async fn check(house: &House) {
    house.start().drain().await;
    let creates = house.creates_of_audited();
    assert_eq!(creates.len(), TRADES as usize);
    let missing: Vec<_> = creates.iter().filter(|(_, count)| **count != 1).collect();
    assert!(missing.is_empty(), "{} of {TRADES}: {missing:?}", missing.len());
}

const BETWEEN_POLLS: Duration = Duration::from_secs(300);
const POLLS: usize = 14;

#[tokio::test]
async fn a_clock_that_is_fast_or_slow_loses_no_trade_and_is_told() {
    for minutes in [4, 9, 60, -4, -9, -60] {
        let house = an_hour_of_trades();
        let process = house.start_by(Off::by(&house, TimeDelta::minutes(minutes)));
        for _ in 0..POLLS {
            house.clock.advance(BETWEEN_POLLS);
            let report = poll(&process).await;
            let skew = report.clock_skew_s.unwrap();
            assert!((skew - minutes * 60).abs() <= 2, "{skew} s");
            let behind = (house.now() - report.watermark.unwrap()).num_seconds();
            assert!((60..75).contains(&behind), "{behind} s behind at {minutes} minutes");
        }
        check(&house).await;
    }
}

#[tokio::test]
async fn processes_that_come_and_go_by_a_clock_that_is_off_lose_no_trade() {
    for minutes in [4, 9, 60, -4, -9, -60] {
        let house = an_hour_of_trades();
        for _ in 0..POLLS {
            house.clock.advance(BETWEEN_POLLS);
            let report = poll(&house.start_by(Off::by(&house, TimeDelta::minutes(minutes)))).await;
            let behind = (house.now() - report.watermark.unwrap()).num_seconds();
            assert!((60..75).contains(&behind), "{behind} s behind at {minutes} minutes");
        }
        check(&house).await;
    }
}

#[tokio::test]
async fn one_poll_by_a_clock_that_is_corrected_afterwards_loses_no_trade() {
    let house = an_hour_of_trades();
    let clock = Off::by(&house, TimeDelta::zero());
    let process = house.start_by(clock.clone());
    for round in 0..POLLS {
        house.clock.advance(BETWEEN_POLLS);
        clock.set(TimeDelta::minutes(if round == 5 { 9 } else { 0 }));
        poll(&process).await;
    }
    check(&house).await;
}

#[tokio::test]
async fn a_process_that_starts_by_a_clock_that_is_corrected_afterwards_loses_no_trade() {
    let house = an_hour_of_trades();
    for round in 0..POLLS {
        house.clock.advance(BETWEEN_POLLS);
        let ahead = TimeDelta::minutes(if round == 5 { 9 } else { 0 });
        poll(&house.start_by(Off::by(&house, ahead))).await;
    }
    check(&house).await;
}

#[tokio::test]
async fn a_watermark_in_the_future_is_not_believed() {
    let house = an_hour_of_trades();
    house.clock.advance(Duration::from_secs(3_600));
    let process = house.start();
    let ahead = house.now() + TimeDelta::minutes(20);
    let value = json!({ "read_until": ahead }).to_string();
    let checkpoints = &process.wiring.stores.checkpoints;
    assert!(checkpoints.put("watermark/trade-to-kingdee", &value, None, None).await.unwrap());
    let report = poll(&process).await;
    assert!(report.notes.iter().any(|note| note.contains("future")), "{report:?}");
    assert!(report.watermark.unwrap() < house.now());
    house.clock.advance(BETWEEN_POLLS);
    assert!(poll(&process).await.notes.is_empty());
    check(&house).await;
}

/// Kingdee is paused, a document waits for its next try, orders wait for their first: then the clock is set.
#[tokio::test]
async fn a_clock_that_is_set_stops_no_call_no_poll_no_message_and_no_pause() {
    // A pause that was set in the last half an hour may last longer by what its clock was set back since, and no more.
    for (minutes, patience_s) in [(-60, 300), (-20, 300 + 1_200), (60, 300)] {
        let house = an_hour_of_trades();
        let clock = Off::by(&house, TimeDelta::zero());
        let process = house.start_by(clock.clone());
        house.clock.advance(Duration::from_secs(1_800));
        poll(&process).await;
        house.vendors.kingdee.faults.inject_for("sal_order_save", Fault::Status(502));
        process.work_once().await;
        house.vendors.kingdee.faults.inject_for("sal_order_save", Fault::Status(403));
        process.work_once().await;
        let paused =
            pause::current(process.wiring.stores.checkpoints.as_ref(), System::new("kingdee"), clock.now());
        assert!(paused.await.unwrap().is_some());

        clock.set(TimeDelta::minutes(minutes));
        house.clock.advance(Duration::from_secs(1_900));
        let began = house.now();
        poll(&process).await;
        while process.waiting().await > 0 {
            process.work_once().await;
            house.clock.advance(Duration::from_secs(1));
            let took = (house.now() - began).num_seconds();
            assert!(took < patience_s, "{took} s at {minutes} minutes");
        }
        house.clock.advance(BETWEEN_POLLS);
        poll(&process).await;
        check(&house).await;
    }
}
