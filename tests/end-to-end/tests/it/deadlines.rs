//! What takes longer than an invocation may: codes that nobody has asked for yet, and vendors that are slow.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use relay_connector::{Request, Response, Transport, TransportError};
use relay_core::System;
use relay_core::clock::{Clock as _, SimulatedClock};
use relay_erp_pusher::ErpPusher;
use relay_job::Job as _;
use relay_simulators::wangdian::TradeMix;
use relay_simulators::{Fault, FaultRates};
use serde_json::{Value, json};

use crate::house::{House, object};
use crate::outages::record;
use crate::process::{Process, TRADES};

/// What Lambda gives the pusher, less the time of one call.
const A_TURN: Duration = Duration::from_secs(85);

const CODES: usize = 80;

/// A trade of so many goods that Kingdee knows, or not.
async fn long_trade(known: bool) -> (House, Process) {
    let house = House::new(1).with("KINGDEE_CALLS_PER_MINUTE", "30");
    house.crowd_goods();
    let unit = house.vendors.kingdee.add_unit("U99", "条");
    let line = |number: usize| {
        let spec_no = format!("NEW-{number:02}");
        if known {
            house.vendors.kingdee.add_material(&spec_no, "新品", &[&unit]);
        }
        json!({"spec_no": spec_no, "num": "2.0000", "share_price": "9.9000", "unit_name": "条"})
    };
    let lines: Vec<_> = (0..CODES).map(line).collect();
    let row = json!({"trade_no": "JY-LONG", "shop_no": "S001", "warehouse_no": "WH01",
        "trade_time": "2026-11-22 11:30:00", "modified": "2026-11-22 11:30:00", "goods_list": lines});
    house.vendors.wangdian.add_trade(object(row));
    let process = house.start();
    process.poll().await;
    (house, process)
}

/// Invokes the pusher until nothing comes again; when each turn ended, and what it was given.
async fn invoked(house: &House, process: &Process) -> Vec<(DateTime<Utc>, DateTime<Utc>)> {
    let pusher = process.wiring.build::<ErpPusher>().unwrap();
    let queue = &process.wiring.stores.queue;
    let mut turns = Vec::new();
    while process.waiting().await > 0 {
        assert!(turns.len() < 20, "no end in sight");
        let messages = queue.receive(System::new("kingdee"), 10, Duration::from_secs(720)).await.unwrap();
        if messages.is_empty() {
            // Put off until the quota has a permit again.
            house.clock.advance(Duration::from_secs(1));
            continue;
        }
        let deadline = house.now() + A_TURN;
        let records: Vec<Value> = messages.iter().map(record).collect();
        let answer = pusher.invoke(json!({ "Records": records }), house.within(deadline)).await.unwrap();
        turns.push((house.now(), deadline));
        if answer["batchItemFailures"].as_array().unwrap().is_empty() {
            let done: Vec<_> = messages.into_iter().map(|message| message.receipt).collect();
            queue.delete(System::new("kingdee"), &done).await.unwrap();
        }
        house.clock.advance(Duration::from_secs(1));
    }
    turns
}

fn check_turns(turns: &[(DateTime<Utc>, DateTime<Utc>)]) {
    assert!(turns.len() > 1, "the codes fit one turn: nothing was tried");
    // The last call that is begun has its own time.
    assert!(turns.iter().all(|(ended, deadline)| *ended < *deadline + Duration::from_secs(30)), "{turns:?}");
}

#[tokio::test]
async fn look_ups_go_on_in_the_next_turn_and_burn_no_attempt() {
    let (house, process) = long_trade(true).await;
    let turns = invoked(&house, &process).await;
    check_turns(&turns);
    let entry = process.entry(TRADES, "JY-LONG").await.unwrap();
    assert!(entry.delivered.is_some() && entry.failed.is_none(), "{entry:?}");
    assert_eq!(house.vendors.kingdee.orders("JY-LONG").len(), 1);
    let asked = house.vendors.kingdee.calls()["material_list"];
    assert_eq!(asked, 1 + CODES as u64, "after the first page of the list none is asked for twice");
}

/// Also where the target knows none of them: what it does not know is not stored.
#[tokio::test]
async fn codes_that_nobody_knows_come_to_an_end_too() {
    let (house, process) = long_trade(false).await;
    check_turns(&invoked(&house, &process).await);
    let failed = process.entry(TRADES, "JY-LONG").await.unwrap().failed.unwrap();
    assert_eq!((failed.class.code(), failed.attempts), ("mapping", 1));
    assert!(failed.message.contains("NEW-00") && failed.message.contains("NEW-79"), "{}", failed.message);

    let unit = house.vendors.kingdee.add_unit("U98", "条");
    house.vendors.kingdee.add_material("NEW-00", "新品", &[&unit]);
    let entry = process.entry(TRADES, "JY-LONG").await.unwrap();
    process.replay(entry).await;
    process.drain().await;
    let failed = process.entry(TRADES, "JY-LONG").await.unwrap().failed.unwrap();
    assert!(!failed.message.contains("NEW-00"), "a code that is there by now is found: {}", failed.message);
}

