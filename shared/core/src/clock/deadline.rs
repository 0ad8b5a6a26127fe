use std::time::Duration;

use crate::clock::Clock;

/// Until when something may be begun, by the process's monotonic clock: a machine's clock that is set meanwhile moves
/// no deadline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadline(Option<Duration>);

impl Deadline {
    /// There is all the time in the world.
    pub const NONE: Self = Self(None);

    /// So much time from now.
    #[must_use]
    pub fn within(clock: &dyn Clock, time: Duration) -> Self {
        Self(clock.monotonic().checked_add(time))
    }

    /// The earlier of two.
    #[must_use]
    pub fn or_sooner(self, other: Self) -> Self {
        match (self.0, other.0) {
            (Some(one), Some(two)) => Self(Some(one.min(two))),
            (one, two) => Self(one.or(two)),
        }
    }

    /// The time that is left, nothing where it is over; `None` where there is no end.
    #[must_use]
    pub fn left(self, clock: &dyn Clock) -> Option<Duration> {
        self.0.map(|end| end.saturating_sub(clock.monotonic()))
    }

    /// Whether more than `time` is left.
    #[must_use]
    pub fn allows(self, clock: &dyn Clock, time: Duration) -> bool {
        self.left(clock).is_none_or(|left| left > time)
    }

    /// Whether the time is over.
    #[must_use]
    pub fn is_over(self, clock: &dyn Clock) -> bool {
        !self.allows(clock, Duration::ZERO)
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::clock::SimulatedClock;

    #[test]
    fn a_clock_that_is_set_moves_no_deadline() {
        let clock = SimulatedClock::starting_at(DateTime::UNIX_EPOCH);
        let deadline = Deadline::within(&clock, Duration::from_secs(10));
        clock.set(DateTime::UNIX_EPOCH - chrono::TimeDelta::days(1));
        clock.advance(Duration::from_secs(9));
        assert_eq!(deadline.left(&clock), Some(Duration::from_secs(1)));
        assert!(!deadline.is_over(&clock) && !deadline.allows(&clock, Duration::from_secs(1)));
        clock.advance(Duration::from_secs(1));
        assert!(deadline.is_over(&clock) && !Deadline::NONE.is_over(&clock));
        assert_eq!(deadline.or_sooner(Deadline::NONE), deadline);
    }
}
