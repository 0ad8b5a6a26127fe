//! Targets that take nothing for an hour, a night or a fortnight.

use std::time::Duration;

use relay_core::clock::Deadline;
use relay_core::{Entry, Received, System, pause};
use relay_erp_pusher::ErpPusher;
use relay_job::Job as _;
use relay_simulators::qince::PushStyle;
use relay_simulators::wangdian::TradeMix;
use relay_simulators::{Fault, FaultRates};
use serde_json::{Value, json};

use crate::house::{House, utc};
use crate::process::{ORDERS_TO_CRM, Process, TRADES, failure, outcomes};

async fn one_order(house: &House, process: &Process) -> String {
    let order = house.vendors.qince.order(house.minutes_ago(10));
    assert!(process.post(&house.vendors.qince.push(&order, &PushStyle::default())).await);
    order["id"].as_str().unwrap().to_owned()
}

async fn one_trade(house: &House, process: &Process) -> String {
    house.vendors.wangdian.generate_trade("S001", 55, house.minutes_ago(5));
    process.poll().await;
    house.vendors.wangdian.trades()[0].trade_no.clone()
}

#[tokio::test]
async fn a_used_up_day_waits_for_midnight_in_china_and_burns_no_attempt() {
    let (house, process) = House::running(1);
    house.vendors.sharecrm.set_calls_a_day(Some(1));
    one_order(&house, &process).await;
    let second = one_order(&house, &process).await;
    process.drain().await;

    let now = house.now();
    let paused = pause::current(process.wiring.stores.checkpoints.as_ref(), System::new("sharecrm"), now)
        .await
        .unwrap();
    let paused = paused.unwrap();
    let until = paused.until.unwrap();
    assert_eq!(until, utc("2026-11-23T00:00:00+08:00"));
    assert!(paused.reason.contains("30002"), "{}", paused.reason);
    assert!(process.entry(ORDERS_TO_CRM, &second).await.is_none_or(|entry| entry.attempts.is_none()));
    assert_eq!(house.vendors.wangdian.pushed_orders().len(), 2, "the other target goes on");

    house.clock.advance_to(until);
    assert_eq!(outcomes(&process.drain().await), ["delivered"]);
}

#[tokio::test]
async fn wrong_credentials_wait_for_a_person_and_burn_no_attempt() {
    let mut house = House::new(1).with("KINGDEE_PASSWORD", "wrong");
    let process = house.start();
    let trade_no = one_trade(&house, &process).await;
    let turns = process.drain().await;
    assert_eq!(outcomes(&turns), ["paused"]);
    assert!(process.entry(TRADES, &trade_no).await.is_none_or(|entry| entry.attempts.is_none()));
    drop(process);

    house = house.with("KINGDEE_PASSWORD", relay_simulators::kingdee::CREDENTIALS.password);
    let process = house.start();
    assert!(process.drain().await.is_empty(), "still paused");
    process.operations().resume("kingdee").await.unwrap();
    house.clock.advance(Duration::from_secs(30 * 60));
    assert_eq!(outcomes(&process.drain().await), ["delivered"]);
}

#[tokio::test]
async fn credentials_that_were_mended_are_noticed_without_a_word() {
    let house = House::new(1).with("KINGDEE_PASSWORD", "wrong");
    one_trade(&house, &house.start()).await;
    house.start().drain().await;
    let house = house.with("KINGDEE_PASSWORD", relay_simulators::kingdee::CREDENTIALS.password);
    house.clock.advance(Duration::from_secs(30 * 60));
    assert_eq!(outcomes(&house.start().drain().await), ["delivered"]);
}

fn down(house: &House) {
    house.vendors.kingdee.faults.set_rates(FaultRates::none().with(Fault::Status(503), 1_000));
}

/// Works the queues until that long has gone by.
async fn work_for(house: &House, process: &Process, days: i64) -> Vec<relay_erp_pusher::Turn> {
    let end = house.now() + chrono::TimeDelta::days(days);
    let mut all = Vec::new();
    while house.now() < end {
        let (turns, wait) = process.work_once().await;
        if turns.is_empty() {
            house.clock.advance(wait.unwrap_or(Duration::from_secs(3_600)).max(Duration::from_millis(10)));
        }
        all.extend(turns.into_iter().filter(|turn| turn.outcome.name() != "retry"));
    }
    all
}

#[tokio::test]
async fn an_outage_of_five_days_loses_nothing() {
    let (house, process) = House::running(1);
    house.vendors.wangdian.generate_trades(
        3,
        house.minutes_ago(9),
        house.minutes_ago(5),
        TradeMix::default(),
    );
    process.poll().await;
    down(&house);
    assert!(work_for(&house, &process, 5).await.is_empty());
    house.vendors.kingdee.faults.clear();
    assert_eq!(outcomes(&process.drain().await), ["delivered"; 3]);
    assert!(house.creates_of_audited().values().all(|count| *count == 1));
}

#[tokio::test]
async fn after_13_days_a_document_moves_into_the_ledger_with_its_content() {
    let (house, process) = House::running(1);
    let trade_no = one_trade(&house, &process).await;
    down(&house);
    let turns = work_for(&house, &process, 14).await;
    let (class, reason) = failure(&turns);
    assert_eq!(class, "expired");
    assert!(reason.contains("13 days") && reason.contains("503"), "{reason}");
    let failed = process.entry(TRADES, &trade_no).await.unwrap().failed.unwrap();
    assert_eq!(failed.document["trade_no"], trade_no.as_str());
    assert!((500..900).contains(&failed.attempts), "{} of the 1,000 that the queue allows", failed.attempts);
    assert_eq!(process.waiting().await, 0);

    house.vendors.kingdee.faults.clear();
    let entry = process.entry(TRADES, &trade_no).await.unwrap();
    process.replay(entry).await;
    assert_eq!(outcomes(&process.drain().await), ["delivered"]);
}

