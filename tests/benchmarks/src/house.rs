//! A relay on a fresh store before simulated vendors, with no limit on calls.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use chrono::{DateTime, TimeDelta, Utc};
use relay_core::clock::{Clock as _, SystemClock, SystemRng};
use relay_core::{System, WorkItem};
use relay_erp_pusher::{ErpPusher, Worker};
use relay_host::Wiring;
use relay_job::work;
use relay_simulators::wangdian::TradeMix;
use relay_simulators::{KINGDEE_BASE_URL, QIMEN_BASE_URL, SHARECRM_BASE_URL, Vendors, WDT_BASE_URL};
use relay_store_sqlite::Sqlite;
use relay_trade_poller::TradePoller;
use tempfile::TempDir;

/// What is measured is the relay, and not how long a vendor makes it wait.
const UNLIMITED: &str = "1000000000";

/// Names and values of every setting, for vendors at these addresses.
#[must_use]
pub fn settings(addresses: &[(&str, &str)], folder: &Path, start: DateTime<Utc>) -> Vec<(String, String)> {
    let store = format!("sqlite:{}", folder.join("relay.db").display());
    let start = start.to_rfc3339();
    let own = [
        ("RELAY_STORE", store.as_str()),
        ("RELAY_START", &start),
        ("WDT_CALLS_PER_MINUTE", UNLIMITED),
        ("KINGDEE_CALLS_PER_MINUTE", UNLIMITED),
    ];
    let settings = relay_simulators::settings().into_iter().chain(addresses.iter().copied()).chain(own);
    settings.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// The vendors in process, and the relay before them on a file of its own.
pub struct House {
    /// The vendors, with base data and no documents.
    pub vendors: Arc<Vendors>,
    /// What the functions are built from.
    pub wiring: Wiring,
    /// Where the store's file is.
    pub folder: TempDir,
}

impl House {
    /// A house that reads trades of the last hour.
    ///
    /// # Errors
    /// When the store cannot be made.
    pub fn new() -> anyhow::Result<Self> {
        let clock = Arc::new(SystemClock);
        let vendors = Vendors::new(clock.clone(), 1);
        vendors.load_master_data();
        vendors.wangdian.set_calls_a_minute(None);
        let folder = tempfile::tempdir()?;
        let addresses = [
            ("WDT_BASE_URL", WDT_BASE_URL),
            ("QIMEN_BASE_URL", QIMEN_BASE_URL),
            ("KINGDEE_BASE_URL", KINGDEE_BASE_URL),
            ("SHARECRM_BASE_URL", SHARECRM_BASE_URL),
        ];
        let settings = settings(&addresses, folder.path(), an_hour_ago());
        let stores = Sqlite::open(&folder.path().join("relay.db"), clock.clone())?.stores();
        let wiring = Wiring::new(settings.into_iter().collect(), stores, clock, Arc::new(SystemRng))?;
        Ok(Self { wiring: wiring.over(vendors.transport()), vendors, folder })
    }

    /// Adds audited trades of the last hour to WDT.
    pub fn generate_trades(&self, count: u32) {
        let (from, to) = (an_hour_ago() + TimeDelta::minutes(1), SystemClock.now() - TimeDelta::minutes(2));
        self.vendors.wangdian.generate_trades(count, from, to, TradeMix::default());
    }

    /// The trades in WDT, as the poller queues them.
    ///
    /// # Errors
    /// When there is no flow for them.
    pub fn trades_as_items(&self) -> anyhow::Result<Vec<WorkItem>> {
        let flow = &self.wiring.flows.named("trade-to-kingdee").context("the flow of trades")?.flow;
        let trades = self.vendors.wangdian.trades().into_iter();
        let rows = trades.filter_map(|trade| self.vendors.wangdian.trade(&trade.trade_no));
        let (now, rng) = (self.wiring.clock.now(), self.wiring.rng.as_ref());
        Ok(rows.map(|row| work::item(flow, row, false, now, rng)).collect())
    }

    /// What polls trades.
    ///
    /// # Errors
    /// When the settings do not suffice.
    pub fn poller(&self) -> anyhow::Result<TradePoller> {
        self.wiring.build::<TradePoller>()
    }

    /// What works Kingdee's queue.
    ///
    /// # Errors
    /// When the settings do not suffice.
    pub fn kingdee_worker(&self) -> anyhow::Result<Worker> {
        let workers = self.wiring.build::<ErpPusher>()?.workers();
        workers
            .into_iter()
            .find(|worker| worker.system() == System::new("kingdee"))
            .context("Kingdee's worker")
    }
}

fn an_hour_ago() -> DateTime<Utc> {
    SystemClock.now() - TimeDelta::hours(1)
}
