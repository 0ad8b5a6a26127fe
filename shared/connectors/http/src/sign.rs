//! Signatures. Pure functions; `tests/vectors` holds what another program makes of the same.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// The header that says when a request was signed: whole seconds since 1970.
pub const TIMESTAMP: &str = "x-relay-timestamp";

/// The header of the signature.
pub const SIGNATURE: &str = "x-relay-signature";

/// Our own signature, of what we send and of what is pushed to us: `sha256=` and the lower-case hex of HMAC-SHA256 by the
/// secret over the timestamp, a dot, and the exact bytes of the body. The timestamp is signed, so that a receiver may
/// refuse what is too old for it.
#[must_use]
pub fn relay(secret: &str, timestamp: &str, body: &[u8]) -> String {
    format!("sha256={}", hex::encode(hmac(secret.as_bytes(), &[timestamp.as_bytes(), b".", body])))
}

/// The signature of 钉钉's robot (加签): base64 of HMAC-SHA256, with the secret both as the key and within the message
/// `timestamp\nsecret`. `timestamp` is in milliseconds, and no more than an hour off. In the query it is percent-encoded.
#[must_use]
pub fn dingtalk(secret: &str, timestamp: &str) -> String {
    BASE64.encode(hmac(secret.as_bytes(), &[timestamp.as_bytes(), b"\n", secret.as_bytes()]))
}

/// The signature of 飞书's robot (签名校验): base64 of HMAC-SHA256 over nothing, with `timestamp\nsecret` as the key.
/// `timestamp` is in seconds, and no more than an hour off.
#[must_use]
pub fn feishu(secret: &str, timestamp: &str) -> String {
    BASE64.encode(hmac(format!("{timestamp}\n{secret}").as_bytes(), &[]))
}

fn hmac(key: &[u8], message: &[&[u8]]) -> Vec<u8> {
    #[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("a key of HMAC");
    message.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().to_vec()
}
