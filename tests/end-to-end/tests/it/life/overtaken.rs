//! A worker that sleeps while it saves a bill, and whose messages another has worked meanwhile.

use std::sync::Arc;
use std::time::Duration;

use super::{bills, house, push, pushed, shipment};
use crate::meanwhile::{Meanwhile, When};

/// Longer than messages stay in flight.
const ASLEEP: Duration = Duration::from_secs(600);

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
