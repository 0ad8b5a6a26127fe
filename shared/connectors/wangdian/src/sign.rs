//! The signs of the two routes. They have nothing in common but their input: the raw values as they are sent,
//! before URL-encoding, sorted by key in ASCII order, without `sign` itself.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use hmac::{Hmac, KeyInit as _, Mac as _};
use md5::{Digest as _, Md5};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::Sha256;

/// The direct route's sign (`https://open.wangdian.cn/open/guide?path=guide_signsf`): each pair as
/// `LL-key:VVVV-value` under its lengths, joined with `;`, the secret behind them, MD5 in lower-case hex.
///
/// Lengths are counted in characters, as both of the vendor's SDKs do. Public clients that count bytes have
/// only ever signed ASCII.
#[must_use]
pub fn direct(parameters: &BTreeMap<String, String>, appsecret: &SecretString) -> String {
    let mut base = String::new();
    for (key, value) in signed(parameters) {
        let separator = if base.is_empty() { "" } else { ";" };
        let (key_length, value_length) = (key.chars().count(), value.chars().count());
        // Writing to a string cannot fail.
        let _ = write!(base, "{separator}{key_length:02}-{key}:{value_length:04}-{value}");
    }
    base.push_str(appsecret.expose_secret());
    hex::encode(Md5::digest(base))
}

/// How the Qimen gateway is told to check a sign: the parameter `sign_method`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignMethod {
    /// `md5`, what every public client of WDT's methods sends, and ours too.
    Md5,
    /// `hmac`: HMAC-MD5.
    Hmac,
    /// `hmac-sha256`.
    HmacSha256,
}

impl SignMethod {
    /// The value of `sign_method`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Md5 => "md5",
            Self::Hmac => "hmac",
            Self::HmacSha256 => "hmac-sha256",
        }
    }
}

/// The Qimen route's sign (the open platform's, TOP): keys and values with nothing between, in upper-case hex.
/// MD5 wraps the secret round them; the HMACs take it as their key.
#[must_use]
pub fn qimen(method: SignMethod, parameters: &BTreeMap<String, String>, app_secret: &SecretString) -> String {
    let base: String = signed(parameters).flat_map(|(key, value)| [key.as_str(), value.as_str()]).collect();
    let secret = app_secret.expose_secret();
    match method {
        SignMethod::Md5 => hex::encode_upper(Md5::digest(format!("{secret}{base}{secret}"))),
        SignMethod::Hmac => {
            #[expect(clippy::expect_used, reason = "HMAC takes a key of any length")]
            let mac = Hmac::<Md5>::new_from_slice(secret.as_bytes()).expect("a key");
            hex::encode_upper(mac.chain_update(base).finalize().into_bytes())
        }
        SignMethod::HmacSha256 => {
            #[expect(clippy::expect_used, reason = "HMAC takes a key of any length")]
            let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("a key");
            hex::encode_upper(mac.chain_update(base).finalize().into_bytes())
        }
    }
}

fn signed(parameters: &BTreeMap<String, String>) -> impl Iterator<Item = (&String, &String)> {
    parameters.iter().filter(|(key, _)| *key != "sign")
}
