//! Both signs: WDT's own with length prefixes, and that of the Taobao gateway (TOP).

use hmac::{Hmac, KeyInit as _, Mac as _};
use md5::{Digest as _, Md5};
use sha2::Sha256;

use crate::call::Params;

/// The `sign` of openapi2: `LL-key:VVVV-value` joined by `;`, lengths in characters, the secret at the end,
/// MD5 in lower-case hex.
#[must_use]
pub fn direct(params: &Params, secret: &str) -> String {
    let pairs = params
        .iter()
        .filter(|(key, _)| *key != "sign")
        .map(|(key, value)| format!("{:02}-{key}:{:04}-{value}", key.chars().count(), value.chars().count()));
    let text = pairs.collect::<Vec<_>>().join(";") + secret;
    hex::encode(Md5::digest(text))
}

/// The `sign` of Qimen by `sign_method` (`md5`, `hmac`, `hmac-sha256`), upper-case hex; `None` for any other method.
#[must_use]
pub fn top(params: &Params, secret: &str, method: &str) -> Option<String> {
    let text: String =
        params.iter().filter(|(key, _)| *key != "sign").flat_map(|(key, value)| [&**key, &**value]).collect();
    match method {
        "md5" => Some(hex::encode_upper(Md5::digest(format!("{secret}{text}{secret}")))),
        "hmac" => {
            let mac = Hmac::<Md5>::new_from_slice(secret.as_bytes()).ok()?.chain_update(text);
            Some(hex::encode_upper(mac.finalize().into_bytes()))
        }
        "hmac-sha256" => {
            let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).ok()?.chain_update(text);
            Some(hex::encode_upper(mac.finalize().into_bytes()))
        }
        _ => None,
    }
}
