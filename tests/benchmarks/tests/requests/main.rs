//! What 1,000 polled trades cost in requests, against the budget that a bill follows from.

mod counting;

use std::sync::Arc;

use benchmarks::house::House;
use counting::Counting;
use relay_erp_pusher::worker::Worked;

const TRADES: u32 = 1_000;

/// What grows with the trades, and how much of it 1,000 of them may cost.
const BUDGET: [(&str, u64); 11] = [
    // Ten pages, and page 0 of the window once more, because rows move while it is read.
    ("wangdian calls", 11),
    ("kingdee saves", 1_000),
    ("queue sends", 100),
    // Ten at first, and up to fifty once it is known that the target takes them. The last finds the queue empty.
    ("queue receives", 30),
    ("queue deletes", 29),
    ("ledger reads", 29),
    ("ledger write units", 1_000),
    // Whether the target is paused, before a batch is received; and the watermark.
    ("checkpoint reads", 60),
    // One for each batch.
    ("archive objects", 29),
    // Who waits for a code, once for each that is found; the rest is once.
    ("look-up reads", 100),
    // At least ten calls for each that is given; and as many refusals, which are read and not written.
    ("quota writes", 250),
];

/// Everything else is paid once, however many trades there are.
const ONCE: u64 = 50;

#[tokio::test]
async fn a_thousand_trades_stay_within_the_budget_of_requests() {
    let mut house = House::new().unwrap();
    house.generate_trades(TRADES);
    let counting = Arc::new(Counting::default());
    house.wiring.stores = counting.around(&house.wiring.stores);

    let report = house.poller().unwrap().poll_all(relay_core::clock::Deadline::NONE, &|_| {}).await.remove(0);
    assert_eq!((report.queued, report.windows), (TRADES.into(), 1), "{report:?}");
    let worker = house.kingdee_worker().unwrap();
    while let Worked::Batch(_) = worker.work(&|| true).await.unwrap() {}
    assert_eq!(house.vendors.kingdee.creates().len(), TRADES as usize);

    let mut counted = counting.counted();
    counted.insert("wangdian calls", house.vendors.wangdian.calls()["trade_query"]);
    for (operation, calls) in house.vendors.kingdee.calls() {
        *counted
            .entry(if operation == "sal_order_save" {
                "kingdee saves"
            } else {
                "kingdee look-ups and tokens"
            })
            .or_default() += calls;
    }
    println!("{counted:#?}");
    let budget =
        |what: &str| BUDGET.iter().find(|(known, _)| *known == what).map_or(ONCE, |(_, budget)| *budget);
    let over: Vec<_> = counted.iter().filter(|(what, count)| **count > budget(what)).collect();
    assert!(over.is_empty(), "more requests than budgeted: {over:?}");
}
