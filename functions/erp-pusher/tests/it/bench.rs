//! A pusher with its stores, a clock and a stand-in vendor.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use relay_connector::own::Own;
use relay_connector::{Catalog, Connection, Connector as _};
use relay_core::clock::{Clock as _, Deadline, SeededRng, SimulatedClock};
use relay_core::health::{self, Health, Monitor, Part};
use relay_core::{Entry, EntryId, Outcome, Stores, System, WorkItem};
use relay_erp_pusher::worker::Worked;
use relay_erp_pusher::{ErpPusher, Turn};
use relay_job::{
    ActiveFlows, Connections, CredentialCheck, FlowFile, FlowSettings, Flows, Invocation, Job as _, Parts,
    work,
};
use relay_store_sqlite::Sqlite;
use serde_json::{Value, json};

use crate::vendor::{DOCUMENTS, Vendor};

pub(crate) const SHOP: System = System::new("shop");

/// A flow from the pool to the target, over a shop that a setting names.
pub(crate) const ROWS: &str = r#"
[source]
document = "shop.row"
key      = "number"
version  = "version"
params   = { shop_no = { setting = "SHOP_NO" } }

[target]
document = "shop.bill"

[fields]
number = { from = "number", absent = "error" }
amount = { from = "amount", as = "decimal", absent = "error" }
"#;

/// A flow that reads windows.
pub(crate) const CHANGES: &str = r#"
[source]
document = "shop.change"
key      = "number"
version  = "version"

[target]
document = "shop.bill"

[fields]
number = "number"
remark = { setting = "REMARK" }
"#;

