//! Has happen what a seed has drawn, and waits until all is quiet.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::future::pending;
use std::time::Duration;

use local_aws::Stack;
use local_aws::stack::minutes_ago;
use relay_core::clock::{Clock as _, SystemClock};
use relay_core::pause;
use relay_simulators::qince::SignedPush;
use relay_simulators::{Fault, FaultRates, Faults};
use serde_json::{Value, json};

use crate::judge;
use crate::scenario::{Change, Scenario, VENDORS, Vendor, What};

/// All is to be quiet this long after the last fault. It is the functions' own clock that takes most of it, which no test
/// moves: a version that follows a lost answer is sent once more after 5 minutes. What a killed function had in hand comes
/// again after 12 minutes of the queues' clock, and what met a pause after 30.
const PATIENCE: Duration = Duration::from_secs(12 * 60);

/// So many seconds more the queues' clock goes in each. A function may run for 2 minutes, and its messages are its own for
/// 12: they still are at five times the speed.
const AHEAD: u64 = 4;

const LOOK_EVERY: Duration = Duration::from_secs(2);

/// For so long a kill waits for something that it can stop.
const WORK_COMES: Duration = Duration::from_secs(10);

/// What a seed has done.
pub(crate) struct Day<'a> {
    pub(crate) stack: &'a Stack,
    pub(crate) scenario: Scenario,
    /// When it began, by the clock that nobody sets.
    began: Duration,
    /// Orders, by number, in all of their versions, oldest first.
    pub(crate) orders: RefCell<BTreeMap<usize, Vec<Value>>>,
    /// The last push of each.
    pub(crate) pushed: RefCell<BTreeMap<usize, SignedPush>>,
    /// What WDT calls the trades that were made.
    pub(crate) trades: RefCell<Vec<String>>,
    /// Pushes that were sent.
    pub(crate) pushes: Cell<u64>,
    /// Processes that were killed.
    kills: Cell<usize>,
}

impl<'a> Day<'a> {
    pub(crate) fn of(stack: &'a Stack, scenario: Scenario) -> Self {
        Self {
            stack,
            scenario,
            began: SystemClock.monotonic(),
            orders: RefCell::default(),
            pushed: RefCell::default(),
            trades: RefCell::default(),
            pushes: Cell::default(),
            kills: Cell::default(),
        }
    }

    /// Has it all happen, and answers what was violated.
    pub(crate) async fn judged(&self) -> anyhow::Result<Vec<String>> {
        tokio::select! {
            violations = async { self.happens().await?; self.settles().await } => violations,
            never = self.queues_clock() => match never? {},
        }
    }

    /// Time passes sooner for queues and schedules.
    async fn queues_clock(&self) -> anyhow::Result<Infallible> {
        loop {
            SystemClock.sleep(Duration::from_secs(1)).await;
            self.stack.move_clock(Duration::from_secs(AHEAD))?;
        }
    }

    async fn happens(&self) -> anyhow::Result<()> {
        let vendors = &self.stack.vendors;
        vendors.kingdee.set_refuses_duplicates(self.scenario.refuses_duplicates);
        self.stack.read_trades_from(minutes_ago(20)).await?;
        for _ in 0..self.scenario.trades {
            self.changes(&Change::Trade(Duration::from_secs(600)));
        }
        VENDORS.into_iter().for_each(|vendor| self.misbehaves(vendor, FaultRates::none()));
        tokio::try_join!(
            // Two at once, and those of one order one after the other.
            self.pushes(|order| order % 2 == 0),
            self.pushes(|order| order % 2 == 1),
            self.wangdian_changes(),
            self.kills(),
            self.troubles(),
        )?;
        VENDORS.into_iter().for_each(|vendor| self.faults(vendor).clear());
        Ok(())
    }

    /// Waits until nothing is left to be done or told, and answers what was violated.
    async fn settles(&self) -> anyhow::Result<Vec<String>> {
        let over = SystemClock.monotonic();
        let mut quiet = 0;
        loop {
            self.resume().await?;
            let violations = judge::violations(self).await?;
            let took = SystemClock.monotonic() - over;
            quiet = if violations.is_empty() { quiet + 1 } else { 0 };
            if quiet > 0 {
                // What is read once more is known.
                self.stack.invoke("TradePoller", &json!({})).await?;
                self.stack.invoke("StockSyncer", &json!({})).await?;
            }
            if quiet > 2 || took > PATIENCE {
                self.tell(took);
                return Ok(violations);
            }
            SystemClock.sleep(LOOK_EVERY).await;
        }
    }

    /// A person ends what a vendor's redirect, or a token that was refused twice, has paused.
    async fn resume(&self) -> anyhow::Result<()> {
        for target in relay_connectors::targets() {
            let checkpoints = self.stack.stores.checkpoints.as_ref();
            if pause::current(checkpoints, target, SystemClock.now()).await?.is_some() {
                self.stack.run_relay(&["resume", target.name()]).await?;
            }
        }
        Ok(())
    }

