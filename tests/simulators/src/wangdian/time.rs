//! Times as WDT writes them: `yyyy-MM-dd HH:mm:ss`, China time.

use chrono::{DateTime, FixedOffset, NaiveDateTime, TimeZone as _, Utc};

pub(crate) fn china() -> FixedOffset {
    #[expect(clippy::expect_used, reason = "a constant within the range of offsets")]
    FixedOffset::east_opt(8 * 3600).expect("UTC+8 is an offset")
}

pub(crate) fn format(seconds: i64) -> String {
    let time = DateTime::<Utc>::from_timestamp(seconds, 0).unwrap_or_default();
    time.with_timezone(&china()).format("%Y-%m-%d %H:%M:%S").to_string()
}

/// Exactly 19 characters; anything else is no time.
pub(crate) fn parse(text: &str) -> Option<i64> {
    let naive = NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S").ok()?;
    let time = china().from_local_datetime(&naive).single()?;
    (text.len() == 19).then(|| time.timestamp())
}
