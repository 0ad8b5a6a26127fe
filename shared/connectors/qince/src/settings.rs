//! What verifying pushes and calling Qince needs to know, and how it is set.

use std::collections::BTreeMap;
use std::fmt;
use std::num::NonZeroU32;

use relay_connector::settings::{Default, Reader, list};
use relay_connector::{AgeLimit, Setting, SettingsError};
use relay_core::item::MAX_DEPTH;
use relay_core::ordered;
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

/// The business type (`dataType`) of 直营采购订单, the direct order.
pub const DIRECT_ORDER: &str = "dms_purchase";

/// 4 MiB: a form reaches AWS Lambda as base64, a third longer, inside an event of at most 6 MB. What is larger than that
/// API Gateway refuses in its own words.
const MAX_BODY_BYTES: usize = 4 * 1024 * 1024;

const PUSH_SECRETS: Setting = Setting::secret(
    "QINCE_PUSH_SECRETS",
    "one or more push secrets (pushsecret), comma-separated",
    "from 勤策's account manager, who gives it out for the webhook's address; the OpenAPI must be enabled first",
);
const DATA_TYPES: Setting = Setting::optional(
    "QINCE_DATA_TYPES",
    Default::Value(DIRECT_ORDER),
    "the data types that are direct orders, comma-separated",
)
.found("the types that the ledger keeps under `qince/unrouted`");
const ALLOW_RAW_JSON: Setting =
    Setting::optional("QINCE_ALLOW_RAW_JSON", Default::Value("false"), "`true` or `false`");
/// None by default: whether a redelivery, which comes for ten days, is dated anew is not documented.
const MAX_AGE: Setting = Setting::optional(
    "QINCE_MAX_AGE_MINUTES",
    Default::Value("0"),
    "a whole number of minutes that a push may be old; `0` takes any age",
)
.found("yours to choose; 勤策 delivers again for ten days, so below 15840 only once a redelivery was seen to be dated anew");

/// No default: the address that the vendor's documents print is of another cloud for most enterprises.
const BASE_URL: Setting = Setting::needed(
    "QINCE_BASE_URL",
    "an address over HTTPS: the OpenAPI address of the enterprise",
    "勤策's console, 系统管理 → 集成管理 → API管理 → API授权: the 【OpenAPI地址】",
);
const OPENID: Setting = Setting::needed(
    "QINCE_OPENID",
    "the openid of a pair",
    "勤策's console, 系统管理 → 集成管理 → API管理 → API授权",
);
const APPKEY: Setting =
    Setting::secret("QINCE_APPKEY", "the appkey of the pair", "勤策's console, beside the openid");
/// What the vendor allows is not documented.
const CALLS_PER_MINUTE: Setting =
    Setting::optional("QINCE_CALLS_PER_MINUTE", Default::Value("60"), "a number of calls");
const DIRECT_ORDER_QUERY_PATH: Setting = path("QINCE_DIRECT_ORDER_QUERY_PATH");
const BUSINESS_STATUS_PATH: Setting = path("QINCE_BUSINESS_STATUS_PATH");
const SIGN_PATH: Setting = path("QINCE_SIGN_PATH");
const QUEUE_URL: Setting =
    Setting::needed("QINCE_QUEUE_URL", "an output of the stack", "the outputs of the stack");

/// The path of a call that the vendor's public pages name without one.
const fn path(name: &'static str) -> Setting {
    let expects = "the path of the call after `/api/`, such as `dmspurchase/v1/…`";
    Setting::optional(name, Default::Absent, expects)
        .found("勤策's API documents of your enterprise, or its support")
}

/// Every setting of this connector.
pub const SETTINGS: &[Setting] = &[
    PUSH_SECRETS,
    DATA_TYPES,
    ALLOW_RAW_JSON,
    MAX_AGE,
    BASE_URL,
    OPENID,
    APPKEY,
    CALLS_PER_MINUTE,
    DIRECT_ORDER_QUERY_PATH,
    BUSINESS_STATUS_PATH,
    SIGN_PATH,
    QUEUE_URL,
];

/// How Qince is called. `Debug` shows no secret.
#[derive(Clone)]
pub struct Calls {
    /// `QINCE_BASE_URL`: the enterprise's OpenAPI address, with or without `/api`.
    pub base_url: Url,
    /// `QINCE_OPENID`.
    pub openid: String,
    /// `QINCE_APPKEY`: signs the calls.
    pub appkey: SecretString,
    /// `QINCE_CALLS_PER_MINUTE`, for all processes together.
    pub calls_per_minute: NonZeroU32,
    /// Paths of calls that are not public, by their settings.
    pub paths: BTreeMap<&'static str, String>,
}

