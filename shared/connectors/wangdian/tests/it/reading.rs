//! What is sent to read, on both routes, and how rows come back.

use std::num::NonZeroU32;
use std::time::Duration;

use chrono::TimeDelta;
use relay_connector::{
    Class, Failure, Lists as _, Page, PageOf, Pools as _, Query, Span, TransportError, Windows as _,
};
use relay_core::clock::Deadline;
use relay_wangdian::{DirectSettings, Route, Settings, sign};

use crate::support::{
    Bench, QIMEN_SECRET, SECRET, answer, document, first_page, form, hour, params, payload, query, settings,
    url,
};

const TRADES: &str = "wangdian.trade_query";

#[tokio::test]
async fn the_direct_route_sends_one_signed_form() {
    let bench = Bench::new(vec![payload("direct/trades.json")]);
    let params = params(&[("status", "55"), ("shop_no", "a&b=c+d e"), ("warehouse_no", "")]);
    let page = bench
        .window(&query(TRADES, Route::Direct, params), hour(), PageOf { number: 0, size: 500 })
        .await
        .unwrap();
    assert_eq!((page.rows.len(), page.total), (2, Some(2)));
    assert_eq!(page.rows[0]["paid"].to_string(), "0.6906", "digits are kept as they came");

    let request = &bench.requests()[0];
    assert_eq!(request.url.as_str(), "https://api.wangdian.cn/openapi2/trade_query.php");
    assert_eq!(request.method.as_str(), "POST");
    assert_eq!(
        request.headers,
        [("content-type".into(), "application/x-www-form-urlencoded;charset=UTF-8".to_owned())]
    );
    let body = String::from_utf8(request.body.clone()).unwrap();
    assert!(body.contains("shop_no=a%26b%3Dc%2Bd+e"), "{body}");
    assert!(!body.contains("warehouse_no"), "an empty parameter is not sent: {body}");

    let mut form = form(request);
    assert_eq!(form["start_time"], "2022-11-01 09:00:00");
    assert_eq!(form["end_time"], "2022-11-01 09:59:59");
    assert_eq!((form["page_no"].as_str(), form["page_size"].as_str()), ("0", "100"));
    assert_eq!(form["timestamp"], "1667268000");
    let sign = form.remove("sign").unwrap();
    assert_eq!(sign, sign::direct(&form, &SECRET.into()), "the sign is over exactly what is sent");
}

#[tokio::test]
async fn the_qimen_route_sends_system_parameters_in_the_query_and_signs_both() {
    let bench = Bench::new(vec![payload("qimen/trades.json")]);
    let params = params(&[("status", "55"), ("logistics_no", "中通")]);
    let page = bench.window(&query(TRADES, Route::Qimen, params), hour(), first_page()).await.unwrap();
    assert_eq!((page.rows.len(), page.total), (1, Some(1)));

    let request = &bench.requests()[0];
    let mut query: std::collections::BTreeMap<_, _> = request.url.query_pairs().into_owned().collect();
    let sign = query.remove("sign").unwrap();
    let names: Vec<_> = query.keys().map(String::as_str).collect();
    assert_eq!(names, ["app_key", "format", "method", "sign_method", "target_app_key", "timestamp", "v"]);
    assert_eq!(query["timestamp"], "2022-11-01 10:00:00");
    assert_eq!((query["format"].as_str(), query["v"].as_str()), ("json", "2.0"));
    assert_eq!(query["method"], "wdt.trade.query");

    let form = form(request);
    assert_eq!(form["sid"], "test2");
    assert_eq!(form["logistics_no"], "中通");
    assert!(!form.contains_key("appkey"));
    let mut signed = query;
    signed.extend(form);
    assert_eq!(sign, sign::qimen(sign::SignMethod::Md5, &signed, &QIMEN_SECRET.into()));
}

#[tokio::test]
async fn a_base_url_may_end_with_a_slash() {
    let base_url = url("https://sandbox.wangdian.cn/openapi2/");
    let direct = settings().direct.map(|direct| DirectSettings { base_url, ..direct });
    let settings = Settings { direct, ..settings() };
    let bench = Bench::with(settings, vec![payload("direct/logistics.json")]);
    let carriers = query("wangdian.logistics", Route::Direct, vec![]);
    bench.client.list(&carriers, first_page(), Deadline::NONE).await.unwrap();
    assert_eq!(bench.requests()[0].url.as_str(), "https://sandbox.wangdian.cn/openapi2/logistics.php");
}

