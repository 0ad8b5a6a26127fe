//! Times, spans and sizes, as a person in China reads them.

use std::time::Duration;

use chrono::{DateTime, Utc};
use relay_connector::china;

/// A time in China time.
#[must_use]
pub fn shown(time: DateTime<Utc>) -> String {
    china::format(time)
}

/// A span in its two largest units.
#[must_use]
pub fn span(span: Duration) -> String {
    let seconds = span.as_secs();
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, _) => format!("{minutes} min"),
        (0, _, _) => format!("{hours} h {minutes} min"),
        _ => format!("{days} d {hours} h"),
    }
}

/// So many bytes in the largest unit that leaves a whole one, with one digit behind the point.
#[must_use]
pub fn size(bytes: u64) -> String {
    let units = [("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1_000)];
    match units.into_iter().find(|(_, unit)| bytes >= *unit) {
        Some((name, unit)) => format!("{}.{} {name}", bytes / unit, bytes % unit * 10 / unit),
        None => format!("{bytes} B"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_chinas_a_span_has_two_units_and_a_size_one() {
        assert_eq!(shown(DateTime::UNIX_EPOCH), "1970-01-01 08:00:00");
        let spans = [59, 61, 7_260, 90_000].map(|seconds| span(Duration::from_secs(seconds)));
        let sizes = [0, 999, 1_000, 4_194_304, 2_950_000_000].map(size);
        assert_eq!(sizes, ["0 B", "999 B", "1.0 kB", "4.1 MB", "2.9 GB"]);
        assert_eq!(spans, ["59 s", "1 min", "2 h 1 min", "1 d 1 h"]);
    }
}
