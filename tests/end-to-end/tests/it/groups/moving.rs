//! A document is in one group, in its newest version, or in the target by itself: whatever crashes, whatever a clock says, and
//! however its flow changes.

use std::fs;
use std::time::Duration;

use chrono::TimeDelta;
use relay_core::groups::{Contribution, GroupId};
use serde_json::json;

use super::{BY_DAY, FLOW, GROUP, TO_HTTP, bills, cancelled, close, night, order, push, to_http};
use crate::clocks::Off;
use crate::process::{failure, outcomes};

#[tokio::test]
async fn an_order_that_moves_to_another_day_leaves_the_first() {
    let (house, _folder) = to_http(6, BY_DAY, "\"supplement\"");
    let process = house.start();
    push(&house, &process, &order("A", 1, &[("X", "5", "50.00")])).await;
    push(&house, &process, &order("B", 1, &[("X", "1", "10.00")])).await;
    process.drain().await;
    let mut moved = order("A", 2, &[("X", "5", "50.00")]);
    moved["paid_at"] = json!("2026-11-23 09:00:00");
    push(&house, &process, &moved).await;
    process.drain().await;
    night(&house);
    night(&house);
    assert_eq!(close(&process).await.closed, 2);
    process.drain().await;
    assert_eq!(
        bills(&house),
        ["S001/2026-11-22-1: X 1 10.00 10.0000", "S001/2026-11-23-1: X 5 50.00 10.0000"]
    );
}

/// A process was killed after it had put the order into its group, and before the ledger knew; its message never came again.
#[tokio::test]
async fn what_a_crash_has_left_in_a_group_is_left_by_the_order_that_moves() {
    let (house, _folder) = to_http(20, BY_DAY, "\"supplement\"");
    let process = house.start();
    let left = |key: &str| Contribution {
        key: key.to_owned(),
        version: Some("2026-11-22 12:00:01".to_owned()),
        received_at: house.now(),
        head: json!({"shop": "S001"}).as_object().unwrap().clone(),
        lines: vec![json!({"sku": "X", "qty": "5", "amount": "50.00"}).as_object().unwrap().clone()],
        is_withdrawn: false,
    };
    for key in ["A", "B", "C"] {
        assert!(process.wiring.stores.groups.put(&GroupId::new(FLOW, GROUP), &left(key)).await.unwrap());
    }
    let mut moved = order("A", 2, &[("X", "5", "50.00")]);
    moved["paid_at"] = json!("2026-11-23 09:00:00");
    push(&house, &process, &moved).await;
    push(&house, &process, &cancelled("B", 2)).await;
    process.drain().await;
    night(&house);
    night(&house);
    close(&process).await;
    process.drain().await;
    assert_eq!(
        bills(&house),
        ["S001/2026-11-22-1: X 5 50.00 10.0000", "S001/2026-11-23-1: X 5 50.00 10.0000"],
        "C on the first day, A on the second, and B nowhere"
    );
}

/// The machine's clock was ahead when that process put it there.
#[tokio::test]
async fn what_a_crash_has_left_by_a_clock_that_was_ahead_gives_way_to_a_newer_version() {
    let (house, _folder) = to_http(30, BY_DAY, "\"supplement\"");
    let process = house.start();
    for key in ["A", "B", "C"] {
        let left = Contribution {
            key: key.to_owned(),
            version: Some("2026-11-22 12:00:01".to_owned()),
            received_at: house.now() + TimeDelta::minutes(20),
            head: json!({"shop": "S001"}).as_object().unwrap().clone(),
            lines: vec![json!({"sku": "X", "qty": "5", "amount": "50.00"}).as_object().unwrap().clone()],
            is_withdrawn: false,
        };
        assert!(process.wiring.stores.groups.put(&GroupId::new(FLOW, GROUP), &left).await.unwrap());
    }
    let mut moved = order("B", 2, &[("X", "2", "20.00")]);
    moved["paid_at"] = json!("2026-11-23 09:00:00");
    for newer in [order("A", 2, &[("X", "3", "30.00")]), moved, cancelled("C", 2)] {
        push(&house, &process, &newer).await;
    }
    assert_eq!(outcomes(&process.drain().await), ["delivered", "delivered", "delivered"]);
    // And the next one follows that.
    push(&house, &process, &order("A", 3, &[("X", "1", "10.00")])).await;
    assert_eq!(outcomes(&process.drain().await), ["delivered"]);
    night(&house);
    night(&house);
    close(&process).await;
    process.drain().await;
    assert_eq!(
        bills(&house),
        ["S001/2026-11-22-1: X 1 10.00 10.0000", "S001/2026-11-23-1: X 2 20.00 10.0000"]
    );
}

