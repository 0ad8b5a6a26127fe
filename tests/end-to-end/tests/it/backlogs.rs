//! A backlog for one target holds up nothing else. Here all tasks wait at the same time: the time is tokio's, which jumps
//! to whoever waits the least when nobody has anything to do.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use relay_core::System;
use relay_core::clock::{Clock, Deadline, SystemClock};
use relay_erp_pusher::{ErpPusher, Worker};
use relay_job::work;
use relay_simulators::Vendors;
use relay_simulators::wangdian::TradeMix;
use relay_stock_syncer::StockSyncer;
use relay_trade_poller::TradePoller;
use rust_decimal::Decimal;

use crate::house::{House, utc};

/// Forty calls, where WDT takes 50 a minute.
const ORDERS: u32 = 2_000;

/// What WDT's quota needs for the backlog.
const BACKLOG: Duration = Duration::from_secs(60);

/// The time of the tokio runtime.
struct Paused {
    start: DateTime<Utc>,
    began: Duration,
}

#[async_trait]
impl Clock for Paused {
    fn now(&self) -> DateTime<Utc> {
        self.start + self.monotonic()
    }

    fn monotonic(&self) -> Duration {
        SystemClock.monotonic() - self.began
    }

    async fn sleep(&self, duration: Duration) {
        SystemClock.sleep(duration).await;
    }

    async fn elapse(&self, duration: Duration) {
        SystemClock.elapse(duration).await;
    }
}

async fn push(worker: &Worker, clock: &Paused, until: Duration) {
    while clock.monotonic() < until {
        worker.work_through(&|| clock.monotonic() < until, &|_| {}).await.unwrap();
        clock.sleep(Duration::from_secs(1)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn two_thousand_orders_for_wdt_hold_up_no_poll_no_pull_and_no_acknowledgement() {
    let house = House::new(1);
    let clock = Arc::new(Paused { start: utc("2026-11-22T12:00:00+08:00"), began: SystemClock.monotonic() });
    let vendors = Vendors::new(clock.clone(), 1);
    vendors.load_master_data();
    let (from, to) = (house.minutes_ago(30), house.minutes_ago(2));
    vendors.wangdian.generate_trades(20, from, to, TradeMix::default());
    for place in 0..20 {
        vendors.wangdian.change_stock("S001", "G1", &format!("G1-{place}"), Decimal::from(place));
    }
    let wiring = house.wiring_by(clock.clone(), &vendors);
    let flow = &wiring.flows.named("direct-order-to-wangdian").unwrap().flow;
    let item = |order| work::item(flow, order, false, clock.now(), wiring.rng.as_ref());
    let orders: Vec<_> = vendors.qince.orders(ORDERS, from, to).into_iter().map(item).collect();
    wiring.intake().take(System::new("wangdian"), &orders).await.unwrap();

    let workers = wiring.build::<ErpPusher>().unwrap().workers();
    let worker = |system| workers.iter().find(|worker| worker.system() == system).unwrap();
    let (orders, records) = (worker(System::new("wangdian")), worker(System::new("sharecrm")));
    let (poller, syncer) = (wiring.build::<TradePoller>().unwrap(), wiring.build::<StockSyncer>().unwrap());
    let reading = async {
        // The pusher's first call is under way by then.
        clock.sleep(Duration::from_secs(3)).await;
        for round in 0..2 {
            let began = clock.monotonic();
            let report = poller.poll_all(Deadline::NONE, &|_| {}).await.remove(0);
            assert_eq!((report.error, report.caught_up), (None, true));
            let reports = syncer.sync_all(Deadline::NONE).await;
            assert!(reports.iter().all(|report| report.error.is_none()), "{reports:?}");
            let took = clock.monotonic() - began;
            // Far within the minutes that they have.
            assert!(took < Duration::from_secs(15), "round {round} took {took:?}");
            clock.sleep(Duration::from_secs(8)).await;
        }
        let stock = vendors.wangdian.stock();
        assert!(stock.iter().all(|row| row.acknowledged_count == row.stock_change_count), "{stock:?}");
        let left = wiring.stores.queue.depth(System::new("wangdian")).await.unwrap();
        assert!(left.waiting + left.in_flight > 0, "the backlog was no backlog");
    };
    // As `relay serve` has it: one task polls them all, and the workers first.
    tokio::join!(biased; push(orders, &clock, BACKLOG * 2), push(records, &clock, BACKLOG * 2), reading);
    assert_eq!(vendors.wangdian.pushed_orders().len(), ORDERS as usize);
}
