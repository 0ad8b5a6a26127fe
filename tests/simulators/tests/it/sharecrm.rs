use std::time::Duration;

use relay_simulators::Fault;
use serde_json::{Value, json};

use crate::bench::{Bench, text};

fn example() -> Value {
    serde_json::from_str(include_str!("../payloads/sharecrm_push.json")).unwrap()
}

async fn push(bench: &Bench, token: &str, trace_id: &str, body: &Value) -> i64 {
    let answer = bench.json(bench.push_request(token, trace_id, body)).await;
    assert!(answer["traceId"].is_string());
    answer["errorCode"].as_i64().unwrap()
}

#[tokio::test]
async fn the_vendors_example_is_taken() {
    let bench = Bench::new();
    let token = bench.sharecrm_token("t").await;
    assert_eq!(push(&bench, &token, "1", &example()).await, 0);
    assert_eq!(push(&bench, &token, "2", &example()).await, 0);
    let records = bench.vendors.sharecrm.records();
    let record = &records[&("erpSalesOrderObj".to_owned(), "111".to_owned())];
    assert_eq!((record.history.len(), record.repeats(), record.history[0].non_strings), (2, 1, 0));
}

#[tokio::test]
async fn a_token_is_given_again_for_6600_seconds_and_lives_7200() {
    let bench = Bench::new();
    let first = bench.sharecrm_token("1").await;
    bench.clock.advance(Duration::from_secs(6_599));
    let answer = bench.json(bench.sharecrm_token_request("2")).await;
    assert_eq!((text(&answer["accessToken"]), answer["expiresIn"].as_i64()), (first.clone(), Some(601)));
    bench.clock.advance(Duration::from_secs(1));
    let second = bench.sharecrm_token("3").await;
    assert_ne!(first, second);
    assert_eq!(push(&bench, &first, "4", &example()).await, 0);
    bench.clock.advance(Duration::from_secs(600));
    assert_eq!(push(&bench, &first, "5", &example()).await, 20016);
    assert_eq!(push(&bench, &second, "6", &example()).await, 0);
}

#[tokio::test]
async fn token_calls_are_single_and_ten_a_minute() {
    let bench = Bench::new();
    let (one, two) = tokio::join!(
        bench.json(bench.sharecrm_token_request("a")),
        bench.json(bench.sharecrm_token_request("b")),
    );
    let mut codes = [&one, &two].map(|answer| answer["errorCode"].as_i64().unwrap());
    codes.sort_unstable();
    assert!(codes[0] == 0 && codes[1] != 0, "{codes:?}");
    bench.clock.advance(Duration::from_secs(60));
    for call in 0..10 {
        assert!(!bench.sharecrm_token(&format!("t{call}")).await.is_empty());
    }
    assert_ne!(bench.json(bench.sharecrm_token_request("last")).await["errorCode"], 0);
}

#[tokio::test]
async fn token_bodies_with_wrong_names_or_values_are_refused() {
    let bench = Bench::new();
    let right: Value = serde_json::from_slice(&bench.sharecrm_token_request("x").body).unwrap();
    for (name, value) in [("appSecret", "wrong"), ("grantType", "client_credentials"), ("app_id", "extra")] {
        let mut body = right.clone();
        body[name] = json!(value);
        let mut request = bench.sharecrm_token_request(name);
        request.body = body.to_string().into_bytes();
        assert_eq!(bench.json(request).await["errorCode"], 10006, "{name}");
    }
    assert_eq!(bench.json(bench.sharecrm_token_request("")).await["errorCode"], 10006);
}

#[tokio::test]
async fn pushes_without_token_header_or_new_trace_id_are_refused() {
    let bench = Bench::new();
    let token = bench.sharecrm_token("t").await;
    assert_eq!(push(&bench, "unknown", "1", &example()).await, 20016);
    assert_eq!(push(&bench, &token, "", &example()).await, 10006);
    assert_eq!(push(&bench, &token, "2", &example()).await, 0);
    assert_eq!(push(&bench, &token, "2", &example()).await, 10006);
    for (header, code) in
        [("authorization", 20017), ("x-fs-ea", 10006), ("x-fs-userid", 10006), ("content-type", 10006)]
    {
        let mut request = bench.push_request(&token, header, &example());
        request.headers.retain(|(name, _)| &**name != header);
        assert_eq!(bench.json(request).await["errorCode"], code, "{header}");
    }
}

