//! The sixteen pushes of 旺店通 and its two acknowledgements, each from a flow file of its own in `wangdian_pushes/`, over both
//! routes.

use relay_connector::Role;
use relay_simulators::Fault;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::house::{House, object};
use crate::process::{Process, count};
use crate::wangdian::{ROUTES, documents, endpoint, house};

/// A push: its flow file, and the list in which the ERP has the lines of a document.
struct Pushed {
    endpoint: &'static str,
    flow: &'static str,
    list: &'static str,
}

macro_rules! pushed {
    ($endpoint:literal, $list:literal) => {
        Pushed {
            endpoint: $endpoint,
            flow: include_str!(concat!("wangdian_pushes/", $endpoint, ".toml")),
            list: $list,
        }
    };
}

const PUSHES: &[Pushed] = &[
    pushed!("purchase_provider_create", ""),
    pushed!("goods_push", "spec_list"),
    pushed!("api_goodsspec_push", "goods_list"),
    pushed!("trade_push", "order_list"),
    pushed!("sales_refund_push", "order_list"),
    pushed!("stockin_refund_push", "detail_list"),
    pushed!("purchase_order_push", "details_list"),
    pushed!("stockin_purchase_push", "details_list"),
    pushed!("purchase_return_push", "detail_list"),
    pushed!("purchase_return_order_push", "detail_list"),
    pushed!("stock_sync_by_pd", "goods_list"),
    pushed!("stockin_order_push", "goods_list"),
    pushed!("stockout_order_push", "detail_list"),
    pushed!("stock_transfer_push", "skus"),
    pushed!("stockout_transfer_push", "goods_list"),
    pushed!("stockin_transfer_push", "goods_list"),
];

impl Pushed {
    fn of(endpoint: &str) -> &'static Self {
        PUSHES.iter().find(|pushed| pushed.endpoint == endpoint).unwrap()
    }

    /// Its flow over that route.
    fn flow(&self, route: &str) -> String {
        self.flow.replace("route    = \"direct\"", &format!("route = \"{route}\""))
    }
}

/// A document with so many lines.
fn document(number: u32, lines: u32) -> Value {
    let line = |line: u32| json!({"sku": format!("SKU-{number}-{line}"), "qty": "1.5", "price": "2.10"});
    json!({
        "number": format!("D-{number}"), "name": format!("买家{number}"), "at": "2026-11-22 20:30:00", "order": "T-1",
        "warehouse": "WH01", "partner": "GYS-1", "lines": (0..lines).map(line).collect::<Vec<_>>(),
    })
}

async fn take_in(house: &House, process: &Process, document: &Value) {
    let answer = process.post_json("documents", &house.vendors.http.push(document)).await;
    assert_eq!(answer.reply.return_code, 0, "{}", answer.reply.to_json());
}

/// The lines that the ERP has of a document.
fn lines_there(house: &House, pushed: &Pushed, number: u32) -> usize {
    let (wangdian, ours) = (&house.vendors.wangdian, format!("D-{number}"));
    let body = match pushed.endpoint {
        "trade_push" => wangdian.pushed_orders().get(&ours).map(|order| order.order.clone()),
        // Each line is known by itself.
        "api_goodsspec_push" => {
            let all = wangdian.pushed_documents(pushed.endpoint);
            let of_it = |number: &str| number.starts_with(&format!("S001/{ours}/"));
            return all.iter().filter(|each| each.number.as_deref().is_some_and(of_it)).count();
        }
        endpoint => {
            let all = wangdian.pushed_documents(endpoint);
            all.iter().find(|each| each.number.as_ref() == Some(&ours)).map(|each| each.body.clone())
        }
    };
    let Some(body) = body else { return 0 };
    // What has no lines is one.
    if pushed.list.is_empty() { 1 } else { body[pushed.list].as_array().map_or(0, Vec::len) }
}

