//! Pulling from the pools and acknowledging.

use relay_connector::{Class, Failure, Pools as _, Query, TransportError, Unacknowledged, Verdict};
use relay_core::clock::Deadline;
use relay_wangdian::Route;
use serde_json::{Value, json};

use crate::support::{Bench, answer, params, payload, query};

fn stock() -> Query {
    query("wangdian.api_goods_stock_change_query", Route::Direct, vec![])
}

fn logistics() -> Query {
    query("wangdian.logistics_sync_query", Route::Direct, vec![])
}

fn sent(bench: &Bench, call: usize, field: &str) -> Value {
    serde_json::from_str(&bench.forms()[call][field]).unwrap()
}

/// Rows of the logistics pool with these ids.
fn rows(ids: impl IntoIterator<Item = u32>) -> Vec<Value> {
    ids.into_iter().map(|id| json!({"rec_id": id})).collect()
}

/// Tells a pool that the target has these rows.
async fn acknowledge(bench: &Bench, pool: &Query, rows: &[Value]) -> Result<Vec<Unacknowledged>, Failure> {
    let done: Vec<(&Value, Verdict)> = rows.iter().map(|row| (row, Ok(()))).collect();
    bench.client.acknowledge(pool, &done, Deadline::NONE).await
}

fn refused(place: usize, reason: &str) -> Unacknowledged {
    Unacknowledged { place, reason: reason.to_owned(), class: Class::Refused }
}

#[tokio::test]
async fn a_pull_always_says_its_limit_and_never_a_page() {
    for (fixed, limit) in [(None, "100"), (Some("20"), "20"), (Some("500"), "100"), (Some(""), "100")] {
        let bench = Bench::new(vec![payload("ack/stock_changes.json")]);
        let params = fixed.map_or(vec![], |limit| params(&[("limit", limit), ("shop_no", "S1")]));
        let rows = bench.client.pull(&Query { params, ..stock() }, Deadline::NONE).await.unwrap();
        assert_eq!(rows.len(), 2);
        assert_eq!(bench.forms()[0]["limit"], limit);
        assert!(!bench.forms()[0].contains_key("page_no"));
    }
}

#[tokio::test]
async fn a_pool_is_divided_by_shops() {
    let bench = Bench::new(vec![
        payload("direct/shops.json"),
        payload("direct/shops_page_1.json"),
        payload("ack/stock_changes.json"),
    ]);
    let pool = Query { params: params(&[("limit", "20")]), ..stock() };
    let parts = bench.client.divided(&pool, Deadline::NONE).await.unwrap();
    let of = |shop| Query { params: params(&[("limit", "20"), ("shop_no", shop)]), ..stock() };
    assert_eq!(parts, ["S1", "S2", "S3"].map(of));
    assert!(bench.requests()[0].url.path().ends_with("/shop.php"));

    bench.client.pull(&parts[2], Deadline::NONE).await.unwrap();
    assert_eq!(bench.forms()[2]["shop_no"], "S3");
}

