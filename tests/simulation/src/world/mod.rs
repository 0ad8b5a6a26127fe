//! A merchant: the vendors, the file that the processes of the relay share, and what is true of every document.

pub mod books;
pub mod by_hand;
mod director;
mod documents;
mod faults;
mod flows;
mod folder;
pub mod operator;
mod postman;
mod process;
mod rows;
mod sales;
mod wire;

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use relay_core::Stores;
use relay_core::clock::{Clock as _, SeededRng};
use relay_host::{Settings, Wiring};
use relay_simulators::Vendors;
use relay_store_sqlite::{Retention, Sqlite};

pub use director::Director;

use crate::scenario::{Conditions, Drawing, PROCESSES, Scenario, Vendor};
use crate::scheduler::{Halts, Owner, Scheduler, Spawner};
use crate::timeline::{Machine, Timeline};
use crate::trace::Trace;
use books::Books;
use faults::{StoreFaults, Whose};
use folder::Folder;
use process::Process;

/// When every simulation begins: Sunday, 2026-11-22, 20:00 in China, so that a night is near.
const START: &str = "2026-11-22T20:00:00+08:00";

/// Or half an hour before midnight, where days are closed.
const BEFORE_MIDNIGHT: &str = "2026-11-22T23:30:00+08:00";

/// A merchant.
pub struct World {
    /// What happens.
    pub scenario: Scenario,
    /// The time.
    pub timeline: Arc<Timeline>,
    /// The right time.
    pub clock: Arc<Machine>,
    /// The vendors.
    pub vendors: Arc<Vendors>,
    /// What is true of every document.
    pub books: Arc<Books>,
    /// The clock of the machine that the processes run on.
    machine: Arc<Machine>,
    trace: Arc<Trace>,
    spawner: Spawner,
    halts: Halts,
    folder: Folder,
    slots: [Slot; PROCESSES],
    settings: BTreeMap<String, String>,
    starts: u64,
    /// A look at the store that no fault disturbs, by the right time.
    watched: Stores,
}

/// A place for a process.
struct Slot {
    faults: Arc<StoreFaults>,
    lives: u32,
    process: Option<Process>,
}

impl World {
    fn new(scenario: &Scenario, scheduler: &Scheduler, trace: Arc<Trace>) -> anyhow::Result<Self> {
        let timeline = scheduler.timeline.clone();
        let start = if scenario.drawing() == Drawing::Bills { BEFORE_MIDNIGHT } else { START };
        let start = DateTime::parse_from_rfc3339(start)?.to_utc();
        let machine = || Arc::new(Machine::new(timeline.clone(), start));
        let clock = machine();
        let vendors = Vendors::new(clock.clone(), scenario.seed);
        let conditions = &scenario.conditions;
        vendors.load_master_data();
        vendors.kingdee.add_supplier("GYS01", "华东供应商");
        vendors.kingdee.set_refuses_duplicates(conditions.refuses_duplicates);
        vendors.wangdian.set_lag(conditions.lag);
        // Each takes no call more than our own settings have: WDT and ShareCRM would take some more, and what Kingdee
        // would take is not known.
        let (to_wangdian, to_kingdee) = calls_a_minute(conditions);
        vendors.wangdian.set_calls_a_minute(Some(to_wangdian));
        vendors.kingdee.set_calls_a_minute(Some(to_kingdee));
        vendors.sharecrm.set_calls_in_20_seconds(Some(80));
        let folder = Folder::new(conditions)?;
        let settings = settings(conditions, &folder);
        let watched = Self::watch(&folder, &clock)?;
        let slot = |_| Slot { faults: Arc::new(StoreFaults::new(trace.clone())), lives: 0, process: None };
        Ok(Self {
            scenario: scenario.clone(),
            books: Arc::new(Books::new(vendors.clone(), timeline.clone(), watched.clone(), scenario)),
            vendors,
            slots: std::array::from_fn(slot),
            machine: machine(),
            trace,
            spawner: scheduler.spawner(),
            halts: scheduler.halts(),
            settings,
            starts: 0,
            watched,
            clock,
            folder,
            timeline,
        })
    }

