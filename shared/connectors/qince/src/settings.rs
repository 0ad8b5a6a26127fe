//! What verifying pushes needs to know, and how it is set.

use relay_connector::settings::{Default, Reader, list};
use relay_connector::{AgeLimit, Setting, SettingsError};
use relay_core::item::MAX_DEPTH;
use secrecy::SecretString;

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

/// Every setting of this connector.
pub const SETTINGS: &[Setting] = &[PUSH_SECRETS, DATA_TYPES, ALLOW_RAW_JSON, MAX_AGE];

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
