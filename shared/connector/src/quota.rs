//! A vendor's call limit, kept on our side so that it is rarely hit.

mod line;

use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use relay_core::clock::{Clock, Deadline};
use tokio::sync::Notify;

use self::line::Line;
use crate::metered::millis;

/// What a call is for: a backlog of one kind does not hold up the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// Reading, pulling, acknowledging, asking, logging in: what comes of it cannot be caught up later. A trade that is
    /// audited and shipped meanwhile is never seen.
    Read,
    /// Writing a document: it waits in its queue, and nothing is lost by that.
    Push,
}

/// A call's turn would come after its deadline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutOfTime;

/// A shared allowance of calls: wait for one before each call. First come, first served among calls of one use.
pub struct Quota {
    vendor: &'static str,
    clock: Arc<dyn Clock>,
    /// What lies between two calls when there is always one more to make.
    interval: Duration,
    /// What a quiet time is worth: the calls of a burst but one, in intervals.
    credit: Duration,
    line: Mutex<Line>,
    moved: Notify,
}

/// A place in the line, which is given up when the caller stops waiting.
struct Place<'a> {
    quota: &'a Quota,
    purpose: Use,
    ticket: u64,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.quota.line().leave(self.purpose, self.ticket);
        self.quota.moved.notify_waiters();
    }
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
        let interval = period / spread;
        let credit = interval.saturating_mul(burst.get() - 1);
        Self { vendor, clock, interval, credit, line: Mutex::default(), moved: Notify::new() }
    }

    /// Waits until one more call is allowed.
    ///
    /// # Errors
    /// At once where that would be after the deadline: nothing is to be sent then.
    pub async fn wait(&self, purpose: Use, deadline: Deadline) -> Result<(), OutOfTime> {
        let began = self.clock.monotonic();
        let ticket = self.line().join(purpose);
        let place = Place { quota: self, purpose, ticket };
        loop {
            // Made before the look, so that no move between the two is missed.
            let moved = self.moved.notified();
            match self.look(&place, deadline)? {
                Turn::Now => break,
                Turn::Next(wait) => self.clock.sleep(wait).await,
                Turn::Later => moved.await,
            }
        }
        let waited = millis(self.clock.monotonic().saturating_sub(began));
        if waited > 0 {
            metrics::histogram!("quota_wait", "vendor" => self.vendor).record(waited);
        }
        Ok(())
    }

    fn look(&self, place: &Place<'_>, deadline: Deadline) -> Result<Turn, OutOfTime> {
        let now = self.clock.monotonic();
        let mut line = self.line();
        let ahead = line.ahead_of(place.purpose, place.ticket);
        let spent = self.interval.saturating_mul(u32::try_from(ahead).unwrap_or(u32::MAX));
        let paid_at = line.paid_at.max(now);
        let wait = (paid_at + spent).saturating_sub(self.credit).saturating_sub(now);
        if !deadline.allows(self.clock.as_ref(), wait) {
            return Err(OutOfTime);
        }
        Ok(if ahead > 0 {
            Turn::Later
        } else if wait > Duration::ZERO {
            Turn::Next(wait)
        } else {
            line.paid_at = paid_at + self.interval;
            line.count(place.purpose);
            Turn::Now
        })
    }

    fn line(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a look at the line says.
enum Turn {
    Now,
    /// First in the line, and so much too early.
    Next(Duration),
    /// Others go first.
    Later,
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use relay_core::clock::SimulatedClock;

    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn quota(calls: u32, period: Duration, burst: u32) -> (Arc<SimulatedClock>, Arc<Quota>) {
        let clock =
            Arc::new(SimulatedClock::starting_at(DateTime::from_timestamp(1_700_000_000, 0).unwrap()));
        let [calls, burst] = [calls, burst].map(|count| NonZeroU32::new(count).unwrap());
        (clock.clone(), Arc::new(Quota::new("v", calls, period, burst, clock)))
    }

    async fn wait(quota: &Quota, purpose: Use) {
        quota.wait(purpose, Deadline::NONE).await.unwrap();
    }

    /// A clock whose hands only the test moves, for those who wait at the same time.
    struct Still(SimulatedClock, Notify);

    #[async_trait::async_trait]
    impl Clock for Still {
        fn now(&self) -> DateTime<chrono::Utc> {
            self.0.now()
        }

        fn monotonic(&self) -> Duration {
            self.0.monotonic()
        }

        async fn sleep(&self, duration: Duration) {
            let until = self.monotonic() + duration;
            while self.monotonic() < until {
                self.1.notified().await;
            }
        }

        async fn elapse(&self, duration: Duration) {
            self.sleep(duration).await;
        }
    }

    impl Still {
        /// Lets everybody who is due do what he is due for.
        async fn advance(&self, duration: Duration) {
            self.0.advance(duration);
            self.1.notify_waiters();
            for _ in 0..100 {
                tokio::task::yield_now().await;
            }
        }
    }

    /// A quota of one call a second, whose first second is taken.
    async fn one_a_second() -> (Arc<Still>, Arc<Quota>) {
        let start = SimulatedClock::starting_at(DateTime::UNIX_EPOCH);
        let clock = Arc::new(Still(start, Notify::new()));
        let sixty_one = NonZeroU32::new(61).unwrap();
        let quota = Arc::new(Quota::new("v", sixty_one, MINUTE, NonZeroU32::MIN, clock.clone()));
        wait(&quota, Use::Push).await;
        (clock, quota)
    }

    type Log = Arc<Mutex<Vec<String>>>;

    /// Somebody who waits for one call and notes it.
    async fn one(quota: &Arc<Quota>, log: &Log, name: String, purpose: Use) -> tokio::task::JoinHandle<()> {
        let (quota, log) = (quota.clone(), log.clone());
        let waiting = tokio::spawn(async move {
            wait(&quota, purpose).await;
            log.lock().unwrap().push(name);
        });
        tokio::task::yield_now().await;
        waiting
    }

    #[tokio::test]
    async fn calls_without_a_burst_are_spread_evenly() {
        let (clock, quota) = quota(50, MINUTE, 1);
        let start = clock.now();
        for _ in 0..60 {
            wait(&quota, Use::Push).await;
        }
        let taken = (clock.now() - start).num_milliseconds();
        assert!((72_200..72_400).contains(&taken), "{taken} ms");
    }

    #[tokio::test]
    async fn no_period_has_more_calls_than_the_limit() {
        let period = Duration::from_secs(20);
        let (clock, quota) = quota(80, period, 20);
        let mut calls = Vec::new();
        for round in 0..400 {
            wait(&quota, Use::Push).await;
            calls.push(clock.monotonic());
            if round % 90 == 89 {
                clock.advance(Duration::from_secs(7));
            }
        }
        let most =
            calls.iter().map(|from| calls.iter().filter(|at| (*from..*from + period).contains(at)).count());
        assert!((75..=80).contains(&most.max().unwrap()));
    }

    #[tokio::test]
    async fn a_clock_that_is_set_neither_stops_calls_nor_lets_more_through() {
        for hours in [-1, 1] {
            let (clock, quota) = quota(61, MINUTE, 1);
            wait(&quota, Use::Push).await;
            clock.set(clock.now() + chrono::TimeDelta::hours(hours));
            let set = clock.monotonic();
            for _ in 0..10 {
                wait(&quota, Use::Push).await;
            }
            assert_eq!(clock.monotonic() - set, Duration::from_secs(10), "{hours} hours");
        }
    }

    #[tokio::test]
    async fn calls_of_one_use_are_made_in_the_order_they_came() {
        let (clock, quota) = one_a_second().await;
        let log = Log::default();
        for number in 0..5 {
            one(&quota, &log, format!("push {number}"), Use::Push).await;
        }
        for _ in 0..5 {
            clock.advance(Duration::from_secs(1)).await;
        }
        assert_eq!(*log.lock().unwrap(), ["push 0", "push 1", "push 2", "push 3", "push 4"]);
    }

    #[tokio::test]
    async fn reads_go_before_a_backlog_of_pushes_and_starve_none() {
        let (clock, quota) = one_a_second().await;
        let log = Log::default();
        for number in 0..3 {
            one(&quota, &log, format!("push {number}"), Use::Push).await;
        }
        for number in 0..8 {
            one(&quota, &log, format!("read {number}"), Use::Read).await;
        }
        for _ in 0..11 {
            clock.advance(Duration::from_secs(1)).await;
        }
        let expected = [
            "read 0", "read 1", "read 2", "push 0", "read 3", "read 4", "read 5", "push 1", "read 6",
            "read 7", "push 2",
        ];
        assert_eq!(*log.lock().unwrap(), expected);
    }

    #[tokio::test]
    async fn whoever_stops_waiting_leaves_no_hole() {
        let (clock, quota) = one_a_second().await;
        let log = Log::default();
        let first = one(&quota, &log, "gone".to_owned(), Use::Push).await;
        one(&quota, &log, "second".to_owned(), Use::Push).await;
        one(&quota, &log, "third".to_owned(), Use::Push).await;
        first.abort();
        clock.advance(Duration::ZERO).await;
        clock.advance(Duration::from_secs(1)).await;
        clock.advance(Duration::from_secs(1)).await;
        assert_eq!(*log.lock().unwrap(), ["second", "third"]);
    }

    #[tokio::test]
    async fn a_turn_that_would_come_after_the_deadline_is_given_up_at_once() {
        let (clock, quota) = one_a_second().await;
        let log = Log::default();
        let within = |millis| Deadline::within(clock.as_ref(), Duration::from_millis(millis));
        assert_eq!(quota.wait(Use::Push, within(0)).await, Err(OutOfTime));
        assert_eq!(quota.wait(Use::Push, within(1_000)).await, Err(OutOfTime));
        for number in 0..3 {
            one(&quota, &log, format!("push {number}"), Use::Push).await;
        }
        assert_eq!(quota.wait(Use::Push, within(3_900)).await, Err(OutOfTime), "three are ahead");
        let in_time = quota.clone();
        let deadline = within(1_100);
        let read = tokio::spawn(async move { in_time.wait(Use::Read, deadline).await });
        tokio::task::yield_now().await;
        clock.advance(Duration::from_secs(1)).await;
        assert_eq!(read.await.unwrap(), Ok(()));
    }
}
