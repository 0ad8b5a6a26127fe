//! A bill that refers to an earlier one by our own key waits for it, in whichever order the two arrive and wherever a process is
//! killed, and for no longer than its flow says.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use relay_bill_closer::BillCloser;
use relay_core::clock::Deadline;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::fuse::Fuse;
use crate::house::House;
use crate::process::Process;

/// Orders go to Kingdee, by their warehouses.
const ORDERS: &str = r#"
[source]
document = "http.webhook"
params   = { name = "orders" }
key      = "id"

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

/// Shipments go to an address, with Kingdee's id and our number of the order's part that they are of.
const SHIPMENTS: &str = r#"
[source]
document = "http.webhook"
params   = { name = "shipments" }
key      = "id"

[target]
document = "http.post"

[fields]
id       = "id"
order_id = { from = ["order", "warehouse"], lookup = "delivered.orders", wait = "2d" }
order_no = { from = ["order", "warehouse"], lookup = "delivered.orders", result = "number" }
"#;

fn house(seed: u64) -> (House, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [("orders", ORDERS), ("shipments", SHIPMENTS)] {
        fs::write(folder.path().join(format!("{name}.toml")), text).unwrap();
    }
    (House::new(seed).with("RELAY_FLOWS_DIR", folder.path().to_str().unwrap()), folder)
}

async fn push(house: &House, process: &Process, name: &str, document: &Value) {
    let answer = process.post_json(name, &house.vendors.http.push(document)).await;
    assert_eq!((answer.status, answer.reply.return_code), (200, 0), "{}", answer.reply.to_json());
}

async fn order(house: &House, process: &Process) {
    let item =
        |warehouse| json!({"warehouse": warehouse, "sku": "ML-250-24", "quantity": 1, "price": "2.50"});
    let order = json!({
        "id": "A", "shop": "S001", "paid_at": "2026-11-22 10:30:00", "items": [item("WH01"), item("WH02")],
    });
    push(house, process, "orders", &order).await;
}

async fn shipment(house: &House, process: &Process) {
    push(house, process, "shipments", &json!({"id": "S", "order": "A", "warehouse": "WH02"})).await;
}

/// The shipment as the address has it: once, with id and number of the part that it is of.
fn check_shipment(house: &House, said: &str) {
    let part = house.vendors.kingdee.orders("A-WH02").remove(0);
    let received = house.vendors.http.received();
    let [shipment] = received.as_slice() else { panic!("{said}: {received:?}") };
    assert_eq!(shipment.body["order_no"], "A-WH02", "{said}");
    assert_eq!(shipment.body["order_id"].as_str(), Some(part.id.as_str()), "{said}");
}

#[tokio::test]
async fn a_shipment_before_its_order_waits_for_it_and_one_after_it_goes_at_once() {
    let (house, _folder) = house(1);
    let process = house.start();
    shipment(&house, &process).await;
    process.drain().await;
    let waiting = process.operations().show("shipments", "S").await.unwrap().failures.remove(0);
    assert_eq!(waiting.class, "waiting");
    assert!(waiting.message.starts_with("waiting for orders A/WH02: "), "{}", waiting.message);
    assert!(waiting.message.contains("2026-11-24 12:00 (China time)"), "{}", waiting.message);
    order(&house, &process).await;
    process.drain().await;
    check_shipment(&house, "after its order");
    assert!(process.failures().await.is_empty());

    let (house, _folder) = self::house(2);
    let process = house.start();
    order(&house, &process).await;
    process.drain().await;
    shipment(&house, &process).await;
    process.drain().await;
    check_shipment(&house, "before its order");
}

#[tokio::test]
async fn what_waits_for_longer_than_its_flow_says_fails_for_a_person_and_goes_when_the_order_comes_after_all()
{
    let (house, _folder) = house(3);
    let process = house.start();
    let closer = process.wiring.build::<BillCloser>().unwrap();
    shipment(&house, &process).await;
    process.drain().await;
    house.clock.advance(Duration::from_secs(47 * 3_600));
    assert_eq!(closer.end_waits(Deadline::NONE).await.unwrap(), 0, "it may still come");
    house.clock.advance(Duration::from_secs(3_600));
    assert_eq!(closer.end_waits(Deadline::NONE).await.unwrap(), 1);
    process.drain().await;
    let failed = process.operations().show("shipments", "S").await.unwrap().failures.remove(0);
    assert_eq!(failed.class, "mapping");
    assert_eq!(closer.end_waits(Deadline::NONE).await.unwrap(), 0, "once");
    order(&house, &process).await;
    process.drain().await;
    check_shipment(&house, "late");
    assert!(process.failures().await.is_empty());
}

/// More than are read at once.
#[tokio::test]
async fn however_many_wait_for_an_order_all_of_them_go_when_it_comes_or_when_their_time_is_over() {
    const MANY: usize = 230;
    for comes in [true, false] {
        let (house, _folder) = house(4);
        let process = house.start();
        for number in 0..MANY {
            let shipment = json!({"id": format!("S{number:03}"), "order": "A", "warehouse": "WH02"});
            push(&house, &process, "shipments", &shipment).await;
        }
        process.drain().await;
        let failures = process.failures().await;
        let classes: Vec<_> =
            failures.iter().map(|entry| entry.failed.as_ref().unwrap().class.to_string()).collect();
        assert_eq!(classes, vec!["waiting"; MANY]);
        if comes {
            order(&house, &process).await;
            process.drain().await;
            let received = house.vendors.http.received();
            let ids: std::collections::BTreeSet<_> =
                received.iter().map(|shipment| shipment.body["id"].to_string()).collect();
            assert_eq!((received.len(), ids.len()), (MANY, MANY), "each once");
            assert!(process.failures().await.is_empty());
        } else {
            let closer = process.wiring.build::<BillCloser>().unwrap();
            house.clock.advance(Duration::from_secs(49 * 3_600));
            assert_eq!(closer.end_waits(Deadline::NONE).await.unwrap(), MANY as u64);
            process.drain().await;
            let failures = process.failures().await;
            let classes: Vec<_> =
                failures.iter().map(|entry| entry.failed.as_ref().unwrap().class.to_string()).collect();
            assert_eq!(classes, vec!["mapping"; MANY]);
        }
    }
}

/// Whichever of the two is queued first.
#[tokio::test]
async fn wherever_a_process_is_killed_the_shipment_goes_once_and_after_its_order() {
    for is_order_first in [true, false] {
        for steps in 0.. {
            let (house, _folder) = house(steps);
            house.vendors.kingdee.set_refuses_duplicates(false);
            let process = house.start();
            if is_order_first {
                order(&house, &process).await;
            }
            shipment(&house, &process).await;
            let fuse: Arc<Fuse> = Fuse::after(steps);
            let fused = house.start_with(&fuse);
            let work = async {
                fused.drain().await;
                if !is_order_first {
                    order(&house, &fused).await;
                    fused.drain().await;
                }
            };
            let killed = fuse.run(work).await.is_none();
            let process = house.start();
            if killed {
                // Its source was not told that we have it.
                order(&house, &process).await;
            }
            process.drain_through_pauses().await;
            check_shipment(&house, &format!("killed after {steps} steps, order first: {is_order_first}"));
            assert!(process.failures().await.is_empty(), "killed after {steps} steps");
            let creates = house.vendors.kingdee.creates();
            assert!(creates.len() == 2 && creates.values().all(|count| *count == 1), "{creates:?}");
            if !killed {
                assert!(steps > 20, "{steps}");
                break;
            }
        }
    }
}
