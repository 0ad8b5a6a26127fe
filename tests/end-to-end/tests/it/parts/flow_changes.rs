//! A flow that is given a `[split]`, or loses it, after it has delivered documents: none comes to the target both as a whole and in
//! parts.

use std::collections::BTreeMap;
use std::fs;

use relay_simulators::Fault;
use tempfile::TempDir;

use super::{FLOW, TO_HTTP, TO_KINGDEE, failed, order, push, pushed, there, with_flow};
use crate::house::House;
use crate::process::Process;

const SPLIT: &str = "[split]\nby = \"items.warehouse\"";
const LINES: [(&str, &str, u32); 2] = [("WH01", "ML-250-24", 1), ("WH02", "ML-1L-12", 2)];
const CHANGED: [(&str, &str, u32); 2] = [("WH01", "ML-250-24", 3), ("WH02", "ML-1L-12", 2)];

/// A process that goes by another flow.
fn changed(house: &House, folder: &TempDir, flow: &str) -> Process {
    fs::write(folder.path().join(format!("{FLOW}.toml")), flow).unwrap();
    house.start()
}

async fn reason(process: &Process) -> String {
    process.operations().show(FLOW, "A").await.unwrap().failures.remove(0).message
}

#[tokio::test]
async fn what_the_target_has_as_a_whole_does_not_come_there_in_parts_too() {
    let (house, folder) = with_flow(40, &TO_KINGDEE.replace(SPLIT, ""));
    pushed(&house, &house.start(), &order("A", 1, &LINES)).await;
    let process = changed(&house, &folder, TO_KINGDEE);
    let told = pushed(&house, &process, &order("A", 2, &CHANGED)).await;
    assert_eq!(told, ["A: failed"]);
    assert_eq!(failed(&process).await, [("A".to_owned(), "changed".to_owned())]);
    assert!(reason(&process).await.contains("an older version of it as a whole (id "));
    assert_eq!(house.vendors.kingdee.creates(), BTreeMap::from([("A".to_owned(), 1)]));
    let told = pushed(&house, &process, &order("B", 1, &LINES)).await;
    assert_eq!(told, ["B/WH01: delivered", "B/WH02: delivered", "B: divided"], "what is new is split");
}

#[tokio::test]
async fn what_the_target_has_in_parts_does_not_come_there_as_a_whole_too() {
    let (house, folder) = with_flow(41, &TO_HTTP.replace("[split]\nSPLIT", SPLIT));
    pushed(&house, &house.start(), &order("A", 1, &LINES)).await;
    let process = changed(&house, &folder, &TO_HTTP.replace("[split]\nSPLIT", ""));
    assert_eq!(pushed(&house, &process, &order("A", 2, &CHANGED)).await, ["A: failed"]);
    assert_eq!(failed(&process).await, [("A".to_owned(), "changed".to_owned())]);
    assert!(reason(&process).await.contains("parts of an older version of it (WH01, WH02)"));
    assert_eq!(there(&house).into_keys().collect::<Vec<_>>(), ["A-WH01", "A-WH02"]);
}

/// The simulation of bills, seeds 5 and 37.
#[tokio::test]
async fn a_part_that_still_waits_or_has_failed_does_not_come_as_if_it_were_the_whole() {
    let (house, folder) = with_flow(43, TO_KINGDEE);
    let process = house.start();
    let lines = [("WH01", "ML-250-24", 1), ("WH02", "NEW", 2)];
    let told = pushed(&house, &process, &order("A", 1, &lines)).await;
    assert_eq!(told, ["A/WH01: delivered", "A/WH02: failed", "A: divided"]);
    let unit = house.vendors.kingdee.add_unit("U9", "袋");
    house.vendors.kingdee.add_material("NEW", "新品", &[&unit]);
    let process = changed(&house, &folder, &TO_KINGDEE.replace(SPLIT, ""));
    process.operations().replay(FLOW, "A/WH02").await.unwrap();
    process.drain().await;
    assert_eq!(failed(&process).await, [("A/WH02".to_owned(), "changed".to_owned())]);
    assert_eq!(house.vendors.kingdee.creates().into_keys().collect::<Vec<_>>(), ["A-WH01"]);
    let process = changed(&house, &folder, TO_KINGDEE);
    process.operations().replay(FLOW, "A/WH02").await.unwrap();
    process.drain().await;
    assert_eq!(failed(&process).await, []);
    assert_eq!(house.vendors.kingdee.creates().into_keys().collect::<Vec<_>>(), ["A-WH01", "A-WH02"]);
}

