//! What 1,000 polled trades cost in requests to AWS, as its own log counts them, against the budget.

#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up fails")]

use std::collections::BTreeMap;

use local_aws::meter::size_of;
use local_aws::{Stack, on_the_stack};
use relay_core::System;

const TRADES: u32 = 1_000;

/// The most of anything that is paid once, however many trades there are: what is paid once a batch would be 100.
const ONCE: u64 = 50;

/// The tests' own, and what names no operation: looks at queues and logs, switching the event source.
const OURS: [&str; 3] = ["GetQueueAttributes", "FilterLogEvents", "-"];

/// As many bytes as DynamoDB writes for one unit.
const WRITE_UNIT: usize = 1_024;

#[test]
#[ignore = "needs the local AWS: tests/local-aws/run"]
fn a_thousand_polled_trades_stay_within_the_budget() {
    on_the_stack(async |stack| {
        let trades = stack.new_trades(TRADES).await.unwrap();
        let before = counts(stack).await;
        // The pusher begins when all are there: batches are full then, as they are behind a busy vendor.
        stack.set_flowing(System::new("kingdee"), false).await.unwrap();
        assert_eq!(stack.poll().await.unwrap(), u64::from(TRADES));
        stack.set_flowing(System::new("kingdee"), true).await.unwrap();
        let saved = async || stack.creates(&trades).iter().all(|count| *count == 1);
        stack.until("every trade is in Kingdee", saved).await.unwrap();
        stack.until_quiet().await.unwrap();

        let mut counted = counts(stack).await;
        counted.retain(|what, count| {
            *count -= before.get(what).unwrap_or(&0);
            *count > 0 && !OURS.contains(&what.as_str())
        });
        let largest = largest_entry(stack).await;
        println!("{counted:#?}\nthe largest entry of the ledger: {largest} bytes");
        for (what, exactly) in budget() {
            assert_eq!(counted.remove(&what), Some(exactly), "{what}");
        }
        // Permits for calls come some ten at a time: a read of the account's budget, and a write.
        let checkpoints = std::env::var("CHECKPOINT_TABLE").unwrap();
        for operation in ["GetItem", "UpdateItem"] {
            let asked = counted.remove(&format!("{operation} {checkpoints}")).unwrap_or_default();
            assert!(asked <= u64::from(TRADES) / 10 + ONCE, "{asked} times {operation} for permits");
        }
        let over: Vec<_> = counted.iter().filter(|(_, count)| **count > ONCE).collect();
        assert!(over.is_empty(), "paid more than once: {over:?}");
        assert!(largest <= WRITE_UNIT, "each entry is one write unit");
    });
}

/// What 1,000 trades cost, no request more. What the event source asks for stands here by the invocations that it makes:
/// each is one receive and one delete.
fn budget() -> [(String, u64); 5] {
    let [ledger, operators] = ["LEDGER_TABLE", "OPERATOR_TABLE"].map(|table| std::env::var(table).unwrap());
    [
        ("SendMessageBatch".to_owned(), 100),
        ("invocations of the pusher".to_owned(), 100),
        (format!("BatchGetItem {ledger}"), 100),
        (format!("PutItem {ledger}"), u64::from(TRADES)),
        // The numbers that each is found by, in one request.
        (format!("BatchWriteItem {operators}"), u64::from(TRADES)),
    ]
}

/// Requests by operation and table, and the pusher's invocations.
async fn counts(stack: &Stack) -> BTreeMap<String, u64> {
    let log = stack.log("ErpPusher").await.unwrap_or_default();
    let invocations = log.iter().filter(|line| line.starts_with("START ")).count() as u64;
    let mut counts = stack.requests().unwrap();
    counts.insert("invocations of the pusher".to_owned(), invocations);
    counts
}

/// The size of the ledger's largest item.
async fn largest_entry(stack: &Stack) -> usize {
    let items = stack.items("LEDGER_TABLE").await.unwrap();
    assert_eq!(items.len(), TRADES as usize);
    items.iter().map(size_of).max().unwrap()
}