#[tokio::test]
async fn without_a_qimen_account_a_qimen_read_pauses_and_names_the_setting() {
    let bench = Bench::with(relay_wangdian::Settings { qimen: None, ..settings() }, vec![]);
    let failure = bench.window(&query(TRADES, Route::Qimen, vec![]), hour(), first_page()).await.unwrap_err();
    assert_eq!(failure.class, Class::Paused { until: None });
    assert!(failure.message.contains("QIMEN_APP_KEY"), "{failure}");
}

#[tokio::test]
async fn a_window_that_the_vendor_refuses_is_not_asked_for() {
    let bench = Bench::new(vec![]);
    let Span { start, end } = hour();
    for span in [Span { start, end: start + Duration::from_secs(3_600) }, Span { start: end, end: start }] {
        let trades = query(TRADES, Route::Direct, vec![]);
        let failure = bench.window(&trades, span, first_page()).await.unwrap_err();
        assert_eq!(failure.class, Class::Refused);
        assert!(failure.message.contains("3599"), "{failure}");
    }
    let shops = query("wangdian.shop", Route::Direct, vec![]);
    assert!(bench.window(&shops, hour(), first_page()).await.is_err());
}

#[tokio::test]
async fn a_query_without_a_route_goes_directly_and_one_over_a_route_that_there_is_not_goes_nowhere() {
    let bench = Bench::new(vec![payload("direct/trades.json")]);
    let trades = |route: Option<&str>| Query {
        document: document(TRADES),
        route: route.map(str::to_owned),
        params: vec![],
    };
    bench.window(&trades(None), hour(), first_page()).await.unwrap();
    assert!(bench.requests()[0].url.path().ends_with("/trade_query.php"));
    let failure = bench.window(&trades(Some("top")), hour(), first_page()).await.unwrap_err();
    assert_eq!(failure.class, Class::Refused);
    assert!(failure.message.contains("`top`") && failure.message.contains("`qimen`"), "{failure}");
}

#[tokio::test]
async fn each_route_tells_the_vendors_time_for_itself() {
    let dated = |name| {
        let date = Some(crate::support::time("2022-11-01T02:00:30Z"));
        payload(name).map(|answer| relay_connector::Response { date, ..answer })
    };
    let bench = Bench::new(vec![dated("qimen/trades.json")]);
    let [direct, qimen] = [Route::Direct, Route::Qimen].map(|route| query(TRADES, route, vec![]));
    bench.window(&qimen, hour(), first_page()).await.unwrap();
    assert!(bench.client.time(&qimen).now().is_some());
    assert!(bench.client.time(&direct).now().is_none());
}

#[tokio::test]
async fn what_is_pushed_is_not_read() {
    let bench = Bench::new(vec![]);
    let orders = query("wangdian.trade_push", Route::Direct, vec![]);
    let failure = bench.client.list(&orders, first_page(), Deadline::NONE).await.unwrap_err();
    assert_eq!(failure.class, Class::Refused);
}

#[tokio::test]
async fn a_total_is_believed_on_page_0_only() {
    let bench = Bench::new(vec![payload("direct/trades.json")]);
    let page = bench
        .window(&query(TRADES, Route::Direct, vec![]), hour(), PageOf { number: 1, size: 100 })
        .await
        .unwrap();
    assert_eq!(page.total, None);
}

#[tokio::test]
async fn both_routes_share_one_allowance_and_each_call_is_signed_when_it_is_sent() {
    let calls_per_minute = NonZeroU32::new(4).unwrap();
    let bench = Bench::with(
        Settings { calls_per_minute, ..settings() },
        vec![payload("direct/trades.json"), payload("qimen/trades.json"), payload("direct/trades.json")],
    );
    for route in [Route::Direct, Route::Qimen, Route::Direct] {
        bench.window(&query(TRADES, route, vec![]), hour(), first_page()).await.unwrap();
    }
    let stamps: Vec<i64> = [0, 2].map(|call| bench.forms()[call]["timestamp"].parse().unwrap()).into();
    assert_eq!(stamps[1] - stamps[0], 13, "two at once after a quiet time, then one each 13.5 s");
}

