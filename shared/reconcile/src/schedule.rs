//! Days by a schedule: each after its close, and again for seven days.
//!
//! A day is compared in the night after it. One that is not equal is compared again each night, for seven nights; one that is equal once
//! more in the seventh, for what a person has changed since: to ask a target for each document of seven days each night would take
//! most of its quota.

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use relay_core::clock::Deadline;
use relay_core::{StoreError, registry};
use relay_job::Routed;

use crate::kept::{self, Calendar};
use crate::{Reconciler, Standing, days, has_days};

/// The hour of the night, in China, from which on the day before is compared: late changes are in by then.
const HOUR: i64 = 3;

/// For so many nights.
const NIGHTS: u64 = 7;

/// A day that is to be compared.
pub(crate) struct DueDay<'f> {
    pub(crate) routed: &'f Routed,
    pub(crate) day: NaiveDate,
    /// A day of so many documents is too large for a function, as those of the last week have shown.
    pub(crate) too_large: Option<u64>,
}

impl DueDay<'_> {
    pub(crate) fn flow(&self) -> &str {
        self.routed.flow.name()
    }
}

/// The newest day whose night has come, and when that was.
pub(crate) fn last_night(now: DateTime<Utc>) -> (NaiveDate, DateTime<Utc>) {
    let night = TimeDelta::hours(HOUR);
    let today = days::of(now - night);
    (today.pred_opt().unwrap_or(today), days::begins(today) + night)
}

/// The days of a flow that are to be compared now, oldest first. `first` is the first day that the flow has worked whole; of
/// whoever has minutes, what is known to be too large is not asked again.
fn due(now: DateTime<Utc>, first: NaiveDate, calendar: &Calendar, has_minutes: bool) -> Vec<NaiveDate> {
    let (last, night) = last_night(now);
    let oldest = oldest(last);
    let is_due = |day: &NaiveDate| match calendar.get(day) {
        None => true,
        Some(known) if known.at >= night => false,
        Some(known) if has_minutes && known.too_large.is_some() => false,
        Some(known) => known.standing != Standing::Equal || *day == oldest,
    };
    oldest.max(first).iter_days().take_while(|day| *day <= last).filter(is_due).collect()
}

/// The oldest day that is compared, where that is the newest.
fn oldest(last: NaiveDate) -> NaiveDate {
    last.checked_sub_days(Days::new(NIGHTS - 1)).unwrap_or(last)
}

/// The fewest documents of a day of the last week that was too large. Days change, and quotas are raised: a smaller one is tried.
fn too_large(now: DateTime<Utc>, calendar: &Calendar) -> Option<u64> {
    let known = calendar.range(oldest(last_night(now).0)..).filter_map(|(_, known)| known.too_large);
    known.filter(|documents| *documents > 0).min()
}

impl<'a> Reconciler<'a> {
    /// The days that are due, flow by flow. `start` is where the watermark of a flow that never ran begins, where that was set.
    pub(crate) async fn due_days(&self, start: Option<DateTime<Utc>>) -> Result<Vec<DueDay<'a>>, StoreError> {
        let (checkpoints, now) = (self.stores.checkpoints.as_ref(), self.clock.now());
        let has_minutes = self.deadline != Deadline::NONE;
        let registry = registry::read(checkpoints).await?;
        let mut all = Vec::new();
        for routed in self.flows.iter().filter(|routed| has_days(routed) && can_be_compared(routed)) {
            let Some(known) = registry.get(routed.flow.name()) else { continue };
            let began = days::of(start.map_or(known.since, |start| start.min(known.since)));
            let first = began.succ_opt().unwrap_or(began);
            let calendar = kept::calendar(checkpoints, routed.flow.name()).await?;
            let too_large = too_large(now, &calendar);
            let due = due(now, first, &calendar, has_minutes).into_iter();
            all.extend(due.map(|day| DueDay { routed, day, too_large }));
        }
        Ok(all)
    }
}

/// Whether at least one side but ours can be asked.
fn can_be_compared(routed: &Routed) -> bool {
    let target = routed.flow.target().document.push.is_some_and(|push| push.asked.is_some());
    target || routed.flow.source().document.role == relay_connector::Role::Windowed
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use relay_connector::china;

    use super::*;
    use crate::kept::Summary;

    fn at(text: &str) -> DateTime<Utc> {
        china::parse(text).unwrap().to_utc()
    }

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn calendar(days: &[(&str, Standing, &str)]) -> Calendar {
        let summary = |(name, standing, time): &(&str, Standing, &str)| {
            let (at, counts) = (at(time), BTreeMap::new());
            (day(name), Summary { standing: *standing, at, counts, too_large: None })
        };
        days.iter().map(summary).collect()
    }

    #[test]
    fn a_day_is_compared_in_the_night_after_it_and_not_before() {
        let first = day("2026-11-28");
        let due_at = |time: &str| due(at(time), first, &Calendar::new(), true);
        assert_eq!(due_at("2026-11-29 02:59:59"), []);
        assert_eq!(due_at("2026-11-29 03:00:00"), [day("2026-11-28")]);
        assert_eq!(due_at("2026-11-30 02:00:00"), [day("2026-11-28")]);
        assert_eq!(due_at("2026-12-30 03:00:00").len(), 7, "no day of long ago");
        assert_eq!(due(at("2026-11-29 03:00:00"), day("2026-11-29"), &Calendar::new(), true), []);
    }

    #[test]
    fn what_is_not_equal_is_compared_again_each_night_and_what_is_equal_in_the_seventh() {
        let kept = calendar(&[
            ("2026-11-22", Standing::Equal, "2026-11-23 03:00:10"),
            ("2026-11-23", Standing::Equal, "2026-11-24 03:00:10"),
            ("2026-11-24", Standing::Different, "2026-11-28 03:00:10"),
            ("2026-11-25", Standing::NotCompared, "2026-11-28 03:00:10"),
            ("2026-11-26", Standing::Different, "2026-11-29 03:00:10"),
            ("2026-11-27", Standing::Equal, "2026-11-28 03:00:10"),
        ]);
        let due = due(at("2026-11-29 03:10:00"), day("2026-01-01"), &kept, true);
        let expected = ["2026-11-22", "2026-11-24", "2026-11-25", "2026-11-28"].map(day);
        assert_eq!(due, expected, "of the 26th tonight's turn was had");
    }

    #[test]
    fn a_day_that_is_too_large_is_left_to_whoever_has_the_time_and_tells_of_later_ones() {
        let mut kept = calendar(&[
            ("2026-11-20", Standing::NotCompared, "2026-11-21 03:00:10"),
            ("2026-11-26", Standing::NotCompared, "2026-11-27 03:00:10"),
            ("2026-11-27", Standing::Different, "2026-11-28 03:00:10"),
        ]);
        for (name, documents) in [("2026-11-20", 10), ("2026-11-26", 5_000), ("2026-11-27", 4_000)] {
            kept.get_mut(&day(name)).unwrap().too_large = Some(documents);
        }
        let (now, first) = (at("2026-11-29 03:10:00"), day("2026-11-26"));
        assert_eq!(due(now, first, &kept, true), [day("2026-11-28")]);
        assert_eq!(due(now, first, &kept, false), ["2026-11-26", "2026-11-27", "2026-11-28"].map(day));
        assert_eq!(too_large(now, &kept), Some(4_000), "that of long ago is over");
        assert_eq!(too_large(now, &Calendar::new()), None);
    }
}
