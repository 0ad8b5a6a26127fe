use std::sync::Arc;

use super::{TO_KINGDEE, close, in_kingdee, night, order, push, seals, with_flow};
use crate::fuse::Fuse;
use crate::house::House;
use crate::process::Process;

async fn orders(house: &House, process: &Process, ids: &[&str]) {
    for id in ids {
        push(house, process, &order(id, 1, &[("ML-250-24", "3", "10.01"), ("ML-1L-12", "7", "0.10")])).await;
    }
}

/// Two orders of a day and a late one, once each in Kingdee, with the sums and members that they have.
async fn check_three_orders(house: &House, process: &Process, steps: u64) {
    assert!(process.failures().await.is_empty(), "killed after {steps} steps");
    let (goods, creates) = in_kingdee(house);
    assert!(creates.values().all(|count| *count == 1), "killed after {steps} steps: {creates:?}");
    let mut sums: Vec<_> = goods.values().map(|(qty, amount)| format!("{qty} {amount}")).collect();
    sums.sort();
    assert_eq!(sums, ["21 0.30", "9 30.03"], "killed after {steps} steps: {creates:?}");
    let mut members: Vec<_> =
        seals(process).await.into_iter().flat_map(|seal| seal.members).map(|member| member.key).collect();
    members.sort();
    assert_eq!(members, ["A", "B", "E"], "killed after {steps} steps");
}

/// What a process that was killed has left is finished by the next ones.
async fn finish(house: &House) -> Process {
    let process = house.start();
    // The source delivers again what it was not told that we have.
    orders(house, &process, &["E"]).await;
    for _ in 0..3 {
        process.drain_through_pauses().await;
        night(house);
        close(&process).await;
    }
    process.drain_through_pauses().await;
    process
}

/// Has work killed at its first step, at its second, and so on, each time in a new house, until it comes to its end; what is left
/// is finished each time, and looked at. `work` says whether it was killed.
async fn killed_at_each_step(least: u64, work: impl AsyncFn(&House, &Arc<Fuse>) -> bool) {
    for steps in 0.. {
        let (house, _folder) = with_flow(steps, TO_KINGDEE);
        let killed = work(&house, &Fuse::after(steps)).await;
        let process = finish(&house).await;
        check_three_orders(&house, &process, steps).await;
        if !killed {
            assert!(steps > least, "the work takes only {steps} steps: nothing was tried");
            return;
        }
    }
}

#[tokio::test]
async fn wherever_the_pusher_is_killed_each_member_is_in_its_group_once() {
    killed_at_each_step(10, async |house, fuse| {
        orders(house, &house.start(), &["A", "B"]).await;
        fuse.run(house.start_with(fuse).drain()).await.is_none()
    })
    .await;
}

/// Or the pusher behind it.
#[tokio::test]
async fn wherever_a_closer_is_killed_each_bill_is_there_once_and_the_sums_are_equal() {
    killed_at_each_step(40, async |house, fuse| {
        // Only our asking first prevents a second one then.
        house.vendors.kingdee.set_refuses_duplicates(false);
        let process = house.start();
        orders(house, &process, &["A", "B"]).await;
        process.drain().await;
        night(house);
        let fused = house.start_with(fuse);
        let work = async {
            close(&fused).await;
            fused.drain().await;
            orders(house, &fused, &["E"]).await;
            fused.drain().await;
            night(house);
            close(&fused).await;
        };
        fuse.run(work).await.is_none()
    })
    .await;
}
