//! The digest of a push and of a call: MD5 over text, key and timestamp.
//!
//! Source: `https://api.waiqin365.com/SERVER/sys/push_introduction.html` and `basic_introduction.html`.

use md5::{Digest as _, Md5};

/// The digest of a push: `md5(data|pushsecret|timestamp)`, 32 lower-case hex digits. `timestamp` is the push's own
/// field, epoch milliseconds.
#[must_use]
pub fn push_digest(data: &[u8], secret: &str, timestamp: &str) -> String {
    digest(data, secret, timestamp)
}

/// The digest of a call to Qince: `md5(body|appkey|timestamp)`, 32 lower-case hex digits. `body` is the exact bytes
/// that are sent, `timestamp` is `yyyyMMddHHmmss`, China time.
#[must_use]
pub fn call_digest(body: &[u8], appkey: &str, timestamp: &str) -> String {
    digest(body, appkey, timestamp)
}

fn digest(text: &[u8], key: &str, timestamp: &str) -> String {
    let mut md5 = Md5::new();
    for part in [text, b"|", key.as_bytes(), b"|", timestamp.as_bytes()] {
        md5.update(part);
    }
    hex::encode(md5.finalize())
}
