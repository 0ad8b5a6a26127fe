//! A document that is split: its parts go their own ways, each once, and no version brings back what a newer one has withdrawn.
//!
//! | module | what |
//! |---|---|
//! | `dividing` | parts and their numbers; what a part is told apart by |
//! | `versions` | newer versions that drop, add and move lines; older ones that come late |
//! | `undoing` | a part that a newer version lacks, undone by the word of the flow; documents that are cancelled |
//! | `kills` | a process that is killed at each of its steps |
//! | `grouped` | parts that are members of groups |
//! | `flow_changes` | a flow that is given a split, or loses it, after it has delivered documents |

mod dividing;
mod flow_changes;
mod grouped;
mod kills;
mod undoing;
mod versions;

use std::collections::BTreeMap;
use std::fs;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::house::House;
use crate::process::Process;

const FLOW: &str = "orders-by-warehouse";

/// Orders, one for each warehouse, to Kingdee: which changes nothing that it has.
const TO_KINGDEE: &str = r#"
[source]
document = "http.webhook"
params   = { name = "orders" }
key      = "id"
version  = "updated_at"

[target]
document = "kingdee.sal_order_save"

[split]
by = "items.warehouse"

[fields]
billno        = "id"
billdate      = { from = "paid_at", as = "date" }
customerid_id = { from = "shop", lookup = "kingdee.customer" }

[fields.material_entity]
each          = "items"
materialid_id = { from = "sku", lookup = "kingdee.material" }
stockid_id    = { from = "warehouse", lookup = "kingdee.store" }
unit_id       = { from = "sku", lookup = "kingdee.material_unit" }
qty           = "quantity"
taxprice      = "price"
"#;

/// The same to an address where a newer version takes the place of an older one.
const TO_HTTP: &str = r#"
[source]
document = "http.webhook"
params   = { name = "orders" }
key      = "id"
version  = "updated_at"

[target]
document = "http.post"

[split]
SPLIT

[fields]
id = "id"

[fields.lines]
each = "items"
sku  = { from = "sku", as = "text" }
qty  = { from = "quantity", as = "decimal" }
"#;

fn with_flow(seed: u64, text: &str) -> (House, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(format!("{FLOW}.toml")), text).unwrap();
    let house = House::new(seed).with("RELAY_FLOWS_DIR", folder.path().to_str().unwrap());
    (house.with("HTTP_POST_REPEAT", "replaces"), folder)
}

fn to_http(seed: u64) -> (House, TempDir) {
    split_by(seed, "by = \"items.warehouse\"")
}

fn split_by(seed: u64, split: &str) -> (House, TempDir) {
    with_flow(seed, &TO_HTTP.replace("SPLIT", split))
}

/// An order with lines of a warehouse, a good and a quantity.
fn order(id: &str, version: u32, lines: &[(&str, &str, u32)]) -> Value {
    let item = |(warehouse, sku, quantity): &(&str, &str, u32)| json!({"warehouse": warehouse, "sku": sku, "quantity": quantity, "price": "2.50"});
    json!({
        "id": id, "updated_at": format!("2026-11-22 11:00:{version:02}"), "shop": "S001",
        "paid_at": "2026-11-22 10:30:00", "items": lines.iter().map(item).collect::<Vec<_>>(),
    })
}

async fn push(house: &House, process: &Process, order: &Value) {
    let answer = process.post_json("orders", &house.vendors.http.push(order)).await;
    assert_eq!((answer.status, answer.reply.return_code), (200, 0), "{}", answer.reply.to_json());
}

/// Pushes a document and works all that comes of it: what became of each message, `key: outcome`, in the order of their keys.
async fn pushed(house: &House, process: &Process, order: &Value) -> Vec<String> {
    push(house, process, order).await;
    let turns = process.drain().await;
    let mut told: Vec<_> =
        turns.iter().map(|turn| format!("{}: {}", turn.key(), turn.outcome.name())).collect();
    told.sort();
    told
}

/// What the address has of each number: goods with their quantities, and how often it was sent.
fn there(house: &House) -> BTreeMap<String, (String, usize)> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let line = |line: &Value| format!("{} {}", text(&line["sku"]), text(&line["qty"]));
    let mut there = BTreeMap::<String, (String, usize)>::new();
    for received in house.vendors.http.received() {
        let lines: Vec<_> = received.body["lines"].as_array().unwrap().iter().map(line).collect();
        let number = there.entry(text(&received.body["id"])).or_default();
        *number = (lines.join(", "), number.1 + 1);
    }
    there
}

/// Class and key of each document that has failed.
async fn failed(process: &Process) -> Vec<(String, String)> {
    let entries = process.failures().await;
    let failures = entries.iter().flat_map(|entry| entry.failures().map(|failed| (&entry.id, failed)));
    let mut failures: Vec<_> =
        failures.map(|(id, failed)| (id.key.clone(), failed.class.to_string())).collect();
    failures.sort();
    failures
}
