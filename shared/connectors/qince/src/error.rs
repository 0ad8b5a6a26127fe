//! What can be wrong with a push, and what the answer to a call means.
//!
//! **Calls.** [`read`] is the one place that decides it. Of an answer with a 2xx `return_code` says whether the call
//! succeeded; the vendor's list of codes is not public, so its words tell what concerns the call and not the document.
//!
//! **Pushes.**
//! [`Push::parse`](crate::Push::parse) makes the first two, [`Push::verify`](crate::Push::verify) and
//! [`VerifiedPush::is_recent`](crate::VerifiedPush::is_recent) the others. The
//! receiver is told them as a [`PushRefused`]; the text is for the operator at the other end and for the log, so it names
//! fields and never their contents.

use std::fmt;

use relay_connector::{Class, Failure, Kept, PushRefused, RefusalKind, Response, words};

use crate::VENDOR;
use crate::envelope::Envelope;

/// Why a push is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PushError {
    /// The body is over the cap.
    #[error(
        "the push is larger than the {limit} bytes that are taken: raise the limit, or send fewer lines per order"
    )]
    TooLarge {
        /// The cap, in bytes.
        limit: usize,
    },
    /// The body is not what Qince sends: no body, a broken form, no data, digest or timestamp.
    #[error("the body is not a push of Qince: {reason}")]
    NotAPush {
        /// The message id to answer with, empty where none could be read.
        msg_id: String,
        /// What is wrong.
        reason: String,
    },
    /// The digest fits none of the secrets.
    #[error(
        "the digest of the push fits none of the push secrets: compare QINCE_PUSH_SECRETS with the pushsecret that \
         Qince gave out"
    )]
    BadDigest {
        /// The message id to answer with, empty where none could be read.
        msg_id: String,
    },
    /// The digest fits, and the push is older than is taken.
    #[error("push {msg_id} is not taken for its age: {reason}")]
    BadAge {
        /// The push's message id.
        msg_id: String,
        /// How old it is, and the way out.
        reason: String,
    },
    /// The digest fits, but the data is no document that can be relayed.
    #[error("the data of push {msg_id} (record {data_id}) is no document: {reason}")]
    BadDocument {
        /// The push's message id.
        msg_id: String,
        /// The record's id as the form says it.
        data_id: String,
        /// What is wrong, and with which field.
        reason: String,
        /// The data itself: its digest fits, so it is worth keeping.
        data: Withheld,
    },
}

/// Words that say that the vendor does not believe us, or does not let us in.
const OF_US: [&str; 7] = ["digest", "签名", "openid", "appkey", "白名单", "时间戳", "timestamp"];

/// Words that say that calls come too often.
const TOO_OFTEN: [&str; 4] = ["频率", "频繁", "限流", "too many"];

/// The answer to a call, or why it is no success.
pub(crate) fn read(operation: &str, response: &Response) -> Result<Envelope, Failure> {
    let status = response.status;
    let by_status = || Failure::not_an_answer(VENDOR, operation, status);
    let Some(envelope) = Envelope::parse(response) else {
        let mut failure = by_status();
        if matches!(status, 300..=399 | 404 | 405) {
            failure.message.push_str(" (QINCE_BASE_URL: the 【OpenAPI地址】 of your enterprise)");
        }
        return Err(failure);
    };
    let fine = (200..300).contains(&status);
    match (envelope.code.as_str(), fine) {
        ("0", true) => return Ok(envelope),
        ("0", false) => {
            let message = "a status of failure around an answer of success: what was done is not known";
            let code = Some(format!("http {status}"));
            return Err(Failure::in_our_words(VENDOR, operation, Class::Unknown, code, message));
        }
        _ => {}
    }
    let said = envelope.message.to_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| said.contains(word));
    let (class, hint) = if says(&OF_US) {
        let hint = "; check QINCE_BASE_URL, QINCE_OPENID and QINCE_APPKEY, and in API授权 the pair's allow-list of \
                    addresses and its list of APIs";
        (Class::Paused { until: None }, hint)
    } else if status == 429 || says(&TOO_OFTEN) {
        (Class::Retry { after: response.retry_after }, "")
    } else if status >= 500 {
        // However busy it says that it is: a broken server may have done it.
        (Class::Unknown, "")
    } else {
        let of_no_words = || if fine { Class::Refused } else { by_status().class };
        (words::class(&said).unwrap_or_else(of_no_words), "")
    };
    let message = format!("{}{hint}", envelope.message);
    Err(Failure::new(VENDOR, operation, class, Some(envelope.code), message))
}

