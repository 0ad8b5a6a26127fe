use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use relay_connector::{HttpTransport, Transport as _, TransportError};
use relay_core::clock::{Clock as _, SystemClock};
use relay_simulators::wangdian::TradeMix;
use relay_simulators::{Fault, FaultRates, Vendors};
use serde_json::{Value, json};

use crate::bench::{Bench, object, rows, text, utc};

fn trade_list() -> String {
    json!([object(include_str!("../payloads/trade_push_order.json"))]).to_string()
}

#[tokio::test]
async fn a_lost_answer_did_its_work_and_a_lost_request_did_not() {
    let bench = Bench::new();
    for (fault, done) in [(Fault::LostRequest, 0), (Fault::LostAnswer, 1)] {
        bench.vendors.wangdian.faults.inject(fault);
        let list = trade_list();
        let request = bench.direct_request("trade_push", &[("shop_no", "S001"), ("trade_list", &list)]);
        assert!(matches!(bench.send(request).await, Err(TransportError::Lost(_))));
        assert_eq!(bench.vendors.wangdian.pushed_orders().len(), done);
    }
}

#[tokio::test]
async fn a_duplicate_request_does_the_work_twice() {
    let bench = Bench::new();
    bench.vendors.wangdian.faults.inject(Fault::Duplicate);
    let list = trade_list();
    let answer = bench.direct("trade_push", &[("shop_no", "S001"), ("trade_list", &list)]).await;
    assert_eq!(text(&answer["new_count"]), "1");
    assert_eq!(bench.vendors.wangdian.pushed_orders()["CK202611220001"].repeats, 1);
}

#[tokio::test]
async fn proxies_wrong_hosts_and_cut_answers_are_no_json() {
    let bench = Bench::new();
    for (fault, status) in [(Fault::Status(502), 502), (Fault::HtmlRedirect, 302), (Fault::Garbage, 200)] {
        bench.vendors.kingdee.faults.inject(fault.clone());
        let request = bench.kingdee_request("/jdy/sys/accountGroup", "any", &json!({}));
        let response = bench.send(request).await.unwrap();
        assert_eq!(response.status, status);
        assert!(serde_json::from_slice::<Value>(&response.body).is_err(), "{fault:?}");
    }
}

#[tokio::test]
async fn an_answer_without_end_did_its_work_and_is_read_no_further_than_is_asked() {
    let bench = Bench::new();
    bench.vendors.wangdian.faults.inject(Fault::EndlessAnswer);
    let list = trade_list();
    let request = bench.direct_request("trade_push", &[("shop_no", "S001"), ("trade_list", &list)]);
    let answer = bench.send(request.answer_up_to(1_000_000)).await;
    assert!(matches!(answer, Err(TransportError::TooLarge { limit: 1_000_000 })));
    assert_eq!(bench.vendors.wangdian.pushed_orders().len(), 1);
}

#[tokio::test]
async fn an_order_that_is_told_beside_a_success_is_the_only_one_not_taken() {
    let bench = Bench::new();
    let good = object(include_str!("../payloads/trade_push_order.json"));
    let mut bad = good.clone();
    bad["tid"] = json!("CK-BAD");
    bad["paid"] = json!("1");
    bad["order_list"][0]["oid"] = json!("CK-BAD-10");
    bench.vendors.wangdian.faults.inject(Fault::ErrorsUnderCodeZero);
    let list = json!([bad, good]).to_string();
    let answer = bench.direct("trade_push", &[("shop_no", "S001"), ("trade_list", &list)]).await;
    assert_eq!((text(&answer["code"]), text(&answer["new_count"])), ("0".to_owned(), "1".to_owned()));
    assert_eq!(rows(&answer, "errors")[0]["tid"], "CK-BAD");
    assert_eq!(bench.vendors.wangdian.pushed_orders().len(), 1);
}

#[tokio::test]
async fn a_slow_answer_takes_its_time() {
    let bench = Bench::new();
    let before = bench.clock.now();
    bench.vendors.wangdian.faults.inject(Fault::Slow(Duration::from_secs(20)));
    bench.direct("shop", &[("page_no", "0")]).await;
    assert_eq!((bench.clock.now() - before).num_seconds(), 20);
}

#[tokio::test]
async fn who_leaves_before_a_late_answer_leaves_the_work_done_and_before_a_slow_one_undone() {
    for (fault, done) in
        [(Fault::Slow(Duration::from_secs(20)), 0), (Fault::LateAnswer(Duration::from_secs(20)), 1)]
    {
        let bench = Bench::new();
        bench.vendors.wangdian.faults.inject(fault);
        let list = trade_list();
        let request = bench.direct_request("trade_push", &[("shop_no", "S001"), ("trade_list", &list)]);
        let (mut call, began) = (Box::pin(bench.send(request)), bench.clock.now());
        while bench.clock.now() == began {
            assert!(call.as_mut().now_or_never().is_none());
        }
        drop(call);
        assert_eq!(bench.vendors.wangdian.pushed_orders().len(), done);
    }
}

