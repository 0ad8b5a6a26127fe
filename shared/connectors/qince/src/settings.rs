//! What verifying pushes needs to know.

use relay_connector::nesting;
use secrecy::SecretString;

/// The business type (`dataType`) of 直营采购订单, the direct order.
pub const DIRECT_ORDER: &str = "dms_purchase";

/// 4 MiB: a form reaches AWS Lambda as base64, a third longer, inside an event of at most 6 MB. What is larger than that
/// API Gateway refuses in its own words.
const MAX_BODY_BYTES: usize = 4 * 1024 * 1024;

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
    /// The largest body that is read, in bytes.
    pub max_body_bytes: usize,
    /// How many levels of lists and objects a record may be nested: what carries it further has its limit.
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
            max_body_bytes: MAX_BODY_BYTES,
            max_depth: nesting::READABLE,
        }
    }

    /// Whether pushes of this business type carry a direct order, which is relayed.
    #[must_use]
    pub fn takes(&self, data_type: &str) -> bool {
        self.data_types.iter().any(|taken| taken == data_type)
    }
}