    /// A process's wiring, over ports and a transport of its own.
    fn wiring(&mut self, slot: usize, life: u32) -> anyhow::Result<Wiring> {
        let clock = self.machine.clone();
        let stores = Sqlite::open_inline(&self.folder.store(), clock.clone(), Retention::default())?.stores();
        let name = format!("p{slot}.{life}");
        // Each process has its own dice: two that throw the same would take each other's leases for their own.
        self.starts += 1;
        let dice = self.scenario.seed ^ self.starts.rotate_right(16);
        let whose = Whose { process: name.clone(), owner: Owner::Process { slot, life }, dice };
        let (timeline, halts, books) = (self.timeline.clone(), self.halts.clone(), self.books.clone());
        let stores = self.slots[slot].faults.around(&stores, whose, timeline, halts, books);
        let wire = wire::Wire::new(self, name, clock.clone(), dice);
        let settings = Settings::from_iter(self.settings.clone());
        Ok(Wiring::new(settings, stores, clock, Arc::new(SeededRng::new(dice)))?.over(Arc::new(wire)))
    }

    fn watch(folder: &Folder, clock: &Arc<Machine>) -> anyhow::Result<Stores> {
        Ok(Sqlite::open_inline(&folder.store(), clock.clone(), Retention::default())?.stores())
    }

    /// Makes the store one of the former program, which whoever opens it next brings up.
    fn downgrade(&mut self) -> anyhow::Result<()> {
        self.folder.downgrade()?;
        self.watched = Self::watch(&self.folder, &self.clock)?;
        self.books.read(self.watched.clone());
        Ok(())
    }

    /// A process of a person's, which no fault disturbs.
    fn plain_wiring(&self) -> anyhow::Result<Wiring> {
        let stores = self.watched.clone();
        let settings = Settings::from_iter(self.settings.clone());
        let rng = Arc::new(SeededRng::new(self.scenario.seed ^ self.timeline.now().as_secs()));
        Ok(Wiring::new(settings, stores, self.clock.clone(), rng)?.over(self.vendors.transport()))
    }

    /// The right time.
    fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    fn say(&self, what: impl FnOnce() -> String) {
        self.trace.say(self.timeline.now(), what);
    }

    fn faults_of(&self, vendor: Vendor) -> &relay_simulators::Faults {
        match vendor {
            Vendor::Wangdian => &self.vendors.wangdian.faults,
            Vendor::Kingdee => &self.vendors.kingdee.faults,
            Vendor::Sharecrm => &self.vendors.sharecrm.faults,
            Vendor::Qince => &self.vendors.qince.faults,
            Vendor::Http => &self.vendors.http.faults,
        }
    }
}

/// How many calls a minute WDT takes, and Kingdee.
fn calls_a_minute(conditions: &Conditions) -> (usize, usize) {
    if conditions.scarce { (15, 6) } else { (50, 60) }
}

/// What the processes are set to.
fn settings(conditions: &Conditions, folder: &Folder) -> BTreeMap<String, String> {
    let either = |is: bool, one: &str, other: &str| if is { one } else { other }.to_owned();
    let (to_wangdian, to_kingdee) = calls_a_minute(conditions);
    let own = [
        ("RELAY_START", "2026-11-22T19:00:00+08:00".to_owned()),
        ("RELAY_FLOWS_DIR", folder.flows().display().to_string()),
        ("KINGDEE_EDITS", either(conditions.edits, "on", "off")),
        ("WDT_CALLS_PER_MINUTE", to_wangdian.to_string()),
        ("KINGDEE_CALLS_PER_MINUTE", to_kingdee.to_string()),
        ("HTTP_POST_REPEAT", either(conditions.receiver_replaces, "replaces", "doubles")),
        ("KINGDEE_AUTH", either(conditions.v2, "v2", "v1")),
    ];
    let given = relay_simulators::settings_in_process().into_iter();
    let given = given.map(|(name, value)| (name, value.to_owned()));
    given.chain(own).map(|(name, value)| (name.to_owned(), value)).collect()
}
