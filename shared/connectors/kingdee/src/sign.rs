//! The signature of the V2 gateway (`X-Api-Signature`, `app_signature`). V1 calls are not signed.
//!
//! Vendor page: `open.jdy.com`, 签名. The body is not signed.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::Sha256;

/// What stays as it is: `A-Za-z0-9-_.~`.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// What the vendor's own clients encode differently from each other, so that no signature over it is sure to hold.
const AMBIGUOUS: [char; 6] = [' ', '!', '\'', '(', ')', '*'];

/// A query value that cannot be signed reliably.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "Kingdee query parameter `{parameter}` has the character {character:?}, which Kingdee's clients sign differently; \
     use a value without it"
)]
pub struct Ambiguous {
    /// The parameter.
    pub parameter: String,
    /// The character.
    pub character: char,
}

/// Whether the vendor's clients sign a value differently that holds this.
pub(crate) fn is_ambiguous(character: char) -> bool {
    AMBIGUOUS.contains(&character)
}

/// The text in percent-encoding: UTF-8, upper-case hex, only `A-Za-z0-9-_.~` unchanged.
#[must_use]
pub fn encoded(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

/// The query as it is sent: sorted by name, values encoded once.
#[must_use]
pub fn query(params: &BTreeMap<&str, &str>) -> String {
    joined(params, encoded)
}

/// What `X-Api-Signature` is made over. `timestamp` is in milliseconds; the vendor accepts it for five minutes.
///
/// # Errors
/// When a value holds a character that the vendor's clients do not agree on.
pub fn string_to_sign(
    method: &str,
    path: &str,
    params: &BTreeMap<&str, &str>,
    nonce: &str,
    timestamp: &str,
) -> Result<String, Ambiguous> {
    for (parameter, value) in params {
        if let Some(character) = value.chars().find(|character| is_ambiguous(*character)) {
            return Err(Ambiguous { parameter: (*parameter).to_owned(), character });
        }
    }
    let method = method.to_ascii_uppercase();
    let path = encoded(path);
    let query = joined(params, |value| encoded(&encoded(value)));
    Ok(format!("{method}\n{path}\n{query}\nx-api-nonce:{nonce}\nx-api-timestamp:{timestamp}\n"))
}

/// `X-Api-Signature` of a [`string_to_sign`] under the client secret, and `app_signature` of the `app_key` under the
/// `app_secret`: base64 of the hex text of the MAC, not of its bytes.
#[must_use]
pub fn signature(secret: &SecretString, text: &str) -> String {
    #[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes()).expect("any key");
    mac.update(text.as_bytes());
    BASE64_STANDARD.encode(hex::encode(mac.finalize().into_bytes()))
}

fn joined(params: &BTreeMap<&str, &str>, encode: impl Fn(&str) -> String) -> String {
    let pairs: Vec<String> = params.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
    pairs.join("&")
}
