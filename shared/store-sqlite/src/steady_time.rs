//! The one time that all programs go by that have a file open.
//!
//! Whose a message or a lease is depends on the time, so that two programs on one file must agree about it, whatever is done
//! to the machine's clock, and whenever each of them was started. And what is to happen in ten seconds is to happen in
//! ten seconds, also where somebody sets that clock back by an hour. So time goes by how long the machine has run, from
//! a beginning that stands in the file: where the machine's clock is set forward the beginning follows it, where it is set
//! back the beginning stays.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use relay_core::clock::Clock;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::{millis, time};

/// A beginning that differs by less is not written: two readings are never of the very same moment, and time servers slow
/// clocks down or speed them up.
const TOLERANCE: i64 = 50;

/// Who has set the clock by more has set it right: what is in flight is received anew then, which is better than a store that
/// is a day ahead.
const LONGEST_LEAD: TimeDelta = TimeDelta::hours(12);

/// The time of a file.
#[derive(Clone)]
pub(super) struct SteadyTime {
    clock: Arc<dyn Clock>,
}

/// When the machine was started, by the time of a file, in milliseconds since 1970.
#[derive(Debug, Clone, Copy)]
pub(super) struct Began(i64);

impl SteadyTime {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock }
    }

    /// The machine's own clock.
    pub(super) fn clock(&self) -> &dyn Clock {
        self.clock.as_ref()
    }

    /// That moment of the file's time, as the machine's clock will show it.
    pub(super) fn by_clock(&self, moment: DateTime<Utc>, now: DateTime<Utc>) -> DateTime<Utc> {
        self.clock.now() + (moment - now)
    }

    /// Now, as programs that read have it.
    pub(super) fn now(&self, connection: &Connection) -> rusqlite::Result<DateTime<Utc>> {
        Ok(self.after(self.began(connection)?.0))
    }

    /// The beginning, noted for the other programs where it has moved.
    pub(super) fn settle(&self, connection: &Connection) -> rusqlite::Result<Began> {
        let (began, is_to_be_noted) = self.began(connection)?;
        if is_to_be_noted {
            connection.prepare_cached("DELETE FROM steady_time")?.execute([])?;
            connection
                .prepare_cached("INSERT INTO steady_time (boot, began) VALUES (?1, ?2)")?
                .execute(params![self.clock.boot(), began.0])?;
        }
        Ok(began)
    }

    /// Now, from that beginning.
    pub(super) fn after(&self, Began(began): Began) -> DateTime<Utc> {
        time(began.saturating_add(uptime(self.clock())))
    }

    /// The beginning, and whether the file says another.
    fn began(&self, connection: &Connection) -> rusqlite::Result<(Began, bool)> {
        let by_clock = millis(self.clock.now()) - uptime(self.clock());
        let noted: Option<i64> = connection
            .prepare_cached("SELECT began FROM steady_time WHERE boot = ?1")?
            .query_row([self.clock.boot()], |row| row.get(0))
            .optional()?;
        let believed = noted.filter(|noted| noted - by_clock <= LONGEST_LEAD.num_milliseconds());
        let is_to_be_noted = believed.is_none_or(|noted| by_clock - noted > TOLERANCE);
        Ok((Began(believed.map_or(by_clock, |noted| noted.max(by_clock))), is_to_be_noted))
    }
}

fn uptime(clock: &dyn Clock) -> i64 {
    i64::try_from(clock.uptime().as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use relay_core::clock::SimulatedClock;

    use super::*;
    use crate::migrations::in_memory;

    const START: DateTime<Utc> = DateTime::UNIX_EPOCH;
    const HOUR: TimeDelta = TimeDelta::hours(1);

    fn clock(now: DateTime<Utc>) -> (Arc<SimulatedClock>, SteadyTime) {
        let clock = Arc::new(SimulatedClock::starting_at(now));
        (clock.clone(), SteadyTime::new(clock))
    }

    fn now(time: &SteadyTime, file: &Connection) -> DateTime<Utc> {
        let began = time.settle(file).unwrap();
        assert_eq!(time.now(file).unwrap(), time.after(began), "those who read and those who write agree");
        time.after(began)
    }

    #[test]
    fn a_clock_that_is_set_back_goes_on_and_one_that_is_set_forward_is_followed() {
        let file = in_memory();
        let (clock, time) = clock(START);
        assert_eq!(now(&time, &file), START);
        clock.set(START - TimeDelta::minutes(10));
        clock.advance(Duration::from_secs(10));
        assert_eq!(now(&time, &file), START + TimeDelta::seconds(10));
        clock.set(START + HOUR);
        assert_eq!(now(&time, &file), START + HOUR);
    }

    #[test]
    fn programs_of_one_machine_agree_whenever_they_were_started() {
        let file = in_memory();
        let (clock, one) = clock(START);
        clock.set(START + TimeDelta::minutes(10));
        assert_eq!(now(&one, &file), START + TimeDelta::minutes(10));
        clock.set(START);
        let other = SteadyTime::new(clock.clone());
        assert_eq!(other.now(&file).unwrap(), START + TimeDelta::minutes(10));
        assert_eq!(now(&one, &file), now(&other, &file));
    }

    #[test]
    fn a_machine_that_was_started_anew_and_another_machine_go_by_their_own_clock() {
        let file = in_memory();
        now(&clock(START + TimeDelta::minutes(10)).1, &file);
        let anew = Arc::new(SimulatedClock::starting_at(START).of_boot("anew"));
        assert_eq!(now(&SteadyTime::new(anew), &file), START);
    }

    #[test]
    fn a_lead_that_nobody_can_have_is_not_believed() {
        let file = in_memory();
        let (clock, time) = clock(START + TimeDelta::days(2));
        now(&time, &file);
        clock.set(START);
        assert_eq!(now(&time, &file), START);
    }
}
