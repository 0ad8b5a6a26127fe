//! A worker that sleeps while it saves a bill, and whose messages another has worked meanwhile.

use std::sync::Arc;
use std::time::Duration;

use super::{bills, entry, house, push, pushed, saved, shipment};
use crate::meanwhile::{Meanwhile, When};

/// Longer than messages stay in flight.
const ASLEEP: Duration = Duration::from_secs(600);

/// As long, but not longer than Kingdee takes a signature for.
const LAPSED: Duration = Duration::from_secs(200);

/// The other has saved it too before it could note that: that two are there is said, with both ids.
#[tokio::test]
async fn a_bill_that_two_workers_have_saved_is_told_with_both_ids() {
    let (house, _folder) = house(1, "then = [\"audit\"]\nchanges = \"offset\"");
    let other = Arc::new(house.start());
    push(&house, &other, &shipment(1, 3)).await;
    let (clock, working) = (house.clock.clone(), other.clone());
    let event = async move {
        clock.advance(LAPSED);
        working.drain().await;
    };
    let sleeping = Meanwhile::new(house.vendors.transport(), "/sal_out_bound", When::Before, event);
    house.start_over(sleeping).work_once().await;
    other.drain().await;
    let ids: Vec<_> = saved(&house).into_iter().map(|saved| saved.id).collect();
    assert_eq!(ids.len(), 2, "the vendor takes a number twice, and nobody can help it");
    let failed = entry(&other).await.failures().next().cloned().unwrap();
    assert!(failed.is_doubled(), "{}", failed.message);
    assert!(ids.iter().all(|id| failed.message.contains(id)), "{ids:?}: {}", failed.message);
    // The next version takes back the one that is known, and a person is still told of the other.
    pushed(&house, &other, &shipment(2, 5)).await;
    assert_eq!(bills(&house).len(), 4);
    assert!(entry(&other).await.failures().any(relay_core::Failed::is_doubled));
}

/// It tells late that it has saved the first version, which was taken back by then.
#[tokio::test]
async fn who_wakes_late_makes_nobody_forget_what_was_taken_back_meanwhile() {
    let (house, _folder) = house(1, "changes = \"offset\"");
    let other = Arc::new(house.start());
    push(&house, &other, &shipment(1, 3)).await;
    push(&house, &other, &shipment(2, 5)).await;
    let (clock, working) = (house.clock.clone(), other.clone());
    let event = async move {
        clock.advance(ASLEEP);
        working.drain().await;
    };
    let sleeping = Meanwhile::new(house.vendors.transport(), "/sal_out_bound", When::After, event);
    house.start_over(sleeping).work_once().await;
    other.drain().await;
    let before = ["SO-1-B2: 5 7 saved", "SO-1-R1: -3 -7 saved", "SO-1: 3 7 saved"];
    assert_eq!(bills(&house), before);

    pushed(&house, &other, &shipment(3, 6)).await;
    let mut after = [&before[..], &["SO-1-B4: 6 7 saved", "SO-1-R3: -5 -7 saved"]].concat();
    after.sort_unstable();
    assert_eq!(bills(&house), after);
}
