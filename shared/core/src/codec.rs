//! Text in little space: plain while small, gzip in base64 above 64 KiB, or where a queue refuses a character of it.

use std::io::{Read as _, Write as _};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde_json::Value;
use serde_json::error::Category;

/// Above this a message costs more to carry than to compress (SQS bills per 64 KiB). Below it the disk is cheaper: a trade of
/// 7 KB takes some 90 µs to compress and expand, and 5 KB less save some 26 µs in SQLite (`tests/benchmarks/README.md`).
const PLAIN_LIMIT: usize = 64 * 1024;

/// What a decompressed text may grow to: no vendor sends a document of this size.
const EXPANDED_LIMIT: u64 = 64 * 1024 * 1024;

/// Never the start of JSON, so that both forms are told apart.
const GZIP: &str = "gzip:";

/// A value as JSON. `Value::to_string` hands each piece of it to a formatter, which takes four times as long: 16 µs for a trade
/// of 6.8 KB.
#[must_use]
pub fn json(value: &Value) -> String {
    serde_json::to_string(value).unwrap_or_else(|_| value.to_string())
}

/// Packs a text that is large, or that a queue would not carry as it is.
#[must_use]
pub fn pack(text: String) -> String {
    if text.len() <= PLAIN_LIMIT && is_carried(&text) {
        return text;
    }
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    match encoder.write_all(text.as_bytes()).and_then(|()| encoder.finish()) {
        Ok(bytes) => format!("{GZIP}{}", BASE64.encode(bytes)),
        // Writing to memory does not fail; if it ever does, plain text is as true.
        Err(_) => text,
    }
}

/// Whether SQS takes every character of a body: it refuses those that XML 1.0 has no room for, which are most of those before
/// the space, U+FFFE and U+FFFF. All bytes are gone through without a branch, so that many are looked at at once.
fn is_carried(text: &str) -> bool {
    let bytes = text.as_bytes();
    let is_control = |byte: &u8| *byte < b' ' && !matches!(byte, b'\t' | b'\n' | b'\r');
    let controls = bytes.iter().fold(false, |found, byte| found | is_control(byte));
    // As UTF-8 the two are EF BF BE and EF BF BF.
    let thirds = bytes.iter().zip(bytes.iter().skip(1)).zip(bytes.iter().skip(2));
    let others = thirds.fold(false, |found, ((first, second), third)| {
        found | ((*first == 0xEF) & (*second == 0xBF) & (*third >= 0xBE))
    });
    !controls && !others
}

/// Unpacks what [`pack`] has made; other texts are given back as they are.
///
/// # Errors
/// What is wrong with the packed form.
pub fn unpack(packed: &str) -> Result<String, String> {
    let Some(encoded) = packed.strip_prefix(GZIP) else {
        return Ok(packed.to_owned());
    };
    let bytes = BASE64.decode(encoded).map_err(|error| format!("its compressed form is broken: {error}"))?;
    expanded(&bytes, EXPANDED_LIMIT)
}

/// How long a text is that [`pack`] has made, by its own word: without unpacking it.
#[must_use]
pub fn unpacked_len(packed: &str) -> usize {
    let Some(encoded) = packed.strip_prefix(GZIP) else { return packed.len() };
    // The last four bytes of gzip are the length; four characters of base64 are three bytes.
    let end = encoded.get(encoded.len().saturating_sub(8)..).and_then(|end| BASE64.decode(end).ok());
    let length = end.and_then(|end| end.last_chunk::<4>().map(|length| u32::from_le_bytes(*length)));
    length.and_then(|length| usize::try_from(length).ok()).unwrap_or(packed.len())
}

/// Reads no further than a byte beyond the limit: a megabyte may unpack to a gigabyte.
fn expanded(packed: &[u8], limit: u64) -> Result<String, String> {
    let mut text = Vec::new();
    GzDecoder::new(packed)
        .take(limit + 1)
        .read_to_end(&mut text)
        .map_err(|error| format!("its compressed form is broken: {error}"))?;
    if text.len() as u64 > limit {
        return Err(format!("its compressed form unpacks to more than {limit} bytes"));
    }
    String::from_utf8(text).map_err(|_| "its compressed form holds no text".to_owned())
}