#[tokio::test]
async fn wangdian_refuses_in_the_words_that_are_asked_for() {
    let bench = Bench::new();
    let faults = &bench.vendors.wangdian.faults;
    faults.inject(Fault::RateLimited);
    assert_eq!(text(&bench.direct("shop", &[("page_no", "0")]).await["code"]), "1012");
    faults.inject(Fault::InnerRefusal("权限不足".to_owned()));
    faults.inject(Fault::OuterRefusal("ip not allowed".to_owned()));
    assert_eq!(bench.qimen("wdt.shop.query", &[]).await["response"]["message"], "权限不足");
    assert_eq!(bench.qimen("wdt.shop.query", &[]).await["error_response"]["msg"], "ip not allowed");
}

#[tokio::test]
async fn lists_and_numbers_and_dates_come_as_they_are_asked_for() {
    let bench = Bench::new();
    let faults = &bench.vendors.wangdian.faults;
    faults.inject(Fault::LeaveOutEmptyLists);
    faults.inject(Fault::NullLists);
    assert_eq!(bench.direct("shop", &[("page_no", "0")]).await.get("shoplist"), None);
    assert_eq!(bench.direct("shop", &[("page_no", "0")]).await.get("shoplist"), Some(&Value::Null));

    let (from, to) = (utc("2026-11-22T10:00:00+08:00"), utc("2026-11-22T11:00:00+08:00"));
    bench.vendors.wangdian.generate_trades(1, from, to, TradeMix::default());
    let window = [("start_time", "2026-11-22 10:00:00"), ("end_time", "2026-11-22 11:00:00")];
    faults.inject(Fault::StringNumbers);
    let answer = bench.direct("trade_query", &window).await;
    assert!(answer["code"].is_string() && rows(&answer, "trades")[0]["trade_status"].is_string());
    faults.inject(Fault::IntNumbers);
    assert!(rows(&bench.direct("trade_query", &window).await, "trades")[0]["paid"].is_number());
    faults.inject(Fault::ZeroDates);
    let answer = bench.direct("trade_query", &window).await;
    assert_eq!(rows(&answer, "trades")[0]["pay_time"], "0000-00-00 00:00:00");
}

#[tokio::test]
async fn rates_strike_by_the_seed_and_queued_faults_wait_for_their_operation() {
    let happened = || async {
        let bench = Bench::new();
        bench.vendors.wangdian.set_calls_a_minute(None);
        bench.vendors.wangdian.faults.set_rates(FaultRates::none().with(Fault::Status(503), 200));
        for _ in 0..200 {
            let _ = bench.send(bench.direct_request("shop", &[("page_no", "0")])).await;
        }
        bench.vendors.wangdian.faults.happened()["Status"]
    };
    let count = happened().await;
    assert!((20..60).contains(&count), "{count}");
    assert_eq!(count, happened().await);

    let bench = Bench::new();
    bench.vendors.wangdian.faults.inject_for("trade_query", Fault::RateLimited);
    assert_eq!(text(&bench.direct("shop", &[("page_no", "0")]).await["code"]), "0");
    let limited = bench.qimen("wdt.trade.query", &[("trade_no", "none")]).await;
    assert_eq!(limited["response"]["flag"], "failure");
}

#[tokio::test]
async fn on_sockets_a_lost_answer_breaks_the_connection() {
    let vendors = Vendors::new(Arc::new(SystemClock), 7);
    let served = vendors.serve_on_loopback().await.unwrap();
    let transport = HttpTransport::new();
    let url = format!("{}/jdy/sys/accountGroup?access_token=none", served.kingdee_base_url);
    let request = relay_connector::Request::post(url.parse().unwrap(), "application/json", b"{}".to_vec());
    assert!(transport.send(request.clone()).await.is_ok());
    vendors.kingdee.faults.inject(Fault::LostAnswer);
    let lost = transport.send(request.clone()).await;
    assert!(matches!(lost, Err(TransportError::Lost(_))), "{lost:?}");
    assert_eq!(vendors.kingdee.calls()["accountGroup"], 2);
    drop(served);
    for _ in 0..100 {
        if transport.send(request.clone()).await.is_err() {
            return;
        }
        tokio::task::yield_now().await;
    }
    panic!("the vendors still listen");
}

#[tokio::test]
async fn the_demo_holds_what_it_says() {
    let bench = Bench::new();
    let demo = bench.vendors.load_demo_data();
    let wangdian = &bench.vendors.wangdian;
    let trades = wangdian.trades();
    assert_eq!((trades.len(), trades.iter().filter(|trade| trade.taobao).count()), (25, 2));
    assert_eq!((wangdian.stock().len(), wangdian.waiting_shipments().len()), (12, 6));
    assert!(wangdian.trade(&demo.trade_without_material).is_some());
    let orders: std::collections::BTreeSet<_> =
        demo.pushes.iter().map(|push| text(&push.order["id"])).collect();
    assert_eq!((orders.len(), demo.pushes.len()), (8, 11));
    assert!(orders.contains(&demo.order_without_address));
}
