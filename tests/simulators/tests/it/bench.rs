//! A small client of each vendor, good enough to break rules with.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use relay_connector::{Request, Response, Transport, TransportError};
use relay_core::clock::{Clock as _, SimulatedClock};
use relay_simulators::wangdian::{ACCOUNT, sign};
use relay_simulators::{
    KINGDEE_BASE_URL, QIMEN_BASE_URL, SHARECRM_BASE_URL, Vendors, WDT_BASE_URL, kingdee, sharecrm,
};
use serde_json::{Map, Value, json};
use url::Url;

pub(crate) const FORM: &str = "application/x-www-form-urlencoded;charset=UTF-8";
pub(crate) type Params = BTreeMap<String, String>;
/// Parameters as tests write them.
pub(crate) type Given<'a> = &'a [(&'a str, &'a str)];

pub(crate) struct Bench {
    pub(crate) clock: Arc<SimulatedClock>,
    pub(crate) vendors: Arc<Vendors>,
    pub(crate) transport: Arc<dyn Transport>,
}

impl Bench {
    /// Sunday, 2026-11-22, 12:00 in China.
    pub(crate) fn new() -> Self {
        let clock = Arc::new(SimulatedClock::starting_at(utc("2026-11-22T12:00:00+08:00")));
        let vendors = Vendors::new(clock.clone(), 7);
        Self { clock, transport: vendors.transport(), vendors }
    }

    pub(crate) async fn send(&self, request: Request) -> Result<Response, TransportError> {
        self.transport.send(request).await
    }

    pub(crate) async fn json(&self, request: Request) -> Value {
        let response = self.send(request).await.unwrap();
        serde_json::from_slice(&response.body)
            .unwrap_or_else(|_| panic!("no JSON: {}", String::from_utf8_lossy(&response.body)))
    }

    /// openapi2's public parameters and its sign, over `params`.
    pub(crate) fn signed(&self, params: &[(&str, &str)]) -> Params {
        let mut all = owned(params);
        all.entry("sid".to_owned()).or_insert_with(|| ACCOUNT.sid.to_owned());
        all.entry("appkey".to_owned()).or_insert_with(|| ACCOUNT.appkey.to_owned());
        all.entry("timestamp".to_owned()).or_insert_with(|| self.clock.now().timestamp().to_string());
        let sign = sign::direct(&all, ACCOUNT.appsecret);
        all.entry("sign".to_owned()).or_insert(sign);
        all
    }

    pub(crate) fn direct_request(&self, name: &str, params: &[(&str, &str)]) -> Request {
        let url = format!("{WDT_BASE_URL}/{name}.php").parse().unwrap();
        Request::post(url, FORM, form(&self.signed(params)).into_bytes())
    }

    pub(crate) async fn direct(&self, name: &str, params: &[(&str, &str)]) -> Value {
        self.json(self.direct_request(name, params)).await
    }

    pub(crate) fn qimen_params(&self, method: &str, params: &[(&str, &str)]) -> Params {
        let mut all = owned(params);
        let now = self.clock.now().with_timezone(&chrono::FixedOffset::east_opt(8 * 3600).unwrap());
        let timestamp = now.format("%Y-%m-%d %H:%M:%S").to_string();
        for (name, value) in [
            ("method", method),
            ("app_key", ACCOUNT.qimen_app_key),
            ("target_app_key", ACCOUNT.target_app_key),
            ("timestamp", timestamp.as_str()),
            ("format", "json"),
            ("v", "2.0"),
            ("sign_method", "md5"),
            ("sid", ACCOUNT.sid),
        ] {
            all.entry(name.to_owned()).or_insert_with(|| value.to_owned());
        }
        let sign = sign::top(&all, ACCOUNT.qimen_app_secret, &all["sign_method"]).unwrap_or_default();
        all.entry("sign".to_owned()).or_insert(sign);
        all
    }

    pub(crate) async fn qimen_raw(&self, params: &Params) -> String {
        let request = Request::post(QIMEN_BASE_URL.parse().unwrap(), FORM, form(params).into_bytes());
        String::from_utf8(self.send(request).await.unwrap().body).unwrap()
    }

    pub(crate) async fn qimen(&self, method: &str, params: &[(&str, &str)]) -> Value {
        serde_json::from_str(&self.qimen_raw(&self.qimen_params(method, params)).await).unwrap()
    }

    pub(crate) async fn kingdee_token(&self) -> String {
        let mut url: Url = format!("{KINGDEE_BASE_URL}/auth/user/access_token").parse().unwrap();
        let credentials = kingdee::CREDENTIALS;
        url.query_pairs_mut()
            .append_pair("client_id", credentials.client_id)
            .append_pair("client_secret", credentials.client_secret)
            .append_pair("username", credentials.username)
            .append_pair("password", credentials.password);
        text(&self.json(Request::get(url)).await["data"]["access_token"])
    }

    pub(crate) fn kingdee_request(&self, path: &str, token: &str, body: &Value) -> Request {
        let url = format!("{KINGDEE_BASE_URL}{path}?access_token={token}").parse().unwrap();
        Request::post(url, "application/json", body.to_string().into_bytes())
            .header("accountId", kingdee::CREDENTIALS.account_id)
            .header("groupName", kingdee::CREDENTIALS.group_name)
    }

    pub(crate) fn sharecrm_token_request(&self, trace_id: &str) -> Request {
        let credentials = sharecrm::CREDENTIALS;
        let body = json!({
            "appId": credentials.app_id,
            "appSecret": credentials.app_secret,
            "permanentCode": credentials.permanent_code,
            "grantType": "app_secret",
        });
        let url = format!("{SHARECRM_BASE_URL}/oauth2.0/token?thirdTraceId={trace_id}").parse().unwrap();
        Request::post(url, "application/json", body.to_string().into_bytes())
    }

    pub(crate) async fn sharecrm_token(&self, trace_id: &str) -> String {
        text(&self.json(self.sharecrm_token_request(trace_id)).await["accessToken"])
    }

    pub(crate) fn push_request(&self, token: &str, trace_id: &str, body: &Value) -> Request {
        let path = "/cgi/crm/erp/syncdata/objdata/push";
        let url = format!("{SHARECRM_BASE_URL}{path}?thirdTraceId={trace_id}").parse().unwrap();
        Request::post(url, "application/json", body.to_string().into_bytes())
            .header("authorization", format!("Bearer {token}"))
            .header("x-fs-ea", sharecrm::CREDENTIALS.ea)
            .header("x-fs-userid", sharecrm::CREDENTIALS.user_id)
    }
}

pub(crate) fn utc(text: &str) -> DateTime<Utc> {
    DateTime::parse_from_rfc3339(text).unwrap().to_utc()
}

pub(crate) fn owned(params: &[(&str, &str)]) -> Params {
    params.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

pub(crate) fn form(params: &Params) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(params).finish()
}

/// A scalar as text, however it came.
pub(crate) fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

pub(crate) fn rows<'a>(answer: &'a Value, key: &str) -> &'a [Value] {
    answer[key].as_array().map(Vec::as_slice).unwrap_or_default()
}

pub(crate) fn object(file: &str) -> Map<String, Value> {
    serde_json::from_str(file).unwrap()
}
