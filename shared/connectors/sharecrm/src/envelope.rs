//! The answer's `errorCode` and what goes with it.

use relay_connector::{Response, answer, lenient};
use serde_json::Value;

/// An answer of the vendor, of whatever endpoint.
pub(crate) struct Envelope {
    /// What alone decides; as text, for it may come as either.
    pub(crate) code: String,
    /// What the vendor says, for people only: the vendor may change it.
    pub(crate) message: String,
    /// What the vendor's support asks for.
    pub(crate) trace_id: Option<String>,
    body: Value,
}

impl Envelope {
    /// The answer, if it is one.
    pub(crate) fn parse(response: &Response) -> Option<Self> {
        let body = answer::json(response)?;
        let code = lenient::field(&body, "errorCode")?;
        let mut said: Vec<String> = Vec::new();
        said.extend(lenient::field(&body, "errorMessage"));
        said.extend(lenient::field(&body, "errorDescription").filter(|text| !said.contains(text)));
        let trace_id = lenient::field(&body, "traceId");
        Some(Self { code, message: said.join("; "), trace_id, body })
    }

    /// A field of the answer.
    pub(crate) fn field(&self, name: &str) -> Option<String> {
        lenient::field(&self.body, name)
    }
}