#[tokio::test]
async fn every_push_carries_its_lines_over_both_routes() {
    assert_eq!(PUSHES.len(), 16);
    for pushed in PUSHES {
        for route in ROUTES {
            let (house, _folder) = house(&pushed.flow(route));
            let process = house.start();
            for number in 0..3 {
                take_in(&house, &process, &document(number, 120)).await;
            }
            let delivered = count(&process.drain().await, "delivered");
            let why: Vec<_> = process.failures().await.iter().map(|entry| format!("{entry:?}")).collect();
            assert_eq!(delivered, 3, "{} over {route}: {why:?}", pushed.endpoint);
            let expected = if pushed.list.is_empty() { 1 } else { 120 };
            for number in 0..3 {
                assert_eq!(lines_there(&house, pushed, number), expected, "{} over {route}", pushed.endpoint);
            }
        }
    }
}

#[tokio::test]
async fn every_push_that_takes_a_list_goes_out_in_batches_and_a_refused_one_is_told_from_the_rest() {
    for (endpoint, cap) in [("goods_push", 50), ("trade_push", 50), ("sales_refund_push", 10)] {
        let pushed = Pushed::of(endpoint);
        for (route, told_beside_success) in [("direct", false), ("qimen", true)] {
            let (house, _folder) = house(&pushed.flow(route));
            let process = house.start();
            for number in 0..cap {
                let mut document = document(number, 2);
                if number == 3 {
                    document["lines"] = refused_lines(endpoint);
                }
                take_in(&house, &process, &document).await;
            }
            if told_beside_success {
                house.vendors.wangdian.faults.inject_for(endpoint, Fault::ErrorsUnderCodeZero);
            }
            process.drain().await;
            for number in (0..cap).filter(|number| *number != 3) {
                assert_eq!(lines_there(&house, pushed, number), 2, "{endpoint} over {route}: {number}");
            }
            assert_eq!(lines_there(&house, pushed, 3), 0, "{endpoint} over {route}");
            let failures = process.failures().await;
            let keys: Vec<_> = failures.iter().map(|entry| entry.id.key.as_str()).collect();
            assert_eq!(keys, ["D-3"], "{endpoint} over {route}");
        }
    }
}

/// Lines for which the vendor refuses a document: a text that it cannot store, a quantity of nothing, too many.
fn refused_lines(endpoint: &str) -> Value {
    match endpoint {
        "trade_push" => json!([{"sku": "A\u{1F600}", "qty": "1", "price": "1"}]),
        "sales_refund_push" => json!([{"sku": "A", "qty": "0", "price": "1"}]),
        _ => (0..501).map(|number| json!({"sku": number.to_string(), "price": 1})).collect(),
    }
}

#[tokio::test]
async fn a_full_batch_is_one_call() {
    for (endpoint, cap) in [("goods_push", 50), ("trade_push", 50), ("sales_refund_push", 10)] {
        let pushed = Pushed::of(endpoint);
        let (house, _folder) = house(&pushed.flow("direct"));
        let process = house.start();
        for number in 0..cap {
            take_in(&house, &process, &document(number, 1)).await;
        }
        assert_eq!(count(&process.drain().await, "delivered"), cap as usize);
        assert_eq!(house.vendors.wangdian.calls()[endpoint], 1, "{endpoint}");
    }
}

#[tokio::test]
async fn five_hundred_rows_of_a_count_are_one_call_and_one_more_is_said_to_be_too_many() {
    let pushed = Pushed::of("stock_sync_by_pd");
    let (house, _folder) = house(&pushed.flow("direct"));
    let process = house.start();
    take_in(&house, &process, &document(1, 500)).await;
    take_in(&house, &process, &document(2, 501)).await;
    assert_eq!(count(&process.drain().await, "delivered"), 1);
    assert_eq!(
        (lines_there(&house, pushed, 1), house.vendors.wangdian.calls()["stock_sync_by_pd"]),
        (500, 1)
    );
    let failures = process.failures().await;
    assert!(format!("{failures:?}").contains("501 lines"), "{failures:?}");

    // With is_post_error 0 the ERP counts the rest, and says which row it does not.
    let partial = pushed.flow("direct").replace("mode  ", "is_post_error = { value = 0 }\nmode  ");
    let (house, _folder) = crate::wangdian::house(&partial);
    let process = house.start();
    let mut count_of_three = document(3, 3);
    count_of_three["lines"][1]["qty"] = json!("-1");
    take_in(&house, &process, &count_of_three).await;
    process.drain().await;
    assert_eq!(lines_there(&house, pushed, 3), 2);
    let failures = format!("{:?}", process.failures().await);
    assert!(failures.contains("SKU-3-1"), "{failures}");
}

