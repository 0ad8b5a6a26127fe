//! What each kind of work of an order takes of AWS, with vendors that need 300 ms to answer: the bill is reckoned from it
//! (`tests/benchmarks/bill`).
//!
//! `tests/local-aws/run count` writes the counts, and `count --check` compares them. Times and memory are only written: they are
//! this machine's.

#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up fails")]

mod memory;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use local_aws::meter::{Taken, size_of, text_of};
use local_aws::stack::minutes_ago;
use local_aws::{Stack, on_the_stack};
use relay_core::System;
use relay_simulators::qince::PushStyle;
use relay_simulators::wangdian::TradeMix;
use relay_simulators::{Fault, FaultRates};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::json;

const LATENCY: Duration = Duration::from_millis(300);

/// So much may a count differ, and a fifth of it besides: what is done once a minute, and what the stack's own schedules do, falls
/// into one kind of work or another.
const MAY_DIFFER: u64 = 15;

const PUSHES: u64 = 20;
const ALONE: u64 = 10;
const TRADES: u32 = 200;
const ROWS: u64 = 60;
const EMPTY: u64 = 3;

/// What was counted, as it stands in `counted.json`.
#[derive(Debug, Serialize, Deserialize)]
struct Counted {
    /// How it is made.
    made_by: String,
    /// How long a vendor takes to answer.
    latency_ms: u64,
    /// The most memory that a process of each function has held, in KiB.
    peak_kib: BTreeMap<String, u64>,
    /// The largest item of each kind, in bytes.
    item_bytes: BTreeMap<String, usize>,
    /// Each kind of work.
    work: BTreeMap<String, Work>,
}

/// One kind of work.
#[derive(Debug, Serialize, Deserialize)]
struct Work {
    /// How often it was done.
    times: u64,
    /// What it took in all.
    #[serde(flatten)]
    taken: Taken,
}

#[test]
#[ignore = "needs the local AWS: tests/local-aws/run"]
fn a_thousand_orders_take_what_the_bill_goes_by() {
    on_the_stack(async |stack| {
        each_once(stack).await;
        let slow = FaultRates::none().with(Fault::Slow(LATENCY), 1_000);
        let vendors = &stack.vendors;
        for faults in [&vendors.wangdian.faults, &vendors.kingdee.faults, &vendors.sharecrm.faults] {
            faults.set_rates(slow.clone());
        }
        let mut work = BTreeMap::new();
        for (name, times) in [
            ("push", PUSHES),
            ("trade alone", ALONE),
            ("trade in tens", u64::from(TRADES)),
            ("row alone", ALONE),
            ("row in tens", ROWS),
            ("empty poll", EMPTY),
            ("empty pull", EMPTY),
        ] {
            let before = stack.taken().await.unwrap();
            match name {
                "push" => push_one_by_one(stack).await,
                "trade alone" => poll_one_by_one(stack).await,
                "trade in tens" => poll_together(stack).await,
                "row alone" => pull_one_by_one(stack).await,
                "row in tens" => pull_together(stack, "in-tens").await,
                "empty poll" => again(stack, "TradePoller").await,
                _ => again(stack, "StockSyncer").await,
            }
            let taken = stack.taken().await.unwrap() - &before;
            println!("{name}, {times} times: {taken:#?}");
            work.insert(name.to_owned(), Work { times, taken });
        }
        for faults in [&vendors.wangdian.faults, &vendors.kingdee.faults, &vendors.sharecrm.faults] {
            faults.clear();
        }
        let counted = Counted {
            made_by: "tests/local-aws/run count".to_owned(),
            latency_ms: 300,
            peak_kib: stack.peaks().unwrap(),
            item_bytes: largest_items(stack).await,
            work,
        };
        if std::env::var("BILL_COUNTED").is_ok_and(|how| how == "write") {
            fs::write(file(), serde_json::to_string_pretty(&counted).unwrap() + "\n").unwrap();
        }
        compare(&counted);
    });
}

fn file() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../benchmarks/bill/counted.json")
}

/// What is paid once, such as a start and a token, is paid before anything is counted.
async fn each_once(stack: &Stack) {
    let order = stack.vendors.qince.order(minutes_ago(1));
    stack.deliver(&stack.vendors.qince.push(&order, &PushStyle::default())).await.unwrap();
    // Each target's second instance starts only where events come at once, and both have to learn how many the target takes.
    for round in 0..2 {
        let from = 300 - 100 * round;
        let (modified, until) = (minutes_ago(from), minutes_ago(from - 50));
        stack.vendors.wangdian.generate_trades(TRADES, modified, until, TradeMix::default());
        stack.read_trades_from(modified).await.unwrap();
        poll_held(stack).await;
        pull_together(stack, &format!("warm-{round}")).await;
    }
    poll_one(stack, minutes_ago(110)).await;
    pull_one(stack, "once").await;
}

async fn push_one_by_one(stack: &Stack) {
    for _ in 0..PUSHES {
        let order = stack.vendors.qince.order(minutes_ago(1));
        stack.deliver(&stack.vendors.qince.push(&order, &PushStyle::default())).await.unwrap();
        stack.until_quiet().await.unwrap();
    }
}

