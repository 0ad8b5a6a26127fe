//! Where Kingdee is and who we are there.

use std::num::NonZeroU32;

use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::sign;

/// What the client needs to know.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `KINGDEE_BASE_URL`: the host, in production `https://api.kingdee.com`.
    pub base_url: Url,
    /// `KINGDEE_CLIENT_ID`: the application.
    pub client_id: String,
    /// `KINGDEE_CLIENT_SECRET`.
    pub client_secret: SecretString,
    /// `KINGDEE_USERNAME`: a user of the tenant.
    pub username: String,
    /// `KINGDEE_PASSWORD`.
    pub password: SecretString,
    /// `KINGDEE_ACCOUNT_ID`: the account set (账套) to book into; needed where the user has several.
    pub account_id: Option<String>,
    /// Our own limit. The vendor's is not documented for V1; 60 is known to be safe.
    pub calls_per_minute: NonZeroU32,
}

impl Settings {
    /// The address of a path, also where the base URL has a path of its own.
    pub(crate) fn endpoint(&self, path: &str, query: &[(&str, &str)]) -> Url {
        let mut url = self.base_url.clone();
        url.set_path(&format!("{}/{path}", self.base_url.path().trim_end_matches('/')));
        // Every reserved character in %XX: a `+` for a space is not read alike by all gateways.
        let pairs: Vec<String> =
            query.iter().map(|(name, value)| format!("{name}={}", sign::encoded(value))).collect();
        url.set_query((!pairs.is_empty()).then(|| pairs.join("&")).as_deref());
        url
    }

    /// The text without our secrets: they travel in the query, which gateways and transports like to quote.
    pub(crate) fn redacted(&self, text: &str, token: Option<&SecretString>) -> String {
        let secrets = [Some(&self.client_secret), Some(&self.password), token];
        secrets
            .into_iter()
            .flatten()
            .map(ExposeSecret::expose_secret)
            .filter(|secret| !secret.is_empty())
            .fold(text.to_owned(), |text, secret| {
                text.replace(secret, "[secret]").replace(&sign::encoded(secret), "[secret]")
            })
    }
}
