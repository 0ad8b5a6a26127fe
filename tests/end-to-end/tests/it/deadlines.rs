//! A document whose codes nobody has asked for yet takes longer than an invocation may.

use std::time::Duration;

use chrono::{DateTime, Utc};
use erp_pusher::ErpPusher;
use pipeline::System;
use serde_json::{Value, json};
use wiring::Function as _;

use crate::house::{House, object};
use crate::outages::record;
use crate::process::{Process, TRADES};

/// What Lambda gives the pusher, less the time of one call.
const A_TURN: Duration = Duration::from_secs(85);

const CODES: usize = 80;

/// A trade of so many goods that Kingdee knows, or not.
async fn long_trade(known: bool) -> (House, Process) {
    let house = House::new(1).with("KINGDEE_CALLS_PER_MINUTE", "30");
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
    let pusher = ErpPusher::wire(&process.wiring).unwrap();
    let queue = &process.wiring.stores.queue;
    let mut turns = Vec::new();
    while process.waiting().await > 0 {
        assert!(turns.len() < 20, "no end in sight");
        let messages = queue.receive(System::Kingdee, 10, Duration::from_secs(720)).await.unwrap();
        let deadline = house.now() + A_TURN;
        let records: Vec<Value> = messages.iter().map(record).collect();
        let answer = pusher.invoke(json!({ "Records": records }), house.within(deadline)).await.unwrap();
        turns.push((house.now(), deadline));
        if answer["batchItemFailures"].as_array().unwrap().is_empty() {
            let done: Vec<_> = messages.into_iter().map(|message| message.receipt).collect();
            queue.delete(System::Kingdee, &done).await.unwrap();
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
    assert_eq!(asked, CODES as u64, "none is asked for twice");
}

/// Also where the target knows none of them: what it does not know is not stored.
#[tokio::test]
async fn codes_that_nobody_knows_come_to_an_end_too() {
    let (house, process) = long_trade(false).await;
    check_turns(&invoked(&house, &process).await);
    let failed = process.entry(TRADES, "JY-LONG").await.unwrap().failed.unwrap();
    assert_eq!((failed.class.as_str(), failed.attempts), ("mapping", 1));
    assert!(failed.message.contains("NEW-00") && failed.message.contains("NEW-79"), "{}", failed.message);

    let unit = house.vendors.kingdee.add_unit("U98", "条");
    house.vendors.kingdee.add_material("NEW-00", "新品", &[&unit]);
    let entry = process.entry(TRADES, "JY-LONG").await.unwrap();
    process.replay(entry).await;
    process.drain().await;
    let failed = process.entry(TRADES, "JY-LONG").await.unwrap().failed.unwrap();
    assert!(!failed.message.contains("NEW-00"), "a code that is there by now is found: {}", failed.message);
}
