//! Trades as no ERP should write them, and messages that are not ours.

use std::sync::Arc;

use async_trait::async_trait;
use relay_connector::{Request, Response, Transport, TransportError};
use relay_core::{Outgoing, System};
use relay_simulators::wangdian::TradeMix;
use serde_json::{Value, json};

use crate::altered::Altered;
use crate::house::House;
use crate::process::{Process, TRADES};

/// Two trades, of which the vendor spoils the first on every page.
async fn spoilt(spoil: fn(&mut Value)) -> (House, Process) {
    let house = House::new(1);
    house.vendors.wangdian.generate_trades(
        2,
        house.minutes_ago(30),
        house.minutes_ago(5),
        TradeMix::default(),
    );
    let answer = move |answer: &mut Value| {
        if let Some(first) = answer.get_mut("trades").and_then(|trades| trades.get_mut(0)) {
            spoil(first);
        }
    };
    let inner = house.vendors.transport();
    let process = house.start_over(Altered { inner, page_size: None, answer: Box::new(answer) });
    let report = process.poll().await;
    assert_eq!((report.error, report.queued), (None, 2));
    process.drain().await;
    assert_eq!(process.waiting().await, 0);
    (house, process)
}

/// The only failure's class and reason; the other trade has arrived.
async fn only_failure(house: &House, process: &Process) -> (String, String) {
    let mut failures = process.failures().await;
    assert_eq!((failures.len(), house.vendors.kingdee.creates().len()), (1, 1), "{failures:?}");
    let failed = failures.remove(0).failed.unwrap();
    (failed.class.to_string(), failed.message)
}

/// What is done to a trade, and what the reason must name.
type Case<'a> = (fn(&mut Value), &'a [&'a str]);

#[tokio::test]
async fn a_trade_that_cannot_be_mapped_fails_alone_and_says_why() {
    let cases: [Case; 8] = [
        (
            |trade| drop(trade.as_object_mut().unwrap().remove("goods_list")),
            &["material_entity", "goods_list"],
        ),
        (|trade| trade["goods_list"] = json!(null), &["material_entity", "goods_list"]),
        (|trade| trade["goods_list"] = json!([]), &["material_entity", "goods_list", "no lines"]),
        (
            |trade| trade["goods_list"][0]["num"] = json!(""),
            &["material_entity[0].qty", "num", "absent or empty"],
        ),
        (|trade| trade["goods_list"][0]["num"] = json!("x"), &["material_entity[0].qty", "num", "\"x\""]),
        (|trade| trade["goods_list"][0] = json!("a line"), &["material_entity[0]"]),
        (|trade| drop(trade.as_object_mut().unwrap().remove("trade_no")), &["trade_no", "absent or empty"]),
        (|trade| *trade = json!("a row"), &["trade_no", "absent or empty"]),
    ];
    for (spoil, parts) in cases {
        let (house, process) = spoilt(spoil).await;
        let (class, reason) = only_failure(&house, &process).await;
        assert_eq!(class, "mapping", "{reason}");
        for part in parts {
            assert!(reason.contains(part), "{part} in {reason}");
        }
        let way_out = ["in the source system", "`filter`"].iter().any(|way_out| reason.contains(way_out));
        assert!(way_out, "no way out in {reason}");
    }
}

#[tokio::test]
async fn zero_dates_fall_back_to_the_next_field_or_fail() {
    let zero = |trade: &mut Value| trade["trade_time"] = json!("0000-00-00 00:00:00");
    let (house, process) = spoilt(zero).await;
    assert!(process.failures().await.is_empty(), "created serves instead");
    assert_eq!(house.vendors.kingdee.creates().len(), 2);

    let both = |trade: &mut Value| {
        trade["trade_time"] = json!("0000-00-00 00:00:00");
        trade["created"] = json!("0000-00-00 00:00:00");
    };
    let (house, process) = spoilt(both).await;
    let (class, reason) = only_failure(&house, &process).await;
    assert!(class == "mapping" && reason.contains("billdate") && reason.contains("trade_time"), "{reason}");
}

#[tokio::test]
async fn a_version_that_is_no_time_fails_with_the_version_named() {
    let (house, process) = spoilt(|trade| trade["modified"] = json!("gestern")).await;
    let (class, reason) = only_failure(&house, &process).await;
    assert!(class == "mapping" && reason.contains("gestern"), "{reason}");
}

#[tokio::test]
async fn a_trade_of_2000_lines_arrives_whole() {
    let (house, process) = spoilt(|trade| {
        let line = trade["goods_list"][0].clone();
        trade["goods_list"] = vec![line; 2_000].into();
    })
    .await;
    assert!(process.failures().await.is_empty());
    let orders: Vec<_> =
        house.creates_of_audited().into_keys().map(|no| house.vendors.kingdee.orders(&no)).collect();
    let lines = orders.iter().map(|orders| orders[0].body["material_entity"].as_array().unwrap().len());
    assert_eq!(lines.max(), Some(2_000));
}

#[tokio::test]
async fn a_trade_too_large_for_the_queue_fails_with_its_content_and_the_watermark_moves() {
    let house = House::new(1);
    house.vendors.wangdian.generate_trade("S001", 55, house.minutes_ago(5));
    let answer = |answer: &mut Value| {
        // Noise, so that compression does not help.
        let noise: String =
            (0..400_000_u64).map(|n| format!("{:x}", n.wrapping_mul(0x9E37_79B9_7F4A_7C15))).collect();
        answer["trades"][0]["cs_remark"] = noise.into();
    };
    let inner = house.vendors.transport();
    let process = house.start_over(Altered { inner, page_size: None, answer: Box::new(answer) });
    let report = process.poll().await;
    assert_eq!((report.error, report.failed, report.caught_up), (None, 1, true));
    let failed = process.failures().await.remove(0).failed.unwrap();
    assert!(failed.class == "too large" && failed.message.contains("split it"), "{}", failed.message);
}

/// Lists within each other.
fn nested(levels: usize) -> Value {
    (0..levels).fold(json!("苏果"), |inner, _| json!([inner]))
}

#[tokio::test]
async fn a_trade_that_is_nested_too_deep_fails_alone_with_its_content_and_the_watermark_moves() {
    // The row itself is one level more.
    for levels in [100, 125, 126, 127, 1_000] {
        let house = House::new(1);
        for minutes in [9, 5] {
            house.vendors.wangdian.generate_trade("S001", 55, house.minutes_ago(minutes));
        }
        let deep = nested(levels);
        let inner = house.vendors.transport();
        let answer = Box::new(move |answer: &mut Value| answer["trades"][0]["cs_remark"] = deep.clone());
        let process = house.start_over(Altered { inner, page_size: None, answer });
        let report = process.poll().await;
        assert_eq!(
            (report.error, report.failed, report.queued, report.caught_up),
            (None, 1, 1, true),
            "{levels}"
        );
        process.drain().await;
        assert_eq!((house.vendors.kingdee.creates().len(), process.waiting().await), (1, 0));
        let failed = process.failures().await.remove(0).failed.unwrap();
        assert_eq!(failed.class, "too deep");
        assert!(failed.message.contains("no more than 100 are carried"), "{}", failed.message);
        let text = failed.document.as_str().unwrap();
        assert!(text.contains("苏果") && text.matches('[').count() >= levels, "whole: {text}");
    }
}

/// A pool whose rows are nested.
struct DeepPool {
    inner: Arc<dyn Transport>,
    levels: usize,
}

#[async_trait]
impl Transport for DeepPool {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        let is_pool = request.url.path().ends_with("api_goods_stock_change_query.php");
        let mut response = self.inner.send(request).await?;
        if is_pool {
            let mut body: Value = serde_json::from_slice(&response.body).unwrap();
            if let Some(row) = body.get_mut("stock_change_list").and_then(|rows| rows.get_mut(0)) {
                row["goods_name"] = nested(self.levels);
            }
            response.body = body.to_string().into_bytes();
        }
        Ok(response)
    }
}

