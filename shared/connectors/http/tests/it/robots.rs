//! The group robots: what is sent, and what their codes mean.

use std::time::Duration;

use relay_connector::{Class, TransportError};
use serde_json::{Value, json};

use crate::support::{all, class, delivered, says};

const WECOM: &str = "http.wecom_robot";
const DINGTALK: &str = "http.dingtalk_robot";
const FEISHU: &str = "http.feishu_robot";

fn message() -> Value {
    json!({"msgtype": "text", "text": {"content": "新订单"}})
}

#[tokio::test]
async fn wecoms_has_its_key_in_the_query() {
    let ok = says(200, r#"{"errcode":0,"errmsg":"ok"}"#);
    let (result, request) = delivered(&all(&[]), WECOM, &message(), &[], ok).await;
    assert_eq!(result, Ok(None));
    let url = "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=never-to-be-shown";
    assert_eq!(request.url.as_str(), url);
    assert_eq!(request.body, message().to_string().into_bytes());
}

#[tokio::test]
async fn dingtalks_is_signed_in_the_query() {
    let ok = says(200, r#"{"errcode":"0","errmsg":"ok"}"#);
    let (result, request) = delivered(&all(&[]), DINGTALK, &message(), &[], ok).await;
    assert_eq!(result, Ok(None));
    let sign = "17mz8VVPqwrUTZ%2FwLtdaXesT27s4leSkBWubYOXT%2FeI%3D";
    let query = format!("access_token=never-to-be-shown&timestamp=1700000000000&sign={sign}");
    assert_eq!(request.url.as_str(), format!("https://oapi.dingtalk.com/robot/send?{query}"));
}

#[tokio::test]
async fn feishus_is_signed_in_the_body() {
    let body = json!({"msg_type": "text", "content": {"text": "新订单"}});
    for ok in [r#"{"code":0,"msg":"success","data":{}}"#, r#"{"StatusCode":0,"StatusMessage":"success"}"#] {
        let (result, request) = delivered(&all(&[]), FEISHU, &body, &[], says(200, ok)).await;
        assert_eq!(result, Ok(None));
        let url = "https://open.feishu.cn/open-apis/bot/v2/hook/never-to-be-shown";
        assert_eq!(request.url.as_str(), url);
        let mut sent: Value = serde_json::from_slice(&request.body).unwrap();
        assert_eq!(sent["sign"].take(), "+QggR18W5VK/6sZYDWLUY1dyNHTNLCVCb2qXRgqUxOE=");
        assert_eq!(sent["timestamp"].take(), "1700000000");
        assert_eq!(sent["content"], body["content"]);
    }
}

#[tokio::test]
async fn a_code_says_what_became_of_the_message_whatever_the_status() {
    let busy = || Err(Class::Retry { after: Some(Duration::from_secs(60)) });
    let stopped = || Err(Class::Paused { until: None });
    for (robot, status, answer, expected) in [
        (WECOM, 200, r#"{"errcode":45009,"errmsg":"api freq out of limit"}"#, busy()),
        (WECOM, 200, r#"{"errcode":93000,"errmsg":"invalid webhook url"}"#, stopped()),
        (WECOM, 200, r#"{"errcode":40058,"errmsg":"markdown.content is missing"}"#, Err(Class::Refused)),
        (DINGTALK, 200, r#"{"errcode":130101,"errmsg":"send too fast"}"#, busy()),
        (DINGTALK, 200, r#"{"errcode":310000,"errmsg":"sign not match"}"#, stopped()),
        (DINGTALK, 200, r#"{"errcode":310000,"errmsg":"keywords not in content"}"#, Err(Class::Refused)),
        (DINGTALK, 200, r#"{"errcode":300005,"errmsg":"token is not exist"}"#, stopped()),
        (FEISHU, 400, r#"{"code":19021,"msg":"sign match fail"}"#, stopped()),
        (FEISHU, 400, r#"{"code":19024,"msg":"Key Words Not Found"}"#, Err(Class::Refused)),
        (FEISHU, 200, r#"{"code":11232,"msg":"frequency limited"}"#, busy()),
        (FEISHU, 429, "busy", busy()),
        (FEISHU, 502, "<html>", Err(Class::Unknown)),
        (WECOM, 200, "{\"errco", Err(Class::Unknown)),
        (WECOM, 404, "<html>", stopped()),
    ] {
        assert_eq!(class(robot, &message(), says(status, answer)).await, expected, "{answer}");
    }
    let lost = Err(TransportError::Lost("reset".to_owned()));
    assert_eq!(class(DINGTALK, &message(), lost).await, Err(Class::Unknown));
}

#[tokio::test]
async fn what_is_to_be_looked_at_is_said() {
    let answer = says(200, r#"{"errcode":310000,"errmsg":"sign not match"}"#);
    let failure = delivered(&all(&[]), DINGTALK, &message(), &[], answer).await.0.unwrap_err();
    assert_eq!(
        failure.in_full(),
        "http dingtalk_robot: sign not match; check HTTP_DINGTALK_TOKEN, HTTP_DINGTALK_SECRET and the robot's 安全设置 \
         (code 310000)"
    );
}