#[tokio::test]
async fn a_list_is_read_page_by_page() {
    let bench = Bench::new(vec![payload("direct/shops.json"), payload("direct/shops_page_1.json")]);
    let shops = query("wangdian.shop", Route::Direct, vec![]);
    let pages = [PageOf { number: 0, size: 500 }, PageOf { number: 1, size: 2 }];
    let first = bench.client.list(&shops, pages[0], Deadline::NONE).await.unwrap();
    assert_eq!((first.rows.len(), first.total), (2, Some(3)));
    let second = bench.client.list(&shops, pages[1], Deadline::NONE).await.unwrap();
    assert_eq!((second.rows.len(), second.total), (1, None));
    let asked = bench.forms().into_iter().map(|form| [form["page_no"].clone(), form["page_size"].clone()]);
    assert_eq!(asked.collect::<Vec<_>>(), [["0", "100"], ["1", "2"]]);
}

#[tokio::test]
async fn a_list_is_read_to_its_end() {
    let bench = Bench::new(vec![payload("direct/shops.json"), payload("direct/shops_page_1.json")]);
    let pool = query("wangdian.api_goods_stock_change_query", Route::Direct, vec![]);
    let shops = bench.client.divided(&pool, Deadline::NONE).await.unwrap();
    assert_eq!(shops.len(), 3);
    assert_eq!(bench.forms()[1]["page_no"], "1");
}

#[tokio::test]
async fn carriers_are_listed_without_pages() {
    let bench = Bench::new(vec![payload("direct/logistics.json")]);
    let carriers = query("wangdian.logistics", Route::Direct, params(&[("logistics_name", "中通")]));
    let page = bench.client.list(&carriers, first_page(), Deadline::NONE).await.unwrap();
    assert_eq!(page.rows.len(), 1);
    assert!(!bench.forms()[0].contains_key("page_no"));
    let beyond = PageOf { number: 1, size: 100 };
    let page = bench.client.list(&carriers, beyond, Deadline::NONE).await.unwrap();
    assert_eq!(page, Page { rows: vec![], total: None, as_of: None }, "the first page is all there is");
}

#[tokio::test]
async fn an_emoji_in_a_plain_parameter_is_refused_by_name() {
    let bench = Bench::new(vec![]);
    let goods = query("wangdian.goods_query", Route::Direct, params(&[("class_name", "女装😀")]));
    let failure = bench.window(&goods, hour(), first_page()).await.unwrap_err();
    assert_eq!(failure.class, Class::Refused);
    assert!(failure.message.contains("class_name"), "{failure}");
}

#[test]
fn nothing_prints_a_secret() {
    let printed = format!("{:?}", settings());
    assert!(!printed.contains(SECRET) && !printed.contains(QIMEN_SECRET), "{printed}");
}

#[tokio::test]
async fn no_secret_leaves_and_no_failure_holds_one() {
    let bench = Bench::new(vec![payload("direct/bad_sign.json"), payload("qimen/gateway_error.json")]);
    for route in [Route::Direct, Route::Qimen] {
        let failure = bench.window(&query(TRADES, route, vec![]), hour(), first_page()).await.unwrap_err();
        assert!(!format!("{failure:?} {failure}").contains("-secret-"));
    }
    for request in bench.requests() {
        let sent = format!("{} {}", request.url, String::from_utf8_lossy(&request.body));
        assert!(!sent.contains("-secret-"), "{sent}");
        assert!(!format!("{request:?}").contains("sign="));
    }
}

#[test]
fn routes_are_named_as_in_a_flow_file() {
    assert_eq!("direct".parse(), Ok(Route::Direct));
    assert_eq!("qimen".parse(), Ok(Route::Qimen));
    let error = "top".parse::<Route>().unwrap_err().to_string();
    assert!(error.contains("`top`") && error.contains("`qimen`"), "{error}");
}