    fn tell(&self, quiet_after: Duration) {
        let orders = self.orders.borrow();
        let wangdian = &self.stack.vendors.wangdian;
        println!(
            "seed {}: {} pushes of {} versions of {} orders, {} trades, {} goods in stock, {} shipments; {} processes killed; \
             quiet {} s after the last fault, {} s in all; faults met: {:?}",
            self.stack.seed,
            self.pushes.get(),
            orders.values().map(Vec::len).sum::<usize>(),
            orders.len(),
            judge::audited(self.stack).len(),
            wangdian.stock().len(),
            wangdian.logistics_acks().len(),
            self.kills.get(),
            quiet_after.as_secs(),
            (SystemClock.monotonic() - self.began).as_secs(),
            VENDORS.map(|vendor| (vendor, self.faults(vendor).happened())),
        );
    }

    /// Waits until a time of the day.
    pub(crate) async fn at(&self, time: Duration) {
        let passed = SystemClock.monotonic() - self.began;
        SystemClock.sleep(time.saturating_sub(passed)).await;
    }

    async fn kills(&self) -> anyhow::Result<()> {
        for event in &self.scenario.events {
            match &event.what {
                What::Kill(function, after) => {
                    self.at(event.at).await;
                    self.kill(function, *after).await?;
                }
                What::KillInCall(vendor, fault) => {
                    self.at(event.at).await;
                    self.kill_in_call(*vendor, fault).await?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    async fn kill_in_call(&self, vendor: Vendor, fault: &Fault) -> anyhow::Result<()> {
        let faults = self.faults(vendor);
        let operation = match vendor {
            Vendor::Wangdian => "trade_push",
            Vendor::Kingdee => "sal_order_save",
            Vendor::Sharecrm => "push",
        };
        let name = if matches!(fault, Fault::Slow(_)) { "Slow" } else { "LateAnswer" };
        let happened = || faults.happened().get(name).copied();
        let before = happened();
        faults.inject_for(operation, fault.clone());
        Self::until(|| happened() != before).await;
        self.kills.set(self.kills.get() + self.stack.kill("ErpPusher")?);
        Ok(())
    }

    /// Kills a function while it works, as far as it has work.
    async fn kill(&self, function: &str, after: Duration) -> anyhow::Result<()> {
        let before = self.work_of(function);
        let dies = async {
            Self::until(|| self.work_of(function) != before).await;
            SystemClock.sleep(after).await;
            self.kills.set(self.kills.get() + self.stack.kill(function)?);
            Ok(())
        };
        if matches!(function, "WebhookReceiver" | "ErpPusher") {
            return dies.await;
        }
        // The others go by a schedule: this is one more of their turns, whose answer nobody waits for.
        let turn = async {
            _ = self.stack.invoke(function, &json!({})).await;
            pending().await
        };
        tokio::select! { died = dies => died, died = turn => died }
    }

    /// Waits for something that can be stopped, and not for ever.
    async fn until(is_there: impl Fn() -> bool) {
        let began = SystemClock.monotonic();
        while !is_there() && SystemClock.monotonic() - began < WORK_COMES {
            SystemClock.sleep(Duration::from_millis(5)).await;
        }
    }

    /// Grows when a function begins something: with the pushes that are sent, and the calls that vendors have.
    fn work_of(&self, function: &str) -> u64 {
        let vendors = &self.stack.vendors;
        let wangdian = vendors.wangdian.calls();
        let of = |operation: &str| wangdian.get(operation).copied().unwrap_or_default();
        match function {
            "WebhookReceiver" => self.pushes.get(),
            "TradePoller" => of("trade_query"),
            "StockSyncer" => of("api_goods_stock_change_query") + of("logistics_sync_query"),
            _ => {
                let others = [vendors.kingdee.calls(), vendors.sharecrm.calls()];
                of("trade_push") + others.iter().flat_map(BTreeMap::values).sum::<u64>()
            }
        }
    }

    async fn troubles(&self) -> anyhow::Result<()> {
        for event in &self.scenario.events {
            if let What::Trouble(vendor, fault, lasts) = &event.what {
                self.at(event.at).await;
                self.misbehaves(*vendor, FaultRates::none().with(fault.clone(), 1_000));
                SystemClock.sleep(*lasts).await;
                self.misbehaves(*vendor, FaultRates::none());
            }
        }
        Ok(())
    }

    /// A vendor misbehaves at these rates from now on, and as it does all day long.
    fn misbehaves(&self, vendor: Vendor, rates: FaultRates) {
        let all_day = self.scenario.rates.iter().filter(|(of, ..)| *of == vendor);
        let rates = all_day.fold(rates, |rates, (_, fault, per_mille)| rates.with(fault.clone(), *per_mille));
        self.faults(vendor).set_rates(rates);
    }

    fn faults(&self, vendor: Vendor) -> &Faults {
        let vendors = &self.stack.vendors;
        match vendor {
            Vendor::Wangdian => &vendors.wangdian.faults,
            Vendor::Kingdee => &vendors.kingdee.faults,
            Vendor::Sharecrm => &vendors.sharecrm.faults,
        }
    }
}
