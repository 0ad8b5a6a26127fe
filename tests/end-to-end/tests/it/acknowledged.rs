//! A row whose acknowledgement is refused is told, and blocks nothing.

use serde_json::json;

use crate::house::{House, object};
use crate::process::{SHIPPING, outcomes};

#[tokio::test]
async fn a_refused_acknowledgement_is_a_failure_until_it_is_taken() {
    let (house, process) = House::running(1);
    let wangdian = &house.vendors.wangdian;
    let add = |n: u32| {
        wangdian.add_shipment(object(json!({"tid": format!("T{n}"), "logistics_no": format!("SF{n}")})))
    };
    let (refused, taken) = (add(1), add(2));
    wangdian.refuse_acknowledgement(refused, Some("物流单已作废"));
    process.sync().await;
    assert_eq!(outcomes(&process.drain().await), ["failed", "delivered"]);
    assert_eq!(wangdian.waiting_shipments(), [refused], "the other one is acknowledged");
    assert!(wangdian.logistics_acks().contains_key(&taken));
    let entry = process.failures().await.remove(0);
    let failed = entry.failed.unwrap();
    assert_eq!((failed.class.code(), entry.id.key.as_str()), ("acknowledgement", &*refused.to_string()));
    assert!(
        failed.message.contains("物流单已作废") && failed.message.contains("by hand"),
        "{}",
        failed.message
    );
    assert!(entry.delivered.is_some(), "the target has it");

    // It stays in the pool and comes again, with others that are worked as ever; it is not sent again.
    add(3);
    house.clock.advance(std::time::Duration::from_secs(600));
    process.sync().await;
    assert_eq!(outcomes(&process.drain().await), ["failed", "delivered"]);
    let records = house.vendors.sharecrm.records();
    let pushes = |id: u64| records[&("erpShipmentObj".to_owned(), id.to_string())].history.len();
    assert_eq!(pushes(refused), 1);

    wangdian.refuse_acknowledgement(refused, None);
    house.clock.advance(std::time::Duration::from_secs(600));
    process.sync().await;
    process.drain().await;
    assert!(wangdian.waiting_shipments().is_empty());
    assert!(process.failures().await.is_empty(), "what was refused and is taken now is no failure");
    assert!(process.entry(SHIPPING, &refused.to_string()).await.unwrap().delivered.is_some());
}

/// A pull gives a hundred rows at most, and the same ones until they are acknowledged.
#[tokio::test]
async fn a_hundred_refused_acknowledgements_keep_no_other_row_in_the_pool() {
    let (house, process) = House::running(1);
    let wangdian = &house.vendors.wangdian;
    let add = |n: u32, shop: &str| {
        let row = json!({"tid": format!("T{n}"), "logistics_no": format!("SF{n}"), "shop_no": shop});
        wangdian.add_shipment(object(row))
    };
    for n in 0..100 {
        wangdian.refuse_acknowledgement(add(n, "S001"), Some("物流单已作废"));
    }
    process.sync().await;
    process.drain().await;
    assert_eq!(process.failures().await.len(), 100);
    for shop in ["S001", "S002"] {
        wangdian.put_row(
            "shop",
            &["shop_no"],
            object(json!({"shop_no": shop, "modified": "2026-11-22 11:00:00"})),
        );
    }
    let behind = add(100, "S002");
    house.clock.advance(std::time::Duration::from_secs(600));
    process.sync().await;
    process.drain().await;
    assert!(wangdian.logistics_acks().contains_key(&behind), "what stands behind them is reached");
    assert_eq!(wangdian.waiting_shipments().len(), 100);
}

/// Nobody would acknowledge it otherwise: it never comes to the pusher.
#[tokio::test]
async fn a_row_that_no_message_can_carry_is_kept_and_released() {
    let (house, process) = House::running(1);
    let deep = (0..110).fold(json!(1), |inner, _| json!([inner]));
    let row = json!({"tid": "T1", "logistics_no": "SF1", "remark": deep});
    let rec_id = house.vendors.wangdian.add_shipment(object(row));
    process.sync().await;
    let failed = process.failures().await.remove(0).failed.unwrap();
    assert_eq!(failed.class, "too deep");
    let acks = house.vendors.wangdian.logistics_acks();
    assert!(acks[&rec_id].status == 1 && acks[&rec_id].message.contains("relay failures"), "{acks:?}");
    process.sync().await;
    assert_eq!(process.failures().await.len(), 1);
}
