//! A process is killed between any two steps of its work, for every step that there is; the next one finishes.

use std::time::Duration;

use relay_simulators::qince::{SignedPush, Story};
use relay_simulators::wangdian::TradeMix;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::fuse::Fuse;
use crate::house::{House, object};
use crate::process::Process;

/// Kills the work at its first step, at its second, and so on, each time in a new house, until it gets through. What
/// happens after each kill is up to `then`.
async fn killed_at_every_step(
    prepare: impl AsyncFn(&House),
    work: impl AsyncFn(&Process),
    then: impl AsyncFn(&House, u64),
) {
    for steps in 0.. {
        let house = House::new(steps);
        prepare(&house).await;
        let fuse = Fuse::after(steps);
        let killed = fuse.run(work(&house.start_with(&fuse))).await.is_none();
        then(&house, steps).await;
        if !killed {
            assert!(steps > 10, "the work takes only {steps} steps: nothing was tried");
            return;
        }
    }
}

fn three_trades(house: &House) {
    let (from, to) = (house.minutes_ago(30), house.minutes_ago(5));
    house.vendors.wangdian.generate_trades(3, from, to, TradeMix::default());
}

fn check_trades(house: &House, steps: u64) {
    let creates: Vec<usize> = house.creates_of_audited().into_values().collect();
    assert_eq!(creates, [1, 1, 1], "killed after {steps} steps");
}

async fn finish(house: &House) {
    let process = house.start();
    assert_eq!(process.poll().await.error, None);
    process.sync().await;
    process.drain_through_pauses().await;
    // Whatever the pools still hold is only to be acknowledged.
    process.sync().await;
    process.drain_through_pauses().await;
    assert!(process.failures().await.is_empty());
    assert_eq!(process.waiting().await, 0);
}

#[tokio::test]
async fn a_poller_that_is_killed_loses_no_trade() {
    killed_at_every_step(
        async |house| three_trades(house),
        async |process| drop(process.poll().await),
        async |house, steps| {
            finish(house).await;
            check_trades(house, steps);
        },
    )
    .await;
}

#[tokio::test]
async fn a_pusher_that_is_killed_makes_no_second_order_in_kingdee() {
    killed_at_every_step(
        async |house| {
            three_trades(house);
            house.start().poll().await;
        },
        async |process| drop(process.drain().await),
        async |house, steps| {
            finish(house).await;
            check_trades(house, steps);
        },
    )
    .await;
}

/// Also where Kingdee would take the same number twice: then only our asking first prevents it.
#[tokio::test]
async fn nor_where_kingdee_refuses_no_duplicates() {
    killed_at_every_step(
        async |house| {
            house.vendors.kingdee.set_refuses_duplicates(false);
            three_trades(house);
            house.start().poll().await;
        },
        async |process| drop(process.drain().await),
        async |house, steps| {
            finish(house).await;
            check_trades(house, steps);
        },
    )
    .await;
}

fn two_versions(house: &House) -> Vec<SignedPush> {
    let order = house.vendors.qince.order(house.minutes_ago(10));
    house.vendors.qince.tell(Story::Deleted, &order)
}

fn check_order(house: &House, newest: &Value, steps: u64) {
    let id = newest["id"].as_str().unwrap();
    let records = house.vendors.sharecrm.records();
    let record = &records[&("erpSalesOrderObj".to_owned(), id.to_owned())];
    let master = &record.current().unwrap()["masterFieldVal"];
    assert_eq!(master["modify_time_str"], newest["modify_time_str"], "killed after {steps} steps");
    let pushed = &house.vendors.wangdian.pushed_orders()[id];
    assert_eq!(
        (pushed.creates, &pushed.order["trade_status"]),
        (1, &json!("80")),
        "killed after {steps} steps"
    );
}

