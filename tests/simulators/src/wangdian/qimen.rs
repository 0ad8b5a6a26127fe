//! The front door of the Qimen route: TOP parameters in the query, the body or both, and the TOP sign.

use super::endpoints::Endpoint;
use super::{Account, sign, time};
use crate::call::{Call, Params};

/// How far the caller's clock may be off, in seconds.
const TOLERANCE: i64 = 600;

/// What the gateway itself refuses: code, text and sub code of the TOP table.
#[derive(Debug)]
pub(super) struct Refused {
    pub(super) code: i64,
    pub(super) msg: String,
    pub(super) sub_code: &'static str,
}

fn refuse<T>(code: i64, msg: impl Into<String>, sub_code: &'static str) -> Result<T, Refused> {
    Err(Refused { code, msg: msg.into(), sub_code })
}

/// Whether the caller is answered in XML, which is what it gets unless it asks for JSON.
pub(super) fn as_xml(call: &Call) -> bool {
    params(call).is_ok_and(|params| params.get("format").is_none_or(|format| format != "json"))
}

/// All parameters, wherever they are.
pub(super) fn params(call: &Call) -> Result<Params, String> {
    let mut params = call.query()?;
    for (name, value) in call.form()? {
        if params.insert(name.clone(), value).is_some() {
            return Err(format!("参数{name}重复"));
        }
    }
    Ok(params)
}

/// The endpoint and its own parameters, once everything around them is right.
pub(super) fn open(call: &Call, account: &Account) -> Result<(&'static Endpoint, Params), Refused> {
    if call.method != "POST" {
        return refuse(9, "Http Action Not Allowed", "isv.http-method");
    }
    if !call.body.is_empty() && !call.has_content_type("application/x-www-form-urlencoded") {
        return refuse(41, "Invalid Arguments:content-type", "isv.invalid-content-type");
    }
    let Ok(mut params) = params(call) else {
        return refuse(41, "Invalid Arguments", "isv.invalid-parameter");
    };
    if let Some((empty, _)) = params.iter().find(|(_, value)| value.is_empty()) {
        return refuse(41, format!("Invalid Arguments:{empty}"), "isv.invalid-parameter");
    }
    let required = ["app_key", "method", "sign", "sign_method", "target_app_key", "timestamp", "v"];
    if let Some(missing) = required.iter().find(|name| !params.contains_key(**name)) {
        return refuse(40, format!("Missing Required Arguments:{missing}"), "isv.missing-parameter");
    }
    let get = |name: &str| params.get(name).map(String::as_str).unwrap_or_default();
    if get("app_key") != account.qimen_app_key {
        return refuse(29, "Invalid app Key", "isv.appkey-not-exists");
    }
    if get("target_app_key") != account.target_app_key {
        return refuse(41, "Invalid Arguments:target_app_key", "isv.invalid-target-app-key");
    }
    if get("v") != "2.0" {
        return refuse(43, "Unsupported Version", "isv.unsupported-version");
    }
    if !["json", "xml", ""].contains(&get("format")) {
        return refuse(23, "Invalid Format", "isv.invalid-format");
    }
    let timestamp = get("timestamp");
    let Some(timestamp) = time::parse(timestamp).or_else(|| milliseconds(timestamp)) else {
        return refuse(31, "Invalid Timestamp", "isv.invalid-timestamp");
    };
    if (call.at.timestamp() - timestamp).abs() > TOLERANCE {
        return refuse(31, "Invalid Timestamp", "isv.invalid-timestamp");
    }
    let expected = sign::top(&params, account.qimen_app_secret, get("sign_method"));
    if expected.as_deref() != Some(get("sign")) {
        return refuse(25, "Invalid signature", "isv.invalid-signature");
    }
    let Some(endpoint) = Endpoint::of_method(get("method")) else {
        return refuse(22, "Invalid Method", "isv.invalid-method");
    };
    if params.remove("sid").as_deref() != Some(account.sid) {
        return refuse(40, "Missing Required Arguments:sid", "isv.missing-parameter:sid");
    }
    if params.remove("appkey").is_some_and(|appkey| appkey != account.appkey) {
        return refuse(41, "Invalid Arguments:appkey", "isv.invalid-parameter");
    }
    for system in required.into_iter().chain(["format"]) {
        params.remove(system);
    }
    Ok((endpoint, params))
}

/// The Python TOP SDK sends the time so.
fn milliseconds(text: &str) -> Option<i64> {
    let milliseconds: i64 = (text.len() == 13).then(|| text.parse().ok())??;
    Some(milliseconds / 1_000)
}
