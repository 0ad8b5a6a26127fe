//! What an answer means: the one place that decides it.
//!
//! Of `http.post` the status speaks, because nobody knows what a receiver writes into its answers; only a page of HTML is
//! none of a receiver's. Of the robots the
//! code in the body does: their vendors answer 200 whatever happens.

use std::fmt;
use std::time::Duration;

use relay_connector::{Class, Failure, PushRefused, RefusalKind, Response, answer, lenient, words};

use crate::VENDOR;

/// So much of what a receiver says is kept.
const LONGEST: usize = 300;

/// How long to leave a robot alone that limits the rate: it counts by the minute.
const A_MINUTE: Duration = Duration::from_secs(60);

/// What the receiver's answer to `http.post` means; taken where the status is 2xx. The id is the receiver's, where its
/// answer has one.
pub(crate) fn post(operation: &str, response: &Response) -> Result<Option<String>, Failure> {
    let status = response.status;
    // A page with 200 is a gateway's, a login's or a load balancer's: whether the receiver has the document, it does not say.
    if (200..300).contains(&status) && !is_a_page(response) {
        return Ok(answer::json(response).and_then(|said| lenient::field(&said, "id")));
    }
    let after = response.retry_after;
    let mut failure = Failure::not_an_answer(VENDOR, operation, status);
    match status {
        409 => failure.class = Class::Exists,
        // Whoever says when to come again has done nothing. Any other 5xx may have come after the work was done.
        429 => failure.class = Class::Retry { after },
        503 if after.is_some() => failure.class = Class::Retry { after },
        _ => {}
    }
    let mistake = match status {
        300..=399 | 404 | 405 => " (HTTP_POST_URL)",
        401 | 403 => " (HTTP_POST_HEADERS, HTTP_POST_SECRET)",
        _ => "",
    };
    failure.message.push_str(mistake);
    if let Some(said) = said(response) {
        failure.message = format!("{}; the receiver says: {said}", failure.message);
        failure.in_our_words = false;
    }
    Err(failure)
}

/// What the receiver says, where that is no page of a gateway's.
fn said(response: &Response) -> Option<String> {
    let text = std::str::from_utf8(&response.body).ok()?.trim();
    (!text.is_empty() && !is_a_page(response)).then(|| text.chars().take(LONGEST).collect())
}

/// Whether an answer is a page for people.
fn is_a_page(response: &Response) -> bool {
    response.body.trim_ascii_start().starts_with(b"<")
}

/// What the codes of a robot mean. One that stands nowhere here says that the message is wrong.
pub(crate) struct Codes {
    /// Where the code stands: one of these fields.
    fields: &'static [&'static str],
    /// Where its words stand.
    words: &'static [&'static str],
    /// Too often, or busy: nothing was sent.
    busy: &'static [&'static str],
    /// The robot is gone, or does not believe us.
    stopped: &'static [&'static str],
    /// What to look at then.
    check: &'static str,
}

/// 企业微信, 全局错误码, from memory. 0, -1, 45009 (接口调用超过限制) and 93000 (机器人webhookurl不合法或者机器人已经被移除出群)
/// are certain; 45033 (并发), 93004 (机器人被停用) and 93008 (不在群里) nearly so.
pub(crate) const WECOM: Codes = Codes {
    fields: &["errcode"],
    words: &["errmsg"],
    busy: &["-1", "45009", "45033"],
    stopped: &["93000", "93004", "93008"],
    check: "HTTP_WECOM_KEY, and whether the robot is still in its group",
};

/// 钉钉, 自定义机器人的错误码, from memory. 0, -1, 130101 (send too fast, exceed 20 times per minute), 310000 (安全设置) are
/// certain; 300001 and 300005 (token is not exist) and 660026 (too fast, under another name) nearly so.
pub(crate) const DINGTALK: Codes = Codes {
    fields: &["errcode"],
    words: &["errmsg"],
    busy: &["-1", "130101", "660026"],
    stopped: &["300001", "300005", "310000"],
    check: "HTTP_DINGTALK_TOKEN, HTTP_DINGTALK_SECRET and the robot's 安全设置",
};