#[tokio::test]
async fn a_receiver_that_is_killed_loses_no_order_that_qince_delivers_again() {
    for steps in 0.. {
        let house = House::new(steps);
        let pushes = two_versions(&house);
        let fuse = Fuse::after(steps);
        let process = house.start_with(&fuse);
        let killed = fuse.run(async { assert!(process.post(&pushes[0]).await) }).await.is_none();
        let process = house.start();
        let again = if killed { &pushes[..] } else { &pushes[1..] };
        for push in again {
            assert!(process.post(push).await);
        }
        process.drain_through_pauses().await;
        check_order(&house, &pushes[1].order, steps);
        if !killed {
            // One send for both targets, with a step before it and one after.
            assert_eq!(steps, 2);
            return;
        }
    }
}

#[tokio::test]
async fn a_pusher_that_is_killed_ends_with_the_newest_order_in_both_targets() {
    for steps in 0.. {
        let house = House::new(steps);
        let pushes = two_versions(&house);
        let process = house.start();
        for push in &pushes {
            assert!(process.post(push).await);
        }
        let fuse = Fuse::after(steps);
        let killed = fuse.run(house.start_with(&fuse).drain()).await.is_none();
        house.start().drain_through_pauses().await;
        check_order(&house, &pushes[1].order, steps);
        if !killed {
            assert!(steps > 50, "{steps}");
            return;
        }
    }
}

fn fill_pools(house: &House) {
    house.vendors.wangdian.change_stock("S001", "G1", "G1-1", Decimal::TEN);
    let row = json!({"tid": "T1", "logistics_no": "SF1"});
    house.vendors.wangdian.add_shipment(object(row));
}

fn check_pools(house: &House, steps: u64) {
    let stock = house.vendors.wangdian.stock();
    assert_eq!(stock[0].acknowledged_count, stock[0].stock_change_count, "killed after {steps} steps");
    let acks: Vec<u8> = house.vendors.wangdian.logistics_acks().into_values().map(|ack| ack.status).collect();
    assert_eq!(acks, [0], "killed after {steps} steps");
    let records = house.vendors.sharecrm.records();
    assert_eq!(records.len(), 2, "killed after {steps} steps");
    assert!(records.values().all(|record| record.history.len() == 1 + record.repeats()));
}

#[tokio::test]
async fn pools_survive_a_killed_syncer_and_a_killed_pusher() {
    let prepare = async |house: &House| fill_pools(house);
    let then = async |house: &House, steps| {
        finish(house).await;
        check_pools(house, steps);
    };
    killed_at_every_step(
        prepare,
        async |process| {
            process.sync().await;
            process.drain().await;
        },
        then,
    )
    .await;
}

/// A whole morning in which no process lives for more than some hundred steps.
#[tokio::test]
async fn processes_that_are_killed_again_and_again_still_get_everything_done() {
    for seed in 1..4_u64 {
        let house = House::new(seed);
        let (from, to) = (house.minutes_ago(50), house.minutes_ago(5));
        house.vendors.wangdian.generate_trades(120, from, to, TradeMix::default());
        house.vendors.kingdee.set_refuses_duplicates(false);
        let mut lives = 0;
        for steps in (0..).map(|life| 40 + (life * 37 + seed * 11) % 260) {
            let fuse = Fuse::after(steps);
            let process = house.start_with(&fuse);
            lives += 1;
            // Looking at the queues takes steps too, in which the process may be killed.
            let life = async {
                morning(&process).await;
                process.waiting().await
            };
            if fuse.run(life).await == Some(0) {
                break;
            }
            house.clock.advance(Duration::from_secs(100));
            assert!(lives < 200, "seed {seed}: no end in sight");
        }
        let creates = house.creates_of_audited();
        assert!(
            creates.len() == 120 && creates.values().all(|count| *count == 1),
            "seed {seed}: {creates:?}"
        );
        assert!(lives > 5, "seed {seed}: only {lives} lives");
    }
}

async fn morning(process: &Process) {
    process.poll().await;
    process.drain().await;
}
