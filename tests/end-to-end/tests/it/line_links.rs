//! A line of a bill that names the line of an earlier one: the earlier bill is asked for once, the later waits for it, and a line
//! that is not there is said by its code.

use std::fs;
use std::sync::Arc;

use relay_simulators::Fault;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::fuse::Fuse;
use crate::house::House;
use crate::process::Process;

const ORDERS: &str = r#"
[source]
document = "http.webhook"
params   = { name = "orders" }
key      = "id"
version  = "version"

[target]
document = "kingdee.sal_order_save"
changes  = "edit"

[fields]
bill_no     = "id"
bill_date   = { from = "day", as = "date" }
customer_id = { value = "S001", lookup = "kingdee.customer" }

[fields.material_entity]
each        = "items"
material_id = { from = "sku", lookup = "kingdee.material" }
stock_id    = { value = "WH01", lookup = "kingdee.store" }
unit_id     = { from = "sku", lookup = "kingdee.material_unit" }
qty         = "quantity"
tax_price   = "price"
"#;

/// Shipments name the order, and the line of it, that they are of.
const SHIPMENTS: &str = r#"
[source]
document = "http.webhook"
params   = { name = "shipments" }
key      = "id"

[target]
document = "kingdee.sal_outbound_save"

[fields]
bill_no     = "id"
bill_date   = { from = "day", as = "date" }
customer_id = { value = "S001", lookup = "kingdee.customer" }

[fields.material_entity]
each         = "items"
material_id  = { from = "sku", lookup = "kingdee.material" }
stock_id     = { value = "WH01", lookup = "kingdee.store" }
unit_id      = { from = "sku", lookup = "kingdee.material_unit" }
qty          = "quantity"
tax_price    = "price"
src_inter_id = { from = "^.order", lookup = "delivered.orders" }
src_entry_id = { from = "^.order", lookup = "delivered.orders", line = "sku", by = "material_number" }
"#;

fn house(seed: u64) -> (House, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [("orders", ORDERS), ("shipments", SHIPMENTS)] {
        fs::write(folder.path().join(format!("{name}.toml")), text).unwrap();
    }
    let house = House::new(seed).with("RELAY_FLOWS_DIR", folder.path().to_str().unwrap());
    house.vendors.kingdee.set_refuses_duplicates(false);
    (house.with("KINGDEE_AUTH", "v2"), folder)
}

async fn push(house: &House, process: &Process, name: &str, document: &Value) {
    let answer = process.post_json(name, &house.vendors.http.push(document)).await;
    assert_eq!((answer.status, answer.reply.return_code), (200, 0), "{}", answer.reply.to_json());
}

fn items(skus: &[&str]) -> Vec<Value> {
    skus.iter().map(|sku| json!({"sku": sku, "quantity": 2, "price": "2.50"})).collect()
}

async fn order(house: &House, process: &Process, id: &str, version: u32, skus: &[&str]) {
    let version = format!("2026-11-22 11:00:{version:02}");
    push(
        house,
        process,
        "orders",
        &json!({"id": id, "version": version, "day": "2026-11-22", "items": items(skus)}),
    )
    .await;
}

async fn shipment(house: &House, process: &Process, id: &str, order: &str, skus: &[&str]) {
    push(
        house,
        process,
        "shipments",
        &json!({"id": id, "order": order, "day": "2026-11-22", "items": items(skus)}),
    )
    .await;
}

/// What the shipment's lines are of.
fn links(house: &House, id: &str) -> Vec<(String, String)> {
    let saved = house.vendors.kingdee.saved("sal_outbound", id);
    assert_eq!(saved.len(), 1, "{id}: {saved:?}");
    let text = |line: &Value, name: &str| line[name].as_str().unwrap().to_owned();
    let lines = saved[0].body["material_entity"].as_array().unwrap();
    lines.iter().map(|line| (text(line, "src_inter_id"), text(line, "src_entry_id"))).collect()
}

/// How often an order was asked for as a whole.
fn asked(house: &House) -> u64 {
    house.vendors.kingdee.calls().get("sal_order_detail").copied().unwrap_or_default()
}

const BOTH: [&str; 2] = ["ML-250-24", "ML-1L-12"];

#[tokio::test]
async fn each_line_names_its_orders_line_and_the_order_is_asked_for_once() {
    let (house, _folder) = house(1);
    let process = house.start();
    order(&house, &process, "A/1", 1, &BOTH).await;
    process.drain().await;
    let before = asked(&house);
    shipment(&house, &process, "S1", "A/1", &["ML-1L-12", "ML-250-24"]).await;
    process.drain().await;
    let (bill, lines) = (
        house.vendors.kingdee.saved("sal_order", "A/1").remove(0),
        house.vendors.kingdee.line_ids("sal_order", "A/1"),
    );
    assert_eq!(
        links(&house, "S1"),
        [(bill.id.clone(), lines[1].clone()), (bill.id.clone(), lines[0].clone())]
    );
    assert_eq!(asked(&house) - before, 1);
    // Another process has it from the store.
    let process = house.start();
    shipment(&house, &process, "S2", "A/1", &["ML-250-24"]).await;
    process.drain().await;
    assert_eq!(links(&house, "S2"), [(bill.id, lines[0].clone())]);
    assert_eq!(asked(&house) - before, 1, "it is asked for once");
    assert!(process.failures().await.is_empty());
}

