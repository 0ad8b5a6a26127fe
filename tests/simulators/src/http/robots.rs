//! The group robots of 企业微信, 钉钉 and 飞书. All answer 200 whatever happens, but for the tokens that 飞书 does not know.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use super::{State, sign};
use crate::call::{Call, Reply};
use crate::faults::Fault;

/// For `HTTP_WECOM_KEY`.
pub const WECOM_KEY: &str = "693a91f6-7xxx-4bc4-97a0-simulated";
/// For `HTTP_DINGTALK_TOKEN`.
pub const DINGTALK_TOKEN: &str = "simulated-dingtalk-token";
/// For `HTTP_DINGTALK_SECRET`.
pub const DINGTALK_SECRET: &str = "SECsimulated0123";
/// For `HTTP_FEISHU_TOKEN`.
pub const FEISHU_TOKEN: &str = "simulated-feishu-token";
/// For `HTTP_FEISHU_SECRET`.
pub const FEISHU_SECRET: &str = "feishu-simulated";

/// So much may a timestamp be off, in seconds.
const AN_HOUR: i64 = 3_600;

/// A message in a group.
#[derive(Debug, Clone)]
pub struct Message {
    /// `wecom`, `dingtalk` or `feishu`.
    pub robot: &'static str,
    /// When it came.
    pub at: DateTime<Utc>,
    /// What was sent.
    pub body: Value,
}

type Refusal = (i64, String);

fn refuse<T>(code: i64, words: &str) -> Result<T, Refusal> {
    Err((code, words.to_owned()))
}

pub(super) fn wecom(state: &mut State, call: &Call, fault: Option<&Fault>) -> Reply {
    let result = (|| {
        let query = call.query().unwrap_or_default();
        if query.get("key").map(String::as_str) != Some(WECOM_KEY) {
            return refuse(93000, "invalid webhook url, hint: [simulated]");
        }
        if fault == Some(&Fault::RateLimited) || !state.wecom.admits(call.came_in) {
            return refuse(45009, "api freq out of limit");
        }
        business(fault, 40058)?;
        let body = body(call, 40008)?;
        match msgtype(&body, "msgtype") {
            "text" => text(&body, "text", "content", 2_048, 40058)?,
            "markdown" => text(&body, "markdown", "content", 4_096, 40058)?,
            _ => return refuse(40008, "invalid message type"),
        }
        state.messages.push(Message { robot: "wecom", at: call.at, body: Value::Object(body) });
        Ok(())
    })();
    errcode(result, fault)
}

pub(super) fn dingtalk(state: &mut State, call: &Call, fault: Option<&Fault>) -> Reply {
    let result = (|| {
        let query = call.query().unwrap_or_default();
        let given = |name: &str| query.get(name).map(String::as_str).unwrap_or_default();
        if given("access_token") != DINGTALK_TOKEN {
            return refuse(300005, "token is not exist");
        }
        let signed_at = given("timestamp").parse::<i64>().unwrap_or_default();
        let message = format!("{signed_at}\n{DINGTALK_SECRET}");
        let sign = BASE64.encode(sign::hmac_sha256(DINGTALK_SECRET, message.as_bytes()));
        if (call.at.timestamp() - signed_at / 1_000).abs() > AN_HOUR {
            return refuse(310000, "invalid timestamp");
        }
        if given("sign") != sign {
            return refuse(310000, "sign not match");
        }
        if fault == Some(&Fault::RateLimited) || !state.dingtalk.admits(call.came_in) {
            return refuse(130101, "send too fast, exceed 20 times per minute");
        }
        business(fault, 310000)?;
        let body = body(call, 43004)?;
        match msgtype(&body, "msgtype") {
            "text" => text(&body, "text", "content", 20_000, 400105)?,
            "markdown" => {
                text(&body, "markdown", "title", 20_000, 400105)?;
                text(&body, "markdown", "text", 20_000, 400105)?;
            }
            _ => return refuse(400105, "unsupported msgtype"),
        }
        state.messages.push(Message { robot: "dingtalk", at: call.at, body: Value::Object(body) });
        Ok(())
    })();
    errcode(result, fault)
}

