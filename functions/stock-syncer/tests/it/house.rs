//! A store room, a store, and syncers that come and go.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use relay_connector::Connection;
use relay_core::clock::{Deadline, SeededRng, SimulatedClock};
use relay_core::health::Monitor;
use relay_core::{Stores, System, WorkItem};
use relay_job::{ActiveFlows, Connections, CredentialCheck, FlowFile, FlowSettings, Flows, Job as _, Parts};
use relay_stock_syncer::{Report, StockSyncer};
use relay_store_sqlite::Sqlite;
use tempfile::TempDir;

use crate::store_room::{Connected, Room, catalog, flow};

pub(crate) const ONE: System = System::new("one");
pub(crate) const TWO: System = System::new("two");

/// A flow by its name, which begins with its target's; the pool that it reads; what its `[source]` says besides.
pub(crate) type Reads = (&'static str, &'static str, &'static str);

pub(crate) struct House {
    pub(crate) clock: Arc<SimulatedClock>,
    pub(crate) room: Arc<Room>,
    pub(crate) stores: Stores,
    _folder: TempDir,
}

impl House {
    pub(crate) fn new() -> Self {
        let noon: DateTime<Utc> = "2026-11-22T12:00:00Z".parse().unwrap();
        let clock = Arc::new(SimulatedClock::starting_at(noon));
        let folder = tempfile::tempdir().unwrap();
        let stores = Sqlite::open(&folder.path().join("relay.db"), clock.clone()).unwrap().stores();
        Self { clock, room: Arc::new(Room::default()), stores, _folder: folder }
    }

    /// A process with these flows.
    pub(crate) fn syncer(&self, flows: &[Reads]) -> StockSyncer {
        StockSyncer::build(&self.parts(flows, Arc::new(Connected(self.room.clone())))).unwrap()
    }

    pub(crate) fn parts(&self, flows: &[Reads], connection: Arc<dyn Connection>) -> Parts {
        let files = flows.iter().map(|(name, pool, source)| FlowFile {
            name: (*name).to_owned(),
            file: format!("{name}.toml"),
            text: flow(name.split('-').next().unwrap(), pool, source),
        });
        let (catalog, stores) = (Arc::new(catalog()), self.stores.clone());
        let flows = Arc::new(Flows::parse(files, &catalog).unwrap());
        let active = ActiveFlows::new(flows.clone(), catalog, stores.checkpoints.clone(), self.clock.clone());
        Parts {
            clock: self.clock.clone(),
            rng: Arc::new(SeededRng::new(1)),
            flows,
            active: Arc::new(active),
            settings: FlowSettings(BTreeMap::from([("SHELF".to_owned(), "left".to_owned())])),
            start: DateTime::UNIX_EPOCH,
            health: Arc::new(Monitor::new(stores.checkpoints.clone(), self.clock.clone())),
            credential_check: Arc::new(CredentialCheck::default()),
            connections: Connections::from_iter([(System::new("room"), connection)]),
            queues: BTreeMap::from([("one".to_owned(), ONE), ("two".to_owned(), TWO)]),
            speech: relay_job::Speech::default(),
            stores,
        }
    }

    /// Pulls from all pools, and gives the reports; none of them may hold an error.
    pub(crate) async fn sync(&self, flows: &[Reads]) -> Vec<Report> {
        let reports = self.syncer(flows).sync_all(Deadline::NONE).await;
        assert!(reports.iter().all(|report| report.error.is_none()), "{reports:?}");
        reports
    }

    /// Takes everything out of a queue: each flow and key, sorted. The first flow acknowledges for all.
    pub(crate) async fn take(&self, system: System) -> Vec<(String, String)> {
        let mut taken = Vec::new();
        loop {
            let messages = self.stores.queue.receive(system, 10, Duration::from_secs(60)).await.unwrap();
            if messages.is_empty() {
                taken.sort();
                return taken;
            }
            for message in &messages {
                let item = WorkItem::decode(&message.body).unwrap();
                assert_eq!(item.acknowledge, item.flow.starts_with("one"), "{}", item.flow);
                taken.push((item.flow, item.key));
            }
            let receipts: Vec<_> = messages.into_iter().map(|message| message.receipt).collect();
            self.stores.queue.delete(system, &receipts).await.unwrap();
        }
    }
}

/// Each of these keys for that flow.
pub(crate) fn of(flow: &str, keys: &[&str]) -> Vec<(String, String)> {
    keys.iter().map(|key| (flow.to_owned(), (*key).to_owned())).collect()
}
