//! The pusher on each store, killed at each of its steps: an order is made once, what became of it is told to whoever listens, once
//! in what it says, and the same goes for what fails before the queue could have it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use relay_connector::{Connection, Delivery, Failure, Found, Target};
use relay_core::clock::Deadline;
use relay_core::{EntryId, Stores, System};
use relay_erp_pusher::{ErpPusher, Worked};
use relay_job::{Connections, Job as _, Parts, work};
use serde_json::{Value, json};

use super::Ports;
use super::jobs::{Fuse, KINGDEE, parts};

const SHARECRM: System = System::new("sharecrm");

const ORDERS: &str = r#"
[source]
document = "http.webhook"
params   = { name = "orders" }
key      = "id"

[target]
document = "kingdee.sal_order_save"

[fields]
billno        = "id"
billdate      = { from = "paid_at", as = "date" }
customerid_id = "customer"

[fields.material_entity]
each          = "items"
materialid_id = "sku"
unit_id       = "unit"
qty           = "quantity"
"#;

/// What listens, and which record it makes of what it hears.
fn listener(document: &str, of: &str, record: &str) -> String {
    format!(
        "[source]\ndocument = \"{document}\"\nof = \"{of}\"\n[target]\ndocument = \"sharecrm.objdata_push\"\n[fields]\n\
         id = \"key\"\nobjAPIName = {{ value = \"{record}\" }}\ndataCenterId = {{ value = \"d\" }}\n\
         [fields.masterFieldVal]\nnumber = \"target.number\"\nclass = \"class\"\n"
    )
}

