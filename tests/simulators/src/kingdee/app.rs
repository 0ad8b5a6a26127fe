//! V2: authorisation, app-token, and the signature of every call.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use chrono::{DateTime, TimeDelta, Utc};
use hmac::{Hmac, KeyInit as _, Mac as _};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use sha2::Sha256;

use super::State;
use super::account::CREDENTIALS;
use crate::call::{Call, Reply};
use crate::dice::Dice;
use crate::limit::Limit;

/// `KINGDEE_OUTER_INSTANCE_ID`.
pub const OUTER_INSTANCE_ID: &str = "instance-001";
/// Where the tenant's calls are sent.
const DOMAIN: &str = "https://tf.jdy.com";
const APP_KEY: &str = "XcRtPUpC";

/// The secret rotates every day; a token lives for a day from when it was given out.
const LIFE: TimeDelta = TimeDelta::hours(24);
/// A signature holds for so long before and after its time.
const TOLERATED: TimeDelta = TimeDelta::minutes(5);
const TOKEN_CALLS: usize = 2;

const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// The application in the tenant's account set.
pub(super) struct App {
    secret: String,
    rotates_at: DateTime<Utc>,
    tokens: BTreeMap<String, DateTime<Utc>>,
    token_calls: Limit,
    nonces: BTreeMap<String, DateTime<Utc>>,
    said: usize,
}

impl App {
    pub(super) fn new() -> Self {
        Self {
            secret: String::new(),
            rotates_at: DateTime::<Utc>::MIN_UTC,
            tokens: BTreeMap::new(),
            token_calls: Limit::new(TOKEN_CALLS, TimeDelta::minutes(1)),
            nonces: BTreeMap::new(),
            said: 0,
        }
    }

    /// The secret and all tokens are worth nothing from now on.
    pub(super) fn rotate(&mut self) {
        self.rotates_at = DateTime::<Utc>::MIN_UTC;
        self.tokens.clear();
    }

    /// How many calls for a token were above two a minute.
    pub(super) fn refused_for_tokens(&self) -> u64 {
        self.token_calls.refused()
    }

    fn renew(&mut self, now: DateTime<Utc>, dice: &Dice) {
        if now >= self.rotates_at {
            (self.secret, self.rotates_at) = (dice.hex(32), now + LIFE);
        }
    }
}

fn refuse(code: i64, text: &str) -> Reply {
    Reply::json(&json!({"errcode": code, "description": text}))
}

/// What is around every call: headers, time, signature.
pub(super) fn check_signature(state: &mut State, call: &Call) -> Result<(), Reply> {
    let invalid = |why: &str| Err(refuse(1_030_002_001, &format!("X-Api-Signature is invalid ({why})")));
    let header = |name: &str| call.header(name).unwrap_or_default().to_owned();
    if !call.has_content_type("application/json") {
        return Err(refuse(1_030_002_000, "Content-Type must be application/json"));
    }
    if header("X-Api-ClientID") != CREDENTIALS.client_id || header("X-Api-Auth-Version") != "2.0" {
        return invalid("client");
    }
    if header("X-Api-SignHeaders") != "X-Api-TimeStamp,X-Api-Nonce" {
        return invalid("sign headers");
    }
    let (nonce, timestamp) = (header("X-Api-Nonce"), header("X-Api-TimeStamp"));
    if nonce.is_empty() || nonce.starts_with('0') || !nonce.bytes().all(|byte| byte.is_ascii_digit()) {
        return invalid("nonce");
    }
    let time = timestamp.parse().ok().and_then(DateTime::from_timestamp_millis);
    if timestamp.len() != 13 || time.is_none_or(|time| (time - call.came_in).abs() > TOLERATED) {
        return invalid("timestamp");
    }
    let app = &mut state.app;
    app.nonces.retain(|_, used| call.came_in - *used < TOLERATED);
    if app.nonces.insert(nonce.clone(), call.came_in).is_some() {
        return invalid("nonce used before");
    }
    let Ok(query) = call.query() else { return invalid("query") };
    let encoded = |text: &str| utf8_percent_encode(text, UNRESERVED).to_string();
    let pairs: Vec<_> =
        query.iter().map(|(name, value)| format!("{name}={}", encoded(&encoded(value)))).collect();
    let text = format!(
        "{}\n{}\n{}\nx-api-nonce:{nonce}\nx-api-timestamp:{timestamp}\n",
        call.method,
        encoded(&call.path),
        pairs.join("&"),
    );
    match header("X-Api-Signature") == mac(CREDENTIALS.client_secret, &text) {
        true => Ok(()),
        false => invalid("digest"),
    }
}

/// Base64 of the hex text.
fn mac(key: &str, text: &str) -> String {
    let mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).map(|mut mac| {
        mac.update(text.as_bytes());
        mac.finalize().into_bytes()
    });
    BASE64_STANDARD.encode(mac.map(hex::encode).unwrap_or_default())
}

/// `push_app_authorize`: in either form.
pub(super) fn authorize(state: &mut State, call: &Call, dice: &Dice) -> Reply {
    let app = &mut state.app;
    app.renew(call.at, dice);
    app.said += 1;
    let query = call.query().unwrap_or_default();
    if call.method != "POST" || query.get("outerInstanceId").map(String::as_str) != Some(OUTER_INSTANCE_ID) {
        return refuse(1_030_002_010, "outerInstanceId不存在");
    }
    let given = |status: i64, key: &str| {
        json!({
            "appKey": key, "appSecret": app.secret, "domain": DOMAIN, "status": status,
            "accountId": if status == 1 { CREDENTIALS.account_id } else { "9876543210987654321" },
        })
    };
    let data = [given(1, APP_KEY), given(0, "OldKeyXX")];
    Reply::json(&match app.said % 2 {
        0 => json!({"code": 200, "msg": "success", "data": data}),
        _ => json!({"errcode": 0, "description": "success", "data": data}),
    })
}

/// `kingdee_auth_token`: two calls a minute.
pub(super) fn token(state: &mut State, call: &Call, dice: &Dice) -> Reply {
    let app = &mut state.app;
    if !app.token_calls.admits(call.came_in) {
        return refuse(1_030_002_020, "请求过于频繁,请稍后重试");
    }
    app.renew(call.at, dice);
    let query = call.query().unwrap_or_default();
    let of = |name: &str| query.get(name).map(String::as_str).unwrap_or_default();
    if call.method != "GET" || of("app_key") != APP_KEY || of("app_signature") != mac(&app.secret, APP_KEY) {
        return refuse(1_030_002_006, "app key check failed");
    }
    let token = dice.hex(32);
    app.tokens.insert(token.clone(), call.at + LIFE);
    let name = if dice.coin() { "app-token" } else { "app_token" };
    let mut data = json!({"domain": DOMAIN});
    data[name] = Value::from(token);
    Reply::json(&json!({"errcode": 0, "description": "success", "data": data}))
}

/// What is around a business call besides its signature.
pub(super) fn check_token(state: &mut State, call: &Call) -> Result<(), Reply> {
    let app = &mut state.app;
    if call.header("X-GW-Router-Addr") != Some(DOMAIN) {
        return Err(refuse(1_030_002_030, "X-GW-Router-Addr is invalid"));
    }
    let token = call.header("app-token").unwrap_or_default();
    if app.tokens.get(token).is_some_and(|ends| call.at < *ends) {
        return Ok(());
    }
    app.said += 1;
    Err(match app.said % 2 {
        0 => refuse(1_030_002_006, "app key check failed"),
        _ => Reply::json_with_status(401, &json!({"errcode": 401, "description": "app-token is invalid"})),
    })
}
