//! The vendors' times: China time, no zone on the wire.

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, TimeZone as _, Utc};

/// China standard time.
#[must_use]
pub fn zone() -> FixedOffset {
    const EAST_8: i32 = 8 * 3600;
    #[expect(clippy::expect_used, reason = "a constant within the range of offsets")]
    FixedOffset::east_opt(EAST_8).expect("UTC+8 is an offset")
}

/// Reads `yyyy-MM-dd HH:mm:ss`, with or without a fraction of any length, or a bare `yyyy-MM-dd`.
/// The zero date `0000-00-00 00:00:00` and anything else is `None`.
#[must_use]
pub fn parse(text: &str) -> Option<DateTime<FixedOffset>> {
    let text = text.trim();
    let naive = NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f")
        .or_else(|_| NaiveDate::parse_from_str(text, "%Y-%m-%d").map(|day| day.and_time(NaiveTime::MIN)))
        .ok()?;
    zone().from_local_datetime(&naive).single()
}

/// Writes `yyyy-MM-dd HH:mm:ss`.
#[must_use]
pub fn format(time: DateTime<Utc>) -> String {
    time.with_timezone(&zone()).format("%Y-%m-%d %H:%M:%S").to_string()
}

/// The next midnight in China: when daily packs start anew.
#[must_use]
pub fn next_midnight(now: DateTime<Utc>) -> DateTime<Utc> {
    let tomorrow = now.with_timezone(&zone()).date_naive() + chrono::Days::new(1);
    zone().from_local_datetime(&tomorrow.and_time(NaiveTime::MIN)).single().map_or(now, |time| time.to_utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fractions_of_any_length_are_read() {
        assert_eq!(parse("2016-12-01 00:00:00.999").unwrap().to_rfc3339(), "2016-12-01T00:00:00.999+08:00");
        assert_eq!(parse("2016-12-01 00:00:00").unwrap().to_rfc3339(), "2016-12-01T00:00:00+08:00");
        assert_eq!(parse("2016-12-01").unwrap().to_rfc3339(), "2016-12-01T00:00:00+08:00");
    }

    #[test]
    fn the_zero_date_is_no_time() {
        assert_eq!(parse("0000-00-00 00:00:00"), None);
        assert_eq!(parse(""), None);
    }

    #[test]
    fn midnight_is_chinas() {
        let noon_utc = DateTime::parse_from_rfc3339("2026-11-22T20:00:00Z").unwrap().to_utc();
        assert_eq!(next_midnight(noon_utc).to_rfc3339(), "2026-11-23T16:00:00+00:00");
    }
}
