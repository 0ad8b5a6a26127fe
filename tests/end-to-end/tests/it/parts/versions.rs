use std::collections::BTreeMap;

use super::{FLOW, TO_KINGDEE, failed, order, push, pushed, there, to_http, with_flow};

fn has(parts: &[(&str, &str, usize)]) -> BTreeMap<String, (String, usize)> {
    parts.iter().map(|(number, lines, sent)| ((*number).to_owned(), ((*lines).to_owned(), *sent))).collect()
}

#[tokio::test]
async fn a_newer_version_sends_again_what_it_changes_of_parts() {
    let (house, _folder) = to_http(1);
    let process = house.start();
    pushed(&house, &process, &order("A", 1, &[("W1", "X", 1), ("W2", "Y", 2)])).await;
    // A line moves, and one is added.
    let told = pushed(
        &house,
        &process,
        &order("A", 2, &[("W1", "X", 1), ("W2", "Y", 2), ("W2", "Z", 1), ("W3", "V", 4)]),
    )
    .await;
    assert_eq!(told, ["A/W1: unchanged", "A/W2: delivered", "A/W3: delivered", "A: divided"]);
    assert_eq!(there(&house), has(&[("A-W1", "X 1", 1), ("A-W2", "Y 2, Z 1", 2), ("A-W3", "V 4", 1)]));
    let told = pushed(&house, &process, &order("A", 1, &[("W1", "X", 9)])).await;
    assert_eq!(told, ["A: skipped"], "an older version that is late");
}

#[tokio::test]
async fn a_part_that_a_newer_version_lacks_is_for_a_person_and_no_older_one_brings_it_back() {
    let (house, _folder) = to_http(2);
    let process = house.start();
    let first = order("A", 1, &[("W1", "X", 1), ("W2", "Y", 2)]);
    pushed(&house, &process, &first).await;
    let told = pushed(&house, &process, &order("A", 2, &[("W1", "X", 1), ("W1", "Y", 2)])).await;
    assert_eq!(told, ["A/W1: delivered", "A/W2: failed", "A: divided"]);
    let shown = process.operations().show(FLOW, "A/W2").await.unwrap();
    assert_eq!(shown.failures[0].class, "withdrawn");
    let message = &shown.failures[0].message;
    assert!(message.contains("version 2026-11-22 11:00:01 of it") && message.contains("settle"), "{message}");

    pushed(&house, &process, &first).await;
    // Its own message too, which a queue may give out once more.
    pushed(&house, &process, &order("A", 1, &[("W2", "Y", 2)])).await;
    assert_eq!(there(&house), has(&[("A-W1", "X 1, Y 2", 2), ("A-W2", "Y 2", 1)]));
    process.operations().settle(FLOW, "A/W2", Some("deleted there"), "Li").await.unwrap();
    let told = pushed(&house, &process, &order("A", 3, &[("W1", "X", 2)])).await;
    assert_eq!(told, ["A/W1: delivered", "A: divided"], "what a person has undone is not asked about again");
    assert!(failed(&process).await.is_empty());
}

#[tokio::test]
async fn what_never_came_to_the_target_leaves_nothing_to_undo() {
    let (house, _folder) = with_flow(3, TO_KINGDEE);
    let process = house.start();
    let first = order("A", 1, &[("WH01", "ML-250-24", 1), ("WH02", "NEW", 2)]);
    pushed(&house, &process, &first).await;
    assert_eq!(failed(&process).await, [("A/WH02".to_owned(), "mapping".to_owned())]);
    let told = pushed(&house, &process, &order("A", 2, &[("WH01", "ML-250-24", 1)])).await;
    assert_eq!(told, ["A/WH01: unchanged", "A/WH02: skipped", "A: divided"]);
    assert!(failed(&process).await.is_empty());
    // It comes back, in what the target takes.
    pushed(&house, &process, &order("A", 3, &[("WH01", "ML-250-24", 1), ("WH02", "ML-1L-12", 2)])).await;
    assert_eq!(
        house.vendors.kingdee.creates(),
        BTreeMap::from([("A-WH01".to_owned(), 1), ("A-WH02".to_owned(), 1)])
    );
    assert!(failed(&process).await.is_empty());
}

/// The target has refused it, or may have it: it is asked.
#[tokio::test]
async fn what_the_target_may_have_is_asked_for_before_it_is_taken_for_withdrawn() {
    for arrives in [false, true] {
        let (house, _folder) = with_flow(4, TO_KINGDEE);
        let process = house.start();
        let lost =
            if arrives { relay_simulators::Fault::LostAnswer } else { relay_simulators::Fault::Status(500) };
        push(&house, &process, &order("A", 1, &[("WH01", "ML-250-24", 1)])).await;
        push(&house, &process, &order("A", 2, &[("WH02", "ML-250-24", 1)])).await;
        process.work_once().await;
        house.vendors.kingdee.faults.inject_for("sal_order_save", lost);
        process.work_once().await;
        process.drain().await;
        let creates = house.vendors.kingdee.creates();
        assert_eq!(creates.get("A-WH02"), Some(&1));
        assert!(creates.get("A-WH01").is_none_or(|count| *count == 1), "{creates:?}");
        let expected = if creates.contains_key("A-WH01") {
            vec![("A/WH01".to_owned(), "withdrawn".to_owned())]
        } else {
            Vec::new()
        };
        assert_eq!(failed(&process).await, expected, "{creates:?}");
    }
}
