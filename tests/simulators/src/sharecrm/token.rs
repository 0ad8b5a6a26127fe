//! `oauth2.0/token`, and what every call after it must carry.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::{Refusal, State};
use crate::call::Call;
use crate::dice::Dice;

/// Who may call.
#[derive(Clone, Copy)]
pub struct Credentials {
    /// `SHARECRM_APP_ID`.
    pub app_id: &'static str,
    /// `SHARECRM_APP_SECRET`.
    pub app_secret: &'static str,
    /// `SHARECRM_PERMANENT_CODE`.
    pub permanent_code: &'static str,
    /// `SHARECRM_USER_ID`: an administrator.
    pub user_id: &'static str,
    /// `SHARECRM_DATA_CENTER_ID`.
    pub data_center_id: &'static str,
    /// The enterprise account, which the token answer tells.
    pub ea: &'static str,
}

/// The only credentials there are.
pub const CREDENTIALS: Credentials = Credentials {
    app_id: "FSAID_simulated",
    app_secret: "simulated-sharecrm-secret",
    permanent_code: "simulated-permanent-code",
    user_id: "1000",
    data_center_id: "63f82854a8bd974420925e83",
    ea: "simulated-ea",
};

/// What a tenant's console may ask for besides, as `SHARECRM_EXTRA_HEADERS`. The vendor takes calls without it.
pub const EXTRA_HEADERS: &str = "x-console: simulated-console-key";

const LIFE: TimeDelta = TimeDelta::seconds(7_200);
/// As long a token is given again when asked for.
const SAME: TimeDelta = TimeDelta::seconds(6_600);

pub(super) struct Token {
    value: String,
    given_at: DateTime<Utc>,
}

pub(super) fn token(state: &mut State, call: &Call, dice: &Dice) -> Result<Value, Refusal> {
    if call.beside > 0 {
        return Err(Refusal(30004, "concurrent token calls are not allowed".to_owned()));
    }
    if !state.token_calls.admits(call.came_in) {
        return Err(Refusal(14001, "more than 10 token calls a minute".to_owned()));
    }
    post_json(call)?;
    trace_id(state, call)?;
    let body = call.json().unwrap_or_default();
    let body = body.as_object().ok_or_else(|| illegal("body"))?;
    let expected = [
        ("appId", CREDENTIALS.app_id),
        ("appSecret", CREDENTIALS.app_secret),
        ("permanentCode", CREDENTIALS.permanent_code),
        ("grantType", "app_secret"),
    ];
    if let Some((name, _)) = expected.iter().find(|(name, value)| body.get(*name) != Some(&json!(value))) {
        return Err(illegal(name));
    }
    if let Some(unknown) = body.keys().find(|name| expected.iter().all(|(known, _)| known != name)) {
        return Err(illegal(unknown));
    }
    state.tokens.retain(|token| call.at < token.given_at + LIFE);
    let (value, given_at) = match state.tokens.last().filter(|token| call.at < token.given_at + SAME) {
        Some(token) => (token.value.clone(), token.given_at),
        None => {
            let token = Token { value: dice.hex(40), given_at: call.at };
            state.tokens.push(Token { value: token.value.clone(), given_at: call.at });
            (token.value, call.at)
        }
    };
    Ok(json!({
        "accessToken": value,
        "expiresIn": (given_at + LIFE - call.at).num_seconds(),
        "ea": CREDENTIALS.ea,
        "appId": CREDENTIALS.app_id,
        "openUserId": "FSCID_simulated",
    }))
}

/// Token, headers and trace id of a business call.
pub(super) fn check(state: &mut State, call: &Call) -> Result<(), Refusal> {
    let Some(authorization) = call.header("authorization") else {
        return Err(Refusal(20017, "corpId not found".to_owned()));
    };
    let token = authorization.strip_prefix("Bearer ").ok_or_else(|| illegal("authorization"))?;
    if !state.tokens.iter().any(|known| known.value == token && call.at < known.given_at + LIFE) {
        return Err(Refusal(20016, "the access token is expired or does not exist".to_owned()));
    }
    for (name, value) in [("x-fs-ea", CREDENTIALS.ea), ("x-fs-userid", CREDENTIALS.user_id)] {
        if call.header(name) != Some(value) {
            return Err(illegal(name));
        }
    }
    post_json(call)?;
    trace_id(state, call)
}

fn post_json(call: &Call) -> Result<(), Refusal> {
    if call.method == "POST" && call.has_content_type("application/json") {
        Ok(())
    } else {
        Err(illegal("content-type"))
    }
}

/// New for each request.
fn trace_id(state: &mut State, call: &Call) -> Result<(), Refusal> {
    let trace_id = call.query().unwrap_or_default().remove("thirdTraceId").filter(|id| !id.is_empty());
    let trace_id = trace_id.ok_or_else(|| illegal("thirdTraceId"))?;
    if state.trace_ids.insert(trace_id) {
        Ok(())
    } else {
        Err(Refusal(10006, "the parameter thirdTraceId was used before".to_owned()))
    }
}

pub(super) fn illegal(name: &str) -> Refusal {
    Refusal(10006, format!("the parameter {name} is missing or illegal"))
}
