//! One merchant: the vendors, the time, and the file that processes of the relay come and go on.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use chrono::{DateTime, Utc};
use relay_connector::Transport;
use relay_core::Stores;
use relay_core::clock::{Clock, Deadline, SeededRng, SimulatedClock};
use relay_host::{Settings, Wiring};
use relay_simulators::{
    HTTP_BASE_URL, KINGDEE_BASE_URL, QIMEN_BASE_URL, QINCE_BASE_URL, SHARECRM_BASE_URL, Vendors, WDT_BASE_URL,
};
use relay_store_sqlite::Sqlite;
use serde_json::{Map, Value};

use crate::fuse::Fuse;
use crate::process::Process;

pub(crate) struct House {
    pub(crate) clock: Arc<SimulatedClock>,
    pub(crate) vendors: Arc<Vendors>,
    seed: u64,
    folder: tempfile::TempDir,
    settings: BTreeMap<String, String>,
    starts: AtomicU64,
}

impl House {
    /// Sunday, 2026-11-22, 12:00 in China; base data and no documents. The watermark begins an hour back.
    pub(crate) fn new(seed: u64) -> Self {
        let noon = utc("2026-11-22T12:00:00+08:00");
        let clock = Arc::new(SimulatedClock::starting_at(noon));
        let vendors = Vendors::new(clock.clone(), seed);
        vendors.load_master_data();
        let more = [
            ("WDT_BASE_URL", WDT_BASE_URL),
            ("QIMEN_BASE_URL", QIMEN_BASE_URL),
            ("KINGDEE_BASE_URL", KINGDEE_BASE_URL),
            ("SHARECRM_BASE_URL", SHARECRM_BASE_URL),
            ("QINCE_BASE_URL", QINCE_BASE_URL),
            ("HTTP_WECOM_BASE_URL", HTTP_BASE_URL),
            ("HTTP_DINGTALK_BASE_URL", HTTP_BASE_URL),
            ("HTTP_FEISHU_BASE_URL", HTTP_BASE_URL),
            ("HTTP_POST_URL", "https://http.invalid/receive"),
            ("WDT_SHOP_NO", "S001"),
            ("RELAY_START", "2026-11-22T11:00:00+08:00"),
        ];
        let settings = relay_simulators::settings().into_iter().chain(more);
        let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        // In memory where the machine has such a folder: most of these tests' time would go into the disk otherwise.
        let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
        Self { clock, vendors, seed, folder, settings, starts: AtomicU64::new(0) }
    }

    /// So many goods in Kingdee that their list is not read: each code is asked for by itself.
    pub(crate) fn crowd_goods(&self) {
        for number in 0..10_001 {
            self.vendors.kingdee.add_material(&format!("CROWD-{number:05}"), "旧品", &[]);
        }
    }

    /// A new house, and a process in it.
    pub(crate) fn running(seed: u64) -> (Self, Process) {
        let house = Self::new(seed);
        let process = house.start();
        (house, process)
    }

    pub(crate) fn with(mut self, setting: &str, value: &str) -> Self {
        self.settings.insert(setting.to_owned(), value.to_owned());
        self
    }

    /// Starts a process on the house's file.
    pub(crate) fn start(&self) -> Process {
        self.start_with(&Fuse::unbreakable())
    }

    /// Starts a process that the fuse can kill.
    pub(crate) fn start_with(&self, fuse: &Arc<Fuse>) -> Process {
        let mut wiring = self.wiring();
        wiring.stores = fuse.around_stores(&wiring.stores);
        let wiring = wiring.over(fuse.around_transport(self.vendors.transport()));
        Process::new(wiring, self.clock.clone())
    }

    /// Starts a process that reaches the vendors in another way.
    pub(crate) fn start_over(&self, transport: impl Transport + 'static) -> Process {
        Process::new(self.wiring().over(Arc::new(transport)), self.clock.clone())
    }

    /// Starts a process whose machine has a clock of its own.
    pub(crate) fn start_by(&self, clock: Arc<dyn Clock>) -> Process {
        Process::new(self.wiring_by(clock, &self.vendors), self.clock.clone())
    }

    fn wiring(&self) -> Wiring {
        self.wiring_by(self.clock.clone(), &self.vendors)
    }

    /// A process by that clock, beside these vendors.
    pub(crate) fn wiring_by(&self, clock: Arc<dyn Clock>, vendors: &Vendors) -> Wiring {
        self.wiring_on(|stores| stores, clock, vendors)
    }

    /// The same, on the house's stores behind others.
    pub(crate) fn wiring_on(
        &self,
        behind: impl FnOnce(Stores) -> Stores,
        clock: Arc<dyn Clock>,
        vendors: &Vendors,
    ) -> Wiring {
        let file = self.folder.path().join("relay.db");
        let stores = behind(Sqlite::open(&file, clock.clone()).unwrap().stores());
        // Each process has its own dice: two that throw the same would take each other's leases for their own.
        let start = self.starts.fetch_add(1, Ordering::Relaxed);
        let rng = Arc::new(SeededRng::new(self.seed ^ start.rotate_right(16)));
        let settings = Settings::from_iter(self.settings.clone());
        Wiring::new(settings, stores, clock, rng).unwrap().over(vendors.transport())
    }

    /// Spoils what the ledger holds of a document.
    pub(crate) fn spoil(&self, key: &str) {
        let file = rusqlite::Connection::open(self.folder.path().join("relay.db")).unwrap();
        assert_eq!(file.execute("UPDATE ledger SET entry = '{' WHERE key = ?1", [key]), Ok(1));
    }

    /// The time until `deadline` as a process is given it.
    pub(crate) fn within(&self, deadline: DateTime<Utc>) -> Deadline {
        Deadline::within(self.clock.as_ref(), (deadline - self.now()).to_std().unwrap())
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    pub(crate) fn minutes_ago(&self, minutes: i64) -> DateTime<Utc> {
        self.clock.now() - chrono::TimeDelta::minutes(minutes)
    }

    /// How many orders Kingdee has made of each trade that is audited.
    pub(crate) fn creates_of_audited(&self) -> BTreeMap<String, usize> {
        let creates = self.vendors.kingdee.creates();
        let trades = self.vendors.wangdian.trades().into_iter().filter(|trade| trade.status == 55);
        trades
            .map(|trade| {
                let count = creates.get(&trade.trade_no).copied().unwrap_or(0);
                (trade.trade_no, count)
            })
            .collect()
    }
}

pub(crate) fn utc(text: &str) -> DateTime<Utc> {
    DateTime::parse_from_rfc3339(text).unwrap().to_utc()
}

pub(crate) fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(fields) => fields,
        other => panic!("no object: {other}"),
    }
}
