//! Where ShareCRM is and who we are there, and how that is set.

use std::fmt;
use std::num::NonZeroU32;

use relay_connector::settings::{Default, Reader, keys};
use relay_connector::{Setting, SettingsError};
use secrecy::{ExposeSecret, SecretString};
use url::Url;
use uuid::Uuid;

/// Every setting of the connector.
pub(crate) const SETTINGS: &[Setting] = &[
    APP_ID,
    APP_SECRET,
    PERMANENT_CODE,
    DATA_CENTER_ID,
    BASE_URL,
    USER_ID,
    EXTRA_HEADERS,
    MAX_BODY_BYTES,
    QUEUE_URL,
];

const APP_ID: Setting = Setting::needed(
    "SHARECRM_APP_ID",
    "the id of the self-built app",
    "the self-built app (自建应用), with its developer mode on",
);
const APP_SECRET: Setting = Setting::secret(
    "SHARECRM_APP_SECRET",
    "the secret of the self-built app",
    "the self-built app (自建应用), beside its id",
);
const PERMANENT_CODE: Setting = Setting::secret(
    "SHARECRM_PERMANENT_CODE",
    "the permanent code of the self-built app",
    "the self-built app (自建应用), beside its id",
);
/// The shipped flows name it.
const DATA_CENTER_ID: Setting = Setting::needed(
    "SHARECRM_DATA_CENTER_ID",
    "the data centre of the connector (连接器)",
    "the CRM's admin console: Connector → Connection Objects → Generate API, the push interface",
);
const BASE_URL: Setting =
    Setting::optional("SHARECRM_BASE_URL", Default::Value("https://open.fxiaoke.com"), "an address")
        .found("`open-` and the domain that one logs in at, where that is not fxiaoke.com");
const USER_ID: Setting =
    Setting::optional("SHARECRM_USER_ID", Default::Value("1000"), "in whose name records are written")
        .found("the employee id of a CRM administrator");
/// Secret, for the console's sample may hold a key.
const EXTRA_HEADERS: Setting = Setting {
    default: Default::Absent,
    ..Setting::secret(
        "SHARECRM_EXTRA_HEADERS",
        "`name: value` pairs, comma-separated",
        "the sample that the admin console prints for the push interface",
    )
};
const MAX_BODY_BYTES: Setting =
    Setting::optional("SHARECRM_MAX_BODY_BYTES", Default::Value("1048576"), "a number of bytes");
const QUEUE_URL: Setting =
    Setting::needed("SHARECRM_QUEUE_URL", "an output of the stack", "the outputs of the stack");

/// Below the 100 in 20 seconds that the vendor allows.
const PUSHES_IN_20_SECONDS: NonZeroU32 = NonZeroU32::new(80).unwrap();

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
    /// Headers that the tenant's console asks for besides the common ones.
    pub extra_headers: Vec<(String, SecretString)>,
    /// The largest body to send, in bytes: the vendor does not say what it takes.
    pub max_body_bytes: usize,
    /// How many records this process may push in 20 seconds. The vendor counts 100, for all processes together.
    pub pushes_in_20_seconds: NonZeroU32,
}

impl Settings {
    /// `SHARECRM_*`.
    ///
    /// # Errors
    /// Settings that are missing or malformed.
    pub fn read(settings: &relay_connector::Settings) -> Result<Self, SettingsError> {
        let mut reader = Reader::new(settings);
        let base_url = reader.url(&BASE_URL);
        let (app_id, app_secret) = (reader.text(&APP_ID), reader.secret(&APP_SECRET));
        let permanent_code = reader.secret(&PERMANENT_CODE);
        let user_id = reader.text(&USER_ID);
        let extra_headers = reader.headers(&EXTRA_HEADERS);
        let max_body_bytes = reader.parsed(&MAX_BODY_BYTES).unwrap_or_default();
        let pushes_in_20_seconds = PUSHES_IN_20_SECONDS;
        let read = base_url.map(|base_url| Self {
            base_url,
            app_id,
            app_secret,
            permanent_code,
            user_id,
            extra_headers,
            max_body_bytes,
            pushes_in_20_seconds,
        });
        // The reader has noted an address that is none.
        reader.done(read)?.ok_or(SettingsError { problems: Vec::new() })
    }

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
        let secrets = secrets.into_iter().flatten().chain(keys(&self.extra_headers));
        secrets
            .map(ExposeSecret::expose_secret)
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
