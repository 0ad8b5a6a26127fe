//! A bill that is made anew after it was deleted, and of which it is not known whether it has arrived.

use std::fs;

use relay_simulators::Fault;
use serde_json::json;

use super::{FLOW, TO_KINGDEE, bills, cancelled, entry, house, pushed, saved, shipment};
use crate::house::House;
use crate::process::{Process, failure, outcomes};

const DELETED: &str = "then = [\"audit\"]\nchanges = \"reopen\"\nwhen_cancelled = \"unaudit+delete\"";

/// Its answer is lost, and the target refuses to be asked: it fails, and is there.
async fn arrives_unseen(house: &House, process: &Process, version: u32) {
    house.vendors.kingdee.faults.inject_for("sal_outbound_save", Fault::LostAnswer);
    house
        .vendors
        .kingdee
        .faults
        .inject_for("sal_outbound_list", Fault::InnerRefusal("没有查询权限".to_owned()));
    let turns = pushed(house, process, &shipment(version, 3)).await;
    assert_eq!(outcomes(&turns), ["retry", "failed"]);
    assert_eq!(bills(house), ["SO-1: 3 7 saved"]);
}

async fn deleted_once(house: &House, process: &Process) {
    pushed(house, process, &shipment(1, 3)).await;
    pushed(house, process, &cancelled(2)).await;
    assert_eq!(bills(house), Vec::<String>::new());
}

#[tokio::test]
async fn what_came_back_unseen_is_looked_for_when_it_is_cancelled_again() {
    let (house, _folder) = house(1, DELETED);
    let process = house.start();
    deleted_once(&house, &process).await;
    arrives_unseen(&house, &process, 3).await;
    pushed(&house, &process, &cancelled(4)).await;
    assert_eq!(bills(&house), Vec::<String>::new());
    assert_eq!(house.vendors.kingdee.deleted("sal_outbound").len(), 2);
    assert!(process.failures().await.is_empty());
}

/// Its number is enough for that, where nothing else of it can be mapped.
#[tokio::test]
async fn what_came_unseen_is_looked_for_when_it_is_cancelled_and_says_no_lines_any_more() {
    let (house, _folder) = house(1, DELETED);
    let process = house.start();
    arrives_unseen(&house, &process, 1).await;
    let mut emptied = cancelled(2);
    emptied["items"] = json!([]);
    pushed(&house, &process, &emptied).await;
    assert_eq!(bills(&house), Vec::<String>::new());
    assert!(process.failures().await.is_empty());
}

#[tokio::test]
async fn what_came_back_unseen_is_not_taken_for_the_version_that_follows() {
    let (house, _folder) = house(1, DELETED);
    let process = house.start();
    deleted_once(&house, &process).await;
    arrives_unseen(&house, &process, 3).await;
    pushed(&house, &process, &shipment(4, 6)).await;
    assert_eq!(bills(&house), ["SO-1: 6 7 audited"]);
    assert!(process.failures().await.is_empty());
}

/// What was sent before the flow took bills back is not known, so that nothing can be taken back of it.
#[tokio::test]
async fn what_came_unseen_before_its_flow_took_bills_back_is_left_to_a_person() {
    let (house, folder) = house(1, "");
    arrives_unseen(&house, &house.start(), 1).await;
    let flow = TO_KINGDEE.replace("CANCELLED", "").replace("LIFE", "changes = \"offset\"");
    fs::write(folder.path().join(format!("{FLOW}.toml")), flow).unwrap();
    let process = house.start();
    let turns = pushed(&house, &process, &shipment(2, 6)).await;
    // Not before the request whose answer was lost is over.
    let (class, reason) = failure(turns.last_chunk::<1>().unwrap());
    assert!(class == "changed" && reason.contains("it is not known what is in it"), "{class}: {reason}");
    assert_eq!(bills(&house), ["SO-1: 3 7 saved"]);
    assert_eq!(entry(&process).await.delivered, None);
    assert_eq!(saved(&house).len(), 1);
}
