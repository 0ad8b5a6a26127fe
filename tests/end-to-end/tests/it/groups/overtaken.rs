//! A worker that sleeps while it puts an order into its group, and whose message another has had meanwhile: the newest version stays
//! in the group, and there is nothing for a person to compare.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use relay_decorator::{Call, Port, Side, decorate};
use serde_json::{Value, json};

use super::{BY_DAY, FLOW, bills, close, night, order, push, to_http};
use crate::house::House;
use crate::process::Process;

/// Longer than messages stay in flight.
const ASLEEP: Duration = Duration::from_secs(600);

/// A process that sleeps when it first puts something into a group, before or after the store has it, while another works
/// everything.
fn asleep(house: &House, side: Side) -> (Process, Arc<Process>) {
    let (other, has_slept) = (Arc::new(house.start()), Arc::new(AtomicBool::new(false)));
    let (working, clock) = (other.clone(), house.clock.clone());
    let sleeping = move |at: Side, call: &Call<'_>| {
        let is_put = (call.port, call.operation) == (Port::Groups, "put");
        let falls_asleep = at == side && is_put && !has_slept.swap(true, Ordering::Relaxed);
        let (working, clock) = (working.clone(), clock.clone());
        async move {
            if falls_asleep {
                clock.advance(ASLEEP);
                working.drain().await;
            }
            Ok(())
        }
    };
    let wiring = house.wiring_on(|stores| decorate(&stores, sleeping), house.clock.clone(), &house.vendors);
    (Process::new(wiring, house.clock.clone()), other)
}

/// The bills of two days once two versions of an order have crossed so.
async fn billed(seed: u64, side: Side, newer: &Value) -> Vec<String> {
    let (house, _folder) = to_http(seed, BY_DAY, "\"supplement\"");
    let (process, other) = asleep(&house, side);
    push(&house, &other, &order("A", 1, &[("X", "5", "50.00")])).await;
    push(&house, &other, newer).await;
    process.work_once().await;
    other.drain().await;
    assert_eq!(other.failures().await, [], "{side:?}");
    let delivered = other.entry(FLOW, "A").await.unwrap().delivered.unwrap();
    assert_eq!(delivered.version.as_deref(), newer["updated_at"].as_str(), "{side:?}");
    night(&house);
    night(&house);
    close(&other).await;
    other.drain().await;
    bills(&house)
}

#[tokio::test]
async fn what_a_worker_puts_into_a_group_too_late_changes_nothing_there_and_is_no_failure() {
    for (seed, side) in [(26, Side::Before), (27, Side::After)] {
        let bills = billed(seed, side, &order("A", 2, &[("X", "3", "30.00")])).await;
        assert_eq!(bills, ["S001/2026-11-22-1: X 3 30.00 10.0000"], "{side:?}");
    }
}

#[tokio::test]
async fn it_takes_nothing_out_of_the_group_that_the_newest_version_is_in() {
    for (seed, side) in [(28, Side::Before), (29, Side::After)] {
        let mut moved = order("A", 2, &[("X", "3", "30.00")]);
        moved["paid_at"] = json!("2026-11-23 09:00:00");
        assert_eq!(billed(seed, side, &moved).await, ["S001/2026-11-23-1: X 3 30.00 10.0000"], "{side:?}");
    }
}
