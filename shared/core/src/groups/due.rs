//! When a group is to be closed. Pure.

use std::time::Duration;

use chrono::{DateTime, FixedOffset, NaiveDate, TimeDelta, Utc};

use super::Open;
use crate::time::china;

/// When a group is to be closed: at the first of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Close {
    /// So long after the end of its day, and of each day on which something comes late.
    pub after_day: Option<Duration>,
    /// So long after something came that no seal holds.
    pub every: Option<Duration>,
    /// With so many members that no seal holds.
    pub size: Option<usize>,
}

impl Close {
    /// Whether an open group is due at that time, as far as time alone tells. `day`: the group's own; `is_sealed`: whether it
    /// was sealed before.
    #[must_use]
    pub fn is_due(&self, open: &Open, day: Option<NaiveDate>, is_sealed: bool, now: DateTime<Utc>) -> bool {
        open.asked > 0 || self.at(open, day, is_sealed).is_some_and(|at| at <= now)
    }

    /// When an open group is due, as far as time alone tells.
    #[must_use]
    pub fn at(&self, open: &Open, day: Option<NaiveDate>, is_sealed: bool) -> Option<DateTime<Utc>> {
        let by_day = self.after_day.map(|wait| {
            let came_on = open.since.with_timezone(&china()).date_naive();
            match day.filter(|_| !is_sealed) {
                // What comes of a day that is long over comes together, and not each document for itself.
                Some(day) => later(end_of(day), wait).max(later(open.since, wait)),
                None => later(end_of(came_on), wait),
            }
        });
        let by_age = self.every.map(|wait| later(open.since, wait));
        by_day.into_iter().chain(by_age).min()
    }
}

fn end_of(day: NaiveDate) -> DateTime<Utc> {
    let next = day.succ_opt().unwrap_or(day);
    let zone: FixedOffset = china();
    next.and_hms_opt(0, 0, 0)
        .and_then(|midnight| midnight.and_local_timezone(zone).single())
        .map_or(DateTime::UNIX_EPOCH, |midnight| midnight.with_timezone(&Utc))
}

fn later(time: DateTime<Utc>, wait: Duration) -> DateTime<Utc> {
    TimeDelta::from_std(wait).ok().and_then(|wait| time.checked_add_signed(wait)).unwrap_or(time)
}

#[cfg(test)]
mod tests {
    use super::super::GroupId;
    use super::*;

    const HOUR: Duration = Duration::from_secs(3_600);

    fn at(china_time: &str) -> DateTime<Utc> {
        format!("{china_time}:00+08:00").parse::<DateTime<FixedOffset>>().unwrap().with_timezone(&Utc)
    }

    fn open(since: &str) -> Open {
        Open { id: GroupId::new("f", "S/2026-11-29"), since: at(since), asked: 0, stamp: 0 }
    }

    fn due(since: &str, is_sealed: bool) -> Option<DateTime<Utc>> {
        let close = Close { after_day: Some(2 * HOUR), ..Close::default() };
        close.at(&open(since), NaiveDate::from_ymd_opt(2026, 11, 29), is_sealed)
    }

    #[test]
    fn a_day_is_closed_some_time_after_its_end_in_china() {
        assert_eq!(due("2026-11-29T10:00", false), Some(at("2026-11-30T02:00")));
        assert_eq!(
            due("2026-11-28T10:00", false),
            Some(at("2026-11-30T02:00")),
            "nothing is closed before its day is over"
        );
    }

    #[test]
    fn what_comes_late_is_closed_with_what_else_comes_on_that_day() {
        assert_eq!(due("2026-11-30T03:00", true), Some(at("2026-12-01T02:00")));
        assert_eq!(
            due("2026-11-30T01:30", false),
            Some(at("2026-11-30T03:30")),
            "the first waits for the others of its day"
        );
        assert_eq!(due("2027-02-01T12:00", false), Some(at("2027-02-01T14:00")), "a day that is read late");
    }

    #[test]
    fn by_age_and_on_request() {
        let close = Close { every: Some(HOUR), ..Close::default() };
        let group = open("2026-11-29T10:00");
        assert!(!close.is_due(&group, None, true, at("2026-11-29T10:59")));
        assert!(close.is_due(&group, None, true, at("2026-11-29T11:00")));
        let asked = Open { asked: 1, ..group };
        assert!(Close::default().is_due(&asked, None, false, at("2026-11-29T10:00")));
    }
}
