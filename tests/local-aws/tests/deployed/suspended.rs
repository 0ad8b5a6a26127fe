//! A worker that was suspended beyond its messages' time in flight. On Lambda that time outlasts the function, so the
//! worker is a `relay drain` on the stack's queues, and the stack's pusher works them meanwhile.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use chrono::TimeDelta;
use local_aws::stack::{TRADES, minutes_ago};
use local_aws::{Stack, again_and_again, in_lots};
use relay_core::clock::{Clock as _, SystemClock};
use relay_core::{System, WorkItem};
use relay_simulators::Fault;
use serde_json::json;

use crate::histories::{ORDERS_TO_CRM, failures, id, push, remarks};

/// Longer than messages that `relay drain` receives stay in flight.
const LAPSED: Duration = Duration::from_secs(150);

/// For so long the vendors keep the requests of the one that is suspended, and less than an answer is waited for.
const UNDER_WAY: Duration = Duration::from_secs(25);

/// With the time before it, longer than a worker holds its messages without keeping them there.
const KEPT: Duration = Duration::from_secs(28);

#[test]
#[ignore = "needs the local AWS: tests/local-aws/run"]
fn what_a_suspended_worker_had_under_way_is_told_where_it_came_too_late() {
    again_and_again(&async |stack: &Stack| {
        let (sharecrm, kingdee) = (&stack.vendors.sharecrm, &stack.vendors.kingdee);
        kingdee.set_refuses_duplicates(false);
        set_flowing(stack, false).await;
        let older = stack.vendors.qince.order(minutes_ago(10));
        let newer = stack.vendors.qince.changed(&older, TimeDelta::seconds(5), "CG_FHZ");
        let id = id(&older);
        push(stack, &older).await;
        let trade = hand_over_trade(stack, 1).await;
        sharecrm.faults.inject_for("push", Fault::Slow(UNDER_WAY));
        kingdee.faults.inject_for("sal_order_save", Fault::Slow(UNDER_WAY));
        let pushes = || sharecrm.calls().get("push").copied().unwrap_or(0);
        let before = (pushes() + 1, stack.kingdee_calls("sal_order_save") + 1);
        let drain = stack.relay(&["drain"]).unwrap();
        let both = async || (pushes(), stack.kingdee_calls("sal_order_save")) == before;
        stack.until("both documents are under way", both).await.unwrap();
        drain.suspend().unwrap();
        // A receive that it had under way is over, and takes nothing of what comes now.
        SystemClock.sleep(Duration::from_secs(2)).await;

        push(stack, &newer).await;
        stack.move_clock(LAPSED).unwrap();
        set_flowing(stack, true).await;
        stack.until_quiet().await.unwrap();
        let sent = |orders: &[&serde_json::Value]| -> Vec<_> {
            orders.iter().map(|order| order["remark"].clone()).collect()
        };
        assert_eq!(remarks(stack, id), sent(&[&older, &newer]), "the stack's pusher works them");
        assert_eq!(kingdee.creates()[&trade], 1);

        drain.wake().unwrap();
        assert_eq!(stack.end_of(drain).await.unwrap(), 1, "something has failed");
        assert_eq!(remarks(stack, id), sent(&[&older, &newer, &older]), "too late to be helped");
        let failed = failures(stack, ORDERS_TO_CRM, id).await;
        assert_eq!((failed.len(), failed[0].class.code()), (1, "crossed"));
        let bills: Vec<_> = kingdee.orders(&trade).into_iter().map(|order| order.id).collect();
        let failed = failures(stack, TRADES, &trade).await;
        assert_eq!((bills.len(), failed.len(), failed[0].class.code()), (2, 1, "crossed"));
        assert!(bills.iter().all(|bill| failed[0].message.contains(bill)), "{}", failed[0].message);

        // Its source hands the newest over once more: what the ledger says of its delivery is not believed.
        push(stack, &newer).await;
        stack.until_quiet().await.unwrap();
        assert_eq!(remarks(stack, id).last(), Some(&newer["remark"]));
        assert_eq!(failures(stack, ORDERS_TO_CRM, id).await, []);
        kingdee.set_refuses_duplicates(true);
    });
}

