//! What can be wrong with a push, and what the answer to a call means.
//!
//! **Calls.** [`read`] is the one place that decides it. `return_code` alone says whether a call succeeded; the vendor's list
//! of codes is not public, so its words tell what concerns us and not the document.
//!
//! **Pushes.**
//! [`Push::parse`](crate::Push::parse) makes the first two, [`Push::verify`](crate::Push::verify) and
//! [`VerifiedPush::is_recent`](crate::VerifiedPush::is_recent) the others. The
//! receiver is told them as a [`PushRefused`]; the text is for the operator at the other end and for the log, so it names
//! fields and never their contents.

use std::fmt;

use relay_connector::{Class, Failure, Kept, PushRefused, RefusalKind, Response};

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
    let Some(envelope) = Envelope::parse(response) else {
        let mut failure = Failure::not_an_answer(VENDOR, operation, response.status);
        if matches!(response.status, 300..=399 | 404 | 405) {
            failure.message.push_str(" (QINCE_BASE_URL: the 【OpenAPI地址】 of your enterprise)");
        }
        return Err(failure);
    };
    if envelope.code == "0" {
        return Ok(envelope);
    }
    let said = envelope.message.to_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| said.contains(word));
    let (class, hint) = if says(&OF_US) {
        let hint = "; check QINCE_BASE_URL, QINCE_OPENID and QINCE_APPKEY, and in API授权 the pair's allow-list of \
                    addresses and its list of APIs";
        (Class::Paused { until: None }, hint)
    } else if says(&TOO_OFTEN) {
        (Class::Retry { after: None }, "")
    } else {
        (Class::Refused, "")
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
