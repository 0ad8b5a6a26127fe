//! A sender of signed JSON.

use serde_json::Value;

use super::{Http, sign};

/// For `HTTP_WEBHOOK_SECRETS`.
pub const WEBHOOK_SECRET: &str = "simulated-webhook-secret";

/// A push, ready to be sent by `POST`.
#[derive(Debug, Clone)]
pub struct SignedJson {
    /// The headers.
    pub headers: Vec<(String, String)>,
    /// The body's bytes.
    pub body: Vec<u8>,
}

impl Http {
    /// The push of a document, signed now.
    #[must_use]
    pub fn push(&self, document: &Value) -> SignedJson {
        self.signed(document.to_string().into_bytes(), WEBHOOK_SECRET)
    }

    /// A push of any body, by any secret.
    #[must_use]
    pub fn signed(&self, body: Vec<u8>, secret: &str) -> SignedJson {
        let timestamp = self.clock.now().timestamp().to_string();
        let signature = sign::relay(secret, &timestamp, &body);
        let headers = [
            ("Content-Type", "application/json".to_owned()),
            ("X-Relay-Timestamp", timestamp),
            ("X-Relay-Signature", signature),
        ];
        SignedJson { headers: headers.map(|(name, value)| (name.to_owned(), value)).to_vec(), body }
    }
}