#[tokio::test]
async fn stock_is_asked_for_by_a_number_three_times_a_day() {
    let row = r#"{"code":0,"total_count":1,"stocks":[{"spec_no":"A","warehouse_no":"W1"}]}"#;
    let bench = Bench::new((0..12).map(|_| answer(200, row)).collect());
    let by = |name: &str, number: &str| {
        query("wangdian.stock_query", Route::Direct, params(&[(name, number), ("warehouse_no", "W1")]))
    };
    let walk = by("spec_no", "A");
    let mut shown = 0;
    for _ in 0..48 {
        // A page without rows would say that the window has none, and let the watermark pass over them.
        match bench.window(&walk, hour(), first_page()).await {
            Ok(page) => shown += page.rows.len(),
            Err(failure) => assert!(matches!(failure.class, Class::NotYet { .. }), "{failure:?}"),
        }
        bench.clock.advance(Duration::from_secs(1_800));
    }
    assert_eq!((shown, bench.requests().len()), (3, 3), "every eight hours, and no call in between");
}

#[tokio::test]
async fn stock_that_is_asked_for_by_other_parameters_is_another_question() {
    let row = r#"{"code":0,"total_count":1,"stocks":[{"spec_no":"A","warehouse_no":"W1"}]}"#;
    let bench = Bench::new((0..8).map(|_| answer(200, row)).collect());
    let by = |route, pairs: &[(&str, &str)]| query("wangdian.stock_query", route, params(pairs));
    let earlier = Span { start: hour().start - TimeDelta::hours(1), end: hour().start };
    for (other, is_asked) in [
        (by(Route::Direct, &[("spec_no", "B"), ("warehouse_no", "W1")]), true),
        (by(Route::Direct, &[("spec_no", "B"), ("warehouse_no", "W2")]), true),
        (by(Route::Direct, &[("spec_no", "B")]), true),
        (by(Route::Direct, &[("barcode", "69")]), true),
        (by(Route::Direct, &[("warehouse_no", "W1")]), true),
        (by(Route::Direct, &[("warehouse_no", "W1")]), true),
        // The same in another order, and over the other route, which has the same limit.
        (by(Route::Direct, &[("warehouse_no", "W1"), ("spec_no", "B")]), false),
        (by(Route::Qimen, &[("spec_no", "B")]), false),
    ] {
        // Of another window, so that it is no page of the same walk.
        let span = if is_asked { hour() } else { earlier };
        let page = bench.window(&other, span, first_page()).await;
        assert_eq!(page.is_ok(), is_asked, "{:?}: {page:?}", other.params);
        if let Err(Failure { class: Class::NotYet { after }, .. }) = page {
            assert!((28_000..=30_000).contains(&after.as_secs()), "{after:?}");
        }
    }
}

#[tokio::test]
async fn all_pages_of_a_window_are_one_walk_however_often_they_are_asked_for() {
    let row = r#"{"code":0,"stocks":[{"spec_no":"A","warehouse_no":"W1"}]}"#;
    let mut answers: Vec<_> = (0..5).map(|_| answer(200, row)).collect();
    answers[0] = Err(TransportError::Lost("timed out".to_owned()));
    let bench = Bench::new(answers);
    let walk = query("wangdian.stock_query", Route::Direct, params(&[("spec_no", "A")]));
    let page = |number| bench.window(&walk, hour(), PageOf { number, size: 100 });
    assert_eq!(page(0).await.unwrap_err().class, Class::Retry { after: None });
    for number in [0, 2, 1, 0] {
        assert_eq!(page(number).await.unwrap().rows.len(), 1, "page {number}");
    }
    bench.clock.advance(Duration::from_secs(900));
    assert!(matches!(page(0).await.unwrap_err().class, Class::NotYet { .. }), "by now it is another walk");
}

#[tokio::test]
async fn other_queries_are_asked_for_by_number_as_often_as_one_likes() {
    let bench = Bench::new((0..9).map(|_| payload("direct/trades.json")).collect());
    let trade = query(TRADES, Route::Direct, params(&[("trade_no", "JY1")]));
    for _ in 0..9 {
        bench.window(&trade, hour(), first_page()).await.unwrap();
    }
    assert_eq!(bench.requests().len(), 9);
}
