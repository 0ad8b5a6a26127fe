//! Single texts of documents: addresses, times, versions, and JSON of any depth.

use chrono::Datelike as _;
use relay_connector::{china, nesting};
use relay_core::{VersionKind, time};
use serde_json::Value;

use crate::Depth;
use crate::input::text;

/// Words that its parsers look for.
pub const WORDS: &[&str] = &[
    "江苏省",
    "南京市",
    "建邺区",
    "北京",
    "上海市浦东新区",
    "新疆维吾尔自治区",
    "内蒙古",
    "海南藏族自治州",
    "省直辖县",
    "香港特别行政区",
    "市",
    "区",
    "县",
    "路66号",
    " ",
    "　",
    ",",
    "，",
    "2026-11-22 10:42:17",
    "2026-11-22T10:42:17.999999999+08:00",
    "0000-00-00",
    "+262142-12-31 23:59:59",
    "-262143-01-01",
    ".5",
    "9999999999999999999999999999999999999999",
    "-170141183460469231731687303715884105728",
    "[[[[[[[[[[[[[[[[",
    "]]]]",
    "{\"a\":",
    "\\\"",
    "\"",
];

/// Feeds a text.
pub fn run(input: &[u8]) -> Depth {
    flattens(input);
    let text = text(input);
    let is_time = reads_time(&text);
    let has_version = compares(&text);
    match relay_divisions::split(&text) {
        Ok(parts) => {
            assert!(text.ends_with(parts.street), "the street is the end of the address");
            assert!(!parts.province.is_empty() && !parts.city.is_empty() && !parts.district.is_empty());
            Depth::Accepted
        }
        Err(unsplittable) => {
            assert!(text.contains(&unsplittable.reached), "what is clear of an address stands in it");
            assert!(!unsplittable.reason.to_string().is_empty());
            if is_time || has_version { Depth::Accepted } else { Depth::Refused }
        }
    }
}

/// A document that is too deep becomes one that a parser reads, and one that is not stays as it is.
fn flattens(json: &[u8]) {
    let flat = nesting::flattened(json, nesting::READABLE);
    if nesting::depth(json) <= nesting::READABLE {
        assert_eq!(&*flat, json);
    } else if let Ok(document) = serde_json::from_slice::<Value>(&flat) {
        let text = document.to_string();
        assert!(nesting::depth(text.as_bytes()) <= nesting::READABLE, "it is no deeper than is read");
    }
}

fn reads_time(text: &str) -> bool {
    if let Some(time) = china::parse(text) {
        _ = china::format(time.to_utc());
    }
    let time = time::read(text, &["%Y%m%d".to_owned(), "%s".to_owned()], time::china());
    // RFC 3339 knows four digits of a year.
    if let Some(time) = time.filter(|time| (0..=9_999).contains(&time.year())) {
        let written = time.to_rfc3339();
        assert_eq!(time::read(&written, &[], time::china()), Some(time), "{written} is read as written");
    }
    time.is_some()
}

/// A version is as new as itself.
fn compares(text: &str) -> bool {
    let kinds = [VersionKind::Time, VersionKind::Integer, VersionKind::Text, VersionKind::Received];
    for kind in kinds {
        if let Ok(version) = kind.parse(text) {
            assert_eq!(Some(&version), kind.parse(text).ok().as_ref());
        }
    }
    VersionKind::Integer.parse(text).is_ok()
}
