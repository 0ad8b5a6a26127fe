//! Days by a schedule: each after its close, and again for seven days.
//!
//! A day is compared in the night after it. One that is not equal is compared again each night, for seven nights; one that is equal once
//! more in the seventh, for what a person has changed since: to ask a target for each document of seven days each night would take
//! most of its quota.

use std::time::Duration;

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use relay_core::{StoreError, registry};
use relay_job::Routed;

use crate::codes::Codes;
use crate::kept::{self, Calendar};
use crate::ledger::by_day;
use crate::{Day, Reconciler, Standing, days, has_days};

/// The hour of the night, in China, from which on the day before is compared: late changes are in by then.
const HOUR: i64 = 3;

/// For so many nights.
const NIGHTS: u64 = 7;

/// How long a run may be silent before another compares the same flow. Two at once do no harm but to the quota.
const LEASE: Duration = Duration::from_secs(3_600);

/// The newest day whose night has come, and when that was.
fn last_night(now: DateTime<Utc>) -> (NaiveDate, DateTime<Utc>) {
    let night = TimeDelta::hours(HOUR);
    let today = days::of(now - night);
    (today.pred_opt().unwrap_or(today), days::begins(today) + night)
}

/// The days of a flow that are to be compared now, oldest first. `first` is the first day that the flow has worked whole.
fn due(now: DateTime<Utc>, first: NaiveDate, calendar: &Calendar) -> Vec<NaiveDate> {
    let (last, night) = last_night(now);
    let oldest = last.checked_sub_days(Days::new(NIGHTS - 1)).unwrap_or(last);
    let is_due = |day: &NaiveDate| match calendar.get(day) {
        None => true,
        Some(known) if known.at >= night => false,
        Some(known) => known.standing != Standing::Equal || *day == oldest,
    };
    oldest.max(first).iter_days().take_while(|day| *day <= last).filter(is_due).collect()
}

impl Reconciler<'_> {
    /// Compares the days that are due, and keeps what they come to. `start` is where the watermark of a flow that never ran begins,
    /// where that was set. It stops between two days once `goes_on` says so.
    ///
    /// # Errors
    /// A store that does not answer.
    pub async fn compare_due(
        &self,
        owner: &str,
        start: Option<DateTime<Utc>>,
        goes_on: &(dyn Fn() -> bool + Sync),
    ) -> Result<Vec<Day>, StoreError> {
        let checkpoints = self.stores.checkpoints.as_ref();
        let (registry, calendars) = (registry::read(checkpoints).await?, kept::calendars(checkpoints).await?);
        let (mut compared, nothing) = (Vec::new(), Calendar::new());
        let mut codes = Codes::new(self.stores, self.flows, self.connect);
        for routed in self.flows.iter().filter(|routed| has_days(routed) && can_be_compared(routed)) {
            let flow = routed.flow.name();
            let Some(known) = registry.get(flow) else { continue };
            let began = days::of(start.map_or(known.since, |start| start.min(known.since)));
            let first = began.succ_opt().unwrap_or(began);
            let due = due(self.clock.now(), first, calendars.get(flow).unwrap_or(&nothing));
            let Some((from, to)) = due.first().copied().zip(due.last().copied()) else { continue };
            let lease = format!("reconcile/{flow}");
            let keys = by_day(self.stores.ledger.as_ref(), flow, (from, to)).await?;
            let mut held = None;
            for day in due {
                held = checkpoints.acquire(&lease, owner, LEASE).await?;
                if held.is_none() || !goes_on() {
                    break;
                }
                let known = keys.get(&day).map(Vec::as_slice).unwrap_or_default();
                let done = self.day(routed, day, known, &mut codes).await?;
                kept::keep(checkpoints, &done).await?;
                let (standing, differences) = (done.standing, done.differences());
                tracing::info!(flow, %day, ?standing, differences, "a day was compared");
                compared.push(done);
            }
            if let Some(lease) = held {
                checkpoints.release(&lease).await?;
            }
        }
        Ok(compared)
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
            (day(name), Summary { standing: *standing, at: at(time), counts: BTreeMap::new() })
        };
        days.iter().map(summary).collect()
    }

    #[test]
    fn a_day_is_compared_in_the_night_after_it_and_not_before() {
        let first = day("2026-11-28");
        let due_at = |time: &str| due(at(time), first, &Calendar::new());
        assert_eq!(due_at("2026-11-29 02:59:59"), []);
        assert_eq!(due_at("2026-11-29 03:00:00"), [day("2026-11-28")]);
        assert_eq!(due_at("2026-11-30 02:00:00"), [day("2026-11-28")]);
        assert_eq!(due_at("2026-12-30 03:00:00").len(), 7, "no day of long ago");
        assert_eq!(due(at("2026-11-29 03:00:00"), day("2026-11-29"), &Calendar::new()), []);
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
        let due = due(at("2026-11-29 03:10:00"), day("2026-01-01"), &kept);
        let expected = ["2026-11-22", "2026-11-24", "2026-11-25", "2026-11-28"].map(day);
        assert_eq!(due, expected, "of the 26th tonight's turn was had");
    }
}
