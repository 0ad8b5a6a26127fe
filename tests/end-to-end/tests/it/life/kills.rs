use serde_json::Value;

use super::{bills, cancelled, house, push, saved, shipment};
use crate::fuse::Fuse;
use crate::house::House;

/// Has a version worked by a process that is killed at its first step, at its second, and so on, each time in a new house,
/// until it comes to its end; the next process finishes. `before` was worked in peace.
async fn killed_at_each_step(
    least: u64,
    life: &str,
    before: Option<Value>,
    version: Value,
    check: impl Fn(&House, u64),
) {
    for steps in 0.. {
        let (house, _folder) = house(steps, life);
        let process = house.start();
        if let Some(before) = &before {
            push(&house, &process, before).await;
            process.drain().await;
        }
        push(&house, &process, &version).await;
        let fuse = Fuse::after(steps);
        let killed = fuse.run(house.start_with(&fuse).drain()).await.is_none();
        let process = house.start();
        process.drain_through_pauses().await;
        let failures = process.failures().await;
        assert!(failures.is_empty(), "killed after {steps} steps: {failures:?}");
        check(&house, steps);
        if !killed {
            assert!(steps > least, "the work takes only {steps} steps: nothing was tried");
            return;
        }
    }
}

#[tokio::test]
async fn wherever_a_pusher_is_killed_a_bill_is_saved_once_and_audited_once() {
    killed_at_each_step(15, "then = [\"audit\"]", None, shipment(1, 3), |house, killed| {
        assert_eq!(bills(house), ["SO-1: 3 7 audited"], "killed after {killed} steps");
        assert_eq!(saved(house)[0].steps, ["audit"], "killed after {killed} steps");
    })
    .await;
}

#[tokio::test]
async fn wherever_a_pusher_is_killed_a_bill_is_reopened_once() {
    let life = "then = [\"audit\"]\nchanges = \"reopen\"";
    killed_at_each_step(20, life, Some(shipment(1, 3)), shipment(2, 5), |house, killed| {
        assert_eq!(bills(house), ["SO-1: 5 7 audited"], "killed after {killed} steps");
        assert_eq!(saved(house)[0].steps, ["audit", "unaudit", "audit"], "killed after {killed} steps");
    })
    .await;
}

#[tokio::test]
async fn wherever_a_pusher_is_killed_a_bill_is_taken_back_once_and_another_is_there_once() {
    let life = "then = [\"audit\"]\nchanges = \"offset\"";
    killed_at_each_step(25, life, Some(shipment(1, 3)), shipment(2, 5), |house, killed| {
        let wanted = ["SO-1-B2: 5 7 audited", "SO-1-R1: -3 -7 audited", "SO-1: 3 7 audited"];
        assert_eq!(bills(house), wanted, "killed after {killed} steps");
        assert!(saved(house).iter().all(|saved| saved.steps == ["audit"]), "killed after {killed} steps");
    })
    .await;
}

#[tokio::test]
async fn wherever_a_pusher_is_killed_a_cancelled_bill_is_deleted_once() {
    let life = "then = [\"audit\"]\nwhen_cancelled = \"unaudit+delete\"";
    killed_at_each_step(15, life, Some(shipment(1, 3)), cancelled(2), |house, killed| {
        assert_eq!(bills(house), Vec::<String>::new(), "killed after {killed} steps");
        let deleted = house.vendors.kingdee.deleted("sal_outbound");
        assert_eq!(deleted.len(), 1, "killed after {killed} steps");
        assert_eq!(deleted[0].steps, ["audit", "unaudit", "delete"], "killed after {killed} steps");
    })
    .await;
}