/// Nothing of the order was in a group when it was cancelled, so that nothing had to leave one.
#[tokio::test]
async fn a_version_that_comes_after_its_cancellation_goes_into_no_group() {
    let (house, _folder) = to_http(25, BY_DAY, "\"supplement\"");
    let process = house.start();
    push(&house, &process, &cancelled("A", 2)).await;
    push(&house, &process, &cancelled("B", 2)).await;
    assert_eq!(outcomes(&process.drain().await), ["skipped", "skipped"]);
    for id in ["A", "B"] {
        push(&house, &process, &order(id, 1, &[("X", "5", "50.00")])).await;
    }
    assert_eq!(outcomes(&process.drain().await), ["skipped", "skipped"]);
    // Its source has thought better of it.
    push(&house, &process, &order("B", 3, &[("X", "1", "10.00")])).await;
    assert_eq!(outcomes(&process.drain().await), ["delivered"]);
    night(&house);
    close(&process).await;
    process.drain().await;
    assert_eq!(bills(&house), ["S001/2026-11-22-1: X 1 10.00 10.0000"]);
}

#[tokio::test]
async fn a_newer_version_counts_although_the_machines_clock_was_set_back_before_it_came() {
    let (house, _folder) = to_http(21, BY_DAY, "\"supplement\"");
    let ahead = house.start_by(Off::by(&house, TimeDelta::minutes(20)));
    push(&house, &ahead, &order("A", 1, &[("X", "5", "50.00")])).await;
    assert_eq!(outcomes(&ahead.drain().await), ["delivered"]);
    let process = house.start();
    push(&house, &process, &order("A", 2, &[("X", "3", "30.00")])).await;
    assert_eq!(outcomes(&process.drain().await), ["delivered"]);
    let mut moved = order("A", 3, &[("X", "2", "20.00")]);
    moved["paid_at"] = json!("2026-11-23 09:00:00");
    push(&house, &process, &moved).await;
    assert_eq!(outcomes(&process.drain().await), ["delivered"]);
    night(&house);
    night(&house);
    close(&process).await;
    process.drain().await;
    assert_eq!(bills(&house), ["S001/2026-11-23-1: X 2 20.00 10.0000"]);
}

#[tokio::test]
async fn a_member_of_a_group_does_not_go_out_by_itself_once_its_flow_has_no_groups() {
    let (house, folder) = to_http(22, BY_DAY, "\"supplement\"");
    let process = house.start();
    push(&house, &process, &order("A", 1, &[("X", "5", "50.00")])).await;
    process.drain().await;
    night(&house);
    close(&process).await;
    process.drain().await;

    let (before, rest) = TO_HTTP.split_once("[group]").unwrap();
    let (_, fields) = rest.split_once("[fields]").unwrap();
    fs::write(folder.path().join(format!("{FLOW}.toml")), format!("{before}[fields]\nid = \"id\"{fields}"))
        .unwrap();
    let process = house.start();
    push(&house, &process, &order("A", 2, &[("X", "4", "40.00")])).await;
    push(&house, &process, &order("B", 1, &[("X", "1", "10.00")])).await;
    let turns = process.drain().await;
    let (failed, others): (Vec<_>, Vec<_>) =
        turns.into_iter().partition(|turn| turn.outcome.name() == "failed");
    let (class, message) = failure(&failed);
    assert_eq!((class, outcomes(&others)), ("changed", vec!["delivered"]));
    assert!(message.contains("the group S001/2026-11-22") && message.contains("settle"), "{message}");
    assert_eq!(house.vendors.http.received().len(), 2, "the bill, and B");
}

#[tokio::test]
async fn what_changes_after_its_group_is_forgotten_is_for_a_person_and_what_is_new_makes_the_next_bill() {
    let (house, _folder) = to_http(23, BY_DAY, "\"supplement\"");
    let process = house.start();
    for id in ["A", "B"] {
        push(&house, &process, &order(id, 1, &[("X", "5", "50.00")])).await;
    }
    process.drain().await;
    night(&house);
    close(&process).await;
    process.drain().await;
    house.clock.advance(Duration::from_secs(401 * 86_400));
    close(&process).await;

    push(&house, &process, &order("A", 2, &[("X", "4", "40.00")])).await;
    push(&house, &process, &cancelled("B", 2)).await;
    let turns = process.drain().await;
    assert_eq!(outcomes(&turns), ["failed", "failed"]);
    for failed in turns.chunks(1) {
        let (class, message) = failure(failed);
        assert!(class == "changed" && message.contains("RELAY_LEDGER_DAYS"), "{class}: {message}");
    }
    push(&house, &process, &order("C", 1, &[("X", "1", "10.00")])).await;
    process.drain().await;
    night(&house);
    close(&process).await;
    process.drain().await;
    assert_eq!(
        bills(&house),
        ["S001/2026-11-22-1: X 10 100.00 10.0000", "S001/2026-11-22-2: X 1 10.00 10.0000"]
    );
}
