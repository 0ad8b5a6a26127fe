//! The Qimen route: system parameters in the query, business parameters in a form, one sign over both.

use chrono::{DateTime, Utc};
use relay_connector::{Request, china};

use crate::direct::FORM;
use crate::parameters::Parameters;
use crate::settings::QimenSettings;
use crate::sign::{self, SignMethod};

/// The request of one call, signed for `now`.
pub(crate) fn request(
    settings: &QimenSettings,
    sid: &str,
    method: &str,
    mut business: Parameters,
    now: DateTime<Utc>,
) -> Request {
    let told = business.told(method);
    // The seller account is a business parameter here, and every method needs it.
    business.set("sid", sid);
    let timestamp = china::format(now);
    let system = [
        ("method", method),
        ("app_key", &settings.app_key),
        ("target_app_key", &settings.target_app_key),
        ("timestamp", &timestamp),
        // The gateway speaks XML unless asked.
        ("format", "json"),
        ("v", "2.0"),
        ("sign_method", SignMethod::Md5.name()),
    ];
    let mut signed = business.as_map().clone();
    signed.extend(system.map(|(name, value)| (name.to_owned(), value.to_owned())));
    let sign = sign::qimen(SignMethod::Md5, &signed, &settings.app_secret);

    let mut url = settings.base_url.clone();
    url.query_pairs_mut().extend_pairs(system).append_pair("sign", &sign);
    Request::post(url, FORM, business.encode()).told(told.hiding([sign]))
}
