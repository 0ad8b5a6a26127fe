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
    "a user of the tenant (of `v1`)",
    "the tenant's own users: one who has access to the account set (账套)",
);
const PASSWORD: Setting = Setting::secret(
    "KINGDEE_PASSWORD",
    "that user's password (of `v1`)",
    "whoever set that user up; it is the one to log in to 金蝶云星辰 with",
);
const BASE_URL: Setting =
    Setting::optional("KINGDEE_BASE_URL", Default::Value("https://api.kingdee.com"), "an address");
pub(crate) const AUTH: Setting =
    Setting::optional("KINGDEE_AUTH", Default::Value("v1"), "`v1` or `v2`")
    .found("`v1` logs a user of the tenant in; `v2` is for tenants whose administrator has authorised the application");
const ACCOUNT_ID: Setting = Setting::optional(
    "KINGDEE_ACCOUNT_ID",
    Default::Told("the only one that the user has"),
    "the account set (账套)",
)
.found("the reason of a pause lists those that there are: by number and name, or by app key where `v2` tells no number");
const OUTER_INSTANCE_ID: Setting = Setting::needed(
    "KINGDEE_OUTER_INSTANCE_ID",
    "the instance of the application that the tenant has authorised (of `v2`)",
    "Kingdee's open platform (open.jdy.com), at the application's authorisations: 第三方实例id",
);
const CALLS_PER_MINUTE: Setting = Setting::optional(
    "KINGDEE_CALLS_PER_MINUTE",
    // The vendor does not document its limit for V1; V2 is said to take 500.
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
    /// `KINGDEE_AUTH`: which interface is called, and as whom.
    pub auth: Auth,
    /// `KINGDEE_ACCOUNT_ID`: the account set (账套) to book into; needed where there are several.
    pub account_id: Option<String>,
    /// `KINGDEE_CALLS_PER_MINUTE`: our own limit. The vendor's is not documented for V1; 60 is known to be safe.
    pub calls_per_minute: NonZeroU32,
    /// `KINGDEE_EDITS`: whether a newer version may change the bill that an older one made.
    pub edits: bool,
}

/// The interface, and who we are there.
#[derive(Debug, Clone)]
pub enum Auth {
    /// V1: a user of the tenant logs in.
    V1 {
        /// `KINGDEE_USERNAME`.
        username: String,
        /// `KINGDEE_PASSWORD`.
        password: SecretString,
    },
    /// V2: the tenant has authorised the application.
    V2 {
        /// `KINGDEE_OUTER_INSTANCE_ID`.
        outer_instance_id: String,
    },
}

impl Settings {
    /// `KINGDEE_*`.
    ///
    /// # Errors
    /// Settings that are missing or malformed.
    pub fn read(settings: &relay_connector::Settings) -> Result<Self, SettingsError> {
        let mut reader = Reader::new(settings);
        let base_url = reader.url(&BASE_URL);
        let (client_id, client_secret) = (reader.text(&CLIENT_ID), reader.secret(&CLIENT_SECRET));
        let auth = auth(&mut reader);
        let account_id = reader.optional(&ACCOUNT_ID).map(str::to_owned);
        let calls_per_minute = reader.calls(&CALLS_PER_MINUTE);
        let edits = reader.optional(&EDITS);
        if !matches!(edits, Some("on" | "off")) {
            reader.problem(EDITS.name, &format!("expects {}", EDITS.expects));
        }
        let read = base_url.zip(auth).map(|(base_url, auth)| Self {
            base_url,
            client_id,
            client_secret,
            auth,
            account_id,
            calls_per_minute,
            edits: edits == Some("on"),
        });
        // The reader has noted an address that is none.
        reader.done(read)?.ok_or(SettingsError { problems: Vec::new() })
    }

    /// What tells this account from others: tokens and the budget of calls are its own.
    pub(crate) fn account(&self) -> [&str; 4] {
        let who = match &self.auth {
            Auth::V1 { username, .. } => username,
            Auth::V2 { outer_instance_id } => outer_instance_id,
        };
        [self.base_url.as_str(), &self.client_id, who, self.account_id.as_deref().unwrap_or_default()]
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
    pub(crate) fn redacted(&self, text: &str, others: &[SecretString]) -> String {
        let secrets = self.hidden(others).into_iter();
        secrets.fold(text.to_owned(), |text, secret| text.replace(secret.expose_secret(), "[secret]"))
    }

    /// What is not to be seen of a call that carries these secrets too.
    pub(crate) fn hidden(&self, others: &[SecretString]) -> Vec<SecretString> {
        self.secrets().chain(others).flat_map(forms).collect()
    }

    fn secrets(&self) -> impl Iterator<Item = &SecretString> {
        let password = match &self.auth {
            Auth::V1 { password, .. } => Some(password),
            Auth::V2 { .. } => None,
        };
        [&self.client_secret].into_iter().chain(password)
    }
}

fn auth(reader: &mut Reader<'_>) -> Option<Auth> {
    match reader.optional(&AUTH) {
        Some("v1") => Some(Auth::V1 { username: reader.text(&USERNAME), password: reader.secret(&PASSWORD) }),
        Some("v2") => Some(Auth::V2 { outer_instance_id: reader.text(&OUTER_INSTANCE_ID) }),
        _ => {
            reader.problem(AUTH.name, &format!("expects {}", AUTH.expects));
            None
        }
    }
}

/// A secret as it is, and as it stands in a query.
fn forms(secret: &SecretString) -> Vec<SecretString> {
    let secret = secret.expose_secret();
    let forms = [secret.to_owned(), sign::encoded(secret)];
    forms.into_iter().filter(|form| !form.is_empty()).map(SecretString::from).collect()
}
