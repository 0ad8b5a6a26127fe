//! `access_token`, the account group, and what every business call must carry.

use chrono::TimeDelta;
use serde_json::json;

use super::State;
use crate::call::{Call, Reply};
use crate::dice::Dice;

/// Who may call.
#[derive(Clone, Copy)]
pub struct Credentials {
    /// `KINGDEE_CLIENT_ID`.
    pub client_id: &'static str,
    /// `KINGDEE_CLIENT_SECRET`.
    pub client_secret: &'static str,
    /// `KINGDEE_USERNAME`.
    pub username: &'static str,
    /// `KINGDEE_PASSWORD`.
    pub password: &'static str,
    /// `KINGDEE_ACCOUNT_ID`: that of the first account group.
    pub account_id: &'static str,
    /// The group's name, which the header `groupName` carries.
    pub group_name: &'static str,
}

/// The only credentials there are. The password holds what a query string must encode.
pub const CREDENTIALS: Credentials = Credentials {
    client_id: "simulated-client",
    client_secret: "simulated-kingdee-secret",
    username: "relay@example.com",
    password: "p&ss w+rd=1%",
    account_id: "1234567890123456789",
    group_name: "tf-jdy",
};

/// How long a token lives.
const LIFE: TimeDelta = TimeDelta::hours(1);

/// `GET` with a query, or `POST` with a form.
pub(super) fn access_token(state: &mut State, call: &Call, dice: &Dice) -> Reply {
    let refuse = |code: i64, text: &str| Reply::json(&json!({"errcode": code, "description": text}));
    let params = match call.method.as_str() {
        "GET" => call.query(),
        "POST" if call.has_content_type("application/x-www-form-urlencoded") => call.form(),
        _ => return refuse(400, "请求方式错误"),
    };
    let params = params.unwrap_or_default();
    let expected = [
        ("client_id", CREDENTIALS.client_id),
        ("client_secret", CREDENTIALS.client_secret),
        ("username", CREDENTIALS.username),
        ("password", CREDENTIALS.password),
    ];
    if expected.iter().any(|(name, value)| params.get(*name).map(String::as_str) != Some(value)) {
        return refuse(1001, "client_id、client_secret、用户名或密码错误");
    }
    let token = dice.hex(32);
    state.tokens.insert(token.clone(), call.at + LIFE);
    Reply::json(&json!({"errcode": 0, "description": "success", "data": {"access_token": token}}))
}

/// The account groups of the user.
pub(super) fn account_group(state: &mut State, call: &Call) -> Reply {
    if call.method != "POST" {
        return Reply::json_with_status(405, &json!({"code": 405, "message": "Method Not Allowed"}));
    }
    if let Err(refusal) = check_token(state, call) {
        return refusal;
    }
    let group = |account_id: &str, group_name: &str, group_id: &str| json!({"accountId": account_id, "groupName": group_name, "groupId": group_id});
    let groups = [
        group(CREDENTIALS.account_id, CREDENTIALS.group_name, "1"),
        group("9876543210987654321", "vip1-hz", "2"),
    ];
    Reply::json(&json!({"success": true, "data": [{"serviceId": "jdy", "accountGroups": groups}]}))
}

/// What is around the body of a business call.
pub(super) fn check(state: &mut State, call: &Call) -> Result<(), Reply> {
    if call.method != "POST" {
        return Err(Reply::json_with_status(405, &json!({"code": 405, "message": "Method Not Allowed"})));
    }
    if !call.has_content_type("application/json") {
        return Err(Reply::json_with_status(415, &json!({"code": 415, "message": "Unsupported Media Type"})));
    }
    check_token(state, call)?;
    let account = [("accountId", CREDENTIALS.account_id), ("groupName", CREDENTIALS.group_name)];
    match account.iter().find(|(name, value)| call.header(name) != Some(value)) {
        None => Ok(()),
        Some((name, _)) => {
            let text = format!("请求头{name}缺失或错误");
            Err(Reply::json_with_status(519, &json!({"code": 1002, "description_cn": text})))
        }
    }
}

/// What Kingdee says to an expired token is not documented: each of its error shapes in turn.
fn check_token(state: &mut State, call: &Call) -> Result<(), Reply> {
    let token = call.query().unwrap_or_default().remove("access_token").unwrap_or_default();
    if state.tokens.get(&token).is_some_and(|expires_at| call.at < *expires_at) {
        return Ok(());
    }
    state.expired_shown += 1;
    let text = "access_token无效或已过期";
    Err(match state.expired_shown % 3 {
        0 => Reply::json_with_status(401, &json!({"code": 401, "message": "invalid access_token"})),
        1 => Reply::json(&json!({"success": false, "description_cn": text, "message": text})),
        _ => Reply::json_with_status(519, &json!({"code": 1003, "description_cn": text})),
    })
}
