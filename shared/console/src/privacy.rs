//! Personal data of documents and calls, masked until somebody asks for it.

use relay_operations::record::masked_text;
use serde_json::Value;

/// How a page shows what came, was sent and was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Privacy {
    /// Names, phones and addresses are masked.
    Masked,
    /// Somebody has asked for them, and the audit trail says who.
    Revealed,
}

impl Privacy {
    /// A text of a document or of a call.
    pub(crate) fn shows(self, text: &str) -> String {
        match self {
            Self::Masked => masked_text(text),
            Self::Revealed => pretty(text),
        }
    }
}

/// JSON, indented; anything else as it is.
pub(crate) fn pretty(text: &str) -> String {
    let json: Option<Value> = serde_json::from_str(text).ok();
    json.map_or_else(|| text.to_owned(), |json| format!("{json:#}"))
}
