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
