use relay_simulators::Fault;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::bench::{Bench, object, rows, text};

const NOT_WAITING: &str = "非待同步状态,不可更新";

async fn stock(bench: &Bench) -> Vec<Value> {
    let answer = bench.direct("api_goods_stock_change_query", &[("shop_no", "S001"), ("limit", "100")]).await;
    let found = rows(&answer, "stock_change_list").to_vec();
    assert_eq!(text(&answer["current_count"]), found.len().to_string());
    found
}

async fn ack_stock(bench: &Bench, row: &Value) -> Value {
    let ack = json!([{
        "rec_id": row["rec_id"],
        "sync_stock": row["sync_stock"],
        "stock_change_count": row["stock_change_count"],
    }]);
    bench.direct("api_goods_stock_change_ack", &[("stock_sync_list", &ack.to_string())]).await
}

async fn shipments(bench: &Bench) -> Vec<Value> {
    rows(&bench.direct("logistics_sync_query", &[("limit", "100")]).await, "trades").to_vec()
}

async fn ack_shipment(bench: &Bench, ack: &Value) -> Value {
    bench.direct("logistics_sync_ack", &[("logistics_list", &ack.to_string())]).await
}

#[tokio::test]
async fn a_stock_change_comes_again_until_it_is_acknowledged() {
    let bench = Bench::new();
    bench.vendors.wangdian.change_stock("S001", "ML-250", "ML-250-24", Decimal::from(12));
    let first = stock(&bench).await;
    assert_eq!(text(&first[0]["sync_stock"]), "12");
    assert_eq!(text(&stock(&bench).await[0]["rec_id"]), text(&first[0]["rec_id"]));
    let answer = ack_stock(&bench, &first[0]).await;
    assert!(text(&answer["code"]) == "0" && rows(&answer, "errors").is_empty(), "{answer}");
    assert!(stock(&bench).await.is_empty());
    let answer = ack_stock(&bench, &first[0]).await;
    assert_eq!(rows(&answer, "errors")[0]["error"], NOT_WAITING);
}

#[tokio::test]
async fn an_acknowledgement_with_an_old_count_does_not_swallow_the_newer_change() {
    let bench = Bench::new();
    bench.vendors.wangdian.change_stock("S001", "ML-250", "ML-250-24", Decimal::from(12));
    let old = stock(&bench).await;
    bench.vendors.wangdian.change_stock("S001", "ML-250", "ML-250-24", Decimal::from(9));
    let answer = ack_stock(&bench, &old[0]).await;
    assert!(rows(&answer, "errors").is_empty(), "{answer}");
    assert_eq!(text(&stock(&bench).await[0]["sync_stock"]), "9");
}

#[tokio::test]
async fn an_acknowledgement_with_other_values_is_not_taken() {
    let bench = Bench::new();
    bench.vendors.wangdian.change_stock("S001", "ML-250", "ML-250-24", Decimal::from(12));
    let mut row = stock(&bench).await.remove(0);
    row["sync_stock"] = json!("13");
    assert_eq!(rows(&ack_stock(&bench, &row).await, "errors").len(), 1);
    assert_eq!(stock(&bench).await.len(), 1);
}

#[tokio::test]
async fn shipments_are_acknowledged_once_with_success_or_failure() {
    let bench = Bench::new();
    let row =
        |tid: &str| object(&json!({"shop_no": "S001", "tid": tid, "logistics_no": "73123"}).to_string());
    let (one, two) =
        (bench.vendors.wangdian.add_shipment(row("A")), bench.vendors.wangdian.add_shipment(row("B")));
    assert_eq!(shipments(&bench).await.len(), 2);
    let ack = json!([{"rec_id": one, "status": 0}, {"rec_id": two, "status": 1, "message": "目标拒绝"}]);
    assert!(rows(&ack_shipment(&bench, &ack).await, "errors").is_empty());
    assert!(shipments(&bench).await.is_empty());
    let acks = bench.vendors.wangdian.logistics_acks();
    assert_eq!((acks[&one].status, acks[&two].status), (0, 1));
    assert_eq!(acks[&two].message, "目标拒绝");
    let answer = ack_shipment(&bench, &json!([{"rec_id": one, "status": 0}])).await;
    assert_eq!(text(&answer["code"]), "0");
    assert_eq!(rows(&answer, "errors")[0]["error"], NOT_WAITING);
}

#[tokio::test]
async fn acknowledgements_outside_the_rules_are_refused() {
    let bench = Bench::new();
    let many: Vec<Value> = (0..51).map(|rec_id| json!({"rec_id": rec_id, "status": 0})).collect();
    let long = "长".repeat(256);
    for (expected, ack) in [
        ("条数", json!([])),
        ("条数", json!(many)),
        ("json格式错误", json!({"rec_id": 1, "status": 0})),
        ("status只能为0或1", json!([{"rec_id": 1, "status": 2}])),
        ("status不能为空", json!([{"rec_id": 1}])),
        ("rec_id不能为空", json!([{"status": 0}])),
        ("message长度", json!([{"rec_id": 1, "status": 1, "message": long}])),
    ] {
        let answer = ack_shipment(&bench, &ack).await;
        assert_ne!(text(&answer["code"]), "0", "{expected}");
        assert!(text(&answer["message"]).contains(expected), "{expected}: {answer}");
    }
}

#[tokio::test]
async fn an_acknowledgement_can_fail_in_part_under_code_zero() {
    let bench = Bench::new();
    let rec_id = bench.vendors.wangdian.add_shipment(object(r#"{"shop_no": "S001"}"#));
    bench.vendors.wangdian.faults.inject_for("logistics_sync_ack", Fault::ErrorsUnderCodeZero);
    let ack = json!([{"rec_id": rec_id, "status": 0}]);
    let answer = ack_shipment(&bench, &ack).await;
    assert!(text(&answer["code"]) == "0" && rows(&answer, "errors").len() == 1, "{answer}");
    assert!(rows(&ack_shipment(&bench, &ack).await, "errors").is_empty());
}