#[tokio::test]
async fn bodies_outside_the_standard_format_are_refused() {
    let bench = Bench::new();
    let token = bench.sharecrm_token("t").await;
    let cases: Vec<(&str, Value)> = vec![
        ("objAPIName", Value::Null),
        ("dataCenterId", json!("000000000000000000000000")),
        ("id", json!(111)),
        ("masterFieldVal", json!({})),
        ("detailFieldVals", json!([])),
        ("detailFieldVals", json!({"erpSalesOrderProductObj": {}})),
        ("directSync", json!("false")),
        ("unknown", json!("1")),
    ];
    for (place, (field, value)) in cases.into_iter().enumerate() {
        let mut body = example();
        body["data"][field] = value;
        assert_eq!(push(&bench, &token, &format!("c{place}"), &body).await, 10006, "{field}");
    }
    let flat = example()["data"].clone();
    assert_eq!(push(&bench, &token, "flat", &flat).await, 10006);
    let mut sync = example();
    sync["data"]["directSync"] = json!(true);
    sync["data"]["destObjectApiName"] = Value::Null;
    assert_eq!(push(&bench, &token, "sync", &sync).await, 10006);
    assert!(bench.vendors.sharecrm.records().is_empty());
}

#[tokio::test]
async fn values_that_are_no_strings_are_taken_and_counted() {
    let bench = Bench::new();
    let token = bench.sharecrm_token("t").await;
    let mut body = example();
    body["data"]["masterFieldVal"]["order_origin_price"] = json!(100);
    assert_eq!(push(&bench, &token, "1", &body).await, 0);
    assert_eq!(bench.vendors.sharecrm.records().values().next().unwrap().history[0].non_strings, 1);
}

#[tokio::test]
async fn the_101st_push_in_20_seconds_is_refused() {
    let bench = Bench::new();
    let token = bench.sharecrm_token("t").await;
    for call in 0..100 {
        assert_eq!(push(&bench, &token, &call.to_string(), &example()).await, 0);
    }
    assert!([30004, 14001].contains(&push(&bench, &token, "101", &example()).await));
    bench.clock.advance(Duration::from_secs(20));
    assert_eq!(push(&bench, &token, "102", &example()).await, 0);
}

#[tokio::test]
async fn a_pack_ends_until_midnight_in_china() {
    let bench = Bench::new();
    bench.vendors.sharecrm.set_calls_a_day(Some(1));
    let token = bench.sharecrm_token("t").await;
    assert_eq!(push(&bench, &token, "1", &example()).await, 0);
    assert_eq!(push(&bench, &token, "2", &example()).await, 30002);
    bench.clock.advance(Duration::from_secs(12 * 3_600 - 1));
    let token = bench.sharecrm_token("u").await;
    assert_eq!(push(&bench, &token, "3", &example()).await, 30002);
    bench.clock.advance(Duration::from_secs(1));
    assert_eq!(push(&bench, &token, "4", &example()).await, 0);
    bench.vendors.sharecrm.set_calls_a_day(Some(0));
    assert_eq!(push(&bench, &token, "5", &example()).await, 30003);
}

#[tokio::test]
async fn its_own_faults_happen() {
    let bench = Bench::new();
    let token = bench.sharecrm_token("t").await;
    let faults = &bench.vendors.sharecrm.faults;
    for (place, (fault, codes)) in [
        (Fault::ServiceException, [50009, 50009]),
        (Fault::RateLimited, [30004, 14001]),
        (Fault::InnerRefusal("必填字段为空".to_owned()), [32000, 32000]),
        (Fault::OuterRefusal("no permission".to_owned()), [15002, 15002]),
        (Fault::DailyQuotaUsed, [30002, 30002]),
    ]
    .into_iter()
    .enumerate()
    {
        faults.inject(fault);
        let code = push(&bench, &token, &place.to_string(), &example()).await;
        assert!(codes.contains(&code), "{code}");
    }
    assert_eq!(push(&bench, &token, "still", &example()).await, 30002);
    faults.inject(Fault::ExpireTokens);
    assert_eq!(push(&bench, &token, "expired", &example()).await, 20016);
    let records = bench.vendors.sharecrm.records();
    assert_eq!(records.values().next().unwrap().history.len(), 1, "50009 did its work");
}