/// Text that holds personal data: of it, only the size prints.
#[derive(Clone, PartialEq, Eq)]
pub struct Withheld(pub String);

impl fmt::Debug for Withheld {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "({} bytes)", self.0.len())
    }
}

/// As much of a name or an id as a log line and an answer should carry: anyone may have sent it, at any length, and with
/// ends of lines that would look like log lines of ours.
pub(crate) fn shortened(text: &str) -> String {
    text.chars().take(100).map(|character| if character.is_control() { ' ' } else { character }).collect()
}

impl PushError {
    /// What kind of refusal it is.
    #[must_use]
    pub fn kind(&self) -> RefusalKind {
        match self {
            Self::TooLarge { .. } => RefusalKind::TooLarge,
            Self::NotAPush { .. } | Self::BadDocument { .. } => RefusalKind::Malformed,
            Self::BadDigest { .. } => RefusalKind::Digest,
            Self::BadAge { .. } => RefusalKind::Age,
        }
    }

    /// The HTTP status to answer with. Qince looks at `return_code` alone; people and alarms look at the status.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.kind().status()
    }

    /// `msgId` of the push, to answer with; empty where none could be read.
    #[must_use]
    pub fn msg_id(&self) -> &str {
        match self {
            Self::TooLarge { .. } => "",
            Self::NotAPush { msg_id, .. }
            | Self::BadDigest { msg_id }
            | Self::BadAge { msg_id, .. }
            | Self::BadDocument { msg_id, .. } => msg_id,
        }
    }
}

/// The data of a push goes on only where its digest fits.
impl From<PushError> for PushRefused {
    fn from(error: PushError) -> Self {
        let (kind, message, msg_id) = (error.kind(), error.to_string(), error.msg_id().to_owned());
        let kept = match error {
            PushError::BadDocument { data_id, data, .. } => Some(Kept { id: data_id, data: data.0 }),
            PushError::TooLarge { .. }
            | PushError::NotAPush { .. }
            | PushError::BadDigest { .. }
            | PushError::BadAge { .. } => None,
        };
        Self { kind, message, msg_id, kept }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class(status: u16, code: &str, said: &str) -> Result<(), Class> {
        let body = serde_json::json!({"return_code": code, "return_msg": said, "response_data": ""});
        let response = Response::new(status, body.to_string());
        read("addPurchase", &response).map(drop).map_err(|failure| failure.class)
    }

    #[test]
    fn status_code_and_words_decide_what_an_answer_means() {
        assert_eq!(class(200, "0", ""), Ok(()));
        let (again, paused) = (Class::Retry { after: None }, Class::Paused { until: None });
        for (status, code, said, expected) in [
            (500, "0", "", Class::Unknown),
            (502, "0", "", Class::Unknown),
            (500, "1", "商品不存在", Class::Unknown),
            (503, "1", "系统繁忙", Class::Unknown),
            (504, "1", "处理超时", Class::Unknown),
            (200, "1", "处理超时,请稍后再试", Class::Unknown),
            (200, "1", "Read timed out", Class::Unknown),
            (200, "1", "服务异常", Class::Unknown),
            (429, "1", "", again.clone()),
            (200, "1", "系统繁忙", again.clone()),
            (200, "1", "调用频率超过限制", again),
            (200, "1", "digest校验失败", paused.clone()),
            (200, "1", "时间戳超时", paused.clone()),
            (401, "1", "", paused.clone()),
            (404, "1", "", paused),
            (400, "1", "商品不存在", Class::Refused),
            (200, "1", "商品不存在", Class::Refused),
        ] {
            assert_eq!(class(status, code, said), Err(expected), "{status} {code} {said}");
        }
    }

    #[test]
    fn how_long_to_wait_is_what_the_vendor_says() {
        let mut response = Response::new(429, r#"{"return_code":"1","return_msg":""}"#);
        response.retry_after = Some(std::time::Duration::from_secs(7));
        let failure = read("addPurchase", &response).err();
        assert_eq!(failure.map(|failure| failure.class), Some(Class::Retry { after: response.retry_after }));
    }
}
