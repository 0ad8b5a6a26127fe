//! Documents under a number, and the queries that show them.

use relay_simulators::Fault;
use relay_simulators::wangdian::example;
use serde_json::{Value, json};

use crate::bench::{Bench, object, rows, text};

async fn push(bench: &Bench, endpoint: &str, field: &str, body: &Value) -> Value {
    bench.direct(endpoint, &[(field, &body.to_string())]).await
}

fn transfer(outer_no: &str) -> Value {
    json!({"outer_no": outer_no, "from_warehouse_no": "W1", "to_warehouse_no": "W2", "skus": [{"spec_no": "A", "num": "1"}]})
}

#[tokio::test]
async fn a_number_is_taken_once_and_without_one_each_push_makes_another() {
    let bench = Bench::new();
    let answer = push(&bench, "stock_transfer_push", "transfer_info", &transfer("DB-1")).await;
    assert_eq!([text(&answer["code"]), text(&answer["transfer_no"])], ["0", "TF000001"]);
    let answer = push(&bench, "stock_transfer_push", "transfer_info", &transfer("DB-1")).await;
    assert!(text(&answer["message"]).contains("重复"), "{answer}");
    for _ in 0..2 {
        push(&bench, "stock_transfer_push", "transfer_info", &transfer("")).await;
    }
    let made = bench.vendors.wangdian.pushed_documents("stock_transfer_push");
    let numbers: Vec<_> = made.iter().map(|each| each.number.as_deref()).collect();
    assert_eq!(numbers, [Some("DB-1"), None, None]);
}

#[tokio::test]
async fn a_vendor_that_does_not_heed_the_number_makes_two() {
    let bench = Bench::new();
    push(&bench, "stock_transfer_push", "transfer_info", &transfer("DB-1")).await;
    bench.vendors.wangdian.faults.inject(Fault::DoublesNumbers);
    push(&bench, "stock_transfer_push", "transfer_info", &transfer("DB-1")).await;
    assert_eq!(bench.vendors.wangdian.pushed_documents("stock_transfer_push").len(), 2);
}

#[tokio::test]
async fn what_was_made_behind_a_lost_answer_is_shown_by_its_number() {
    for (endpoint, field, query, param, id, more) in [
        (
            "stock_transfer_push",
            "transfer_info",
            "stock_transfer_query",
            "api_outer_no",
            "transfer_no",
            &[][..],
        ),
        ("purchase_order_push", "purchase_info", "purchase_order_query", "outer_no", "purchase_no", &[]),
        (
            "stockin_order_push",
            "stockin_info",
            "stockin_order_query",
            "outer_no",
            "order_no",
            &[("order_type", "6"), ("status", "30")],
        ),
        (
            "stockout_order_push",
            "stockout_info",
            "stockout_order_query",
            "outer_no",
            "order_no",
            &[("status", "50")],
        ),
    ] {
        let bench = Bench::new();
        bench.vendors.wangdian.faults.inject_for(endpoint, Fault::LostAnswer);
        let mut body = example(endpoint, "N-1").unwrap();
        body["is_check"] = json!(0);
        if endpoint == "stock_transfer_push" {
            body.as_object_mut().unwrap().remove("is_check");
        }
        let body = body.to_string();
        let lost = bench.send(bench.direct_request(endpoint, &[(field, &body)])).await;
        assert!(lost.is_err(), "{endpoint}");
        let made = bench.vendors.wangdian.pushed_documents(endpoint);
        let asked = [&[(param, "N-1")], more].concat();
        let answer = bench.direct(query, &asked).await;
        assert_eq!(text(&rows(&answer, &list(&answer))[0][id]), made[0].id, "{query}");
        let other = bench.direct(query, &[&[(param, "N-2")], more].concat()).await;
        assert_eq!(text(&other["total_count"]), "0", "{query}");
    }
}

#[tokio::test]
async fn stock_documents_that_are_not_done_are_shown_only_by_their_status() {
    let bench = Bench::new();
    let mut stockin = example("stockin_order_push", "N-1").unwrap();
    stockin["is_check"] = json!(0);
    push(&bench, "stockin_order_push", "stockin_info", &stockin).await;
    let count = async |params: &[(&str, &str)]| {
        text(&bench.direct("stockin_order_query", params).await["total_count"]).to_owned()
    };
    assert_eq!(count(&[("outer_no", "N-1")]).await, "0");
    assert_eq!(count(&[("outer_no", "N-1"), ("order_type", "6"), ("status", "30")]).await, "1");
    let refused = bench.direct("stockin_order_query", &[("outer_no", "N-1"), ("status", "30")]).await;
    assert!(text(&refused["message"]).contains("order_type"), "{refused}");
}

#[tokio::test]
async fn a_refund_pushed_again_takes_the_place_of_the_first() {
    let bench = Bench::new();
    for fee in ["1", "2"] {
        let mut refund = example("sales_refund_push", "R1").unwrap();
        refund["refund_fee"] = json!(fee);
        push(&bench, "sales_refund_push", "api_refund_list", &json!([refund])).await;
    }
    let made = bench.vendors.wangdian.pushed_documents("sales_refund_push");
    assert_eq!((made.len(), made[0].pushes, &made[0].body["refund_fee"]), (1, 2, &json!("2")));
}

#[tokio::test]
async fn parameters_turn_a_window_to_another_time() {
    let bench = Bench::new();
    let refund = object(&json!({"refund_no": "TK1", "created": "2026-11-01 00:00:00"}).to_string());
    bench.vendors.wangdian.put_row("refund_query", &["refund_no"], refund);
    let today = [("start_time", "2026-11-22 00:00:00"), ("end_time", "2026-11-22 23:59:59")];
    for (time_type, shown) in [("0", "1"), ("1", "0"), ("2", "0")] {
        let answer = bench.direct("refund_query", &[&today[..], &[("time_type", time_type)]].concat()).await;
        assert_eq!(text(&answer["total_count"]), shown, "time_type {time_type}");
    }
}

/// The name of the one list of an answer.
fn list(answer: &Value) -> String {
    let mut lists = answer.as_object().unwrap().iter().filter(|(_, value)| value.is_array());
    lists.next().unwrap().0.clone()
}
