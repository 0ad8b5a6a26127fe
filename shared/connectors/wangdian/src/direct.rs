//! The direct route: everything in one form, signed with the lengths of its parts.

use chrono::{DateTime, Utc};
use relay_connector::Request;

use crate::parameters::Parameters;
use crate::settings::Settings;
use crate::sign;

pub(crate) const FORM: &str = "application/x-www-form-urlencoded;charset=UTF-8";

/// The request of one call, signed for `now` (the vendor tolerates five minutes).
pub(crate) fn request(
    settings: &Settings,
    php: &str,
    mut parameters: Parameters,
    now: DateTime<Utc>,
) -> Request {
    let told = parameters.told(php);
    parameters.set("sid", &settings.sid);
    parameters.set("appkey", &settings.appkey);
    parameters.set("timestamp", &now.timestamp().to_string());
    let sign = sign::direct(parameters.as_map(), &settings.appsecret);
    parameters.set("sign", &sign);

    let mut url = settings.base_url.clone();
    url.set_path(&format!("{}/{php}", settings.base_url.path().trim_end_matches('/')));
    Request::post(url, FORM, parameters.encode()).told(told.hiding([sign]))
}
