use relay_connector::Request;
use relay_simulators::QIMEN_BASE_URL;
use relay_simulators::wangdian::{ACCOUNT, sign};

use crate::bench::{Bench, FORM, Given, form, text};

const SHOP: &[(&str, &str)] = &[("page_no", "0")];

#[tokio::test]
async fn a_right_call_is_answered() {
    let bench = Bench::new();
    assert_eq!(text(&bench.direct("shop", SHOP).await["code"]), "0");
}

#[tokio::test]
async fn openapi2_refuses_calls_that_its_guide_forbids() {
    let bench = Bench::new();
    let right = bench.direct_request("shop", SHOP);
    let with = |params: &[(&str, &str)]| bench.direct_request("shop", params);
    let old = (1_795_320_000 - 301).to_string();
    let cases: Vec<(&str, Request)> = vec![
        ("POST", Request { method: http::Method::GET, ..right.clone() }),
        ("x-www-form-urlencoded", Request::post(right.url.clone(), "application/json", right.body.clone())),
        ("接口不存在", bench.direct_request("shop_query", SHOP)),
        ("shop_no为空", with(&[("shop_no", "")])),
        ("sid不存在", with(&[("sid", "another")])),
        ("appkey不存在", with(&[("appkey", "another")])),
        ("timestamp格式错误", with(&[("timestamp", "2026-11-22 12:00:00")])),
        ("相差超过5分钟", with(&[("timestamp", &old)])),
        ("签名sign错误", with(&[("sign", "ffffffffffffffffffffffffffffffff")])),
        ("重复", Request { body: [&right.body[..], b"&page_no=0"].concat(), ..right.clone() }),
    ];
    for (expected, request) in cases {
        let answer = bench.json(request).await;
        assert_ne!(text(&answer["code"]), "0", "{expected}: {answer}");
        assert!(text(&answer["message"]).contains(expected), "{expected}: {answer}");
    }
}

#[tokio::test]
async fn the_gateway_refuses_calls_that_top_forbids() {
    let bench = Bench::new();
    let cases: &[(&str, &str, Given)] = &[
        ("22", "wdt.no.such", &[]),
        ("25", "wdt.shop.query", &[("sign", "00000000000000000000000000000000")]),
        ("25", "wdt.shop.query", &[("sign_method", "sha1"), ("sign", "x")]),
        ("29", "wdt.shop.query", &[("app_key", "1")]),
        ("31", "wdt.shop.query", &[("timestamp", "2026-11-22 11:49:59")]),
        ("31", "wdt.shop.query", &[("timestamp", "1795320000")]),
        ("40", "wdt.shop.query", &[("sid", "another")]),
        ("41", "wdt.shop.query", &[("target_app_key", "1")]),
        ("41", "wdt.shop.query", &[("shop_no", "")]),
        ("43", "wdt.shop.query", &[("v", "1.0")]),
    ];
    for (code, method, params) in cases {
        let answer = bench.qimen(method, params).await;
        assert_eq!(text(&answer["error_response"]["code"]), *code, "{params:?}: {answer}");
    }
    for missing in ["method", "app_key", "target_app_key", "timestamp", "v", "sign_method", "sid"] {
        let mut params = bench.qimen_params("wdt.shop.query", &[]);
        params.remove(missing);
        params.remove("sign");
        let sign = sign::top(&params, ACCOUNT.qimen_app_secret, "md5").unwrap();
        params.insert("sign".to_owned(), sign);
        let answer = bench.qimen_raw(&params).await;
        assert!(answer.contains("Missing Required Arguments"), "{missing}: {answer}");
    }
}

#[tokio::test]
async fn the_gateway_takes_parameters_from_query_and_body_and_every_sign_method() {
    let bench = Bench::new();
    for method in ["md5", "hmac", "hmac-sha256"] {
        let params = bench.qimen_params("hu3cgwt0tc.wdt.shop.query", &[("sign_method", method)]);
        let (mut query, mut body) = (params.clone(), params.clone());
        query.remove("sid");
        body.retain(|name, _| name == "sid");
        let requests =
            [(form(&query), form(&body)), (form(&params), String::new()), (String::new(), form(&params))];
        for (query, body) in requests {
            let url = format!("{QIMEN_BASE_URL}?{query}").parse().unwrap();
            let answer = bench.json(Request::post(url, FORM, body.into_bytes())).await;
            assert_eq!(answer["response"]["flag"], "success", "{method}: {answer}");
        }
    }
}

#[tokio::test]
async fn without_format_the_gateway_answers_xml() {
    let bench = Bench::new();
    let mut params = bench.qimen_params("wdt.shop.query", &[]);
    params.remove("format");
    params.remove("sign");
    let sign = sign::top(&params, ACCOUNT.qimen_app_secret, "md5").unwrap();
    params.insert("sign".to_owned(), sign);
    let answer = bench.qimen_raw(&params).await;
    assert!(answer.starts_with("<?xml") && answer.contains("<flag>success</flag>"), "{answer}");
}

#[tokio::test]
async fn the_61st_call_of_a_minute_on_both_routes_together_is_refused() {
    let bench = Bench::new();
    for _ in 0..30 {
        assert_eq!(text(&bench.direct("shop", SHOP).await["code"]), "0");
        assert_eq!(bench.qimen("wdt.shop.query", SHOP).await["response"]["flag"], "success");
    }
    assert_eq!(text(&bench.direct("shop", SHOP).await["code"]), "1012");
    let refused = bench.qimen("wdt.shop.query", SHOP).await;
    assert_eq!(refused["response"]["flag"], "failure");
    bench.clock.advance(std::time::Duration::from_secs(60));
    assert_eq!(text(&bench.direct("shop", SHOP).await["code"]), "0");
}

#[tokio::test]
async fn codes_come_as_numbers_and_strings_and_under_both_names() {
    let bench = Bench::new();
    let mut direct = Vec::new();
    let mut qimen = Vec::new();
    for _ in 0..20 {
        direct.push(bench.direct("shop", SHOP).await["code"].clone());
        let answer = bench.qimen("wdt.shop.query", SHOP).await["response"].clone();
        qimen.push(answer.get("errorcode").is_some());
    }
    assert!(direct.contains(&0.into()) && direct.contains(&"0".into()));
    assert!(qimen.contains(&true) && qimen.contains(&false));
}