/// A flow to a document that goes out with others of its kind.
fn together(document: &str) -> String {
    CHANGES.replace("shop.bill", document).replace(r#"{ setting = "REMARK" }"#, r#""remark""#)
}

pub(crate) struct Bench {
    pub(crate) vendor: Arc<Vendor>,
    pub(crate) clock: Arc<SimulatedClock>,
    pub(crate) parts: Parts,
    pub(crate) pusher: ErpPusher,
    _folder: tempfile::TempDir,
}

/// The flows of these files.
pub(crate) fn flows(files: &[(&str, &str)]) -> Flows {
    let file = |(name, text): &(&str, &str)| FlowFile {
        name: (*name).to_owned(),
        file: format!("{name}.toml"),
        text: (*text).to_owned(),
    };
    Flows::parse(files.iter().map(file), &catalog()).unwrap_or_else(|found| panic!("{found}"))
}

pub(crate) fn catalog() -> Catalog {
    Catalog::default().with(&DOCUMENTS, &[]).with(Own.documents(), &[])
}

impl Bench {
    /// With two flows on one pool.
    pub(crate) fn new() -> Self {
        Self::over(|stores| stores)
    }

    /// The same, its stores behind others.
    pub(crate) fn over(stand_in: impl FnOnce(Stores) -> Stores) -> Self {
        let (notes, memos) = (together("shop.note"), together("shop.memo"));
        Self::built(&[("one", ROWS), ("two", ROWS), ("notes", &notes), ("memos", &memos)], stand_in)
    }

    /// With these flows.
    pub(crate) fn of(files: &[(&str, &str)]) -> Self {
        Self::built(files, |stores| stores)
    }

    fn built(files: &[(&str, &str)], stand_in: impl FnOnce(Stores) -> Stores) -> Self {
        let clock = Arc::new(SimulatedClock::starting_at("2026-11-28T04:00:00Z".parse().unwrap()));
        let folder = tempfile::tempdir().unwrap();
        let stores = Sqlite::open(&folder.path().join("relay.db"), clock.clone()).unwrap().stores();
        let stores = stand_in(stores);
        let flows = Arc::new(flows(files));
        let vendor = Arc::new(Vendor::default());
        let connection: Arc<dyn Connection> = vendor.clone();
        let settings = BTreeMap::from([("SHOP_NO".to_owned(), "s1".to_owned())]);
        let (checkpoints, ledger_clock) = (stores.checkpoints.clone(), clock.clone());
        let parts = Parts {
            clock: clock.clone(),
            rng: Arc::new(SeededRng::new(1)),
            active: Arc::new(ActiveFlows::new(
                flows.clone(),
                Arc::new(catalog()),
                checkpoints.clone(),
                ledger_clock.clone(),
            )),
            health: Arc::new(Monitor::new(checkpoints, ledger_clock)),
            stores,
            flows,
            settings: FlowSettings(settings),
            start: clock.now(),
            credential_check: Arc::new(CredentialCheck::default()),
            connections: Connections::from_iter([(SHOP, connection)]),
            queues: BTreeMap::from([("shop".to_owned(), SHOP)]),
            speech: relay_job::Speech::default(),
        };
        let pusher = ErpPusher::build(&parts).unwrap();
        Self { vendor, clock, parts, pusher, _folder: folder }
    }

    /// A row of the pool, as a message for a flow.
    pub(crate) fn row(&self, flow: &str, row: Value) -> WorkItem {
        let routed = self.parts.flows.named(flow).unwrap();
        work::item(&routed.flow, row, true, self.clock.now(), self.parts.rng.as_ref())
    }

    /// Puts messages into the queue.
    pub(crate) async fn queue(&self, items: &[WorkItem]) {
        self.parts.intake().take(SHOP, items).await.unwrap();
    }

    /// Queues items, and works one batch as `relay` does.
    pub(crate) async fn worked(&self, items: &[WorkItem]) -> Vec<Turn> {
        self.queue(items).await;
        self.work().await
    }

    /// Works one batch as `relay` does.
    pub(crate) async fn work(&self) -> Vec<Turn> {
        let worker = self.pusher.workers().remove(0);
        match worker.work(&|| true).await.unwrap() {
            Worked::Batch(turns) => turns,
            Worked::Idle(_) => Vec::new(),
        }
    }

    /// Works items as Lambda hands them over, and answers which come again.
    pub(crate) async fn invoked(&self, items: &[WorkItem]) -> anyhow::Result<Value> {
        self.invoked_until(items, Deadline::NONE).await
    }

    /// The same, with an end.
    pub(crate) async fn invoked_until(
        &self,
        items: &[WorkItem],
        deadline: Deadline,
    ) -> anyhow::Result<Value> {
        self.pusher.invoke(event(items, 1), deadline).await
    }

    /// Works items as Lambda hands them over the so manieth time, and tells what became of each.
    pub(crate) async fn handled(&self, items: &[WorkItem], receive: u32) -> Vec<Turn> {
        let deadline = Deadline::within(self.clock.as_ref(), Duration::from_secs(100));
        self.pusher.handle(event(items, receive), Invocation::first(deadline)).await.unwrap()
    }

    /// What the ledger knows of a document.
    pub(crate) async fn entry(&self, flow: &str, key: &str) -> Option<Entry> {
        let id = EntryId::new(flow, key);
        self.parts.stores.ledger.read(std::slice::from_ref(&id)).await.unwrap().remove(&id)
    }

    /// How the target is doing.
    pub(crate) async fn health(&self) -> Health {
        health::read(self.parts.stores.checkpoints.as_ref(), &Part::Target(SHOP)).await.unwrap()
    }

    /// How many messages wait or are in flight.
    pub(crate) async fn left(&self) -> u64 {
        let depth = self.parts.stores.queue.depth(SHOP).await.unwrap();
        depth.waiting + depth.in_flight
    }
}

/// What Lambda hands over.
fn event(items: &[WorkItem], receive: u32) -> Value {
    let record = |(place, item): (usize, &WorkItem)| {
        json!({
            "messageId": format!("m{place}-{}", item.key),
            "receiptHandle": format!("r{place}"),
            "body": item.encode(),
            "attributes": {
                "MessageGroupId": item.group(),
                "ApproximateReceiveCount": receive.to_string(),
            },
            "eventSourceARN": "arn:aws:sqs:eu-west-1:1:relay-shop.fifo",
        })
    };
    let records: Vec<_> = items.iter().enumerate().map(record).collect();
    json!({ "Records": records })
}

/// A row that can be mapped.
pub(crate) fn good(number: u64) -> Value {
    json!({ "number": number, "version": 1, "amount": "1.50" })
}

/// A row that cannot.
pub(crate) fn bad(number: u64) -> Value {
    json!({ "number": number, "version": 1, "amount": "lots" })
}

/// The outcomes' names.
pub(crate) fn names(turns: &[Turn]) -> Vec<&'static str> {
    turns.iter().map(|turn| turn.outcome.name()).collect()
}

/// The class and the reason of the only turn, which has failed.
pub(crate) fn failed(turns: &[Turn]) -> (String, String) {
    let [Turn { outcome: Outcome::Failed { class, message, .. }, .. }] = turns else {
        return (String::new(), format!("{:?}", names(turns)));
    };
    (class.to_string(), message.clone())
}
