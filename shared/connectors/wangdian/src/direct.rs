//! The direct route: everything in one form, signed with the lengths of its parts.

use chrono::{DateTime, Utc};
use relay_connector::Request;

use crate::parameters::Parameters;
use crate::settings::DirectSettings;
use crate::sign;

pub(crate) const FORM: &str = "application/x-www-form-urlencoded;charset=UTF-8";

/// The request of one call, signed for `now` (the vendor tolerates five minutes).
pub(crate) fn request(
    account: &DirectSettings,
    sid: &str,
    php: &str,
    mut parameters: Parameters,
    now: DateTime<Utc>,
) -> Request {
    let told = parameters.told(php);
    parameters.set("sid", sid);
    parameters.set("appkey", &account.appkey);
    parameters.set("timestamp", &now.timestamp().to_string());
    let sign = sign::direct(parameters.as_map(), &account.appsecret);
    parameters.set("sign", &sign);

    let mut url = account.base_url.clone();
    url.set_path(&format!("{}/{php}", account.base_url.path().trim_end_matches('/')));
    Request::post(url, FORM, parameters.encode()).told(told.hiding([sign]))
}
