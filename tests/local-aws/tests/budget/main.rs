//! What 1,000 polled trades cost in requests to AWS, as its own log counts them, against the budget.

#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up fails")]

use std::collections::BTreeMap;

use local_aws::{Stack, on_the_stack};
use pipeline::System;
use serde_json::{Value, json};

const TRADES: u32 = 1_000;

/// What grows with the trades, and how much of it 1,000 of them may cost. What the event source asks for stands here by
/// the invocations that it makes: each is one receive and one delete.
const BUDGET: [(&str, u64); 4] = [
    ("SendMessageBatch", 100),
    ("invocations of the pusher", 100),
    ("BatchGetItem", 100),
    ("PutItem", 1_000),
];

/// Everything else is paid once, however many trades there are: so much of each, and on top of the budget.
const ONCE: u64 = 50;

#[test]
#[ignore = "needs the local AWS: tests/local-aws/run"]
fn a_thousand_polled_trades_stay_within_the_budget() {
    on_the_stack(async |stack| {
        let trades = stack.new_trades(TRADES).await.unwrap();
        let (requests, invocations) = (stack.requests().unwrap(), invocations(stack).await);
        // The pusher begins when all are there: batches are full then, as they are behind a busy vendor.
        stack.set_flowing(System::Kingdee, false).await.unwrap();
        assert_eq!(stack.poll().await.unwrap(), u64::from(TRADES));
        stack.set_flowing(System::Kingdee, true).await.unwrap();
        let saved = async || stack.creates(&trades).iter().all(|count| *count == 1);
        stack.until("every trade is in Kingdee", saved).await.unwrap();
        stack.until_quiet().await.unwrap();

        let mut counted = difference(&stack.requests().unwrap(), &requests);
        counted.insert("invocations of the pusher".to_owned(), self::invocations(stack).await - invocations);
        println!("{counted:#?}");
        let budget =
            |what: &str| ONCE + BUDGET.iter().find(|(known, _)| *known == what).map_or(0, |(_, many)| *many);
        let own = |what: &str| ["GetQueueAttributes", "FilterLogEvents", "-"].contains(&what);
        let over: Vec<_> =
            counted.iter().filter(|(what, count)| !own(what) && **count > budget(what)).collect();
        assert!(over.is_empty(), "more requests than budgeted: {over:?}");
        assert_eq!(items_over_a_write_unit(stack).await, 0, "each entry of the ledger is one write unit");
    });
}

fn difference(after: &BTreeMap<String, u64>, before: &BTreeMap<String, u64>) -> BTreeMap<String, u64> {
    let since = |(what, count): (&String, &u64)| (what.clone(), count - before.get(what).unwrap_or(&0));
    after.iter().map(since).filter(|(_, count)| *count > 0).collect()
}

async fn invocations(stack: &Stack) -> u64 {
    let log = stack.log("ErpPusher").await.unwrap_or_default();
    log.iter().filter(|line| line.starts_with("START ")).count() as u64
}

/// How many items of the ledger are larger than DynamoDB writes for one unit.
async fn items_over_a_write_unit(stack: &Stack) -> usize {
    let table = std::env::var("LEDGER_TABLE").unwrap();
    let (mut over, mut seen, mut start) = (0, 0, Value::Null);
    loop {
        let mut asked = json!({ "TableName": table });
        if start.is_object() {
            asked["ExclusiveStartKey"] = start;
        }
        let mut page = stack.aws.call("DynamoDB_20120810.Scan", &asked).await.unwrap();
        let items = page["Items"].as_array().unwrap();
        seen += items.len();
        over += items.iter().filter(|item| size(item) > 1_024).count();
        start = page["LastEvaluatedKey"].take();
        if !start.is_object() {
            assert_eq!(seen, TRADES as usize);
            return over;
        }
    }
}

/// The bytes of names and values, as DynamoDB counts them (numbers a little above).
fn size(item: &Value) -> usize {
    let attributes = item.as_object().unwrap().iter();
    attributes.map(|(name, value)| name.len() + text(value).len()).sum()
}

fn text(value: &Value) -> &str {
    value.as_object().and_then(|typed| typed.values().next()).and_then(Value::as_str).unwrap_or_default()
}
