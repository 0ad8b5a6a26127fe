use std::collections::BTreeMap;
use std::time::Duration;

use relay_core::clock::Deadline;
use relay_day_reconciler::DayReconciler;

use super::{FLOW, TO_KINGDEE, failed, order, pushed, split_by, there, to_http, with_flow};
use crate::process::failure;

/// So many parts a document may have.
const MOST_PARTS: u32 = 500;

const LINES: [(&str, &str, u32); 3] =
    [("WH01", "ML-250-24", 1), ("WH02", "ML-1L-12", 2), ("WH01", "ML-1L-12", 3)];

#[tokio::test]
async fn an_order_becomes_one_bill_for_each_of_its_warehouses() {
    let (house, _folder) = with_flow(1, TO_KINGDEE);
    let process = house.start();
    let told = pushed(&house, &process, &order("A", 1, &LINES)).await;
    assert_eq!(told, ["A/WH01: delivered", "A/WH02: delivered", "A: divided"]);
    let creates = house.vendors.kingdee.creates();
    assert_eq!(creates, BTreeMap::from([("A-WH01".to_owned(), 1), ("A-WH02".to_owned(), 1)]));
    let lines = |number: &str| {
        let order = house.vendors.kingdee.orders(number).remove(0);
        order.body["material_entity"].as_array().unwrap().len()
    };
    assert_eq!((lines("A-WH01"), lines("A-WH02")), (2, 1));
    let part = process.entry(FLOW, "A/WH01").await.unwrap().delivered.unwrap();
    assert_eq!(part.number.as_deref(), Some("A-WH01"));

    let told = pushed(&house, &process, &order("A", 1, &LINES)).await;
    assert_eq!(told, ["A: skipped"], "the same once more");
}

/// The whole is another document than the part that failed.
#[tokio::test]
async fn a_part_that_failed_is_closed_once_a_person_has_made_that_part_and_not_the_whole() {
    let (house, _folder) = with_flow(2, TO_KINGDEE);
    let process = house.start();
    pushed(&house, &process, &order("A", 1, &[("WH01", "ML-250-24", 1), ("WH02", "NEW", 2)])).await;
    let reconciler = process.wiring.build::<DayReconciler>().unwrap();
    house.vendors.kingdee.enter_by_hand("A");
    let rechecked = reconciler.recheck(Deadline::NONE).await.unwrap().unwrap();
    assert_eq!((rechecked.closed, rechecked.missing), (Vec::new(), 1));
    house.vendors.kingdee.enter_by_hand("A-WH02");
    house.clock.advance(Duration::from_secs(24 * 3_600));
    let rechecked = reconciler.recheck(Deadline::NONE).await.unwrap().unwrap();
    let closed: Vec<_> = rechecked.closed.iter().map(|closed| closed.number.as_str()).collect();
    assert_eq!(closed, ["A-WH02"]);
}

#[tokio::test]
async fn a_part_that_is_refused_fails_alone_and_is_replayed_alone() {
    let (house, _folder) = with_flow(2, TO_KINGDEE);
    let process = house.start();
    let lines = [("WH01", "ML-250-24", 1), ("WH02", "NEW", 2)];
    let told = pushed(&house, &process, &order("A", 1, &lines)).await;
    assert_eq!(told, ["A/WH01: delivered", "A/WH02: failed", "A: divided"]);
    assert_eq!(failed(&process).await, [("A/WH02".to_owned(), "mapping".to_owned())]);
    let unit = house.vendors.kingdee.add_unit("U9", "袋");
    house.vendors.kingdee.add_material("NEW", "新品", &[&unit]);
    process.operations().replay(FLOW, "A/WH02").await.unwrap();
    process.drain().await;
    assert!(failed(&process).await.is_empty());
    let creates = house.vendors.kingdee.creates();
    assert_eq!(creates, BTreeMap::from([("A-WH01".to_owned(), 1), ("A-WH02".to_owned(), 1)]));
}

#[tokio::test]
async fn an_answer_that_is_lost_makes_no_second_part() {
    let (house, _folder) = with_flow(3, TO_KINGDEE);
    house.vendors.kingdee.set_refuses_duplicates(false);
    let process = house.start();
    house.vendors.kingdee.faults.inject_for("sal_order_save", relay_simulators::Fault::LostAnswer);
    pushed(&house, &process, &order("A", 1, &LINES)).await;
    let creates = house.vendors.kingdee.creates();
    assert_eq!(creates, BTreeMap::from([("A-WH01".to_owned(), 1), ("A-WH02".to_owned(), 1)]));
    assert!(failed(&process).await.is_empty());
}

#[tokio::test]
async fn each_line_is_a_part_where_the_flow_says_so() {
    let (house, _folder) = split_by(4, "each = \"items\"");
    let process = house.start();
    pushed(&house, &process, &order("A", 1, &[("W1", "X", 1), ("W1", "Y", 2)])).await;
    let there: Vec<_> = there(&house).into_iter().map(|(number, (lines, _))| (number, lines)).collect();
    assert_eq!(there, [("A-1".to_owned(), "X 1".to_owned()), ("A-2".to_owned(), "Y 2".to_owned())]);
}

/// Nothing that a source may send is lost for what its parts are called.
#[tokio::test]
async fn parts_may_be_called_as_they_like() {
    let (house, _folder) = to_http(5);
    let process = house.start();
    let lines = [("东仓", "A", 1), ("", "B", 2), ("a/b", "C", 3), ("50%-x", "D", 4), ("", "E", 5)];
    let told = pushed(&house, &process, &order("A/1", 1, &lines)).await;
    let expected = [
        "A%2F1/50%25-x: delivered",
        "A%2F1/: delivered",
        "A%2F1/a%2Fb: delivered",
        "A%2F1/东仓: delivered",
        "A%2F1: divided",
    ];
    assert_eq!(told.len(), expected.len());
    for line in expected {
        assert!(told.iter().any(|told| told == line), "{line}: {told:?}");
    }
    let there: Vec<_> =
        there(&house).into_iter().map(|(number, (lines, _))| format!("{number}: {lines}")).collect();
    assert_eq!(there, ["A/1-: B 2, E 5", "A/1-50%25%2Dx: D 4", "A/1-a/b: C 3", "A/1-东仓: A 1"]);
}

#[tokio::test]
async fn too_many_parts_are_said_so_and_none_is_sent() {
    let (house, _folder) = split_by(6, "each = \"items\"");
    let process = house.start();
    let lines: Vec<_> = (0..=MOST_PARTS).map(|quantity| ("W1", "X", quantity)).collect();
    super::push(&house, &process, &order("A", 1, &lines)).await;
    let turns = process.drain().await;
    let (class, message) = failure(&turns);
    assert_eq!(class, "mapping");
    assert!(message.contains("501 parts") && message.contains("500"), "{message}");
    let told = pushed(&house, &process, &order("A", 2, &lines[1..])).await;
    assert_eq!((told.len(), there(&house).len()), (501, 500));
    assert!(failed(&process).await.is_empty(), "a newer version has taken its place");
}

#[tokio::test]
async fn an_order_without_lines_is_said_so() {
    let (house, _folder) = to_http(7);
    let process = house.start();
    super::push(&house, &process, &order("A", 1, &[])).await;
    let turns = process.drain().await;
    let (class, message) = failure(&turns);
    assert_eq!(class, "mapping");
    assert!(message.contains("items.warehouse") && message.contains("no lines"), "{message}");
}