/// 飞书, 自定义机器人使用指南, from memory. 0, 11232 (frequency limited), 19021 (sign match fail or timestamp is not within one
/// hour), 19022 (Ip Not Allowed) and 19024 (Key Words Not Found, which is the message's fault) are certain; 19001 (param
/// invalid: the token) nearly so. `StatusCode` is what old answers have instead of `code`.
pub(crate) const FEISHU: Codes = Codes {
    fields: &["code", "StatusCode"],
    words: &["msg", "StatusMessage"],
    busy: &["11232"],
    stopped: &["19001", "19021", "19022"],
    check: "HTTP_FEISHU_TOKEN, HTTP_FEISHU_SECRET and the robot's 安全设置",
};

/// What a robot's answer means. A message has no id.
pub(crate) fn robot(codes: &Codes, operation: &str, response: &Response) -> Result<Option<String>, Failure> {
    let said = answer::json(response);
    let first = |names: &[&str]| {
        names.iter().find_map(|name| said.as_ref().and_then(|said| lenient::field(said, name)))
    };
    let Some(code) = first(codes.fields) else {
        let mut failure = Failure::not_an_answer(VENDOR, operation, response.status);
        if response.status == 429 {
            failure.class = Class::Retry { after: response.retry_after.or(Some(A_MINUTE)) };
        }
        return Err(failure);
    };
    let reason = first(codes.words).unwrap_or_default();
    let has = |list: &[&str]| list.contains(&code.as_str());
    let (class, hint) = if code == "0" {
        return Ok(None);
    } else if has(codes.busy) {
        (Class::Retry { after: Some(response.retry_after.unwrap_or(A_MINUTE)) }, String::new())
    } else if has(codes.stopped) && !is_about_keywords(&reason) {
        (Class::Paused { until: None }, format!("; check {}", codes.check))
    } else {
        (words::class(&reason).unwrap_or(Class::Refused), String::new())
    };
    Err(Failure::new(VENDOR, operation, class, Some(code), format!("{reason}{hint}")))
}

/// 钉钉 has one code for all that its 安全设置 refuses, and a message without the robot's keyword is the flow's fault.
fn is_about_keywords(words: &str) -> bool {
    let words = words.to_lowercase();
    ["keyword", "关键词"].iter().any(|about| words.contains(about))
}

/// Why a push is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PushError {
    /// It is none: its path, a header or its body.
    #[error("the request is no signed push: {0}")]
    NotAPush(&'static str),
    /// The signature fits none of the secrets.
    #[error(
        "the signature of the push fits none of the secrets: compare HTTP_WEBHOOK_SECRETS with the sender's, and that it \
         signs the timestamp, a dot and the very bytes of the body"
    )]
    BadSignature {
        /// The id to answer with.
        msg_id: String,
    },
    /// The signature fits, and the push is older than is taken.
    #[error("the push to {name} is not taken for its age: {reason}")]
    BadAge {
        /// The name in `/http/{name}`.
        name: String,
        /// The id to answer with.
        msg_id: String,
        /// How old it is, and the way out.
        reason: String,
    },
    /// The signature fits, but the body is no document that can be relayed.
    #[error("the body of the push to {name} is no document: {reason}")]
    BadDocument {
        /// The name in `/http/{name}`.
        name: String,
        /// The id to answer with.
        msg_id: String,
        /// What is wrong with it.
        reason: String,
        /// The body: its signature fits, so it is worth keeping.
        kept: relay_connector::Kept,
    },
}

impl From<PushError> for PushRefused {
    fn from(error: PushError) -> Self {
        let message = error.to_string();
        let (kind, msg_id, kept) = match error {
            PushError::NotAPush(_) => (RefusalKind::Malformed, String::new(), None),
            PushError::BadSignature { msg_id } => (RefusalKind::Digest, msg_id, None),
            PushError::BadAge { msg_id, .. } => (RefusalKind::Age, msg_id, None),
            PushError::BadDocument { msg_id, kept, .. } => (RefusalKind::Malformed, msg_id, Some(kept)),
        };
        Self { kind, message, msg_id, kept }
    }
}

/// As much of an id as an answer and a log line should carry: anyone may have sent it, at any length, and with ends of
/// lines that would look like log lines of ours.
pub(crate) fn shortened(text: &impl fmt::Display) -> String {
    let text = text.to_string();
    text.chars().take(100).map(|character| if character.is_control() { ' ' } else { character }).collect()
}
