//! What a vendor pushes to us.

use std::fmt;

use serde::Serialize;
use serde_json::Value;

use crate::Document;

/// One HTTP request, as API Gateway or the embedded server hands it over.
#[derive(Debug, Clone, Copy)]
pub struct PushRequest<'a> {
    /// The method.
    pub method: &'a str,
    /// The path, without the query.
    pub path: &'a str,
    /// The headers, their names in any case.
    pub headers: &'a [(String, String)],
    /// The body's bytes.
    pub body: &'a [u8],
}

impl<'a> PushRequest<'a> {
    /// The value of a header.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&'a str> {
        let found = self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }
}

/// A push whose sender is proved.
#[derive(Clone, PartialEq)]
pub struct Verified {
    /// The document that its data is; `None` where it is none that flows can read.
    pub document: Option<&'static Document>,
    /// What a flow's source parameters must agree with, such as the `name` in `/http/{name}`.
    pub params: Vec<(String, String)>,
    /// What kind of data the vendor calls it, for the person who finds it without a flow.
    pub kind: String,
    /// The document's own id, for logs and for the ledger of what no flow takes.
    pub id: String,
    /// The id to answer with; empty where the push has none.
    pub msg_id: String,
    /// The data exactly as sent.
    pub data: Value,
}

/// Pushed documents are personal data: only ids print.
impl fmt::Debug for Verified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "push {} of {} {}", self.msg_id, self.kind, self.id)
    }
}

/// Why a push is not believed, or not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct PushRefused {
    /// What kind of refusal.
    pub kind: RefusalKind,
    /// The reason, and the way out.
    pub message: String,
    /// The id to answer with; empty where none could be read.
    pub msg_id: String,
    /// What the push held, where its sender is proved and only its data is wrong: it is kept for a person.
    pub kept: Option<Kept>,
}

impl PushRefused {
    /// A body over the cap, of which nothing else is known.
    #[must_use]
    pub fn too_large(limit: usize) -> Self {
        let message = format!(
            "the push is larger than the {limit} bytes that are taken: raise the limit, or send fewer lines per order"
        );
        Self { kind: RefusalKind::TooLarge, message, msg_id: String::new(), kept: None }
    }
}

/// The data of a push that is proved and cannot be read.
#[derive(Clone, PartialEq, Eq)]
pub struct Kept {
    /// The id that it is kept under; empty where none could be read.
    pub id: String,
    /// The data as text.
    pub data: String,
}

/// Data of customers never prints.
impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes of {}", self.data.len(), self.id)
    }
}

/// What kinds of refusals there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefusalKind {
    /// Its sender is not proved.
    Digest,
    /// Its sender is proved, and it is older than a setting allows: somebody may have kept it and sent it again.
    Age,
    /// It is not what the vendor sends, or its data is no document.
    Malformed,
    /// It is over the cap.
    TooLarge,
    /// It could not be stored.
    Store,
}

impl RefusalKind {
    /// Its name in the metric `pushes_refused`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Digest => "digest",
            Self::Age => "age",
            Self::Malformed => "malformed",
            Self::TooLarge => "too_large",
            Self::Store => "store",
        }
    }

    /// The HTTP status that says so, for people and alarms.
    #[must_use]
    pub fn status(self) -> u16 {
        match self {
            Self::Digest | Self::Age => 401,
            Self::Malformed => 400,
            Self::TooLarge => 413,
            Self::Store => 200,
        }
    }
}

/// The answer's body: `{"return_code": 0, "return_msg": "", "msg_id": "X0001"}`. 0 means: stored durably, will not be
/// lost. Qince reads anything but 0 as a failure and delivers again.
///
/// Source: `https://api.waiqin365.com/SERVER/app/dms/zy_order_push.html`, 响应信息.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reply {
    /// 响应编码: 0 taken, 1 failed.
    pub return_code: u8,
    /// 响应消息内容: why it failed, empty otherwise.
    pub return_msg: String,
    /// 消息ID: the `msgId` that was received, empty where none could be read.
    pub msg_id: String,
}

impl Reply {
    /// The push is stored durably.
    #[must_use]
    pub fn accepted(msg_id: impl Into<String>) -> Self {
        Self { return_code: 0, return_msg: String::new(), msg_id: msg_id.into() }
    }

    /// The push was not taken.
    #[must_use]
    pub fn failed(msg_id: impl Into<String>, message: impl Into<String>) -> Self {
        Self { return_code: 1, return_msg: message.into(), msg_id: msg_id.into() }
    }

    /// The answer's body, as JSON text.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::json!(self).to_string()
    }
}

/// Verifies what one vendor pushes.
pub trait Webhook: Send + Sync {
    /// What the paths of its pushes begin with, such as `/qince/`.
    fn prefix(&self) -> &'static str;

    /// The largest body that is read, in bytes.
    fn max_body_bytes(&self) -> usize;

    /// Proves who sent a push, and reads it.
    ///
    /// # Errors
    /// Why it is not believed, or cannot be read.
    fn verify(&self, request: &PushRequest<'_>) -> Result<Verified, PushRefused>;

    /// What a person is told of a proved push that no flow takes, and the way out.
    fn unrouted(&self, push: &Verified) -> String;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_has_the_three_fields_of_the_vendors_page() {
        assert_eq!(
            Reply::accepted("X0001").to_json(),
            r#"{"return_code":0,"return_msg":"","msg_id":"X0001"}"#
        );
        assert_eq!(
            Reply::failed("X0001", "the digest fits no secret").to_json(),
            r#"{"return_code":1,"return_msg":"the digest fits no secret","msg_id":"X0001"}"#
        );
    }
}
