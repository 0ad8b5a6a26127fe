//! What refers to a bill refers to the one that counts, also while one is taken back for another.

use std::fs;
use std::time::Duration;

use relay_simulators::Fault;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{house, pushed, shipment};
use crate::house::House;
use crate::process::{Process, failure};

/// Receipts go to an address, with Kingdee's id and our number of the shipment that they are of.
const RECEIPTS: &str = r#"
[source]
document = "http.webhook"
params   = { name = "receipts" }
key      = "id"

[target]
document = "http.post"

[fields]
id     = "id"
bill   = { from = "of", lookup = "delivered.shipments" }
number = { from = "of", lookup = "delivered.shipments", result = "number" }
"#;

fn offsetting() -> (House, TempDir) {
    let (house, folder) = house(1, "then = [\"audit\"]\nchanges = \"offset\"");
    fs::write(folder.path().join("receipts.toml"), RECEIPTS).unwrap();
    (house, folder)
}

async fn receipt(house: &House, process: &Process, id: &str) {
    let receipt = json!({"id": id, "of": "SO-1"});
    let answer = process.post_json("receipts", &house.vendors.http.push(&receipt)).await;
    assert_eq!(answer.status, 200);
    process.drain().await;
}

/// The receipt as the address has it: it refers to the bill with that number.
fn refers_to(house: &House, id: &str, number: &str) {
    let bill = house.vendors.kingdee.saved("sal_outbound", number).remove(0);
    let received = house.vendors.http.received();
    let receipt = received.iter().find(|received| received.body["id"] == id);
    let receipt: &Value = &receipt.unwrap_or_else(|| panic!("{id}: {received:?}")).body;
    assert_eq!((&receipt["bill"], &receipt["number"]), (&json!(bill.id), &json!(number)));
}

#[tokio::test]
async fn what_refers_to_a_bill_that_was_taken_back_just_now_refers_to_the_one_in_its_place() {
    let (house, _folder) = offsetting();
    let process = house.start();
    pushed(&house, &process, &shipment(1, 3)).await;
    receipt(&house, &process, "R1").await;
    refers_to(&house, "R1", "SO-1");
    pushed(&house, &process, &shipment(2, 5)).await;
    receipt(&house, &process, "R2").await;
    refers_to(&house, "R2", "SO-1-B2");
}

#[tokio::test]
async fn what_refers_to_a_bill_that_is_being_taken_back_waits_for_the_one_in_its_place() {
    let (house, _folder) = offsetting();
    let process = house.start();
    pushed(&house, &process, &shipment(1, 3)).await;
    // The red bill is made, and the blue one refused.
    let faults = &house.vendors.kingdee.faults;
    faults.inject_for("sal_outbound_save", Fault::Slow(Duration::from_millis(1)));
    faults.inject_for("sal_outbound_save", Fault::InnerRefusal("数量超限".to_owned()));
    let turns = pushed(&house, &process, &shipment(2, 5)).await;
    assert_eq!(failure(&turns).0, "refused");
    receipt(&house, &process, "R1").await;
    assert!(house.vendors.http.received().is_empty(), "{:?}", house.vendors.http.received());
    let waiting = process.operations().show("receipts", "R1").await.unwrap().failures.remove(0);
    assert!(waiting.message.starts_with("waiting for shipments SO-1: "), "{}", waiting.message);

    process.operations().replay("shipments", "SO-1").await.unwrap();
    process.drain().await;
    refers_to(&house, "R1", "SO-1-B2");
    assert!(process.failures().await.is_empty());
}
