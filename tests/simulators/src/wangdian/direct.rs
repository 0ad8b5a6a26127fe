//! The front door of openapi2: form body, clock, account, sign.

use super::endpoints::Endpoint;
use super::{Account, Refusal, sign};
use crate::call::{Call, Params};

/// How far the caller's clock may be off, in seconds.
const TOLERANCE: i64 = 300;

/// The endpoint and its own parameters, once everything around them is right.
pub(super) fn open(call: &Call, account: &Account) -> Result<(&'static Endpoint, Params), Refusal> {
    if call.method != "POST" {
        return Err(Refusal::new(1, "请求方式错误,只支持POST"));
    }
    if !call.has_content_type("application/x-www-form-urlencoded") || !call.query.is_empty() {
        return Err(Refusal::new(1, "参数须以application/x-www-form-urlencoded提交"));
    }
    let name = call.path.rsplit('/').next().and_then(|file| file.strip_suffix(".php")).unwrap_or_default();
    let endpoint = Endpoint::named(name).ok_or_else(|| Refusal::new(1, format!("接口不存在: {name}")))?;
    let mut params = call.form().map_err(|error| Refusal::new(1, error))?;
    if let Some((empty, _)) = params.iter().find(|(_, value)| value.is_empty()) {
        return Err(Refusal::new(2030, format!("签名错误sign: 参数{empty}为空")));
    }
    let sign = params.remove("sign").ok_or_else(|| Refusal::new(2030, "签名sign不能为空"))?;
    if params.get("sid").map(String::as_str) != Some(account.sid) {
        return Err(Refusal::new(2060, "卖家账号sid不存在"));
    }
    if params.get("appkey").map(String::as_str) != Some(account.appkey) {
        return Err(Refusal::new(2060, "接口账号appkey不存在"));
    }
    let timestamp =
        params.get("timestamp").filter(|text| text.len() == 10).and_then(|text| text.parse().ok());
    let timestamp: i64 = timestamp.ok_or_else(|| Refusal::new(2100, "时间戳timestamp格式错误"))?;
    if (call.at.timestamp() - timestamp).abs() > TOLERANCE {
        return Err(Refusal::new(2100, "时间戳timestamp与服务器时间相差超过5分钟"));
    }
    if sign != sign::direct(&params, account.appsecret) {
        return Err(Refusal::new(2030, "签名sign错误"));
    }
    for public in ["sid", "appkey", "timestamp"] {
        params.remove(public);
    }
    Ok((endpoint, params))
}