impl Calls {
    /// The settings without which no call is made.
    pub(crate) const NEEDED: [&'static str; 3] = [BASE_URL.name, OPENID.name, APPKEY.name];

    /// `QINCE_*`, of what calls need.
    ///
    /// # Errors
    /// Settings that are missing or malformed.
    pub fn read(settings: &relay_connector::Settings) -> Result<Self, SettingsError> {
        let mut reader = Reader::new(settings);
        let base_url = reader.url(&BASE_URL);
        let (openid, appkey) = (reader.text(&OPENID), reader.secret(&APPKEY));
        let calls_per_minute = reader.calls(&CALLS_PER_MINUTE);
        let paths = [DIRECT_ORDER_QUERY_PATH, BUSINESS_STATUS_PATH, SIGN_PATH];
        let paths = paths.iter().filter_map(|path| Some((path.name, reader.optional(path)?.to_owned())));
        let paths = ordered::map(paths);
        let read = base_url.map(|base_url| Self { base_url, openid, appkey, calls_per_minute, paths });
        // The reader has noted an address that is none.
        reader.done(read)?.ok_or(SettingsError { problems: Vec::new() })
    }

    /// Checks that the path of a call is set.
    ///
    /// # Errors
    /// The setting that is missing.
    pub(crate) fn needs_path(settings: &relay_connector::Settings, name: &str) -> Result<(), SettingsError> {
        let mut reader = Reader::new(settings);
        if let Some(setting) = SETTINGS.iter().find(|setting| setting.name == name) {
            reader.text(setting);
        }
        reader.done(())
    }

    /// The text without our secret: a vendor may quote back what it refuses.
    pub(crate) fn redacted(&self, text: &str) -> String {
        let appkey = self.appkey.expose_secret();
        if appkey.is_empty() { text.to_owned() } else { text.replace(appkey, "[secret]") }
    }
}

impl fmt::Debug for Calls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Calls")
            .field("base_url", &self.base_url.as_str())
            .field("openid", &self.openid)
            .field("calls_per_minute", &self.calls_per_minute)
            .field("paths", &self.paths)
            .finish_non_exhaustive()
    }
}

/// How pushes are verified. `Debug` shows no secret.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The push secrets (`pushsecret`; the appkey where a tenant was set up before 2019). All are accepted, so that a
    /// secret can be rotated without losing a push.
    pub push_secrets: Vec<SecretString>,
    /// The business types (`dataType`) whose data is a direct order: a tenant's own order types too. Raw JSON counts as
    /// the first. Others are verified all the same; see [`Settings::takes`].
    pub data_types: Vec<String>,
    /// Whether a body that is the bare JSON of an order is believed without a digest. Only for an address that
    /// something else protects, such as an IP allow-list.
    pub allow_raw_json: bool,
    /// How old a push may be, by its own timestamp. Raw JSON has none: where there is a limit, it is not taken.
    pub max_age: AgeLimit,
    /// The largest body that is read, in bytes.
    pub max_body_bytes: usize,
    /// How many levels of lists and objects a record may be nested: a work item carries no more.
    pub max_depth: usize,
}

impl Settings {
    /// The defaults: signed pushes of direct orders, up to 4 MiB.
    #[must_use]
    pub fn new(push_secrets: Vec<SecretString>) -> Self {
        Self {
            push_secrets,
            data_types: vec![DIRECT_ORDER.to_owned()],
            allow_raw_json: false,
            max_age: AgeLimit::any(MAX_AGE.name),
            max_body_bytes: MAX_BODY_BYTES,
            max_depth: MAX_DEPTH,
        }
    }

    /// `QINCE_*`.
    ///
    /// # Errors
    /// Settings that are missing or malformed.
    pub fn read(settings: &relay_connector::Settings) -> Result<Self, SettingsError> {
        let mut reader = Reader::new(settings);
        let secrets = reader.text(&PUSH_SECRETS);
        let mut read = Self::new(list(&secrets).map(SecretString::from).collect());
        if read.push_secrets.is_empty() && !secrets.is_empty() {
            reader.problem(PUSH_SECRETS.name, "holds commas only");
        }
        read.data_types = data_types(settings);
        read.allow_raw_json = reader.parsed(&ALLOW_RAW_JSON).unwrap_or_default();
        read.max_age = AgeLimit::read(&mut reader, &MAX_AGE);
        reader.done(read)
    }

    /// Whether pushes of this business type carry a direct order, which is relayed.
    #[must_use]
    pub fn takes(&self, data_type: &str) -> bool {
        self.data_types.iter().any(|taken| taken == data_type)
    }
}

/// `QINCE_DATA_TYPES`: the business types of direct orders, for who takes no pushes and so needs no secret.
#[must_use]
pub fn data_types(settings: &relay_connector::Settings) -> Vec<String> {
    list(Reader::new(settings).optional(&DATA_TYPES).unwrap_or_default()).collect()
}
