//! Pulling from the pools and acknowledging.

use relay_connector::Class;
use relay_core::clock::Deadline;
use relay_wangdian::{AckRefusal, Acknowledgement, Endpoint, Route, endpoint};
use serde_json::{Value, json};

use crate::support::{Bench, params, payload};

fn stock() -> &'static Endpoint {
    endpoint("wangdian.api_goods_stock_change_query").unwrap()
}

fn logistics() -> &'static Endpoint {
    endpoint("wangdian.logistics_sync_query").unwrap()
}

fn sent(bench: &Bench, call: usize, field: &str) -> Value {
    serde_json::from_str(&bench.forms()[call][field]).unwrap()
}

#[tokio::test]
async fn a_pull_always_says_its_limit_and_never_a_page() {
    for (fixed, limit) in [(None, "100"), (Some("20"), "20"), (Some("500"), "100"), (Some(""), "100")] {
        let bench = Bench::new(vec![payload("ack/stock_changes.json")]);
        let params = fixed.map_or(vec![], |limit| params(&[("limit", limit), ("shop_no", "S1")]));
        let rows = bench.client.pull(Route::Direct, stock(), &params, Deadline::NONE).await.unwrap();
        assert_eq!(rows.len(), 2);
        assert_eq!(bench.forms()[0]["limit"], limit);
        assert!(!bench.forms()[0].contains_key("page_no"));
    }
}

#[tokio::test]
async fn a_stock_acknowledgement_echoes_the_values_as_they_came() {
    let bench = Bench::new(vec![payload("ack/stock_changes.json"), payload("ack/all_good.json")]);
    let rows = bench.client.pull(Route::Direct, stock(), &[], Deadline::NONE).await.unwrap();
    let of = |row| Acknowledgement::of(stock(), row, Ok(())).unwrap();
    let acknowledgements: Vec<_> = rows.iter().map(of).collect();
    let refusals =
        bench.client.acknowledge(Route::Direct, stock(), &acknowledgements, Deadline::NONE).await.unwrap();
    assert!(refusals.is_empty());
    assert_eq!(
        bench.forms()[1]["stock_sync_list"],
        r#"[{"rec_id":1,"sync_stock":"100.0000","stock_change_count":5634245},{"rec_id":"2","sync_stock":7.50,"stock_change_count":"12"}]"#
    );
    assert!(bench.requests()[1].url.path().ends_with("/api_goods_stock_change_ack.php"));
}

#[tokio::test]
async fn a_refused_shipment_tells_the_erp_why() {
    let bench = Bench::new(vec![payload("ack/all_good.json")]);
    let row = json!({"rec_id": "31"});
    let reason = "拒".repeat(300) + "😀";
    let acknowledgements = [
        Acknowledgement::of(logistics(), &json!({"rec_id": 30}), Ok(())).unwrap(),
        Acknowledgement::of(logistics(), &row, Err(reason)).unwrap(),
        Acknowledgement::of(logistics(), &row, Err("好😀".to_owned())).unwrap(),
    ];
    bench.client.acknowledge(Route::Qimen, logistics(), &acknowledgements, Deadline::NONE).await.unwrap();
    let list = sent(&bench, 0, "logistics_list");
    assert_eq!((&list[0]["rec_id"], &list[0]["status"]), (&json!(30), &json!(0)));
    assert_eq!((&list[1]["rec_id"], &list[1]["status"]), (&json!("31"), &json!(1)));
    assert_eq!(list[1]["message"].as_str().unwrap().chars().count(), 255);
    assert_eq!(list[2]["message"], "好");
}

#[tokio::test]
async fn more_than_fifty_are_acknowledged_in_several_calls() {
    let bench = Bench::new(vec![
        payload("ack/all_good.json"),
        payload("ack/all_good.json"),
        payload("ack/all_good.json"),
    ]);
    let of = |rec_id: u32| Acknowledgement::of(logistics(), &json!({"rec_id": rec_id}), Ok(())).unwrap();
    let acknowledgements: Vec<_> = (0..101).map(of).collect();
    bench.client.acknowledge(Route::Direct, logistics(), &acknowledgements, Deadline::NONE).await.unwrap();
    let sizes = [0, 1, 2].map(|call| sent(&bench, call, "logistics_list").as_array().unwrap().len());
    assert_eq!(sizes, [50, 50, 1]);
}

#[tokio::test]
async fn a_row_acknowledged_before_is_no_refusal() {
    let bench = Bench::new(vec![payload("ack/part_failed.json")]);
    let of = |rec_id: u32| Acknowledgement::of(logistics(), &json!({"rec_id": rec_id}), Ok(())).unwrap();
    let refusals =
        bench.client.acknowledge(Route::Direct, logistics(), &[of(1), of(2)], Deadline::NONE).await.unwrap();
    let expected =
        AckRefusal { rec_id: "2".to_owned(), error: "记录不存在".to_owned(), class: Class::Refused };
    assert_eq!(refusals, [expected]);
}

#[tokio::test]
async fn nothing_to_acknowledge_makes_no_call() {
    let bench = Bench::new(vec![]);
    assert_eq!(bench.client.acknowledge(Route::Direct, stock(), &[], Deadline::NONE).await, Ok(vec![]));
}

#[tokio::test]
async fn an_acknowledgement_of_another_pool_is_not_sent() {
    let bench = Bench::new(vec![]);
    let acknowledgement = Acknowledgement::of(logistics(), &json!({"rec_id": 1}), Ok(())).unwrap();
    let failure = bench
        .client
        .acknowledge(Route::Direct, stock(), &[acknowledgement], Deadline::NONE)
        .await
        .unwrap_err();
    assert_eq!(failure.class, Class::Refused);
}

#[test]
fn a_row_that_cannot_be_echoed_names_the_field_it_lacks() {
    for (pool, row, field) in [
        (stock(), json!({"sync_stock": 1, "stock_change_count": 2}), "rec_id"),
        (stock(), json!({"rec_id": 1, "sync_stock": 1, "stock_change_count": null}), "stock_change_count"),
        (logistics(), json!({"rec_id": ""}), "rec_id"),
    ] {
        let failure = Acknowledgement::of(pool, &row, Ok(())).unwrap_err();
        assert!(failure.message.contains(&format!("`{field}`")), "{failure}");
    }
    let trades = endpoint("wangdian.trade_query").unwrap();
    assert!(Acknowledgement::of(trades, &json!({"rec_id": 1}), Ok(())).is_err());
}