#[tokio::test]
async fn the_shops_are_asked_for_over_the_pools_route() {
    let shops = answer(200, r#"{"response": {"flag": "success", "shoplist": [{"shop_no": "S1"}]}}"#);
    let bench = Bench::new(vec![shops]);
    let pool = query("wangdian.logistics_sync_query", Route::Qimen, vec![]);
    let parts = bench.client.divided(&pool, Deadline::NONE).await.unwrap();
    assert_eq!(parts, [Query { params: params(&[("shop_no", "S1")]), ..pool }]);
    assert!(bench.requests()[0].url.query().unwrap().contains("wdt.shop.query"));
}

#[tokio::test]
async fn a_pool_of_one_shop_cannot_be_divided() {
    let bench = Bench::new(vec![]);
    let pool = Query { params: params(&[("shop_no", "S1")]), ..stock() };
    assert_eq!(bench.client.divided(&pool, Deadline::NONE).await, Ok(vec![]));
}

#[tokio::test]
async fn a_stock_acknowledgement_echoes_the_values_as_they_came() {
    let bench = Bench::new(vec![payload("ack/stock_changes.json"), payload("ack/all_good.json")]);
    let rows = bench.client.pull(&stock(), Deadline::NONE).await.unwrap();
    assert_eq!(acknowledge(&bench, &stock(), &rows).await, Ok(vec![]));
    assert_eq!(
        bench.forms()[1]["stock_sync_list"],
        r#"[{"rec_id":1,"sync_stock":"100.0000","stock_change_count":5634245},{"rec_id":"2","sync_stock":7.50,"stock_change_count":"12"}]"#
    );
    assert!(bench.requests()[1].url.path().ends_with("/api_goods_stock_change_ack.php"));
}

#[tokio::test]
async fn a_refused_shipment_tells_the_erp_why() {
    let bench = Bench::new(vec![payload("ack/all_good.json")]);
    let (there, row) = (json!({"rec_id": 30}), json!({"rec_id": "31"}));
    let reason = "拒".repeat(300) + "😀";
    let verdicts = [(&there, Ok(())), (&row, Err(reason)), (&row, Err("好😀".to_owned()))];
    let pool = query("wangdian.logistics_sync_query", Route::Qimen, vec![]);
    bench.client.acknowledge(&pool, &verdicts, Deadline::NONE).await.unwrap();
    assert!(bench.requests()[0].url.query().unwrap().contains("wdt.logistics.sync.ack"));
    let list = sent(&bench, 0, "logistics_list");
    assert_eq!((&list[0]["rec_id"], &list[0]["status"]), (&json!(30), &json!(0)));
    assert_eq!((&list[1]["rec_id"], &list[1]["status"]), (&json!("31"), &json!(1)));
    assert_eq!(list[1]["message"].as_str().unwrap().chars().count(), 255);
    assert_eq!(list[2]["message"], "好");
}

#[tokio::test]
async fn more_than_fifty_are_acknowledged_in_several_calls() {
    let good = || payload("ack/all_good.json");
    let bench = Bench::new(vec![good(), good(), good()]);
    acknowledge(&bench, &logistics(), &rows(0..101)).await.unwrap();
    let sizes = [0, 1, 2].map(|call| sent(&bench, call, "logistics_list").as_array().unwrap().len());
    assert_eq!(sizes, [50, 50, 1]);
}

#[tokio::test]
async fn a_row_acknowledged_before_is_no_refusal() {
    let bench = Bench::new(vec![payload("ack/part_failed.json")]);
    let refusals = acknowledge(&bench, &logistics(), &rows([3, 1, 2])).await;
    assert_eq!(refusals, Ok(vec![refused(2, "记录不存在")]));
}

#[tokio::test]
async fn nothing_to_acknowledge_makes_no_call() {
    assert_eq!(acknowledge(&Bench::new(vec![]), &stock(), &[]).await, Ok(vec![]));
}

#[tokio::test]
async fn what_is_no_pool_is_neither_pulled_nor_divided_nor_acknowledged() {
    let bench = Bench::new(vec![]);
    let trades = query("wangdian.trade_query", Route::Direct, vec![]);
    let failures = [
        bench.client.pull(&trades, Deadline::NONE).await.unwrap_err(),
        bench.client.divided(&trades, Deadline::NONE).await.unwrap_err(),
        acknowledge(&bench, &trades, &rows([1])).await.unwrap_err(),
    ];
    assert!(failures.iter().all(|failure| failure.class == Class::Refused), "{failures:?}");
}

#[tokio::test]
async fn a_row_that_cannot_be_echoed_names_the_field_it_lacks_and_keeps_no_other_back() {
    let whole = json!({"rec_id": 9, "sync_stock": 1, "stock_change_count": 2});
    for (pool, lacking, field) in [
        (stock(), json!({"sync_stock": 1, "stock_change_count": 2}), "rec_id"),
        (stock(), json!({"rec_id": 1, "sync_stock": 1, "stock_change_count": null}), "stock_change_count"),
        (logistics(), json!({"rec_id": ""}), "rec_id"),
    ] {
        let bench = Bench::new(vec![payload("ack/all_good.json")]);
        let refusals = acknowledge(&bench, &pool, &[whole.clone(), lacking]).await.unwrap();
        let [Unacknowledged { place: 1, reason, class: Class::Refused }] = refusals.as_slice() else {
            panic!("{refusals:?}")
        };
        assert!(reason.contains(&format!("`{field}`")), "{reason}");
        assert_eq!(bench.requests().len(), 1);
    }
}

#[tokio::test]
async fn of_a_call_refused_as_a_whole_each_row_is_tried_alone() {
    let bad = || answer(200, r#"{"code": 1, "message": "记录不存在"}"#);
    let good = || payload("ack/all_good.json");
    let bench = Bench::new(vec![bad(), good(), bad(), good()]);
    let refusals = acknowledge(&bench, &logistics(), &rows([1, 2, 3])).await;
    assert_eq!(refusals, Ok(vec![refused(1, "记录不存在")]));

    let bench = Bench::new(vec![bad()]);
    let refusals = acknowledge(&bench, &logistics(), &rows([1])).await;
    assert_eq!(refusals, Ok(vec![refused(0, "记录不存在")]), "the only row is not tried twice");
}

#[tokio::test]
async fn a_refusal_that_names_no_row_speaks_of_the_only_one() {
    let nameless = || answer(200, r#"{"code": 0, "errors": [{"error": "记录不存在"}]}"#);
    let refusals = acknowledge(&Bench::new(vec![nameless()]), &logistics(), &rows([1])).await;
    assert_eq!(refusals, Ok(vec![refused(0, "记录不存在")]));
    assert_eq!(acknowledge(&Bench::new(vec![nameless()]), &logistics(), &rows([1, 2])).await, Ok(vec![]));
}

#[tokio::test]
async fn a_lost_answer_leaves_all_rows_to_be_acknowledged_again() {
    let bench = Bench::new(vec![Err(TransportError::Lost("reset".to_owned()))]);
    let failure = acknowledge(&bench, &logistics(), &rows([1, 2])).await.unwrap_err();
    assert_eq!(failure.class, Class::Unknown);
    assert_eq!(bench.requests().len(), 1);
}
