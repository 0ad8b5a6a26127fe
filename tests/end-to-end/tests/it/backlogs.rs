//! A backlog for one target holds up nothing else. Here all tasks wait at the same time: the time is tokio's, which jumps
//! to whoever waits the least when nobody has anything to do.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
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

/// A hundred calls and more, where WDT takes 50 a minute.
const ORDERS: usize = 5_000;

/// How often trades are polled, and stock is pulled and acknowledged: five calls and more each time.
const SCHEDULE: Duration = Duration::from_secs(10);

/// Each round is over long before the next begins.
const ROUND: Duration = Duration::from_secs(5);

/// The account is read for so long before the orders come: that it is read is known by then.
const BEFORE: Duration = Duration::from_secs(60);

/// Rounds beside the backlog.
const ROUNDS: usize = 12;

/// A minute has ten calls at least beside the reads, of some twenty orders and more.
const PUSHED: usize = 400;

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

async fn push(worker: &Worker, clock: &Paused, is_over: &AtomicBool) {
    let goes_on = || !is_over.load(Ordering::Relaxed);
    while goes_on() {
        worker.work_through(&goes_on, &|_| {}).await.unwrap();
        clock.sleep(Duration::from_secs(1)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn five_thousand_orders_for_wdt_hold_up_no_poll_no_pull_and_no_acknowledgement() {
    let house = House::new(1);
    let clock = Arc::new(Paused { start: utc("2026-11-22T12:00:00+08:00"), began: SystemClock.monotonic() });
    let vendors = Vendors::new(clock.clone(), 1);
    vendors.load_master_data();
    let (from, to) = (house.minutes_ago(30), house.minutes_ago(2));
    vendors.wangdian.generate_trades(20, from, to, TradeMix::default());
    let wiring = house.wiring_by(clock.clone(), &vendors);
    let flow = &wiring.flows.named("direct-order-to-wangdian").unwrap().flow;
    let item = |order| work::item(flow, order, false, clock.now(), wiring.rng.as_ref());
    let orders: Vec<_> =
        vendors.qince.orders(u32::try_from(ORDERS).unwrap(), from, to).into_iter().map(item).collect();

    let workers = wiring.build::<ErpPusher>().unwrap().workers();
    let worker = |system| workers.iter().find(|worker| worker.system() == system).unwrap();
    let (wangdian, sharecrm) = (worker(System::new("wangdian")), worker(System::new("sharecrm")));
    let (poller, syncer) = (wiring.build::<TradePoller>().unwrap(), wiring.build::<StockSyncer>().unwrap());
    let is_over = AtomicBool::new(false);
    let reading = async {
        let before = usize::try_from(BEFORE.as_secs() / SCHEDULE.as_secs()).unwrap();
        for round in 0..before + ROUNDS {
            if round == before {
                wiring.intake().take(System::new("wangdian"), &orders).await.unwrap();
            }
            for place in 0..20 {
                let left = Decimal::from(round + place);
                vendors.wangdian.change_stock("S001", "G1", &format!("G1-{place}"), left);
            }
            let began = clock.monotonic();
            let report = poller.poll_all(Deadline::NONE, &|_| {}).await.remove(0);
            assert_eq!((report.error, report.caught_up), (None, true));
            let reports = syncer.sync_all(Deadline::NONE).await;
            assert!(reports.iter().all(|report| report.error.is_none()), "{reports:?}");
            let took = clock.monotonic() - began;
            assert!(took < ROUND, "round {round} took {took:?}");
            clock.sleep(SCHEDULE - took).await;
            let stock = vendors.wangdian.stock();
            let is_acknowledged = stock.iter().all(|row| row.acknowledged_count == row.stock_change_count);
            assert!(is_acknowledged, "round {round}: {stock:?}");
        }
        is_over.store(true, Ordering::Relaxed);
    };
    // As `relay serve` has it: one task polls them all, and the workers first.
    tokio::join!(biased; push(wangdian, &clock, &is_over), push(sharecrm, &clock, &is_over), reading);
    let left = wiring.stores.queue.depth(System::new("wangdian")).await.unwrap();
    let (left, pushed) = (left.waiting + left.in_flight, vendors.wangdian.pushed_orders().len());
    assert!(
        left > 0 && pushed >= PUSHED,
        "{pushed} orders were pushed beside the rounds, and {left} are left"
    );
}
