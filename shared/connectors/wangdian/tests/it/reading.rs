//! What is sent to read, on both routes, and how rows come back.

use std::time::Duration;

use relay_connector::Class;
use relay_core::clock::Deadline;
use relay_wangdian::{Route, endpoint, sign};

use crate::support::{Bench, QIMEN_SECRET, SECRET, form, params, payload, settings, time, url};

const HOUR: (&str, &str) = ("2022-11-01T01:00:00Z", "2022-11-01T01:59:59Z");

fn hour() -> (chrono::DateTime<chrono::Utc>, chrono::DateTime<chrono::Utc>) {
    (time(HOUR.0), time(HOUR.1))
}

#[tokio::test]
async fn the_direct_route_sends_one_signed_form() {
    let bench = Bench::new(vec![payload("direct/trades.json")]);
    let trades = endpoint("wangdian.trade_query").unwrap();
    let params = params(&[("status", "55"), ("shop_no", "a&b=c+d e"), ("warehouse_no", "")]);
    let page =
        bench.client.page(Route::Direct, trades, hour(), &params, (0, 500), Deadline::NONE).await.unwrap();
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
    let trades = endpoint("wangdian.trade_query").unwrap();
    let params = params(&[("status", "55"), ("logistics_no", "中通")]);
    let page =
        bench.client.page(Route::Qimen, trades, hour(), &params, (0, 100), Deadline::NONE).await.unwrap();
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
    let settings =
        relay_wangdian::Settings { base_url: url("https://sandbox.wangdian.cn/openapi2/"), ..settings() };
    let bench = Bench::with(settings, vec![payload("direct/logistics.json")]);
    bench
        .client
        .list(Route::Direct, endpoint("wangdian.logistics").unwrap(), &[], Deadline::NONE)
        .await
        .unwrap();
    assert_eq!(bench.requests()[0].url.as_str(), "https://sandbox.wangdian.cn/openapi2/logistics.php");
}

#[tokio::test]
async fn without_a_qimen_account_a_qimen_read_pauses_and_names_the_setting() {
    let bench = Bench::with(relay_wangdian::Settings { qimen: None, ..settings() }, vec![]);
    let trades = endpoint("wangdian.trade_query").unwrap();
    let failure =
        bench.client.page(Route::Qimen, trades, hour(), &[], (0, 100), Deadline::NONE).await.unwrap_err();
    assert_eq!(failure.class, Class::Paused { until: None });
    assert!(failure.message.contains("QIMEN_APP_KEY"), "{failure}");
}

#[tokio::test]
async fn a_window_that_the_vendor_refuses_is_not_asked_for() {
    let bench = Bench::new(vec![]);
    let trades = endpoint("wangdian.trade_query").unwrap();
    for window in [(hour().0, hour().0 + Duration::from_secs(3_600)), (hour().1, hour().0)] {
        let failure = bench
            .client
            .page(Route::Direct, trades, window, &[], (0, 100), Deadline::NONE)
            .await
            .unwrap_err();
        assert_eq!(failure.class, Class::Refused);
        assert!(failure.message.contains("3599"), "{failure}");
    }
    let shops = endpoint("wangdian.shop").unwrap();
    assert!(bench.client.page(Route::Direct, shops, hour(), &[], (0, 100), Deadline::NONE).await.is_err());
}

#[tokio::test]
async fn a_total_is_believed_on_page_0_only() {
    let bench = Bench::new(vec![payload("direct/trades.json")]);
    let trades = endpoint("wangdian.trade_query").unwrap();
    let page = bench.client.page(Route::Direct, trades, hour(), &[], (1, 100), Deadline::NONE).await.unwrap();
    assert_eq!(page.total, None);
}

#[tokio::test]
async fn both_routes_share_one_allowance_without_bursts() {
    let bench = Bench::new(vec![
        payload("direct/trades.json"),
        payload("qimen/trades.json"),
        payload("direct/trades.json"),
    ]);
    let trades = endpoint("wangdian.trade_query").unwrap();
    for route in [Route::Direct, Route::Qimen, Route::Direct] {
        bench.client.page(route, trades, hour(), &[], (0, 100), Deadline::NONE).await.unwrap();
    }
    let stamps: Vec<i64> = [0, 2].map(|call| bench.forms()[call]["timestamp"].parse().unwrap()).into();
    assert_eq!(stamps[1] - stamps[0], 2, "a call each 1.2 s, each signed when it is sent");
}

#[tokio::test]
async fn a_list_is_read_to_its_end() {
    let bench = Bench::new(vec![payload("direct/shops.json"), payload("direct/shops_page_1.json")]);
    let shops = bench
        .client
        .list(Route::Direct, endpoint("wangdian.shop").unwrap(), &[], Deadline::NONE)
        .await
        .unwrap();
    assert_eq!(shops.len(), 3);
    assert_eq!(bench.forms()[1]["page_no"], "1");
}

#[tokio::test]
async fn carriers_are_listed_without_pages() {
    let bench = Bench::new(vec![payload("direct/logistics.json")]);
    let carriers = endpoint("wangdian.logistics").unwrap();
    let rows = bench
        .client
        .list(Route::Direct, carriers, &params(&[("logistics_name", "中通")]), Deadline::NONE)
        .await
        .unwrap();
    assert_eq!(rows.len(), 1);
    assert!(!bench.forms()[0].contains_key("page_no"));
}

#[tokio::test]
async fn an_emoji_in_a_plain_parameter_is_refused_by_name() {
    let bench = Bench::new(vec![]);
    let goods = endpoint("wangdian.goods_query").unwrap();
    let params = params(&[("class_name", "女装😀")]);
    let failure =
        bench.client.page(Route::Direct, goods, hour(), &params, (0, 100), Deadline::NONE).await.unwrap_err();
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
    let trades = endpoint("wangdian.trade_query").unwrap();
    for route in [Route::Direct, Route::Qimen] {
        let failure =
            bench.client.page(route, trades, hour(), &[], (0, 100), Deadline::NONE).await.unwrap_err();
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