const A_CALL: Duration = Duration::from_secs(20);

/// Kingdee with 50 pages of orders that are not ours.
struct ManyPages {
    inner: Arc<dyn Transport>,
    clock: Arc<SimulatedClock>,
}

#[async_trait]
impl Transport for ManyPages {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        if !request.url.path().ends_with("sal_order_list") {
            return self.inner.send(request).await;
        }
        self.clock.sleep(A_CALL).await;
        let rows = vec![json!({"id": "1", "billno": "another"}); 100];
        Ok(Response::new(200, json!({"success": true, "data": {"rows": rows, "totalpage": 50}}).to_string()))
    }
}

#[tokio::test]
async fn fifty_slow_pages_do_not_outlast_an_invocation() {
    let house = House::new(1);
    let from = house.minutes_ago(30);
    house.vendors.wangdian.generate_trades(1, from, house.minutes_ago(5), TradeMix::default());
    let process =
        house.start_over(ManyPages { inner: house.vendors.transport(), clock: house.clock.clone() });
    house.vendors.kingdee.faults.inject_for("sal_order_save", Fault::LostAnswer);
    process.poll().await;
    process.work_once().await;
    house.clock.advance(Duration::from_secs(600));

    let pusher = process.wiring.build::<ErpPusher>().unwrap();
    let messages = process
        .wiring
        .stores
        .queue
        .receive(System::new("kingdee"), 10, Duration::from_secs(720))
        .await
        .unwrap();
    let records: Vec<Value> = messages.iter().map(record).collect();
    let deadline = house.now() + A_TURN;
    let answer = pusher.invoke(json!({ "Records": records }), house.within(deadline)).await.unwrap();
    assert!(house.now() < deadline + Duration::from_secs(30), "{} s", (house.now() - deadline).num_seconds());
    assert_eq!(answer["batchItemFailures"].as_array().unwrap().len(), 1, "it comes again");
    assert!(process.failures().await.is_empty());
}

#[tokio::test]
async fn a_slow_log_in_does_not_outlast_an_invocation() {
    let house = House::new(1);
    let slow = FaultRates::none().with(Fault::Slow(A_CALL), 1_000);
    house.vendors.kingdee.faults.set_rates(slow);
    let from = house.minutes_ago(30);
    house.vendors.wangdian.generate_trades(1, from, house.minutes_ago(5), TradeMix::default());
    let process = house.start();
    process.poll().await;
    let pusher = process.wiring.build::<ErpPusher>().unwrap();
    let messages = process
        .wiring
        .stores
        .queue
        .receive(System::new("kingdee"), 10, Duration::from_secs(720))
        .await
        .unwrap();
    let records: Vec<Value> = messages.iter().map(record).collect();
    // There is time for the first of its two calls.
    let deadline = house.now() + Duration::from_secs(10);
    let answer = pusher.invoke(json!({ "Records": records }), house.within(deadline)).await.unwrap();
    assert!(house.now() < deadline + Duration::from_secs(30), "{} s", (house.now() - deadline).num_seconds());
    assert_eq!(answer["batchItemFailures"].as_array().unwrap().len(), 1, "it comes again");
    assert!(process.failures().await.is_empty());
}

#[tokio::test]
async fn a_poll_of_slow_pages_ends_in_time_and_comes_further() {
    let house = House::new(1);
    house.vendors.wangdian.generate_trades(
        900,
        house.minutes_ago(50),
        house.minutes_ago(5),
        TradeMix::default(),
    );
    house.vendors.wangdian.faults.set_rates(FaultRates::none().with(Fault::Slow(A_CALL), 1_000));
    for runs in 0.. {
        assert!(runs < 30, "it comes no further");
        let deadline = house.now() + Duration::from_secs(120);
        let report = house.start().poller.poll_all(house.within(deadline), &|_| {}).await.remove(0);
        assert_eq!(report.error, None);
        assert!(house.now() < deadline + Duration::from_secs(30), "{report:?}");
        if report.caught_up {
            break;
        }
    }
    let process = house.start();
    process.drain().await;
    let creates = house.creates_of_audited();
    assert!(creates.len() == 900 && creates.values().all(|count| *count == 1));
}
