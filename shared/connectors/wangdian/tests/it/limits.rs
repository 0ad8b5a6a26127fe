//! What the vendor takes of a document: so many lines, at certain hours; and the number that it gives.

use relay_connector::Class;
use relay_core::clock::Clock as _;
use serde_json::{Value, json};

use crate::support::{Bench, payload};

fn count(lines: usize) -> Value {
    let lines: Vec<_> =
        (0..lines).map(|line| json!({"spec_no": format!("S-{line}"), "stock_num": 1})).collect();
    json!({"warehouse_no": "WH01", "api_outer_no": "PD-1", "goods_list": lines})
}

#[tokio::test]
async fn a_count_waits_for_the_evening_without_a_call() {
    // 10:00 in China.
    let bench = Bench::new(vec![payload("push/accepted.json")]);
    let failure = bench.push("wangdian.stock_sync_by_pd", &[], &count(1)).await.unwrap_err();
    let Class::NotYet { after } = failure.class else { panic!("{failure:?}") };
    assert_eq!(after.as_secs(), 10 * 3_600);
    assert!(failure.message.contains("20:00 to 6:00"), "{}", failure.message);
    assert!(bench.requests().is_empty());
    bench.clock.set(bench.clock.now() + after);
    assert_eq!(
        bench.push("wangdian.stock_sync_by_pd", &[], &count(500)).await.unwrap().as_deref(),
        Some("PD-1")
    );
}

#[tokio::test]
async fn a_day_has_so_many_counts_at_whatever_pace() {
    let bench = Bench::new(vec![payload("push/accepted.json"); 2_000]);
    // 20:00 in China.
    bench.clock.set(bench.clock.now() + chrono::TimeDelta::hours(10));
    let began = bench.clock.monotonic();
    let push = async || bench.push("wangdian.stock_sync_by_pd", &[], &count(1)).await;
    let refused = loop {
        match push().await {
            Ok(_) => {}
            Err(failure) => break failure,
        }
    };
    let Class::NotYet { after } = refused.class else { panic!("{refused:?}") };
    assert!(refused.message.contains("2000 calls"), "{}", refused.message);
    assert!((1_990..=2_000).contains(&bench.requests().len()), "{}", bench.requests().len());
    // Until a day after the first of them, which are counted by sixty-fourths of the day.
    let waited = bench.clock.monotonic() - began;
    let until = (waited + after).as_secs();
    assert!((86_300..=86_400 + 86_400 / 64).contains(&until), "{until} s after the first");
    // The account has 50 calls a minute, which is all that they wait for.
    assert!((bench.clock.monotonic() - began).as_secs() < 3_000);
}

#[tokio::test]
async fn a_document_of_too_many_lines_is_refused_without_a_call() {
    let transfer = |lines: usize| {
        let skus: Vec<_> = (0..lines).map(|line| json!({"spec_no": format!("S-{line}"), "num": 1})).collect();
        json!({"outer_no": "DB-1", "skus": skus})
    };
    let bench = Bench::new(vec![payload("push/accepted.json")]);
    for (document, body) in
        [("wangdian.stock_sync_by_pd", count(501)), ("wangdian.stock_transfer_push", transfer(501))]
    {
        let failure = bench.push(document, &[], &body).await.unwrap_err();
        assert_eq!(failure.class, Class::Refused);
        assert!(
            failure.message.contains("501 lines") && failure.message.contains("500"),
            "{}",
            failure.message
        );
    }
    assert!(bench.requests().is_empty());
    bench.push("wangdian.stock_transfer_push", &[], &transfer(500)).await.unwrap();
}

#[tokio::test]
async fn the_number_that_the_vendor_gives_is_kept() {
    let answer = |field: &str| {
        crate::support::answer(200, json!({"code": 0, "message": "ok", field: "V-1"}).to_string())
    };
    for (document, field) in [
        ("wangdian.stock_transfer_push", "transfer_no"),
        ("wangdian.stockin_order_push", "stockin_no"),
        ("wangdian.stockout_order_push", "stockout_no"),
        ("wangdian.stockin_transfer_push", "stockin_no"),
        ("wangdian.stockout_transfer_push", "stockout_no"),
        ("wangdian.stockin_purchase_push", "stockin_no"),
        ("wangdian.stockin_refund_push", "stockin_no"),
        ("wangdian.purchase_order_push", "purchase_no"),
        ("wangdian.purchase_return_push", "return_no"),
        ("wangdian.purchase_return_order_push", "stockout_no"),
    ] {
        let bench = Bench::new(vec![answer(field), payload("push/accepted.json")]);
        let push = async || bench.push(document, &[], &json!({"outer_no": "O-1"})).await.unwrap();
        assert_eq!(push().await.as_deref(), Some("V-1"), "{document}");
        assert_eq!(push().await.as_deref(), Some("O-1"), "{document}: ours where none is told");
    }
}
