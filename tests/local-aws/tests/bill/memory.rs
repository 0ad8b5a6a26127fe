//! What memory a batch of large documents takes.

use local_aws::on_the_stack;
use local_aws::stack::minutes_ago;
use relay_core::clock::{Clock as _, SystemClock};
use relay_core::{System, WorkItem};
use serde_json::Value;

const KIB: u64 = 1_024;

/// A push may have eight times as much. Ten of those take 870 MB, which no function has.
const LARGE: usize = 512 * 1_024;

/// As many as an event holds.
const ORDERS: u32 = 10;

#[test]
#[ignore = "needs the local AWS: tests/local-aws/run"]
fn ten_orders_of_hundreds_of_rows_fit_the_memory() {
    on_the_stack(async |stack| {
        let sharecrm = System::new("sharecrm");
        stack.set_flowing(sharecrm, false).await.unwrap();
        for _ in 0..ORDERS {
            stack.hand_over(sharecrm, large(stack.vendors.qince.order(minutes_ago(1)))).await.unwrap();
        }
        stack.set_flowing(sharecrm, true).await.unwrap();
        stack.until_quiet().await.unwrap();

        let peak = stack.peaks().unwrap()["ErpPusher"];
        let configuration = stack.aws.configuration(stack.function("ErpPusher")).await.unwrap();
        let memory = configuration["MemorySize"].as_u64().unwrap();
        println!("ten large orders: {} of {memory} MiB", peak / KIB);
        assert!(peak < memory * KIB, "{peak} KiB");
    });
}

/// The order with as many products as fit.
fn large(mut order: Value) -> WorkItem {
    let row = order["prods"][0].clone();
    let rows = (LARGE - order.to_string().len()) / (row.to_string().len() + 1);
    order["prods"] = vec![row; rows].into();
    let key = order["id"].as_str().unwrap_or_default().to_owned();
    assert!(order.to_string().len() > LARGE * 9 / 10);
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
