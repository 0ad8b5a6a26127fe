//! 直营订单 (the direct order) as data: every field of the vendor's page and of its example.
//!
//! Source: `https://api.waiqin365.com/SERVER/app/dms/zy_order_push.html`. The page marks no field as required and
//! sends every value as a string; the kinds here say what the strings hold. Titles are the page's, but for the four
//! fields that only its example has and for `prods`, which it leaves without one.

use relay_connector::{Document, Role, sheet};

/// The document's name: what every push carries whose business type is taken
/// ([`Settings::takes`](crate::Settings::takes)).
pub const DIRECT_ORDER: &str = "qince.direct_order";

/// The document's key: the 19-digit id of the order.
pub const KEY: &str = "id";

/// The document's version: when the order was last changed, `yyyy-MM-dd HH:mm:ss.fff`.
pub const VERSION: &str = "modify_time_str";

/// Everything that Qince pushes and that flows may name.
#[must_use]
pub fn documents() -> &'static [Document] {
    &DOCUMENTS
}

/// The direct order.
pub(crate) fn direct_order() -> &'static Document {
    &DOCUMENTS[0]
}

static DOCUMENTS: [Document; 1] = [Document {
    name: DIRECT_ORDER,
    title: "直营订单相关数据同步",
    role: Role::Pushed,
    fields: sheet!("../catalog/direct_order.tsv"),
    // Tenants' forms grow fields of their own, and the page already lags behind its example.
    // The order's number may be missing and may change.
    keys: &[&[KEY]],
    version: Some(VERSION),
    ..Document::UNKNOWN
}];