pub(super) fn feishu(state: &mut State, call: &Call, fault: Option<&Fault>) -> Reply {
    let result = (|| {
        if call.path.rsplit('/').next() != Some(FEISHU_TOKEN) {
            return refuse(19001, "param invalid: incoming webhook access token invalid");
        }
        let mut body = body(call, 9499)?;
        let signed_at = body.remove("timestamp").and_then(|time| time.as_str()?.parse::<i64>().ok());
        let signed_at = signed_at.unwrap_or_default();
        let sign = BASE64.encode(sign::hmac_sha256(&format!("{signed_at}\n{FEISHU_SECRET}"), b""));
        let is_old = (call.at.timestamp() - signed_at).abs() > AN_HOUR;
        if body.remove("sign") != Some(json!(sign)) || is_old {
            return refuse(19021, "sign match fail or timestamp is not within one hour from current time");
        }
        let [minute, second] = &mut state.feishu;
        if fault == Some(&Fault::RateLimited) || !(minute.admits(call.came_in) && second.admits(call.came_in))
        {
            return refuse(11232, "frequency limited psm[simulated]");
        }
        business(fault, 9499)?;
        match msgtype(&body, "msg_type") {
            "text" => text(&body, "content", "text", 20_000, 9499)?,
            "interactive" if body.get("card").is_some_and(Value::is_object) => {}
            _ => return refuse(9499, "Bad Request"),
        }
        state.messages.push(Message { robot: "feishu", at: call.at, body: Value::Object(body) });
        Ok(())
    })();
    let (code, words) = told(result, "success");
    let code = number(code, fault);
    Reply::json(&json!({ "code": code, "msg": words, "data": {} }))
}

/// What is refused on request.
fn business(fault: Option<&Fault>, code: i64) -> Result<(), Refusal> {
    match fault {
        Some(Fault::InnerRefusal(message) | Fault::OuterRefusal(message)) => refuse(code, message),
        _ => Ok(()),
    }
}

fn body(call: &Call, code: i64) -> Result<Map<String, Value>, Refusal> {
    let is_json = call.method == "POST" && call.has_content_type("application/json");
    match call.json() {
        Some(Value::Object(body)) if is_json => Ok(body),
        _ => refuse(code, "invalid content"),
    }
}

fn msgtype<'a>(body: &'a Map<String, Value>, name: &str) -> &'a str {
    body.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// A text within an object, of so many bytes at most.
fn text(
    body: &Map<String, Value>,
    object: &str,
    name: &str,
    longest: usize,
    code: i64,
) -> Result<(), Refusal> {
    let text = body.get(object).and_then(|object| object.get(name)).and_then(Value::as_str);
    match text {
        Some(text) if !text.is_empty() && text.len() <= longest => Ok(()),
        _ => refuse(code, &format!("{object}.{name} is missing or too long")),
    }
}

fn told(result: Result<(), Refusal>, well: &str) -> (i64, String) {
    result.map_or_else(|refusal| refusal, |()| (0, well.to_owned()))
}

fn number(code: i64, fault: Option<&Fault>) -> Value {
    if fault == Some(&Fault::StringNumbers) { json!(code.to_string()) } else { json!(code) }
}

fn errcode(result: Result<(), Refusal>, fault: Option<&Fault>) -> Reply {
    let (code, words) = told(result, "ok");
    Reply::json(&json!({ "errcode": number(code, fault), "errmsg": words }))
}

/// That the service behind a robot did not answer in time; by which code is not documented.
pub(super) fn timed_out(code: &str, words: &str) -> Reply {
    Reply::json(&json!({ code: 50_001, words: "request timeout" }))
}
