//! What memory a batch of large documents takes.

use local_aws::on_the_stack;
use local_aws::stack::minutes_ago;
use relay_core::clock::{Clock as _, SystemClock};
use relay_core::{System, WorkItem};
use serde_json::Value;

const KIB: u64 = 1_024;

/// So many that the pusher opens less than an event of them at once.
const LARGE: usize = 512 * 1_024;

/// As large as a push may be.
const LARGEST: usize = 4 * 1_024 * 1_024;

/// As many as an event holds.
const ORDERS: u32 = 10;

#[test]
#[ignore = "needs the local AWS: tests/local-aws/run"]
fn ten_orders_of_hundreds_of_rows_fit_the_memory() {
    on_the_stack(async |stack| {
        let sharecrm = System::new("sharecrm");
        stack.set_flowing(sharecrm, false).await.unwrap();
        for _ in 0..ORDERS {
            let order = stack.vendors.qince.order(minutes_ago(1));
            stack.hand_over(sharecrm, with_rows(order, LARGE)).await.unwrap();
        }
        stack.set_flowing(sharecrm, true).await.unwrap();
        stack.until_quiet().await.unwrap();
        let peak = stack.peaks().unwrap()["ErpPusher"];
        println!("ten orders of {} KiB: {} MiB", LARGE as u64 / KIB, peak / KIB);

        let order = stack.vendors.qince.order(minutes_ago(1));
        stack.hand_over(sharecrm, with_rows(order, LARGEST)).await.unwrap();
        stack.until_quiet().await.unwrap();
        let peak = stack.peaks().unwrap()["ErpPusher"];
        let configuration = stack.aws.configuration(stack.function("ErpPusher")).await.unwrap();
        let memory = configuration["MemorySize"].as_u64().unwrap();
        println!("and one of {} KiB: {} of {memory} MiB", LARGEST as u64 / KIB, peak / KIB);
        // Lambda counts what it has beside the program too.
        assert!(peak < memory * KIB * 9 / 10, "{peak} KiB");
    });
}

/// The order with as many products as fit.
fn with_rows(mut order: Value, length: usize) -> WorkItem {
    let row = order["prods"][0].clone();
    let rows = (length - order.to_string().len()) / (row.to_string().len() + 1);
    order["prods"] = vec![row; rows].into();
    let key = order["id"].as_str().unwrap_or_default().to_owned();
    assert!(order.to_string().len() > length * 9 / 10);
    WorkItem {
        flow: "direct-order-to-sharecrm".to_owned(),
        trace: key.clone(),
        key,
        version: order["modify_time_str"].as_str().map(str::to_owned),
        version_kind: None,
        document: order,
        acknowledge: false,
        received_at: SystemClock.now(),
        replay: None,
    }
}
