//! The life of a bill: saved, audited, changed, taken back, deleted; each step once, wherever an answer is lost or a process
//! is killed.
//!
//! | module | what |
//! |---|---|
//! | `steps` | saved and then audited; what is refused, lost, or done by a person meanwhile |
//! | `changes` | a newer version, or a cancellation, under each word of the flow |
//! | `example` | the example flow |
//! | `periods` | bills of a day whose books are closed |
//! | `kills` | a process that is killed at each of its steps |
//! | `revived` | bills that are made anew, and of which it is not known whether they have arrived |
//! | `links` | what refers to a bill that is taken back for another |
//! | `overtaken` | a worker whose time in flight ends while it saves a bill |
//! | `standing` | which bills stand at which step, as an operator sees it |

mod changes;
mod example;
mod kills;
mod links;
mod overtaken;
mod periods;
mod revived;
mod standing;
mod steps;

use std::fs;

use relay_core::Entry;
use relay_erp_pusher::Turn;
use relay_simulators::kingdee::Saved;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::house::House;
use crate::process::Process;

const FLOW: &str = "shipments";

/// Shipments become outbound bills.
const TO_KINGDEE: &str = r#"
[source]
document = "http.webhook"
params   = { name = "shipments" }
key      = "id"
version  = "updated_at"
CANCELLED

[target]
document = "kingdee.sal_outbound_save"
LIFE

[fields]
bill_no     = "id"
bill_date   = { from = "sent_at", as = "date" }
customer_id = { value = "S001", lookup = "kingdee.customer" }
remark      = "note"

[fields.material_entity]
each        = "items"
material_id = { from = "sku", lookup = "kingdee.material" }
stock_id    = { value = "WH01", lookup = "kingdee.store" }
unit_id     = { from = "sku", lookup = "kingdee.material_unit" }
qty         = "quantity"
tax_price   = "price"
"#;

/// A merchant whose bills live so.
pub(crate) fn house(seed: u64, life: &str) -> (House, TempDir) {
    let cancelled =
        if life.contains("when_cancelled") { "cancelled_when = \"status = 'cancelled'\"" } else { "" };
    let folder = tempfile::tempdir().unwrap();
    let flow = TO_KINGDEE.replace("CANCELLED", cancelled).replace("LIFE", life);
    fs::write(folder.path().join(format!("{FLOW}.toml")), flow).unwrap();
    let house = House::new(seed)
        .with("RELAY_FLOWS_DIR", folder.path().to_str().unwrap())
        .with("KINGDEE_AUTH", "v2")
        .with("BOOKS_OPEN_FROM", "2026-11-01");
    // Only our asking prevents a second one.
    house.vendors.kingdee.set_refuses_duplicates(false);
    (house, folder)
}

/// A shipment of two goods.
fn shipment(version: u32, quantity: u32) -> Value {
    json!({
        "id": "SO-1", "updated_at": format!("2026-11-22 12:00:{version:02}"), "status": "sent",
        "sent_at": "2026-11-22 11:30:00", "note": "轻放",
        "items": [
            {"sku": "ML-250-24", "quantity": quantity, "price": "10.01"},
            {"sku": "ML-1L-12", "quantity": 7, "price": "0.10"},
        ],
    })
}

fn of(mut shipment: Value, field: &str, value: &str) -> Value {
    shipment[field] = json!(value);
    shipment
}

fn cancelled(version: u32) -> Value {
    of(shipment(version, 3), "status", "cancelled")
}

async fn push(house: &House, process: &Process, document: &Value) {
    let answer = process.post_json("shipments", &house.vendors.http.push(document)).await;
    assert_eq!((answer.status, answer.reply.return_code), (200, 0), "{}", answer.reply.to_json());
}

/// A version comes and is worked.
async fn pushed(house: &House, process: &Process, document: &Value) -> Vec<Turn> {
    push(house, process, document).await;
    process.drain().await
}

/// The bills that Kingdee has, as `number: quantities state`, in the order of their numbers.
fn bills(house: &House) -> Vec<String> {
    let mut bills: Vec<_> = saved(house).iter().map(told).collect();
    bills.sort();
    bills
}

fn saved(house: &House) -> Vec<Saved> {
    house.vendors.kingdee.saved_of("sal_outbound")
}

fn told(saved: &Saved) -> String {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let lines = saved.body["material_entity"].as_array().unwrap();
    let quantities: Vec<_> = lines.iter().map(|line| text(&line["qty"])).collect();
    let state = if saved.is_audited { "audited" } else { "saved" };
    format!("{}: {} {state}", saved.number, quantities.join(" "))
}

/// What was done with the only bill after it was saved.
fn steps(house: &House) -> Vec<String> {
    let saved = saved(house);
    assert_eq!(saved.len(), 1, "{saved:?}");
    saved[0].steps.clone()
}

async fn entry(process: &Process) -> Entry {
    process.entry(FLOW, "SO-1").await.unwrap()
}

/// How often Kingdee was called so.
fn calls(house: &House, operation: &str) -> u64 {
    house.vendors.kingdee.calls().get(operation).copied().unwrap_or_default()
}
