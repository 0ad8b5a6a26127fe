use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::clock::{Clock, SystemClock};

/// A clock that stands still until somebody waits: waiting moves it on at once.
#[derive(Debug)]
pub struct SimulatedClock {
    hands: Mutex<Hands>,
    boot: &'static str,
}

#[derive(Debug)]
struct Hands {
    now: DateTime<Utc>,
    monotonic: Duration,
}

impl SimulatedClock {
    /// A clock that starts at `now`.
    #[must_use]
    pub fn starting_at(now: DateTime<Utc>) -> Self {
        // As on a machine that has run for a while.
        Self { hands: Mutex::new(Hands { now, monotonic: Duration::from_secs(86_400) }), boot: "" }
    }

    /// The clock of another run of the machine.
    #[must_use]
    pub fn of_boot(self, boot: &'static str) -> Self {
        Self { boot, ..self }
    }

    /// Moves the clock on.
    pub fn advance(&self, duration: Duration) {
        let mut hands = self.hands();
        hands.now += duration;
        hands.monotonic += duration;
    }

    /// Moves the clock on to `time`, if that does not turn it back.
    pub fn advance_to(&self, time: DateTime<Utc>) {
        let ahead = (time - self.now()).to_std().unwrap_or_default();
        self.advance(ahead);
    }

    /// Sets the wall clock, forward or back, as a person or a time server does: no time goes by.
    pub fn set(&self, time: DateTime<Utc>) {
        self.hands().now = time;
    }

    fn hands(&self) -> MutexGuard<'_, Hands> {
        self.hands.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Clock for SimulatedClock {
    fn now(&self) -> DateTime<Utc> {
        self.hands().now
    }

    fn monotonic(&self) -> Duration {
        self.hands().monotonic
    }

    fn boot(&self) -> &str {
        self.boot
    }

    async fn sleep(&self, duration: Duration) {
        self.advance(duration);
        // Gives the tasks that the waiting was meant for a turn, as a real wait would.
        tokio::task::yield_now().await;
    }

    /// Waits for the machine, for work that hangs does not wait by this clock, and moves the clock on then.
    async fn elapse(&self, duration: Duration) {
        let end = self.monotonic() + duration;
        SystemClock.sleep(duration).await;
        self.advance(end.saturating_sub(self.monotonic()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn waiting_a_day_takes_no_time() {
        let clock = SimulatedClock::starting_at(DateTime::UNIX_EPOCH);
        clock.sleep(Duration::from_secs(86_400)).await;
        assert_eq!(clock.now().to_rfc3339(), "1970-01-02T00:00:00+00:00");
    }
}
