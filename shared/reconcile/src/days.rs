//! Days of China.

use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeDelta, Utc};
use relay_connector::{Span, china};
use relay_core::Version;
use relay_core::VersionKind;

/// The day that it is in China.
#[must_use]
pub fn of(time: DateTime<Utc>) -> NaiveDate {
    time.with_timezone(&china::zone()).date_naive()
}

/// The first second of a day.
#[must_use]
pub fn begins(day: NaiveDate) -> DateTime<Utc> {
    let midnight = day.and_time(NaiveTime::MIN).and_local_timezone(china::zone());
    // The zone has one offset, so that each of its times is one.
    midnight.earliest().map(|time| time.to_utc()).unwrap_or_default()
}

/// The last second of a day.
#[must_use]
pub fn ends(day: NaiveDate) -> DateTime<Utc> {
    begins(day.checked_add_days(Days::new(1)).unwrap_or(day)) - TimeDelta::seconds(1)
}

/// A day in spans that are no longer than that, each closed at both ends.
#[must_use]
pub fn spans(from: DateTime<Utc>, to: DateTime<Utc>, longest: TimeDelta) -> Vec<Span> {
    let mut spans = Vec::new();
    let mut start = from;
    while start <= to {
        let end = (start + longest).min(to);
        spans.push(Span { start, end });
        start = end + TimeDelta::seconds(1);
    }
    spans
}

/// The time that a version is, where it is one.
#[must_use]
pub fn time_of(version: Option<&str>, kind: Option<VersionKind>) -> Option<DateTime<Utc>> {
    match kind?.parse(version?).ok()? {
        Version::Time(time) => Some(time),
        Version::Integer(_) | Version::Text(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn a_day_begins_and_ends_in_china() {
        let at = |text: &str| of(china::parse(text).unwrap().to_utc());
        assert_eq!(at("2026-11-28 23:59:59"), day("2026-11-28"));
        assert_eq!(at("2026-11-29 00:00:00"), day("2026-11-29"));
        assert_eq!(begins(day("2026-11-29")).to_rfc3339(), "2026-11-28T16:00:00+00:00");
        assert_eq!(ends(day("2026-11-29")).to_rfc3339(), "2026-11-29T15:59:59+00:00");
        let version = |text| time_of(Some(text), Some(VersionKind::Time)).map(of);
        assert_eq!(version("2026-11-28 23:59:59"), Some(day("2026-11-28")));
        assert_eq!(version("2026-11-29 00:00:00.000"), Some(day("2026-11-29")));
        assert_eq!(time_of(Some("17"), Some(VersionKind::Integer)), None);
    }

    #[test]
    fn spans_cover_each_second_of_a_day_once() {
        let (from, to) = (begins(day("2026-11-29")), ends(day("2026-11-29")));
        let spans = spans(from, to, TimeDelta::seconds(3_599));
        assert_eq!(spans.len(), 24);
        assert_eq!((spans[0].start, spans[23].end), (from, to));
        assert!(spans.windows(2).all(|pair| pair[1].start - pair[0].end == TimeDelta::seconds(1)));
        assert_eq!(super::spans(from, to, TimeDelta::days(30)), [Span { start: from, end: to }]);
    }
}