/// The simulation of bills, seed 7.
#[tokio::test]
async fn what_may_have_come_as_a_whole_is_asked_for_before_it_is_split() {
    let (house, folder) = with_flow(44, &TO_KINGDEE.replace(SPLIT, ""));
    let process = house.start();
    for (number, fault) in [("A", Fault::LostAnswer), ("B", Fault::LostRequest)] {
        house.vendors.kingdee.faults.inject_for("sal_order_save", fault);
        push(&house, &process, &order(number, 1, &LINES)).await;
        process.work_once().await;
    }
    let process = changed(&house, &folder, TO_KINGDEE);
    process.drain().await;
    assert_eq!(failed(&process).await, [("A".to_owned(), "changed".to_owned())]);
    let numbers: Vec<_> = house.vendors.kingdee.creates().into_keys().collect();
    assert_eq!(numbers, ["A", "B-WH01", "B-WH02"]);
}

/// The simulation of bills, seed 8916: the request of the whole stays noted for a while, and what is pushed once more would confirm it.
#[tokio::test]
async fn what_was_tried_as_a_whole_is_divided_once() {
    let (house, folder) = with_flow(45, &TO_KINGDEE.replace(SPLIT, ""));
    let process = house.start();
    house.vendors.kingdee.faults.inject_for("sal_order_save", Fault::LostRequest);
    push(&house, &process, &order("A", 1, &LINES)).await;
    process.work_once().await;
    let process = changed(&house, &folder, TO_KINGDEE);
    pushed(&house, &process, &order("A", 2, &CHANGED)).await;
    // As it stands right after that, with the request of another version.
    let id = relay_core::EntryId::new(FLOW, "A");
    let request = relay_core::ledger::Unanswered::now("of the whole", house.clock.as_ref());
    let noted = |entry: &mut relay_core::Entry| entry.unanswered = Some(request.clone());
    let ledger = process.wiring.stores.ledger.clone();
    relay_core::ledger::update(ledger.as_ref(), &id, None, noted).await.unwrap();
    let told = pushed(&house, &process, &order("A", 2, &CHANGED)).await;
    assert_eq!(told, ["A: postponed", "A: skipped"], "when that request is over");
    assert_eq!(process.waiting().await, 0);
    let numbers: Vec<_> = house.vendors.kingdee.creates().into_keys().collect();
    assert_eq!(numbers, ["A-WH01", "A-WH02"]);
}

#[tokio::test]
async fn a_bill_with_a_life_is_not_made_beside_the_parts_of_its_document() {
    let audited = |flow: &str| flow.replace("[target]", "[target]\nthen = [\"audit\"]");
    let (house, folder) = with_flow(42, &audited(TO_KINGDEE));
    let house = house.with("KINGDEE_AUTH", "v2");
    pushed(&house, &house.start(), &order("A", 1, &LINES)).await;
    let process = changed(&house, &folder, &audited(&TO_KINGDEE.replace(SPLIT, "")));
    assert_eq!(pushed(&house, &process, &order("A", 2, &CHANGED)).await, ["A: failed"]);
    let mut numbers: Vec<_> =
        house.vendors.kingdee.saved_of("sal_order").into_iter().map(|saved| saved.number).collect();
    numbers.sort();
    assert_eq!(numbers, ["A-WH01", "A-WH02"]);
}
