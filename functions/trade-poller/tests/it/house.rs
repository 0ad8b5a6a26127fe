//! A shop, a store, and pollers that come and go.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use relay_connector::Connection;
use relay_core::clock::{Clock, Deadline, SeededRng, SimulatedClock};
use relay_core::health::{self, Health, Monitor, Part};
use relay_core::{Stores, System, WorkItem};
use relay_job::{ActiveFlows, Connections, CredentialCheck, FlowFile, FlowSettings, Flows, Job as _, Parts};
use relay_store_sqlite::Sqlite;
use relay_trade_poller::{Report, TradePoller};
use tempfile::TempDir;

use crate::shop::{Connected, Shop, catalog, flow};

pub(crate) const ONE: System = System::new("one");
pub(crate) const TWO: System = System::new("two");

pub(crate) struct House {
    pub(crate) clock: Arc<SimulatedClock>,
    pub(crate) shop: Arc<Shop>,
    pub(crate) stores: Stores,
    /// Where a flow that never ran begins.
    pub(crate) start: DateTime<Utc>,
    _folder: TempDir,
}

/// 12:00 on a Sunday.
pub(crate) fn noon() -> DateTime<Utc> {
    "2026-11-22T12:00:00Z".parse().unwrap()
}

impl House {
    /// At noon. Flows that never ran begin at eleven.
    pub(crate) fn new() -> Self {
        let clock = Arc::new(SimulatedClock::starting_at(noon()));
        let folder = tempfile::tempdir().unwrap();
        let stores = open(folder.path(), clock.clone());
        let shop = Arc::new(Shop::new(clock.clone()));
        Self { clock, shop, stores, start: noon() - TimeDelta::hours(1), _folder: folder }
    }

    pub(crate) fn minutes_ago(&self, minutes: i64) -> DateTime<Utc> {
        self.clock.now() - TimeDelta::minutes(minutes)
    }

    pub(crate) fn within(&self, seconds: u64) -> Deadline {
        Deadline::within(self.clock.as_ref(), Duration::from_secs(seconds))
    }

    /// Orders `A-0`, `A-1`, … that were last changed a minute apart, from `minutes` ago on.
    pub(crate) fn orders(&self, letter: &str, count: i64, minutes: i64) -> Vec<String> {
        let ids = (0..count).map(|place| {
            let id = format!("{letter}-{place}");
            self.shop.add(&id, self.minutes_ago(minutes - place));
            id
        });
        ids.collect()
    }

    /// A process with these flows: each by its name, and what its `[source]` says besides. A flow's name is its target's,
    /// or begins with it: `one`, `two-b`. Flows whose name ends with `goods` read those.
    pub(crate) fn poller(&self, flows: &[(&str, &str)]) -> TradePoller {
        self.poller_on(flows, self.stores.clone())
    }

    pub(crate) fn poller_on(&self, flows: &[(&str, &str)], stores: Stores) -> TradePoller {
        TradePoller::build(&self.parts(flows, stores, Arc::new(Connected(self.shop.clone())))).unwrap()
    }

    pub(crate) fn parts(
        &self,
        flows: &[(&str, &str)],
        stores: Stores,
        connection: Arc<dyn Connection>,
    ) -> Parts {
        let files = flows.iter().map(|(name, source)| FlowFile {
            name: (*name).to_owned(),
            file: format!("{name}.toml"),
            text: flow(
                name.split('-').next().unwrap(),
                if name.ends_with("goods") { "shop.goods" } else { "shop.order" },
                source,
            ),
        });
        let catalog = Arc::new(catalog());
        let flows = Arc::new(Flows::parse(files, &catalog).unwrap());
        let active = ActiveFlows::new(flows.clone(), catalog, stores.checkpoints.clone(), self.clock.clone());
        Parts {
            clock: self.clock.clone(),
            rng: Arc::new(SeededRng::new(self.clock.now().timestamp_micros().unsigned_abs())),
            flows,
            active: Arc::new(active),
            settings: FlowSettings(BTreeMap::from([("STATUS".to_owned(), "55".to_owned())])),
            start: self.start,
            health: Arc::new(Monitor::new(stores.checkpoints.clone(), self.clock.clone())),
            credential_check: Arc::new(CredentialCheck::default()),
            connections: Connections::from_iter([(System::new("shop"), connection)]),
            queues: BTreeMap::from([("one".to_owned(), ONE), ("two".to_owned(), TWO)]),
            speech: relay_job::Speech::default(),
            stores,
        }
    }

    /// Polls until all have caught up, and gives the reports; none of them may hold an error.
    pub(crate) async fn poll(&self, flows: &[(&str, &str)]) -> Vec<Report> {
        let reports = self.poller(flows).poll_all(Deadline::NONE, &|_| {}).await;
        for report in &reports {
            assert_eq!((&report.error, report.caught_up), (&None, true), "{report:?}");
        }
        reports
    }

    /// Takes everything out of a queue, and gives the keys of each flow, sorted, a document that came again once more.
    pub(crate) async fn take(&self, system: System) -> BTreeMap<String, Vec<String>> {
        let mut keys: BTreeMap<String, Vec<String>> = BTreeMap::new();
        loop {
            let messages = self.stores.queue.receive(system, 10, Duration::from_secs(60)).await.unwrap();
            if messages.is_empty() {
                keys.values_mut().for_each(|keys| keys.sort());
                return keys;
            }
            for message in &messages {
                let item = WorkItem::decode(&message.body).unwrap();
                keys.entry(item.flow).or_default().push(item.key);
            }
            let receipts: Vec<_> = messages.into_iter().map(|message| message.receipt).collect();
            self.stores.queue.delete(system, &receipts).await.unwrap();
        }
    }

    /// The keys that are queued for the flow of that name, which is its target's.
    pub(crate) async fn queued(&self, system: System) -> Vec<String> {
        self.take(system).await.remove(system.name()).unwrap_or_default()
    }

    /// The same, each key once.
    pub(crate) async fn take_distinct(&self, system: System) -> BTreeSet<String> {
        self.queued(system).await.into_iter().collect()
    }

    /// How long it has been since noon.
    pub(crate) fn clock_passed(&self) -> Duration {
        (self.clock.now() - noon()).to_std().unwrap()
    }

    pub(crate) async fn watermark(&self, flow: &str) -> Option<DateTime<Utc>> {
        relay_job::watermark::read(self.stores.checkpoints.as_ref(), flow).await.unwrap()
    }

    pub(crate) async fn health(&self, flow: &str) -> Health {
        health::read(self.stores.checkpoints.as_ref(), &Part::Poll(flow.to_owned())).await.unwrap()
    }
}

fn open(folder: &Path, clock: Arc<SimulatedClock>) -> Stores {
    Sqlite::open(&folder.join("relay.db"), clock).unwrap().stores()
}