#[tokio::test]
async fn an_order_that_was_changed_is_asked_for_anew() {
    let (house, _folder) = house(2);
    let process = house.start();
    order(&house, &process, "A", 1, &BOTH[..1]).await;
    process.drain().await;
    shipment(&house, &process, "S1", "A", &BOTH[..1]).await;
    process.drain().await;
    order(&house, &process, "A", 2, &BOTH).await;
    process.drain().await;
    shipment(&house, &process, "S2", "A", &BOTH).await;
    process.drain().await;
    let lines: Vec<_> = links(&house, "S2").into_iter().map(|(_, line)| line).collect();
    assert_eq!(lines, house.vendors.kingdee.line_ids("sal_order", "A"));
    assert!(process.failures().await.is_empty());
}

#[tokio::test]
async fn a_shipment_before_its_order_waits_for_it() {
    let (house, _folder) = house(3);
    let process = house.start();
    shipment(&house, &process, "S", "A", &BOTH).await;
    process.drain().await;
    let waiting = process.operations().show("shipments", "S").await.unwrap().failures.remove(0);
    assert_eq!(waiting.class, "waiting");
    assert!(waiting.message.starts_with("waiting for orders A: "), "{}", waiting.message);
    assert_eq!(asked(&house), 0, "nothing is asked of what is not there");
    order(&house, &process, "A", 1, &BOTH).await;
    process.drain().await;
    assert_eq!(links(&house, "S").len(), 2);
    assert!(process.failures().await.is_empty());
}

#[tokio::test]
async fn a_line_that_the_order_does_not_have_is_said_by_its_code_and_goes_when_it_has() {
    let (house, _folder) = house(4);
    let process = house.start();
    for (version, skus) in [(1, &BOTH[..1]), (2, &[BOTH[0], BOTH[1], BOTH[1]][..])] {
        order(&house, &process, "A", version, skus).await;
        process.drain().await;
        shipment(&house, &process, &format!("S{version}"), "A", &BOTH).await;
        process.drain().await;
        let failed =
            process.operations().show("shipments", &format!("S{version}")).await.unwrap().failures.remove(0);
        assert_eq!(failed.class, "mapping", "it waits for nobody's delivery");
        for said in [
            "material_entity[1].src_entry_id",
            "of no line, or of several",
            "material_number ML-1L-12",
            "`orders`",
        ] {
            assert!(failed.message.contains(said), "`{said}` is not in {}", failed.message);
        }
        assert!(house.vendors.kingdee.saved("sal_outbound", &format!("S{version}")).is_empty());
    }
    order(&house, &process, "A", 3, &BOTH).await;
    process.drain().await;
    process.operations().replay("shipments", "S1").await.unwrap();
    process.drain().await;
    assert_eq!(links(&house, "S1").len(), 2);
}

#[tokio::test]
async fn an_answer_that_is_lost_or_refused_is_asked_for_again() {
    for fault in [Fault::LostAnswer, Fault::Status(500)] {
        let (house, _folder) = house(5);
        let process = house.start();
        order(&house, &process, "A", 1, &BOTH).await;
        process.drain().await;
        house.vendors.kingdee.faults.inject_for("sal_order_detail", fault);
        shipment(&house, &process, "S", "A", &BOTH).await;
        process.drain().await;
        assert_eq!(links(&house, "S").len(), 2);
        assert!(process.failures().await.is_empty());
    }
}

#[tokio::test]
async fn wherever_a_process_is_killed_the_shipment_goes_once_with_its_lines() {
    for steps in 0.. {
        let (house, _folder) = house(steps);
        let process = house.start();
        order(&house, &process, "A", 1, &BOTH).await;
        shipment(&house, &process, "S", "A", &BOTH).await;
        let fuse: Arc<Fuse> = Fuse::after(steps);
        let killed = fuse.run(house.start_with(&fuse).drain()).await.is_none();
        let process = house.start();
        process.drain_through_pauses().await;
        let lines: Vec<_> = links(&house, "S").into_iter().map(|(_, line)| line).collect();
        assert_eq!(lines, house.vendors.kingdee.line_ids("sal_order", "A"), "killed after {steps} steps");
        assert!(process.failures().await.is_empty(), "killed after {steps} steps");
        if !killed {
            assert!(steps > 20, "{steps}");
            break;
        }
    }
}