#[tokio::test]
async fn both_acknowledgements_are_targets_over_both_routes() {
    for (endpoint, fields) in [
        (
            "logistics_sync_ack",
            "rec_id = \"rec\"\nstatus = { value = 0 }\nmessage = { value = \"同步成功\" }\n",
        ),
        (
            "api_goods_stock_change_ack",
            "rec_id = \"rec\"\nsync_stock = \"stock\"\nstock_change_count = \"count\"\n",
        ),
    ] {
        for route in ROUTES {
            let flow = format!(
                "[source]\ndocument = \"http.webhook\"\nparams = {{ name = \"documents\" }}\nkey = \"rec\"\n\
                 [target]\ndocument = \"wangdian.{endpoint}\"\nroute = \"{route}\"\n[fields]\n{fields}"
            );
            let (house, _folder) = house(&flow);
            let (process, wangdian) = (house.start(), &house.vendors.wangdian);
            for number in 0..3 {
                let shipment = wangdian.add_shipment(object(json!({"tid": format!("T-{number}")})));
                let stock = wangdian.change_stock("S001", "ML", &format!("ML-{number}"), Decimal::TEN);
                let rec = if endpoint == "logistics_sync_ack" { shipment } else { stock };
                let count = wangdian.stock()[number].stock_change_count;
                take_in(&house, &process, &json!({"rec": rec, "stock": "10", "count": count})).await;
            }
            assert_eq!(count(&process.drain().await, "delivered"), 3, "{endpoint} over {route}");
            match endpoint {
                "logistics_sync_ack" => assert_eq!(wangdian.logistics_acks().len(), 3),
                _ => assert!(
                    wangdian.stock().iter().all(|row| row.acknowledged_count == row.stock_change_count)
                ),
            }
        }
    }
}

#[test]
fn no_endpoint_is_left_out() {
    let tried = PUSHES
        .iter()
        .map(|pushed| pushed.endpoint)
        .chain(["logistics_sync_ack", "api_goods_stock_change_ack"]);
    let mut tried: Vec<_> = tried.collect();
    tried.extend(documents(|document| document.role != Role::Target).into_iter().map(endpoint));
    let mut all: Vec<_> = documents(|_| true).into_iter().map(endpoint).collect();
    tried.sort_unstable();
    all.sort_unstable();
    assert_eq!(tried, all);
    assert_eq!(all.len(), 39 + 3);
}

/// A push over 奇门 whose answer is lost is asked for over 奇门, and made once.
#[tokio::test]
async fn what_went_out_over_qimen_is_asked_for_there() {
    let pushed = Pushed::of("stock_transfer_push");
    let (house, _folder) = house(&pushed.flow("qimen"));
    let process = house.start();
    house.vendors.wangdian.faults.inject_for("stock_transfer_push", Fault::LostAnswer);
    house.vendors.wangdian.faults.inject_for("stock_transfer_push", Fault::DoublesNumbers);
    take_in(&house, &process, &document(1, 2)).await;
    process.drain().await;
    assert_eq!(house.vendors.wangdian.pushed_documents("stock_transfer_push").len(), 1);
    assert_eq!(house.vendors.wangdian.calls()["stock_transfer_push"], 1);
    assert_eq!(process.failures().await, []);
}

/// A flow over 奇门 alone needs its settings, and says so at the start.
#[test]
fn a_target_over_qimen_needs_the_settings_of_that_route() {
    let (house, _folder) = house(&Pushed::of("stock_transfer_push").flow("qimen"));
    let house = house.with("QIMEN_APP_SECRET", "");
    let wiring = house.wiring_by(house.clock.clone(), &house.vendors);
    let error = wiring.build::<relay_erp_pusher::ErpPusher>().err().unwrap();
    assert!(format!("{error:#}").contains("QIMEN_APP_SECRET"), "{error:#}");
}
