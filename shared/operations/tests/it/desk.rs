//! An operator's desk: a store, the shipped flows, and documents in whatever state.

use std::sync::Arc;

use relay_connector::{Catalog, Settings};
use relay_core::clock::{Clock as _, SeededRng, SimulatedClock};
use relay_core::{EntryId, Failed, FailureClass, Outgoing, Stores, System, WorkItem, ledger};
use relay_job::room::Room;
use relay_job::{ActiveFlows, FlowFile, FlowSettings, Flows};
use relay_operations::Operations;
use relay_store_sqlite::Sqlite;
use serde_json::json;

pub(crate) const TRADES: &str = "trade-to-kingdee";
pub(crate) const STOCK: &str = "stock-to-sharecrm";
pub(crate) const KINGDEE: System = System::new("kingdee");

pub(crate) struct Desk {
    pub(crate) stores: Stores,
    pub(crate) clock: Arc<SimulatedClock>,
    rng: Arc<SeededRng>,
    flows: Arc<Flows>,
    active: ActiveFlows,
    catalog: Arc<Catalog>,
    settings: Settings,
    pub(crate) room: Option<Room>,
    _folder: tempfile::TempDir,
}

impl Desk {
    pub(crate) fn new() -> Self {
        let clock = Arc::new(SimulatedClock::starting_at("2026-11-28T04:00:00Z".parse().unwrap()));
        // In memory where the machine has such a folder: a dead letter takes a thousand receives.
        let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
        let stores = Sqlite::open(&folder.path().join("relay.db"), clock.clone()).unwrap().stores();
        let file = |(name, text): (&str, &str)| FlowFile {
            name: name.to_owned(),
            file: format!("{name}.toml"),
            text: text.to_owned(),
        };
        let files = [
            (TRADES, include_str!("../../../flows/trade-to-kingdee.toml")),
            (STOCK, include_str!("../../../flows/stock-to-sharecrm.toml")),
        ];
        let catalog = Arc::new(relay_connectors::catalog());
        let flows = Arc::new(Flows::parse(files.map(file), &catalog).unwrap());
        let checkpoints = stores.checkpoints.clone();
        let active = ActiveFlows::new(flows.clone(), catalog.clone(), checkpoints, clock.clone());
        let settings = Settings::from_iter([("WDT_APPSECRET".to_owned(), "s".to_owned())]);
        let rng = Arc::new(SeededRng::new(1));
        Self { stores, clock, rng, flows, active, catalog, settings, room: None, _folder: folder }
    }

    pub(crate) fn ask(&self) -> Operations<'_> {
        Operations {
            stores: &self.stores,
            flows: &self.flows,
            active: &self.active,
            catalog: &self.catalog,
            connectors: relay_connectors::CONNECTORS,
            settings: &self.settings,
            room: self.room,
            by: "operator".to_owned(),
            flow_settings: FlowSettings::default(),
            clock: self.clock.clone(),
            rng: self.rng.clone(),
        }
    }

    /// A program begins with the flows.
    pub(crate) async fn register(&self) {
        self.active.flows().await.unwrap();
    }

    /// Somebody changes the file of a flow.
    pub(crate) fn edit(&mut self, name: &str, text: &str) {
        let files = self.flows.iter().map(|routed| FlowFile {
            name: routed.flow.name().to_owned(),
            file: routed.file.clone(),
            text: if routed.flow.name() == name { text.to_owned() } else { routed.text.clone() },
        });
        self.flows = Arc::new(Flows::parse(files.collect::<Vec<_>>(), &self.catalog).unwrap());
        let checkpoints = self.stores.checkpoints.clone();
        self.active =
            ActiveFlows::new(self.flows.clone(), self.catalog.clone(), checkpoints, self.clock.clone());
    }

    /// A document that its target has refused.
    pub(crate) async fn refused(&self, flow: &str, key: &str) {
        let document = json!({ "trade_no": key, "modified": "2026-11-28 11:00:00" });
        let failed = Failed {
            version: Some("2026-11-28 11:00:00".to_owned()),
            version_kind: None,
            hash: relay_core::item::content_hash(&document),
            class: FailureClass::Refused,
            code: Some("4001".to_owned()),
            message: "no such material".to_owned(),
            attempts: 1,
            document,
            received_at: self.clock.now(),
            at: self.clock.now(),
            trace: "t".to_owned(),
            replay: None,
            step: None,
            target_id: None,
            missing: Vec::new(),
        };
        let id = EntryId::new(flow, key);
        assert!(ledger::record_failure(self.stores.ledger.as_ref(), &id, &failed).await.unwrap());
    }

    /// A message that Kingdee's queue gave out until it gave up.
    pub(crate) async fn dead(&self, group: &str, body: String) {
        let message = Outgoing { group: group.to_owned(), deduplication: group.to_owned(), body };
        self.stores.queue.send(KINGDEE, &[message]).await.unwrap();
        while self.stores.queue.depth(KINGDEE).await.unwrap().waiting > 0 {
            for received in
                self.stores.queue.receive(KINGDEE, 10, std::time::Duration::from_secs(30)).await.unwrap()
            {
                self.stores.queue.delay(KINGDEE, &received.receipt, std::time::Duration::ZERO).await.unwrap();
            }
        }
    }
}

/// A trade, as it travels in a message.
pub(crate) fn trade(key: &str) -> WorkItem {
    WorkItem {
        flow: TRADES.to_owned(),
        key: key.to_owned(),
        version: Some("2026-11-28 11:00:00".to_owned()),
        version_kind: None,
        document: json!({ "trade_no": key }),
        acknowledge: false,
        received_at: "2026-11-28T03:00:00Z".parse().unwrap(),
        trace: "t".to_owned(),
        replay: None,
    }
}
