use std::time::Duration;

use chrono::TimeDelta;
use local_aws::stack::TRADES;
use local_aws::turns::Invocation;
use local_aws::{Stack, on_the_stack};
use relay_core::System;
use relay_simulators::Fault;

#[test]
#[ignore = "needs the local AWS: tests/local-aws/run"]
fn a_failing_record_alone_is_tried_again() {
    on_the_stack(async |stack| {
        // The local AWS may still have a receive under way when the queue is stopped, which takes the first message alone.
        for _ in 0..3 {
            if failing_in_a_batch(stack).await {
                return;
            }
        }
        panic!("the failing one never came in a batch with others");
    });
}

/// One of eight fails at first; `false` where it came in a batch of its own, which would show nothing.
async fn failing_in_a_batch(stack: &Stack) -> bool {
    // They are to come together.
    stack.set_flowing(System::new("kingdee"), false).await.unwrap();
    let trades = stack.new_trades(8).await.unwrap();
    assert!(stack.poll().await.unwrap() >= 8);
    let before = stack.kingdee_calls("sal_order_save");
    stack.vendors.kingdee.faults.inject_for("sal_order_save", Fault::Status(503));
    stack.set_flowing(System::new("kingdee"), true).await.unwrap();
    let seven = async || stack.creates(&trades).iter().sum::<usize>() == 7;
    stack.until("seven are delivered", seven).await.unwrap();
    // Behind a 503 Kingdee may still be at work: that it shows no such order is believed after a while.
    let missing = trades.iter().find(|trade| stack.creates(&[(*trade).clone()].into())[0] == 0).unwrap();
    let tried = async || {
        let entry = stack.entry(TRADES, missing).await.unwrap();
        entry.is_some_and(|entry| entry.unanswered.is_some())
    };
    stack.until("the eighth has been tried", tried).await.unwrap();
    stack.age(TRADES, missing, TimeDelta::hours(1)).await.unwrap();
    stack.move_clock(Duration::from_secs(120)).unwrap();
    stack.until_quiet().await.unwrap();

    assert!(stack.creates(&trades).iter().all(|count| *count == 1));
    let saves = stack.kingdee_calls("sal_order_save") - before;
    assert_eq!(saves, 8 + 1, "the seven others were sent once");
    // A poll also brings what it read before, once more: that is in the batches as well, and skipped.
    let known = stack.vendors.wangdian.trades().into_iter().map(|trade| trade.trade_no).collect();
    let turns = stack.turns(&known).await.unwrap();
    let with_it: Vec<_> = turns.iter().filter(|batch| batch.contains_key(missing)).collect();
    let [batch, .., again] = &with_it[..] else { return false };
    if batch.len() == 1 {
        return false;
    }
    let once = |outcome: &str| vec![outcome.to_owned()];
    assert_eq!(batch[missing], once("retry"), "{batch:#?}");
    assert_eq!(**again, Invocation::from([(missing.clone(), once("delivered"))]), "it came back alone");
    for other in trades.iter().filter(|trade| *trade != missing) {
        let of_other: Vec<_> = turns.iter().filter_map(|batch| batch.get(other)).collect();
        assert_eq!(of_other, [&once("delivered")], "{other} had one turn");
    }
    true
}
