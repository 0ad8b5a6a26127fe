use std::time::Duration;

use relay_connector::Request;
use relay_simulators::http::{DINGTALK_TOKEN, FEISHU_TOKEN, WECOM_KEY};
use relay_simulators::{Fault, HTTP_BASE_URL};
use serde_json::{Value, json};

use crate::bench::Bench;

/// Signatures of noon, made with Python's `hmac`.
const NOON: &str = "1795320000";
const DINGTALK_SIGN: &str = "3PCfogkmQOCak14cQeZhKu++8Ky0+i1sw5OnJ295N2o=";
const FEISHU_SIGN: &str = "HuJQOQbBEGkcKcwwHzx8DJJX2ee4yU6GwXpx6mSN3us=";
const BODY: &str = r#"{"id":"A-1"}"#;
const SIGNATURE: &str = "sha256=1a76a5fb018d41ba231de842e94cfa4f8a65537b4a3b089e78e0290727adbcdf";

fn post(path: &str, body: &Value) -> Request {
    let url = format!("{HTTP_BASE_URL}{path}").parse().unwrap();
    Request::post(url, "application/json", body.to_string().into_bytes())
}

fn signed(key: &str, signature: &str) -> Request {
    let url = format!("{HTTP_BASE_URL}/receive/orders").parse().unwrap();
    Request::post(url, "application/json", BODY.as_bytes().to_vec())
        .header("x-api-key", "simulated-api-key")
        .header("x-relay-timestamp", NOON)
        .header("x-relay-signature", signature)
        .header("idempotency-key", key)
}

fn text() -> Value {
    json!({"msgtype": "text", "text": {"content": "新订单"}})
}

fn dingtalk(timestamp: &str) -> String {
    let sign = url::form_urlencoded::byte_serialize(DINGTALK_SIGN.as_bytes()).collect::<String>();
    format!("/robot/send?access_token={DINGTALK_TOKEN}&timestamp={timestamp}&sign={sign}")
}

fn feishu(sign: &str) -> Request {
    let body = json!({"msg_type": "text", "content": {"text": "新订单"}, "timestamp": NOON, "sign": sign});
    post(&format!("/open-apis/bot/v2/hook/{FEISHU_TOKEN}"), &body)
}

#[tokio::test]
async fn the_receiver_takes_what_is_signed_and_keeps_one_of_each_key() {
    let bench = Bench::new();
    let status = async |request| bench.send(request).await.unwrap().status;
    assert_eq!(bench.json(signed("1", SIGNATURE)).await, json!({"id": "R1"}));
    assert_eq!(bench.json(signed("1", SIGNATURE)).await, json!({"id": "R1"}));
    assert_eq!(status(signed("1", "sha256=00")).await, 401);
    let other = Request { body: br#"{"id":"A-2"}"#.to_vec(), ..signed("2", SIGNATURE) };
    assert_eq!(status(other).await, 401, "the signature is of another body");
    bench.vendors.http.keep_keys(false);
    assert_eq!(bench.json(signed("1", SIGNATURE)).await, json!({"id": "R2"}));
    bench.clock.advance(Duration::from_secs(301));
    assert_eq!(status(signed("1", SIGNATURE)).await, 401, "too old");
    let received = bench.vendors.http.received();
    assert_eq!((received.len(), received[0].path.as_str()), (2, "/orders"));
}

#[tokio::test]
async fn each_robot_takes_a_message_by_its_secret_and_no_other() {
    let bench = Bench::new();
    let wecom = |key: &str| post(&format!("/cgi-bin/webhook/send?key={key}"), &text());
    assert_eq!(bench.json(wecom(WECOM_KEY)).await["errcode"], 0);
    assert_eq!(bench.json(wecom("guessed")).await["errcode"], 93000);
    assert_eq!(bench.json(post(&dingtalk("1795320000000"), &text())).await["errcode"], 0);
    assert_eq!(bench.json(post(&dingtalk("1795320000001"), &text())).await["errcode"], 310000);
    assert_eq!(bench.json(feishu(FEISHU_SIGN)).await["code"], 0);
    assert_eq!(bench.json(feishu("guessed")).await["code"], 19021);
    bench.clock.advance(Duration::from_secs(3_601));
    assert_eq!(bench.json(feishu(FEISHU_SIGN)).await["code"], 19021, "more than an hour ago");
    assert_eq!(bench.json(post(&dingtalk("1795320000000"), &text())).await["errcode"], 310000);
    let robots: Vec<_> = bench.vendors.http.messages().iter().map(|message| message.robot).collect();
    assert_eq!(robots, ["wecom", "dingtalk", "feishu"]);
}

#[tokio::test]
async fn a_robot_takes_twenty_messages_a_minute_and_none_that_is_too_long() {
    let bench = Bench::new();
    let path = format!("/cgi-bin/webhook/send?key={WECOM_KEY}");
    let long = json!({"msgtype": "text", "text": {"content": "字".repeat(683)}});
    assert_eq!(bench.json(post(&path, &long)).await["errcode"], 40058, "2049 bytes");
    for _ in 0..19 {
        assert_eq!(bench.json(post(&path, &text())).await["errcode"], 0);
    }
    assert_eq!(bench.json(post(&path, &text())).await["errcode"], 45009);
    bench.clock.advance(Duration::from_secs(60));
    bench.vendors.http.faults.inject_for("wecom", Fault::StringNumbers);
    assert_eq!(bench.json(post(&path, &text())).await["errcode"], "0");
}
