//! HMAC-SHA256.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

pub(super) fn hmac_sha256(key: &str, message: &[u8]) -> Vec<u8> {
    #[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).expect("a key of HMAC");
    mac.update(message);
    mac.finalize().into_bytes().to_vec()
}

/// `sha256=` and hex over `timestamp.body`, as docs/settings.md tells whoever sends to us or receives from us.
pub(super) fn relay(secret: &str, timestamp: &str, body: &[u8]) -> String {
    let message = [timestamp.as_bytes(), b".", body].concat();
    format!("sha256={}", hex::encode(hmac_sha256(secret, &message)))
}
