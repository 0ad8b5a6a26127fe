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

use crate::metered::whole_millis;

/// A shared allowance of calls: wait for one before each call.
pub struct Quota {
    vendor: &'static str,
    clock: Arc<dyn Clock>,
    limiter: RateLimiter<NotKeyed, InMemoryState, HandedIn, NoOpMiddleware<Nanos>>,
}

impl Quota {
    /// At most `calls` to `vendor` in any `period`: `burst` of them at once after a quiet time, the others spread over it.
    #[must_use]
    pub fn new(
        vendor: &'static str,
        calls: NonZeroU32,
        period: Duration,
        burst: NonZeroU32,
        clock: Arc<dyn Clock>,
    ) -> Self {
        // A burst and the calls that follow it within a period stay within the limit together.
        let spread = calls.get().saturating_sub(burst.get()).max(1);
        // A period so short that no rate can be made of it is no limit worth keeping.
        let rate = Rate::with_period(period / spread).unwrap_or(Rate::per_second(NonZeroU32::MAX));
        let limiter = RateLimiter::direct_with_clock(rate.allow_burst(burst), HandedIn(clock.clone()));
        Self { vendor, clock, limiter }
    }

    /// Waits until one more call is allowed.
    pub async fn wait(&self) {
        let handed_in = HandedIn(self.clock.clone());
        let began = self.clock.now();
        while let Err(too_early) = self.limiter.check() {
            let wait = too_early.wait_time_from(handed_in.now());
            self.clock.sleep(wait.max(Duration::from_millis(1))).await;
        }
        let waited = whole_millis(self.clock.now() - began);
        if waited > 0 {
            metrics::histogram!("quota_wait", "vendor" => self.vendor).record(waited);
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
    async fn calls_without_a_burst_are_spread_evenly() {
        let start = DateTime::from_timestamp(1_700_000_000, 0).unwrap();
        let clock = Arc::new(SimulatedClock::starting_at(start));
        let fifty = NonZeroU32::new(50).unwrap();
        let quota = Quota::new("v", fifty, Duration::from_secs(60), NonZeroU32::MIN, clock.clone());
        for _ in 0..60 {
            quota.wait().await;
        }
        let taken = (clock.now() - start).num_milliseconds();
        assert!((72_200..72_400).contains(&taken), "{taken} ms");
    }

    #[tokio::test]
    async fn a_burst_and_what_follows_it_stay_within_the_limit() {
        let start = DateTime::from_timestamp(1_700_000_000, 0).unwrap();
        let clock = Arc::new(SimulatedClock::starting_at(start));
        let [eighty, twenty] = [80, 20].map(|count| NonZeroU32::new(count).unwrap());
        let quota = Quota::new("v", eighty, Duration::from_secs(20), twenty, clock.clone());
        let mut calls = 0;
        while clock.now() < start + Duration::from_secs(20) {
            quota.wait().await;
            calls += 1;
        }
        assert!((75..=81).contains(&calls), "{calls} in 20 s");
    }
}
