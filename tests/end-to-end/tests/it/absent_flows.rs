//! What comes for a flow while its file is away is kept, and reaches its target once the file is back.

use std::fs;
use std::path::Path;
use std::time::Duration;

use chrono::TimeDelta;
use relay_core::clock::Deadline;
use relay_simulators::qince::PushStyle;
use tempfile::TempDir;

use crate::fuse::Fuse;
use crate::house::House;
use crate::process::{ORDERS_TO_WDT, Process, STOCK, TRADES, outcomes};

const SHIPPED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/flows");

/// A house with a folder of flow files, at first the shipped ones.
fn house() -> (House, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let entries = fs::read_dir(SHIPPED).unwrap().map(Result::unwrap);
    for file in entries.filter(|entry| entry.path().is_file()) {
        fs::copy(file.path(), folder.path().join(file.file_name())).unwrap();
    }
    (House::new(1).with("RELAY_FLOWS_DIR", folder.path().to_str().unwrap()), folder)
}

fn file(flow: &str) -> String {
    format!("{flow}.toml")
}

fn take_away(folder: &TempDir, flow: &str) {
    fs::remove_file(folder.path().join(file(flow))).unwrap();
}

fn put_back(folder: &TempDir, flow: &str) {
    fs::copy(Path::new(SHIPPED).join(file(flow)), folder.path().join(file(flow))).unwrap();
}

async fn push(house: &House, process: &Process, order: &serde_json::Value) {
    assert!(process.post(&house.vendors.qince.push(order, &PushStyle::default())).await);
}

async fn replay_all(process: &Process) {
    process.operations().replay_all(None).await.unwrap();
    process.drain().await;
}

#[tokio::test]
async fn what_is_pushed_while_a_flow_file_is_away_reaches_its_target_by_a_replay() {
    let (house, folder) = house();
    let order = house.vendors.qince.order(house.minutes_ago(10));
    let newer = house.vendors.qince.changed(&order, TimeDelta::milliseconds(1), "CG_FHZ");
    let id = order["id"].as_str().unwrap();
    let process = house.start();
    push(&house, &process, &order).await;
    process.drain().await;
    assert_eq!(house.vendors.wangdian.pushed_orders()[id].creates, 1);

    // It was the only one that delivers to WDT.
    take_away(&folder, ORDERS_TO_WDT);
    let process = house.start();
    push(&house, &process, &newer).await;
    assert_eq!(outcomes(&process.drain().await), ["delivered", "failed"]);
    // Late, and in other words than before, so that the queue does not drop it.
    let mut late = order.clone();
    late["remark"] = "late".into();
    push(&house, &process, &late).await;
    assert_eq!(outcomes(&process.drain().await), ["skipped", "skipped"]);
    let failed = process.entry(ORDERS_TO_WDT, id).await.unwrap().failed.unwrap();
    assert_eq!((failed.class.code(), failed.document), ("flow", newer.clone()));
    assert_eq!(failed.version.as_deref(), newer["modify_time_str"].as_str());

    put_back(&folder, ORDERS_TO_WDT);
    let process = house.start();
    replay_all(&process).await;
    let pushed = &house.vendors.wangdian.pushed_orders()[id];
    assert_eq!((pushed.creates, pushed.updates), (1, 1));
    assert!(process.failures().await.is_empty());
}

/// What a turn has sent that was killed before the ledger knew is not taken for the newer version, when that is sent at last.
#[tokio::test]
async fn a_version_that_was_sent_before_its_flow_went_away_is_not_taken_for_the_newer() {
    for steps in 0.. {
        let (house, folder) = house();
        let order = house.vendors.qince.order(house.minutes_ago(10));
        let newer = house.vendors.qince.changed(&order, TimeDelta::milliseconds(1), "CG_FHZ");
        push(&house, &house.start(), &order).await;
        let fuse = Fuse::after(steps);
        let is_over = fuse.run(house.start_with(&fuse).drain()).await.is_some();

        take_away(&folder, ORDERS_TO_WDT);
        let process = house.start();
        push(&house, &process, &newer).await;
        process.drain().await;
        put_back(&folder, ORDERS_TO_WDT);
        replay_all(&house.start()).await;
        let pushed = &house.vendors.wangdian.pushed_orders()[order["id"].as_str().unwrap()];
        assert_eq!(pushed.order["buyer_message"], newer["remark"], "killed after {steps} steps");
        assert_eq!(pushed.creates, 1, "killed after {steps} steps");
        if is_over {
            assert!(steps > 10, "nothing was tried");
            return;
        }
    }
}

#[tokio::test]
async fn rows_of_a_pool_that_another_flow_releases_are_kept_for_the_flow_whose_file_is_away() {
    const SECOND: &str = "stock-to-second-object";
    let (house, folder) = house();
    let text = fs::read_to_string(Path::new(SHIPPED).join(file(STOCK))).unwrap();
    fs::write(folder.path().join(file(SECOND)), text).unwrap();
    drop(house.start().sync().await);

    take_away(&folder, SECOND);
    house.vendors.wangdian.change_stock("S001", "ML", "ML-1L-12", "57".parse().unwrap());
    let process = house.start();
    assert_eq!(process.sync().await.iter().map(|report| report.queued).sum::<u64>(), 2);
    process.drain().await;
    let failures = process.failures().await;
    let failed: Vec<_> = failures
        .iter()
        .map(|entry| (entry.id.flow.as_str(), entry.failed.as_ref().unwrap().class.code()))
        .collect();
    assert_eq!(failed, [(SECOND, "flow")]);
    house.clock.advance(Duration::from_secs(600));
    assert_eq!(
        process.sync().await.iter().map(|report| report.rows).sum::<u64>(),
        0,
        "the pool has no row any more"
    );
}

#[tokio::test]
async fn the_watermark_of_a_flow_whose_file_is_away_stands_still() {
    let (house, folder) = house();
    house.start().poll().await;
    take_away(&folder, TRADES);
    house.vendors.wangdian.generate_trade("S001", 55, house.minutes_ago(-5));
    house.clock.advance(Duration::from_secs(3_600));
    let process = house.start();
    assert!(process.poller.poll_all(Deadline::NONE, &|_| {}).await.is_empty());
    put_back(&folder, TRADES);
    let process = house.start();
    assert_eq!(process.poll().await.queued, 1);
}

#[tokio::test]
async fn a_flow_that_was_retired_takes_nothing_in() {
    let (house, folder) = house();
    house.start().wiring.active.flows().await.unwrap();
    take_away(&folder, ORDERS_TO_WDT);
    let process = house.start();
    process.operations().retire(ORDERS_TO_WDT).await.unwrap();
    push(&house, &process, &house.vendors.qince.order(house.minutes_ago(10))).await;
    assert_eq!(outcomes(&process.drain().await), ["delivered"]);
}
