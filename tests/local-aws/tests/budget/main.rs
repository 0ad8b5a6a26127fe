//! What 1,000 polled trades cost in requests to AWS, as its own log counts them, against the budget; and what Lambda time they
//! take with vendors that need 300 ms to answer, which is told and not held: it is this machine's.

#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up fails")]

use std::collections::BTreeMap;
use std::time::Duration;

use local_aws::meter::{Taken, size_of};
use local_aws::{Stack, on_the_stack};
use relay_core::System;
use relay_simulators::{Fault, FaultRates};

const TRADES: u32 = 1_000;

const LATENCY: Duration = Duration::from_millis(300);

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
        let slow = FaultRates::none().with(Fault::Slow(LATENCY), 1_000);
        for faults in [&stack.vendors.wangdian.faults, &stack.vendors.kingdee.faults] {
            faults.set_rates(slow.clone());
        }
        let taken_before = stack.taken().await.unwrap();
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
        tell_lambda_time(&(stack.taken().await.unwrap() - &taken_before));
        let largest = largest_entry(stack).await;
        println!("{counted:#?}\nthe largest entry of the ledger: {largest} bytes");
        for (what, exactly) in once_each() {
            assert_eq!(counted.remove(&what), Some(exactly), "{what}");
        }
        let mut runs = 0;
        for (what, most) in in_batches() {
            let count = counted.remove(&what).unwrap_or_default();
            assert!(count <= most, "{what}: {count}, and {most} at most");
            runs = runs.max(if what == RUNS { count } else { 0 });
        }
        assert!(runs <= 60, "a full event is topped up: {runs} runs for {TRADES} trades");
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

/// Requests that are made side by side wait for each other in the local AWS.
fn tell_lambda_time(taken: &Taken) {
    for (function, milliseconds) in &taken.milliseconds {
        let a_trade = Duration::from_millis(*milliseconds) / TRADES;
        let processor = taken.processor_ms.get(function).copied().unwrap_or_default();
        let processor = Duration::from_millis(processor) / TRADES;
        println!("{function}: {a_trade:.1?} of Lambda time a trade, {processor:.1?} of it the processor");
    }
    let answers = Duration::from_micros(taken.answers_us.values().sum()) / TRADES;
    println!("the local AWS's answers, one after the other: {answers:.1?} a trade");
}

const RUNS: &str = "invocations of the pusher";

/// What 1,000 trades cost, no request more and none less.
fn once_each() -> [(String, u64); 2] {
    let ledger = std::env::var("LEDGER_TABLE").unwrap();
    [("SendMessageBatch".to_owned(), 100), (format!("PutItem {ledger}"), u64::from(TRADES))]
}

/// The most that is asked for their batches of ten. What the event source asks for stands here by the invocations that it makes:
/// each is one receive and one delete. The others the function receives and deletes itself.
fn in_batches() -> [(String, u64); 5] {
    let [ledger, lookups] = ["LEDGER_TABLE", "LOOKUP_TABLE"].map(|table| std::env::var(table).unwrap());
    [
        (RUNS.to_owned(), 100),
        (format!("BatchGetItem {ledger}"), 100),
        // Each function that runs asks for each code, and once more when it is learned, for those who wait for it.
        (format!("BatchGetItem {lookups}"), 100),
        ("ReceiveMessage".to_owned(), 100),
        ("DeleteMessageBatch".to_owned(), 100),
    ]
}

/// Requests by operation and table, and the pusher's invocations.
async fn counts(stack: &Stack) -> BTreeMap<String, u64> {
    let log = stack.log("ErpPusher").await.unwrap_or_default();
    let invocations = log.iter().filter(|line| line.starts_with("START ")).count() as u64;
    let mut counts = stack.requests().unwrap();
    counts.insert(RUNS.to_owned(), invocations);
    counts
}

/// The size of the ledger's largest item.
async fn largest_entry(stack: &Stack) -> usize {
    let items = stack.items("LEDGER_TABLE").await.unwrap();
    assert_eq!(items.len(), TRADES as usize);
    items.iter().map(size_of).max().unwrap()
}
