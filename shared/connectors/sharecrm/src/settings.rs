//! Where ShareCRM is and who we are there.

use std::fmt;
use std::num::NonZeroU32;

use secrecy::{ExposeSecret, SecretString};
use url::Url;
use uuid::Uuid;

/// What the client needs to know.
#[derive(Clone)]
pub struct Settings {
    /// `SHARECRM_BASE_URL`: `https://open-<login domain>`, mostly `https://open.fxiaoke.com`.
    pub base_url: Url,
    /// `SHARECRM_APP_ID`: the self-built app.
    pub app_id: String,
    /// `SHARECRM_APP_SECRET`.
    pub app_secret: SecretString,
    /// `SHARECRM_PERMANENT_CODE`.
    pub permanent_code: SecretString,
    /// `SHARECRM_USER_ID`: the employee whose data rights count; an administrator, mostly `1000`.
    pub user_id: String,
    /// Headers that the tenant's console asks for besides the common ones. Their values count as secret.
    pub extra_headers: Vec<(String, String)>,
    /// The largest body to send, in bytes: the vendor does not say what it takes.
    pub max_body_bytes: usize,
    /// How many records this process may push in 20 seconds. The vendor counts 100, for all processes together.
    pub pushes_in_20_seconds: NonZeroU32,
}

impl Settings {
    /// The address of a call, also where the base URL has a path of its own. The vendor wants a new trace id in each.
    pub(crate) fn endpoint(&self, path: &str, trace: Uuid) -> Url {
        let mut url = self.base_url.clone();
        url.set_path(&format!("{}/{path}", self.base_url.path().trim_end_matches('/')));
        url.set_query(Some(&format!("thirdTraceId={trace}")));
        url
    }

    /// The text without our secrets: a vendor may quote back what it refuses.
    pub(crate) fn redacted(&self, text: &str, token: Option<&SecretString>) -> String {
        let secrets = [Some(&self.app_secret), Some(&self.permanent_code), token];
        let secrets = secrets.into_iter().flatten().map(ExposeSecret::expose_secret);
        secrets
            .filter(|secret| !secret.is_empty())
            .fold(text.to_owned(), |text, secret| text.replace(secret, "[secret]"))
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let header_names: Vec<&str> = self.extra_headers.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("Settings")
            .field("base_url", &self.base_url.as_str())
            .field("app_id", &self.app_id)
            .field("user_id", &self.user_id)
            .field("extra_headers", &header_names)
            .field("max_body_bytes", &self.max_body_bytes)
            .field("pushes_in_20_seconds", &self.pushes_in_20_seconds)
            .finish_non_exhaustive()
    }
}
