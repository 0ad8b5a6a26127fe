use relay_core::Outcome;
use relay_erp_pusher::Turn;
use relay_simulators::qince::Story;
use relay_simulators::wangdian::TradeMix;
use rust_decimal::Decimal;
use serde_json::json;

use crate::house::{House, object};
use crate::process::{SHIPPING, STOCK, count, outcomes};

#[tokio::test]
async fn every_audited_trade_becomes_one_order() {
    let house = House::new(1);
    let mix = TradeMix { taobao_per_mille: 300, jd_per_mille: 200, unaudited_per_mille: 200 };
    house.vendors.wangdian.generate_trades(250, house.minutes_ago(50), house.minutes_ago(5), mix);
    let process = house.start();

    let report = process.poll().await;
    assert_eq!((report.error, report.caught_up), (None, true));
    let turns = process.drain().await;

    let creates = house.creates_of_audited();
    assert!(creates.len() > 150 && creates.values().all(|count| *count == 1), "{creates:?}");
    assert_eq!(house.vendors.kingdee.creates().len(), creates.len(), "and nothing else");
    assert_eq!(count(&turns, "delivered"), turns.len());
    assert_eq!(process.waiting().await, 0);
}

#[tokio::test]
async fn a_second_poll_brings_nothing_new() {
    let house = House::new(2);
    house.vendors.wangdian.generate_trades(
        20,
        house.minutes_ago(10),
        house.minutes_ago(1),
        TradeMix::default(),
    );
    let process = house.start();
    process.poll().await;
    process.drain().await;
    // Longer than the queue remembers what it was sent, and the overlap is read again.
    house.clock.advance(std::time::Duration::from_secs(600));

    assert!(process.poll().await.queued > 0);
    let turns = process.drain().await;
    // WDT writes the same numbers now as text and now as numbers, so a row may look new until it is mapped.
    let nothing_sent = |turn: &Turn| matches!(turn.outcome, Outcome::Skipped(_) | Outcome::Unchanged);
    assert!(turns.iter().all(nothing_sent), "{turns:?}");
    assert!(house.creates_of_audited().values().all(|count| *count == 1));
}

#[tokio::test]
async fn a_direct_order_reaches_crm_and_erp() {
    let house = House::new(3);
    let process = house.start();
    let order = house.vendors.qince.order(house.minutes_ago(1));
    let id = order["id"].as_str().unwrap();
    for push in house.vendors.qince.tell(Story::Once, &order) {
        assert!(process.post(&push).await);
    }
    assert_eq!(outcomes(&process.drain().await), ["delivered", "delivered"]);

    let records = house.vendors.sharecrm.records();
    let record = &records[&("erpSalesOrderObj".to_owned(), id.to_owned())];
    assert_eq!(record.history.len(), 1);
    assert_eq!(record.current().unwrap()["masterFieldVal"]["receive_addr"], order["receive_addr"]);
    let pushed = &house.vendors.wangdian.pushed_orders()[id];
    assert_eq!((pushed.creates, pushed.updates, pushed.repeats), (1, 0, 0));
}

#[tokio::test]
async fn pools_are_delivered_and_then_acknowledged() {
    let house = House::new(4);
    let wangdian = &house.vendors.wangdian;
    for place in 0..120_u32 {
        wangdian.change_stock("S001", "G1", &format!("G1-{place}"), Decimal::from(place));
        wangdian
            .add_shipment(object(json!({"tid": format!("T{place}"), "logistics_no": format!("SF{place}")})));
    }
    let process = house.start();
    // A pool shows a hundred rows at a time, so it takes a second turn.
    for _ in 0..2 {
        for report in process.sync().await {
            assert_eq!(report.error, None);
        }
        process.drain().await;
    }

    let stock = wangdian.stock();
    assert!(stock.iter().all(|row| row.acknowledged_count == row.stock_change_count), "{stock:?}");
    let records = house.vendors.sharecrm.records();
    for row in &stock {
        let record = &records[&("erpStockObj".to_owned(), row.rec_id.to_string())];
        assert_eq!(
            record.current().unwrap()["masterFieldVal"]["sync_stock"],
            json!(row.sync_stock.to_string())
        );
        assert_eq!(record.history.len(), 1);
    }
    let acks = wangdian.logistics_acks();
    assert_eq!(acks.len(), 120);
    assert!(acks.values().all(|ack| ack.status == 0), "{acks:?}");
    assert_eq!(records.len(), 240);
    for flow in [STOCK, SHIPPING] {
        let counts = process.wiring.stores.ledger.counts().await.unwrap();
        assert_eq!((counts.delivered.unwrap()[flow], counts.failed[flow]), (120, 0), "{flow}");
    }
}
