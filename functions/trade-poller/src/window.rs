//! Which window is read next.

use std::time::Duration;

use chrono::{DateTime, SubsecRound as _, Utc};

/// Rows of the last minute may not be visible yet: the vendor commits them after stamping them.
pub const SETTLE: Duration = Duration::from_secs(60);

/// How much less than that may lie between a window's end and the vendor's time, which is known by whole seconds and by
/// answers that were on their way.
pub const LEEWAY: Duration = Duration::from_secs(5);

/// How much of what has been read is read again, for rows that became visible late. The ledger drops the repetitions.
pub const OVERLAP: Duration = Duration::from_secs(120);

/// A window that is halved for lack of time is not made shorter than this: with its overlap it must still move on.
pub const SHORTEST: Duration = Duration::from_secs(2 * OVERLAP.as_secs());

/// A window of last-modified time, in whole seconds. Its end is the watermark's next place.
pub use relay_connector::Span as Window;

/// How far a flow has read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Position {
    /// Never: it begins here.
    Start(DateTime<Utc>),
    /// Up to this second.
    ReadUntil(DateTime<Utc>),
}

impl Position {
    /// The time that it stands at.
    #[must_use]
    pub fn reached(self) -> DateTime<Utc> {
        let (Self::Start(reached) | Self::ReadUntil(reached)) = self;
        reached
    }
}

/// The last second that is worth reading at `now`, a time of the vendor's.
#[must_use]
pub fn horizon(now: DateTime<Utc>) -> DateTime<Utc> {
    (now - SETTLE).trunc_subsecs(0)
}

/// The next window; `None` when everything up to the horizon has been read.
#[must_use]
pub fn next(position: Position, horizon: DateTime<Utc>, max_span: Duration) -> Option<Window> {
    let (start, behind) = match position {
        Position::Start(start) => (start.trunc_subsecs(0), start <= horizon),
        Position::ReadUntil(until) => ((until - OVERLAP).trunc_subsecs(0), until < horizon),
    };
    behind.then(|| Window { start, end: horizon.min(start + max_span) })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3_599);

    fn at(text: &str) -> DateTime<Utc> {
        DateTime::parse_from_rfc3339(&format!("2026-11-22T{text}Z")).unwrap().to_utc()
    }

    /// The horizon at noon.
    fn noon() -> DateTime<Utc> {
        horizon(at("12:00:00"))
    }

    fn window(start: &str, end: &str) -> Option<Window> {
        Some(Window { start: at(start), end: at(end) })
    }

    #[test]
    fn the_first_window_begins_where_the_user_said() {
        assert_eq!(next(Position::Start(at("08:00:00")), noon(), HOUR), window("08:00:00", "08:59:59"));
    }

    #[test]
    fn later_windows_overlap_what_has_been_read() {
        let read = Position::ReadUntil(at("08:59:59"));
        assert_eq!(next(read, noon(), HOUR), window("08:57:59", "09:57:58"));
    }

    #[test]
    fn the_last_window_ends_a_settle_delay_before_now() {
        let read = Position::ReadUntil(at("11:50:00"));
        assert_eq!(next(read, noon(), HOUR), window("11:48:00", "11:59:00"));
        assert_eq!(next(Position::ReadUntil(at("11:59:00")), noon(), HOUR), None);
        assert_eq!(next(Position::Start(at("12:00:00")), noon(), HOUR), None);
    }

    #[test]
    fn every_window_moves_the_watermark_on() {
        let mut position = Position::Start(noon() - chrono::Days::new(30));
        let mut windows = 0;
        while let Some(window) = next(position, noon(), HOUR) {
            if let Position::ReadUntil(until) = position {
                assert!(window.end > until && window.start <= until);
            }
            position = Position::ReadUntil(window.end);
            windows += 1;
        }
        assert_eq!(position, Position::ReadUntil(at("11:59:00")));
        assert!((720..=750).contains(&windows), "{windows} windows in 30 days");
    }
}