/// Both targets: what each took of a document, by its kind and our number of it.
#[derive(Default)]
struct Taken(Mutex<BTreeMap<(&'static str, String), Vec<Value>>>);

impl Taken {
    fn of(&self, document: &'static str, number: &str) -> Vec<Value> {
        self.0.lock().unwrap().get(&(document, number.to_owned())).cloned().unwrap_or_default()
    }
}

#[async_trait]
impl Target for Taken {
    async fn deliver(&self, batch: &[Delivery<'_>], _: Deadline) -> Vec<Result<Option<String>, Failure>> {
        let deliver = |delivery: &Delivery<'_>| {
            let number = delivery.number().unwrap();
            let mut taken = self.0.lock().unwrap();
            taken.entry((delivery.document.name, number.clone())).or_default().push(delivery.body.clone());
            Ok(Some(format!("id of {number}")))
        };
        batch.iter().map(deliver).collect()
    }

    async fn find(&self, delivery: &Delivery<'_>, _: Deadline) -> Result<Found, Failure> {
        let number = delivery.number().unwrap();
        let is_there = !self.of(delivery.document.name, &number).is_empty();
        Ok(if is_there { Found::There(format!("id of {number}")) } else { Found::NotThere })
    }
}

struct Connected(Arc<Taken>);

impl Connection for Connected {
    fn target(&self) -> Option<&dyn Target> {
        Some(self.0.as_ref())
    }
}

fn process(ports: &Ports, stores: Stores, taken: &Arc<Taken>) -> Parts {
    let files = [
        ("orders", ORDERS.to_owned()),
        ("back", listener("relay.delivered", "orders", "told")),
        ("alarm", listener("relay.failed", "*", "alarm")),
    ];
    let connect = |system| (system, Arc::new(Connected(taken.clone())) as Arc<dyn Connection>);
    let connections = Connections::from_iter([KINGDEE, SHARECRM].map(connect));
    parts(ports, stores, &files, connections)
}

/// Works both queues, as far as there is something to be had.
async fn work(process: &Parts) {
    let pusher = ErpPusher::build(process).unwrap();
    for _ in 0..2 {
        for worker in pusher.workers() {
            while let Worked::Batch(turns) = worker.work(&|| true).await.unwrap() {
                assert!(!turns.is_empty());
            }
        }
    }
}

async fn take_in(process: &Parts, id: &str, more: Value) {
    let document = json!({
        "id": id, "paid_at": "2026-11-22 10:30:00", "customer": "1", "more": more,
        "items": [{"sku": "2", "unit": "3", "quantity": "4"}],
    });
    let flow = &process.flows.named("orders").unwrap().flow;
    let item = work::item(flow, document, false, process.clock.now(), process.rng.as_ref());
    process.intake().take(KINGDEE, &[item]).await.unwrap();
}

/// More levels than are carried.
fn deep() -> Value {
    (0..200).fold(json!("x"), |inner, _| json!([inner]))
}

/// Each step ends a process in an order, or a failure, of its own.
async fn killed_at_each_step(
    least: u64,
    prefix: &str,
    more: Value,
    check: impl AsyncFn(&Ports, &Taken, &str, u64),
) {
    let ports = Ports::open().await;
    let taken = Arc::new(Taken::default());
    // What takes a moment on SQLite takes seconds on the local AWS, where `closing` tries every step.
    let apart = if std::env::var("PORTS_ADAPTER").is_ok_and(|adapter| adapter == "aws") { 6 } else { 1 };
    for steps in (0..400).step_by(apart) {
        let id = format!("{prefix}{steps}");
        let fuse = Fuse::after(steps);
        let fused = process(&ports, fuse.around(&ports.stores), &taken);
        let survived = fuse
            .run(async {
                take_in(&fused, &id, more.clone()).await;
                work(&fused).await;
            })
            .await;
        // What the dead one had received comes again. Whoever was not answered sends once more.
        ports.wait(900);
        let after = process(&ports, ports.stores.clone(), &taken);
        if !survived {
            take_in(&after, &id, more.clone()).await;
        }
        work(&after).await;
        ports.wait(900);
        work(&after).await;
        check(&ports, &taken, &id, steps).await;
        if survived {
            assert!(steps > least, "the work takes only {steps} steps: nothing was tried");
            return;
        }
    }
    panic!("the work has more steps than were tried");
}

async fn is_delivered(ports: &Ports, flow: &str, key: &str) -> bool {
    let id = EntryId::new(flow, key);
    let entry = ports.stores.ledger.read(std::slice::from_ref(&id)).await.unwrap().remove(&id);
    entry.is_some_and(|entry| entry.delivered.is_some() && entry.failures().next().is_none())
}

#[tokio::test]
async fn an_order_is_made_once_and_its_number_told_once_wherever_a_process_is_killed() {
    killed_at_each_step(20, "A", Value::Null, async |ports, taken, id, steps| {
        assert_eq!(taken.of("kingdee.sal_order_save", id).len(), 1, "killed after {steps} steps");
        let mut told = taken.of("sharecrm.objdata_push", id);
        // Its target replaces: killed before the ledger knew, it is sent once more, with the same content.
        told.dedup();
        assert_eq!(told.len(), 1, "killed after {steps} steps: {told:?}");
        assert_eq!(told[0]["masterFieldVal"]["number"], json!(id), "killed after {steps} steps");
        assert!(is_delivered(ports, "orders", id).await, "killed after {steps} steps");
        assert!(is_delivered(ports, "back", &format!("orders/{id}")).await, "killed after {steps} steps");
        for system in [KINGDEE, SHARECRM] {
            let depth = ports.stores.queue.depth(system).await.unwrap();
            assert_eq!(depth.waiting + depth.in_flight, 0, "killed after {steps} steps: {system}");
        }
    })
    .await;
}

#[tokio::test]
async fn what_fails_before_it_is_queued_is_told_once_wherever_a_process_is_killed() {
    killed_at_each_step(8, "D", deep(), async |ports, taken, id, steps| {
        assert!(taken.of("kingdee.sal_order_save", id).is_empty());
        let entry_id = EntryId::new("orders", id);
        let entry =
            ports.stores.ledger.read(std::slice::from_ref(&entry_id)).await.unwrap().remove(&entry_id);
        let classes: Vec<_> = entry
            .iter()
            .flat_map(relay_core::Entry::failures)
            .map(|failed| failed.class.code().to_owned())
            .collect();
        assert_eq!(classes, ["too deep"], "killed after {steps} steps");
        let mut told = taken.of("sharecrm.objdata_push", id);
        told.dedup();
        assert_eq!(told.len(), 1, "killed after {steps} steps: {told:?}");
        assert_eq!(told[0]["masterFieldVal"]["class"], json!("too deep"));
    })
    .await;
}