#[test]
#[ignore = "needs the local AWS: tests/local-aws/run"]
fn a_worker_that_was_suspended_between_two_look_ups_makes_no_second_bill() {
    in_lots(3, &async |stack: &Stack, runs: u32| {
        let kingdee = &stack.vendors.kingdee;
        kingdee.set_refuses_duplicates(false);
        // A list that is too long to be read: each code is asked for by itself.
        for number in 0..10_001 {
            kingdee.add_material(&format!("CROWD-{number:05}"), "旧品", &[]);
        }
        set_flowing(stack, false).await;
        let mut suspended = Vec::new();
        for _ in 0..runs {
            let trade = hand_over_trade(stack, 2).await;
            kingdee.faults.inject_for("material_list", Fault::Slow(Duration::from_secs(2)));
            let before = stack.kingdee_calls("material_list");
            let drain = stack.relay(&["drain"]).unwrap();
            let looks_up = async || stack.kingdee_calls("material_list") > before;
            stack.until("the trade's goods are looked up", looks_up).await.unwrap();
            drain.suspend().unwrap();
            suspended.push((trade, drain));
        }
        stack.move_clock(LAPSED).unwrap();
        set_flowing(stack, true).await;
        stack.until_quiet().await.unwrap();
        for (trade, drain) in &suspended {
            assert_eq!(kingdee.creates()[trade], 1, "the stack's pusher has made it");
            // The second look-up, after which its messages are to be kept once more.
            kingdee.faults.inject_for("material_list", Fault::Slow(KEPT));
            drain.wake().unwrap();
        }
        for (trade, drain) in suspended {
            assert_eq!(stack.end_of(drain).await.unwrap(), 0);
            assert_eq!(kingdee.creates()[&trade], 1);
            let entry = stack.entry(TRADES, &trade).await.unwrap().unwrap();
            assert!(entry.delivered.is_some() && entry.failed.is_none(), "{entry:?}");
        }
        kingdee.set_refuses_duplicates(true);
    });
}

/// Of a receipt that another receive has made worthless the local AWS says what SQS says: it changes nothing.
#[test]
#[ignore = "needs the local AWS: tests/local-aws/run"]
fn a_lapsed_receipt_keeps_no_message() {
    again_and_again(&async |stack: &Stack| {
        let queue = &stack.stores.queue;
        stack.set_flowing(System::new("kingdee"), false).await.unwrap();
        stack.put(System::new("kingdee"), &unique("lapsed"), "{}").await.unwrap();
        let visibility = Duration::from_secs(120);
        let first = queue.receive(System::new("kingdee"), 1, visibility).await.unwrap().remove(0);
        assert!(queue.delay(System::new("kingdee"), &first.receipt, visibility).await.unwrap(), "it is held");
        stack.move_clock(LAPSED).unwrap();
        let second = queue.receive(System::new("kingdee"), 1, visibility).await.unwrap().remove(0);
        assert!(!queue.delay(System::new("kingdee"), &first.receipt, visibility).await.unwrap());
        queue.delete(System::new("kingdee"), &[first.receipt]).await.unwrap();
        assert!(
            queue.delay(System::new("kingdee"), &second.receipt, visibility).await.unwrap(),
            "it is there"
        );
        queue.delete(System::new("kingdee"), &[second.receipt]).await.unwrap();
        stack.set_flowing(System::new("kingdee"), true).await.unwrap();
    });
}

async fn set_flowing(stack: &Stack, flowing: bool) {
    for system in [System::new("kingdee"), System::new("sharecrm")] {
        stack.set_flowing(system, flowing).await.unwrap();
    }
}

/// A trade of goods that were never looked up, in Kingdee's queue.
async fn hand_over_trade(stack: &Stack, goods: u32) -> String {
    let (trade, kingdee) = (unique("JY-ASLEEP"), &stack.vendors.kingdee);
    let line = |_| {
        let good = unique("GOOD");
        let unit = kingdee.add_unit(&unique("U"), &good);
        kingdee.add_material(&good, "新品", &[&unit]);
        json!({ "spec_no": good, "num": "1", "share_price": "2.5", "unit_name": good })
    };
    let lines: Vec<_> = (0..goods).map(line).collect();
    let modified = "2026-11-22 11:30:00";
    let item = WorkItem {
        flow: TRADES.to_owned(),
        key: trade.clone(),
        version: Some(modified.to_owned()),
        version_kind: None,
        document: json!({ "trade_no": trade, "shop_no": "S001", "warehouse_no": "WH01", "trade_status": 55,
                          "trade_time": modified, "modified": modified, "goods_list": lines }),
        acknowledge: false,
        received_at: SystemClock.now(),
        trace: trade.clone(),
        replay: None,
    };
    stack.hand_over(System::new("kingdee"), item).await.unwrap();
    trade
}

fn unique(name: &str) -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    format!("{name}-{}", COUNT.fetch_add(1, Ordering::Relaxed))
}
