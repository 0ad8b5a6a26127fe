//! A vendor's call limit, kept on our side so that it is rarely hit.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use clock::Clock;
use governor::clock::Clock as _;
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota as Rate, RateLimiter};

/// A shared allowance of calls: wait for one before each call.
pub struct Quota {
    clock: Arc<dyn Clock>,
    limiter: RateLimiter<NotKeyed, InMemoryState, HandedIn, NoOpMiddleware<Nanos>>,
}

impl Quota {
    /// `calls` in every `period`, at most `burst` of them at once.
    #[must_use]
    pub fn new(calls: NonZeroU32, period: Duration, burst: NonZeroU32, clock: Arc<dyn Clock>) -> Self {
        // A period so short that no rate can be made of it is no limit worth keeping.
        let rate = Rate::with_period(period / calls.get()).unwrap_or(Rate::per_second(NonZeroU32::MAX));
        let limiter = RateLimiter::direct_with_clock(rate.allow_burst(burst), HandedIn(clock.clone()));
        Self { clock, limiter }
    }

    /// Waits until one more call is allowed.
    pub async fn wait(&self) {
        let handed_in = HandedIn(self.clock.clone());
        while let Err(too_early) = self.limiter.check() {
            let wait = too_early.wait_time_from(handed_in.now());
            self.clock.sleep(wait.max(Duration::from_millis(1))).await;
        }
    }
}

/// The limiter's view of the clock that was handed in.
#[derive(Clone)]
struct HandedIn(Arc<dyn Clock>);

impl governor::clock::Clock for HandedIn {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        let nanos = self.0.now().timestamp_nanos_opt().unwrap_or_default();
        Nanos::new(u64::try_from(nanos).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use clock::SimulatedClock;

    use super::*;

    #[tokio::test]
    async fn sixty_calls_at_fifty_a_minute_take_seventy_seconds() {
        let start = DateTime::from_timestamp(1_700_000_000, 0).unwrap();
        let clock = Arc::new(SimulatedClock::starting_at(start));
        let fifty = NonZeroU32::new(50).unwrap();
        let quota = Quota::new(fifty, Duration::from_secs(60), NonZeroU32::MIN, clock.clone());
        for _ in 0..60 {
            quota.wait().await;
        }
        let taken = (clock.now() - start).num_milliseconds();
        assert!((70_700..71_500).contains(&taken), "{taken} ms");
    }
}
