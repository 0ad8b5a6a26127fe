use local_aws::on_the_stack;
use rust_decimal::Decimal;
use serde_json::{Map, json};

#[test]
#[ignore = "needs the local AWS: tests/local-aws/run"]
fn pools_are_delivered_and_then_acknowledged() {
    on_the_stack(async |stack| {
        let wangdian = &stack.vendors.wangdian;
        let mut shipments = Vec::new();
        for place in 0..15_u32 {
            wangdian.change_stock("S001", "G1", &format!("G1-{place}"), Decimal::from(place));
            let (tid, number) = (json!(format!("T{place}")), json!(format!("SF{place}")));
            let row = Map::from_iter([("tid".to_owned(), tid), ("logistics_no".to_owned(), number)]);
            shipments.push(wangdian.add_shipment(row));
        }
        let pulled = stack.invoke("StockSyncer", &json!({})).await.unwrap();
        assert!(!pulled.failed, "{}", pulled.payload);
        stack.until_quiet().await.unwrap();

        let records = stack.vendors.sharecrm.records();
        let stock = wangdian.stock();
        assert!(stock.len() >= 15);
        for row in &stock {
            assert_eq!(row.acknowledged_count, row.stock_change_count, "{row:?}");
            let record = &records[&("erpStockObj".to_owned(), row.rec_id.to_string())];
            assert_eq!(record.history.len(), 1);
        }
        let acks = wangdian.logistics_acks();
        assert!(shipments.iter().all(|rec_id| acks[rec_id].status == 0), "{acks:?}");
        assert!(wangdian.waiting_shipments().is_empty());
    });
}

#[test]
#[ignore = "needs the local AWS: tests/local-aws/run"]
fn what_is_behind_the_quota_of_a_target_goes_back_to_its_queue_until_its_turn() {
    on_the_stack(async |stack| {
        let wangdian = &stack.vendors.wangdian;
        let above = stack.vendors.refused_for_quota();
        // ShareCRM takes 80 in twenty seconds.
        let numbers: Vec<_> = (0..130_u32).map(|place| format!("G2-{place}")).collect();
        for (place, number) in (0..).zip(&numbers) {
            wangdian.change_stock("S001", "G2", number, Decimal::from(place));
        }
        let is_done = || wangdian.stock().iter().all(|row| row.acknowledged_count == row.stock_change_count);
        while !is_done() {
            let pulled = stack.invoke("StockSyncer", &json!({})).await.unwrap();
            assert!(!pulled.failed, "{}", pulled.payload);
            stack.until_quiet().await.unwrap();
        }
        let records = stack.vendors.sharecrm.records();
        let ours = wangdian.stock().into_iter().filter(|row| numbers.contains(&row.spec_no));
        let delivered =
            ours.map(|row| records[&("erpStockObj".to_owned(), row.rec_id.to_string())].history.len());
        assert_eq!(delivered.collect::<Vec<_>>(), vec![1; numbers.len()]);
        assert_eq!(stack.vendors.refused_for_quota(), above, "no call was above a limit");
        let told = stack.log("ErpPusher").await.unwrap();
        assert!(told.iter().any(|line| line.contains("they come again when it is their turn")));
    });
}