#[tokio::test]
async fn a_pause_of_13_days_ends_in_the_ledger_too() {
    let house = House::new(1).with("KINGDEE_PASSWORD", "wrong");
    let process = house.start();
    let trade_no = one_trade(&house, &process).await;
    let turns = work_for(&house, &process, 14).await;
    assert_eq!(turns.last().unwrap().outcome.name(), "failed");
    let failed = process.entry(TRADES, &trade_no).await.unwrap().failed.unwrap();
    assert_eq!((failed.class.code(), process.waiting().await), ("expired", 0));
}

/// A message as SQS hands it to a Lambda.
pub(crate) fn record(message: &Received) -> Value {
    record_from(System::new("kingdee"), message)
}

/// The same, of another system's queue.
pub(crate) fn record_from(system: System, message: &Received) -> Value {
    json!({
        "messageId": message.id,
        "receiptHandle": message.receipt,
        "body": message.body,
        "attributes": {
            "MessageGroupId": message.group,
            "ApproximateReceiveCount": message.receive_count.to_string(),
            "SentTimestamp": message.sent_at.timestamp_millis().to_string(),
        },
        "eventSourceARN": format!("arn:aws:sqs:cn-north-1:1:relay-{system}.fifo"),
    })
}

/// A batch waits for as long as the first of it is told to, and SQS gives messages of many groups out in any order: what
/// is told the short wait of its first tries comes first in its turn, ten times over.
#[tokio::test]
async fn rate_limits_of_13_days_do_not_use_up_the_receives_of_a_batch() {
    let (house, process) = House::running(1);
    for _ in 0..10 {
        one_order(&house, &process).await;
    }
    house.vendors.wangdian.faults.set_rates(FaultRates::none().with(Fault::RateLimited, 1_000));
    let pusher = process.wiring.build::<ErpPusher>().unwrap();
    let queue = &process.wiring.stores.queue;
    let mut receives = 0;
    loop {
        let mut messages =
            queue.receive(System::new("wangdian"), 10, Duration::from_secs(720)).await.unwrap();
        let Some(first) = messages.first() else {
            match queue.depth(System::new("wangdian")).await.unwrap().next_visible_at {
                Some(time) => house.clock.advance_to(time),
                None => break,
            }
            continue;
        };
        receives = receives.max(first.receive_count);
        let turn = first.receive_count as usize % messages.len();
        messages.rotate_left(turn);
        let records: Vec<_> =
            messages.iter().map(|message| record_from(System::new("wangdian"), message)).collect();
        let answer = pusher.invoke(json!({ "Records": records }), Deadline::NONE).await.unwrap();
        let again = answer["batchItemFailures"].as_array().unwrap();
        messages.retain(|message| !again.iter().any(|again| again["itemIdentifier"] == message.id));
        let done: Vec<_> = messages.into_iter().map(|message| message.receipt).collect();
        queue.delete(System::new("wangdian"), &done).await.unwrap();
    }
    assert!((300..1_000).contains(&receives), "{receives} receives");
    let failures = process.failures().await;
    let expired = |entry: &&Entry| entry.failed.as_ref().unwrap().class == "expired";
    assert_eq!(
        (failures.iter().filter(expired).count(), queue.dead(System::new("wangdian")).await.unwrap()),
        (10, 0)
    );
}

#[tokio::test]
async fn a_pause_of_13_days_ends_in_the_ledger_for_every_document() {
    let (house, process) = House::running(1);
    let (from, to) = (house.minutes_ago(9), house.minutes_ago(5));
    house.vendors.wangdian.generate_trades(30, from, to, TradeMix::default());
    process.poll().await;
    let checkpoints = process.wiring.stores.checkpoints.clone();
    let fortnight = house.now() + chrono::TimeDelta::days(14);
    let reason = "stopped".to_owned();
    pause::set(checkpoints.as_ref(), System::new("kingdee"), Some(fortnight), reason, house.now())
        .await
        .unwrap();

    // A Lambda is handed the messages of a paused target too.
    house.clock.advance(Duration::from_secs(13 * 86_400 + 60));
    let pusher = process.wiring.build::<ErpPusher>().unwrap();
    let queue = &process.wiring.stores.queue;
    let messages = queue.receive(System::new("kingdee"), 30, Duration::from_secs(60)).await.unwrap();
    let records: Vec<_> = messages.iter().map(record).collect();
    let answer = pusher.invoke(json!({ "Records": records }), Deadline::NONE).await.unwrap();
    assert_eq!(answer, json!({ "batchItemFailures": [] }));
    assert_eq!(process.failures().await.len(), 30);
}

#[tokio::test]
async fn a_pool_is_left_alone_while_its_target_lags_far_behind() {
    let (house, process) = House::running(1);
    let stock = &house.vendors.wangdian;
    for number in 0..100 {
        stock.change_stock("S001", &format!("G{number}"), &format!("G{number}-1"), number.into());
    }
    house.vendors.sharecrm.faults.set_rates(FaultRates::none().with(Fault::Status(503), 1_000));
    for _ in 0..200 {
        process.sync().await;
        house.clock.advance(Duration::from_secs(180));
    }
    assert!(process.waiting().await <= 1_200, "{}", process.waiting().await);
    house.vendors.sharecrm.faults.clear();
    process.drain().await;
    assert!(stock.stock().iter().all(|change| change.acknowledged_count == change.stock_change_count));
}
