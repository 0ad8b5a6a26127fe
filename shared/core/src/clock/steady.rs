use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::clock::Clock;

/// Another clock that is never set back: where that one is, this one goes on as if it had not been, until it is caught up
/// with. What is to happen in ten seconds happens in ten seconds.
pub struct SteadyClock {
    clock: Arc<dyn Clock>,
    /// The last reading: of the monotonic clock, and of this one.
    last: Mutex<(Duration, DateTime<Utc>)>,
}

impl SteadyClock {
    /// A clock that shows what `clock` shows, as long as that is not set back.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        let last = Mutex::new((clock.monotonic(), clock.now()));
        Self { clock, last }
    }
}

#[async_trait]
impl Clock for SteadyClock {
    fn now(&self) -> DateTime<Utc> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let (moment, time) = *last;
        let monotonic = self.clock.monotonic();
        let now = self.clock.now().max(time + monotonic.saturating_sub(moment));
        *last = (monotonic, now);
        now
    }

    fn monotonic(&self) -> Duration {
        self.clock.monotonic()
    }

    async fn sleep(&self, duration: Duration) {
        self.clock.sleep(duration).await;
    }

    async fn elapse(&self, duration: Duration) {
        self.clock.elapse(duration).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SimulatedClock;

    #[test]
    fn a_clock_that_is_set_back_goes_on_and_one_that_is_set_forward_is_followed() {
        let start = DateTime::UNIX_EPOCH;
        let hour = chrono::TimeDelta::hours(1);
        let clock = Arc::new(SimulatedClock::starting_at(start));
        let steady = SteadyClock::new(clock.clone());
        clock.set(start - hour);
        clock.advance(Duration::from_secs(10));
        assert_eq!(steady.now(), start + Duration::from_secs(10));
        clock.set(start + hour);
        assert_eq!(steady.now(), start + hour);
    }
}