/// What is wrong with JSON, without quoting it as the parser does: logs hold nothing of a document.
#[must_use]
pub fn reason(error: &serde_json::Error) -> String {
    let what = match error.classify() {
        Category::Data => "a field is not what it should be",
        Category::Eof => "it breaks off",
        Category::Syntax | Category::Io => "it is broken",
    };
    format!("{what} (line {}, column {})", error.line(), error.column())
}

/// Documents within other records wait for weeks: large ones wait in little space.
pub(crate) mod packed {
    use serde::{Deserialize as _, Deserializer, Serializer, de};
    use serde_json::Value;

    pub(crate) fn serialize<S: Serializer>(document: &Value, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&super::pack(super::json(document)))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Value, D::Error> {
        let text = super::unpack(&String::deserialize(deserializer)?).map_err(de::Error::custom)?;
        serde_json::from_str(&text).map_err(de::Error::custom)
    }

    /// One that may not be there.
    pub(crate) mod optional {
        use serde::{Deserializer, Serializer};
        use serde_json::Value;

        pub(crate) fn serialize<S: Serializer>(
            document: &Option<Value>,
            serializer: S,
        ) -> Result<S::Ok, S::Error> {
            match document {
                Some(document) => super::serialize(document, serializer),
                None => serializer.serialize_none(),
            }
        }

        pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
            deserializer: D,
        ) -> Result<Option<Value>, D::Error> {
            super::deserialize(deserializer).map(Some)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_length_of_a_packed_text_is_known_without_unpacking_it() {
        for length in [0, 5, PLAIN_LIMIT + 1, PLAIN_LIMIT + 2, 1_000_003] {
            let text: String = (0..length).map(|place| char::from(b'a' + (place % 7) as u8)).collect();
            assert_eq!(unpacked_len(&pack(text)), length);
        }
        assert_eq!(unpacked_len("gzip:!"), 6, "what is broken is as long as it is");
    }

    #[test]
    fn small_texts_stay_readable_and_large_ones_shrink() {
        assert_eq!(pack("{}".to_owned()), "{}");
        let large = "南京苏果超市".repeat(20_000);
        let packed = pack(large.clone());
        assert!(packed.len() < large.len() / 50, "{} bytes", packed.len());
        assert_eq!(unpack(&packed).unwrap(), large);
    }

    #[test]
    fn what_a_queue_refuses_travels_packed_and_comes_back() {
        for refused in ['\u{FFFE}', '\u{FFFF}', '\0', '\u{1}', '\u{1F}'] {
            let text = format!("{{\"remark\":\"{refused}\"}}");
            let packed = pack(text.clone());
            assert!(packed.starts_with(GZIP) && packed.is_ascii(), "{packed}");
            assert_eq!(unpack(&packed).unwrap(), text);
        }
        for carried in ["\t\r\n", "\u{7F}", "订单", "\u{D7FF}\u{E000}\u{FFFD}", "😀\u{1FFFE}\u{10FFFF}"] {
            assert_eq!(pack(carried.to_owned()), carried);
        }
    }

    #[test]
    fn what_unpacks_to_more_than_the_limit_is_an_error_and_is_not_unpacked_further() {
        let bomb = pack("0".repeat(1_000_000));
        let bytes = BASE64.decode(bomb.strip_prefix(GZIP).unwrap()).unwrap();
        assert!(bytes.len() < 2_000, "{} bytes", bytes.len());
        assert_eq!(expanded(&bytes, 1_000_000).unwrap().len(), 1_000_000);
        let error = expanded(&bytes, 999_999).unwrap_err();
        assert!(error.contains("unpacks to more than 999999 bytes"), "{error}");
        // What follows the limit is not even looked at: it is broken here.
        let broken = [&bytes[..bytes.len() - 100], b"broken".as_slice()].concat();
        assert!(expanded(&broken, 10_000).unwrap_err().contains("more than 10000 bytes"));
    }

    #[test]
    fn a_truncated_body_is_an_error() {
        let packed = pack("x".repeat(100_000));
        assert!(unpack(&packed[..packed.len() / 2]).is_err());
    }
}