#[tokio::test]
async fn a_row_of_a_pool_that_is_nested_too_deep_fails_alone_with_its_content() {
    for levels in [100, 126, 1_000] {
        let house = House::new(1);
        for place in ["G1-1", "G1-2"] {
            house.vendors.wangdian.change_stock("S001", "G1", place, rust_decimal::Decimal::ONE);
        }
        let inner = house.vendors.transport();
        let process = house.start_over(DeepPool { inner, levels });
        let reports = process.sync().await;
        assert!(reports.iter().all(|report| report.error.is_none()), "{reports:?}");
        process.drain().await;
        assert_eq!(house.vendors.sharecrm.records().len(), 1);
        let failed = process.failures().await.remove(0).failed.unwrap();
        assert!(failed.class == "too deep" && failed.document.is_string(), "{failed:?}");
    }
}

#[tokio::test]
async fn a_message_that_is_not_ours_fails_alone_and_is_kept() {
    let (_house, process) = spoilt(|_| {}).await;
    let bodies = ["not JSON", "{}", "gzip:not base64", r#"{"flow": "gone", "key": "1", "document": {}}"#];
    let messages = bodies.iter().enumerate().map(|(place, body)| Outgoing {
        group: place.to_string(),
        deduplication: place.to_string(),
        body: (*body).to_owned(),
    });
    let messages: Vec<_> = messages.collect();
    process.wiring.stores.queue.send(System::new("kingdee"), &messages).await.unwrap();
    process.drain().await;
    assert_eq!(process.waiting().await, 0);
    let failures = process.failures().await;
    assert_eq!(failures.len(), bodies.len());
    for (failure, body) in failures.iter().zip(bodies) {
        let failed = failure.failed.as_ref().unwrap();
        assert_eq!((failure.id.flow.as_str(), &failed.document), ("unreadable", &json!(body)));
        assert!(
            failed.message.contains("kingdee") && failed.message.contains("cannot be read"),
            "{}",
            failed.message
        );
    }
}

#[tokio::test]
async fn a_document_of_a_flow_that_is_gone_says_so() {
    let (_house, process) = spoilt(|_| {}).await;
    let mut item = relay_core::WorkItem {
        flow: "sales-to-mars".to_owned(),
        key: "1".to_owned(),
        version: None,
        version_kind: None,
        document: json!({"id": 1}),
        acknowledge: false,
        received_at: process.wiring.clock.now(),
        trace: "t".to_owned(),
        replay: None,
    };
    process.wiring.intake().take(System::new("kingdee"), std::slice::from_ref(&item)).await.unwrap();
    item.flow = TRADES.to_owned();
    item.document = json!(["no", "object"]);
    process.wiring.intake().take(System::new("kingdee"), &[item]).await.unwrap();
    process.drain().await;
    let failures = process.failures().await;
    let reasons: Vec<_> = failures.iter().map(|entry| &entry.failed.as_ref().unwrap().message).collect();
    assert_eq!(reasons.len(), 2, "{reasons:?}");
    assert!(
        reasons[0].contains("no flow `sales-to-mars`") && reasons[0].contains("restore its file"),
        "{reasons:?}"
    );
    assert!(reasons[1].contains("trade_no"), "{reasons:?}");
}
