//! Times as vendors write them.

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, TimeZone as _};

/// China time: the zone of times that name none, and of all that is written.
#[must_use]
pub fn china() -> FixedOffset {
    const EAST_8: i32 = 8 * 3600;
    #[expect(clippy::expect_used, reason = "a constant within the range of offsets")]
    FixedOffset::east_opt(EAST_8).expect("UTC+8 is an offset")
}

/// Reads a time in one of `formats`, or as the vendors write it: `yyyy-MM-dd HH:mm:ss` with or without a fraction
/// of any length, a bare date, or RFC 3339.
#[must_use]
pub fn read(text: &str, formats: &[String], zone: FixedOffset) -> Option<DateTime<FixedOffset>> {
    const USUAL: [&str; 6] = [
        "%Y-%m-%d %H:%M:%S%.f",
        "%Y-%m-%dT%H:%M:%S%.f",
        "%Y/%m/%d %H:%M:%S%.f",
        "%Y-%m-%d %H:%M",
        "%Y-%m-%d",
        "%Y/%m/%d",
    ];
    let text = text.trim();
    // Nearly all are written so: it is tried before the others.
    if formats.is_empty()
        && let Ok(time) = NaiveDateTime::parse_from_str(text, USUAL[0])
    {
        return zone.from_local_datetime(&time).single();
    }
    let formats = formats.iter().map(String::as_str).chain(USUAL);
    DateTime::parse_from_rfc3339(text)
        .ok()
        .or_else(|| formats.into_iter().find_map(|format| read_as(text, format, zone)))
}

fn read_as(text: &str, format: &str, zone: FixedOffset) -> Option<DateTime<FixedOffset>> {
    if let Ok(time) = DateTime::parse_from_str(text, format) {
        return Some(time);
    }
    let naive = NaiveDateTime::parse_from_str(text, format)
        .or_else(|_| NaiveDate::parse_from_str(text, format).map(|day| day.and_time(NaiveTime::MIN)))
        .ok()?;
    zone.from_local_datetime(&naive).single()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_in_the_zone_they_name_or_in_chinas() {
        let read = |text| read(text, &[], china()).map(|time| time.to_rfc3339());
        assert_eq!(read("2016-12-01 00:00:00.999").unwrap(), "2016-12-01T00:00:00.999+08:00");
        assert_eq!(read("2016-12-01").unwrap(), "2016-12-01T00:00:00+08:00");
        assert_eq!(read("2016-12-01T00:00:00Z").unwrap(), "2016-12-01T00:00:00+00:00");
        assert_eq!(read("0000-00-00 00:00:00"), None);
        assert_eq!(read("2016-13-01"), None);
        for text in
            ["2016-02-30 00:00:00", "2016-02-28 24:00:00", "2016-02-28 00:60:00", "0000-00-00 00:00:01"]
        {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
