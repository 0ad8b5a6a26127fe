//! Where Kingdee is and who we are there, and how that is set.

use std::num::NonZeroU32;

use relay_connector::settings::{Default, Reader};
use relay_connector::{Setting, SettingsError};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::sign;

/// Every setting of the connector.
pub(crate) const SETTINGS: &[Setting] = &[
    CLIENT_ID,
    CLIENT_SECRET,
    USERNAME,
    PASSWORD,
    BASE_URL,
    AUTH,
    ACCOUNT_ID,
    OUTER_INSTANCE_ID,
    CALLS_PER_MINUTE,
    EDITS,
    QUEUE_URL,
];

const CLIENT_ID: Setting = Setting::needed(
    "KINGDEE_CLIENT_ID",
    "the client id of the application",
    "Kingdee's open platform (open.jdy.com), at the application",
);
const CLIENT_SECRET: Setting = Setting::secret(
    "KINGDEE_CLIENT_SECRET",
    "the client secret of the application",
    "Kingdee's open platform (open.jdy.com), beside the client id",
);
const USERNAME: Setting = Setting::needed(
    "KINGDEE_USERNAME",
    "a user of the tenant",
    "the tenant's own users: one who has access to the account set (账套)",
);
const PASSWORD: Setting = Setting::secret(
    "KINGDEE_PASSWORD",
    "that user's password",
    "whoever set that user up; it is the one to log in to 金蝶云星辰 with",
);
const BASE_URL: Setting =
    Setting::optional("KINGDEE_BASE_URL", Default::Value("https://api.kingdee.com"), "an address");
const AUTH: Setting = Setting::optional("KINGDEE_AUTH", Default::Value("v1"), "`v1`");
const ACCOUNT_ID: Setting = Setting::optional(
    "KINGDEE_ACCOUNT_ID",
    Default::Told("the only one that the user has"),
    "the account set (账套)",
)
.found("the reason of a pause lists those that the user has, by number and name");
const OUTER_INSTANCE_ID: Setting =
    Setting::optional("KINGDEE_OUTER_INSTANCE_ID", Default::Absent, "nothing yet: it is for `v2`");
const CALLS_PER_MINUTE: Setting = Setting::optional(
    "KINGDEE_CALLS_PER_MINUTE",
    // The vendor does not document its limit for V1.
    Default::Value("60"),
    "a number of calls above 0",
);
/// Off, because what Kingdee does to a bill that has moved on (audited, shipped) is not documented.
const EDITS: Setting = Setting::optional("KINGDEE_EDITS", Default::Value("off"), "`on` or `off`");
const QUEUE_URL: Setting =
    Setting::needed("KINGDEE_QUEUE_URL", "an output of the stack", "the outputs of the stack");

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
    /// `KINGDEE_EDITS`: whether a newer version may change the bill that an older one made.
    pub edits: bool,
}

impl Settings {
    /// `KINGDEE_*`.
    ///
    /// # Errors
    /// Settings that are missing or malformed.
    pub fn read(settings: &relay_connector::Settings) -> Result<Self, SettingsError> {
        let mut reader = Reader::new(settings);
        if reader.optional(&AUTH) != Some("v1") {
            let expects = "expects `v1`: the flows of this version write over Kingdee's V1 interface";
            reader.problem(AUTH.name, expects);
        }
        let base_url = reader.url(&BASE_URL);
        let (client_id, client_secret) = (reader.text(&CLIENT_ID), reader.secret(&CLIENT_SECRET));
        let (username, password) = (reader.text(&USERNAME), reader.secret(&PASSWORD));
        let account_id = reader.optional(&ACCOUNT_ID).map(str::to_owned);
        let calls_per_minute = reader.calls(&CALLS_PER_MINUTE);
        let edits = reader.optional(&EDITS);
        if !matches!(edits, Some("on" | "off")) {
            reader.problem(EDITS.name, &format!("expects {}", EDITS.expects));
        }
        let read = base_url.map(|base_url| Self {
            base_url,
            client_id,
            client_secret,
            username,
            password,
            account_id,
            calls_per_minute,
            edits: edits == Some("on"),
        });
        // The reader has noted an address that is none.
        reader.done(read)?.ok_or(SettingsError { problems: Vec::new() })
    }

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
        let secrets = self.secrets().chain(token).flat_map(forms);
        secrets.fold(text.to_owned(), |text, secret| text.replace(secret.expose_secret(), "[secret]"))
    }

    /// What is not to be seen of a call with this token.
    pub(crate) fn hidden(&self, token: &SecretString) -> Vec<SecretString> {
        self.secrets().chain([token]).flat_map(forms).collect()
    }

    fn secrets(&self) -> impl Iterator<Item = &SecretString> {
        [&self.client_secret, &self.password].into_iter()
    }
}

/// A secret as it is, and as it stands in a query.
fn forms(secret: &SecretString) -> Vec<SecretString> {
    let secret = secret.expose_secret();
    let forms = [secret.to_owned(), sign::encoded(secret)];
    forms.into_iter().filter(|form| !form.is_empty()).map(SecretString::from).collect()
}
