use std::time::Duration;

use crate::clock::Clock;

/// Comes round again and again beside other work, the first time after one period.
pub struct Interval<'a> {
    clock: &'a dyn Clock,
    period: Duration,
    /// By the monotonic clock.
    due: Duration,
}

impl<'a> Interval<'a> {
    /// Begins now.
    #[must_use]
    pub fn new(clock: &'a dyn Clock, period: Duration) -> Self {
        Self { clock, period, due: clock.monotonic() + period }
    }

    /// Waits until it comes round. A wait that is dropped and begun anew ends no later for it, so that it can stand in
    /// a `select!` beside what is ready far more often.
    pub async fn tick(&mut self) {
        let left = self.due.saturating_sub(self.clock.monotonic());
        // A timer of no length would yield once, and be dropped again by whatever is ready all the time.
        if !left.is_zero() {
            self.clock.elapse(left).await;
        }
        self.due = self.clock.monotonic() + self.period;
    }
}

#[cfg(test)]
mod tests {
    use std::future::ready;

    use super::*;
    use crate::clock::{SystemClock, timeout};

    const PERIOD: Duration = Duration::from_secs(10);

    #[tokio::test(start_paused = true)]
    async fn it_comes_round_each_period_however_often_its_wait_is_begun_anew() {
        let began = SystemClock.monotonic();
        let mut interval = Interval::new(&SystemClock, PERIOD);
        interval.tick().await;
        assert_eq!(SystemClock.monotonic() - began, PERIOD);
        for _ in 0..9 {
            assert!(timeout(&SystemClock, Duration::from_secs(1), interval.tick()).await.is_err());
        }
        interval.tick().await;
        assert_eq!(SystemClock.monotonic() - began, PERIOD * 2);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_always_ready_does_not_keep_it_from_coming_round() {
        let mut interval = Interval::new(&SystemClock, PERIOD);
        SystemClock.sleep(PERIOD).await;
        tokio::select! {
            biased;
            () = interval.tick() => {}
            () = ready(()) => panic!("it was due"),
        }
    }
}