async fn poll_one_by_one(stack: &Stack) {
    for place in 0..ALONE {
        // Each four minutes after the one before, because a poll reads the last two minutes again.
        let before = (ALONE - place) * 4;
        poll_one(stack, minutes_ago(60 + i64::try_from(before).unwrap())).await;
    }
}

async fn poll_one(stack: &Stack, modified: chrono::DateTime<chrono::Utc>) {
    let number = stack.vendors.wangdian.generate_trade("S001", 55, modified);
    stack.read_trades_from(modified - chrono::TimeDelta::minutes(1)).await.unwrap();
    assert_eq!(stack.poll().await.unwrap(), 1);
    stack.until_quiet().await.unwrap();
    assert_eq!(stack.creates(&BTreeSet::from([number])), [1]);
}

async fn poll_together(stack: &Stack) {
    let trades = stack.new_trades(TRADES).await.unwrap();
    poll_held(stack).await;
    assert!(stack.creates(&trades).iter().all(|count| *count == 1));
}

/// Polls trades that wait for each other, and then go on together.
async fn poll_held(stack: &Stack) {
    let kingdee = System::new("kingdee");
    stack.set_flowing(kingdee, false).await.unwrap();
    assert_eq!(stack.poll().await.unwrap(), u64::from(TRADES));
    stack.set_flowing(kingdee, true).await.unwrap();
    stack.until_quiet().await.unwrap();
}

async fn pull_one_by_one(stack: &Stack) {
    for place in 0..ALONE {
        pull_one(stack, &format!("alone-{place}")).await;
    }
}

async fn pull_one(stack: &Stack, spec: &str) {
    stack.vendors.wangdian.change_stock("S001", "G1", spec, Decimal::ONE);
    again_once(stack, "StockSyncer").await;
    stack.until_quiet().await.unwrap();
    assert!(are_acknowledged(stack));
}

async fn pull_together(stack: &Stack, spec: &str) {
    let sharecrm = System::new("sharecrm");
    for place in 0..ROWS {
        stack.vendors.wangdian.change_stock("S001", "G1", &format!("{spec}-{place}"), Decimal::ONE);
    }
    stack.set_flowing(sharecrm, false).await.unwrap();
    again_once(stack, "StockSyncer").await;
    stack.set_flowing(sharecrm, true).await.unwrap();
    stack.until_quiet().await.unwrap();
    assert!(are_acknowledged(stack));
}

fn are_acknowledged(stack: &Stack) -> bool {
    let rows = stack.vendors.wangdian.stock();
    rows.iter().all(|row| row.acknowledged_count == row.stock_change_count)
}

async fn again(stack: &Stack, function: &str) {
    for _ in 0..EMPTY {
        again_once(stack, function).await;
    }
}

async fn again_once(stack: &Stack, function: &str) {
    let answer = stack.invoke(function, &json!({})).await.unwrap();
    assert!(!answer.failed, "{}", answer.payload);
}

/// The largest entry of the ledger, and of each kind of checkpoint.
async fn largest_items(stack: &Stack) -> BTreeMap<String, usize> {
    let mut largest = BTreeMap::new();
    for (table, setting, key) in [
        ("ledger", "LEDGER_TABLE", "id"),
        ("lookup", "LOOKUP_TABLE", "id"),
        ("checkpoint", "CHECKPOINT_TABLE", "name"),
    ] {
        for item in stack.items(setting).await.unwrap() {
            let kind = text_of(&item[key]).split('/').next().unwrap_or_default();
            let name = if key == "id" { table.to_owned() } else { format!("{table} {kind}") };
            let most: &mut usize = largest.entry(name).or_default();
            *most = size_of(&item).max(*most);
        }
    }
    largest
}

/// Whether the file says what was counted, as far as two runs agree.
fn compare(counted: &Counted) {
    let text = fs::read_to_string(file()).unwrap_or_default();
    let stands: Counted = serde_json::from_str(&text).unwrap();
    let mut differ = Vec::new();
    for (name, work) in &counted.work {
        let stood = &stands.work[name];
        assert_eq!(work.times, stood.times, "{name}");
        for (of, now, then) in [
            ("requests", &work.taken.requests, &stood.taken.requests),
            ("runs", &work.taken.runs, &stood.taken.runs),
            ("bytes of log", &work.taken.log_bytes, &stood.taken.log_bytes),
        ] {
            for what in now.keys().chain(then.keys()).collect::<BTreeSet<_>>() {
                let count = |counts: &BTreeMap<String, u64>| counts.get(what).copied().unwrap_or_default();
                let (now, then) = (count(now), count(then));
                let least = if of == "bytes of log" { 4_000 } else { MAY_DIFFER };
                if now.abs_diff(then) > least + then / 5 {
                    differ.push(format!("{name}, {of}, {what}: {now}, and the file says {then}"));
                }
            }
        }
    }
    assert!(
        differ.is_empty(),
        "{differ:#?}\n`tests/local-aws/run count` writes the file anew; then run tests/benchmarks/bill/bill --write"
    );
}
