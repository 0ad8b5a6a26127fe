use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use crate::clock::Clock;

/// The work was not done within its limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it was not done in time")]
pub struct Elapsed;

/// Works for at most `limit`, and drops what is not done by then. Work that is done is answered, however late.
///
/// The limit ends when [`Clock::elapse`] says so, or when the work itself has let so much time go by. The latter
/// matters on a [`SimulatedClock`](crate::clock::SimulatedClock), where whoever sleeps moves the clock on: work that
/// sleeps past its limit is late, and work that waits for a disk or a thread is not, whatever others have slept
/// meanwhile.
///
/// # Errors
/// [`Elapsed`] when the limit ended first.
pub async fn timeout<F: Future>(clock: &dyn Clock, limit: Duration, work: F) -> Result<F::Output, Elapsed> {
    let mut work = pin!(work);
    let mut end = pin!(clock.elapse(limit));
    let mut used = Duration::ZERO;
    poll_fn(|context| {
        let began = clock.monotonic();
        // The work first: what is done is never late.
        if let Poll::Ready(done) = work.as_mut().poll(context) {
            return Poll::Ready(Ok(done));
        }
        used += clock.monotonic().saturating_sub(began);
        if used >= limit {
            return Poll::Ready(Err(Elapsed));
        }
        end.as_mut().poll(context).map(|()| Err(Elapsed))
    })
    .await
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};
    use std::thread;

    use chrono::DateTime;
    use futures::join;
    use tokio::sync::oneshot;
    use tokio::task::yield_now;

    use super::*;
    use crate::clock::{SimulatedClock, SystemClock};

    const LIMIT: Duration = Duration::from_secs(3);
    const SECOND: Duration = Duration::from_secs(1);

    fn simulated() -> SimulatedClock {
        SimulatedClock::starting_at(DateTime::UNIX_EPOCH)
    }

    #[tokio::test]
    async fn work_that_is_ready_or_only_yields_takes_no_simulated_time() {
        let clock = simulated();
        assert_eq!(timeout(&clock, LIMIT, ready(7)).await, Ok(7));
        assert_eq!(timeout(&clock, Duration::ZERO, ready(7)).await, Ok(7), "what is done is never late");
        let yields = async {
            for _ in 0..1_000 {
                yield_now().await;
            }
        };
        assert_eq!(timeout(&clock, LIMIT, yields).await, Ok(()));
        assert_eq!(clock.now(), DateTime::UNIX_EPOCH);
    }

    #[tokio::test]
    async fn work_that_waits_for_a_thread_takes_no_simulated_time() {
        let clock = simulated();
        let (answer, answered) = oneshot::channel();
        let other = thread::spawn(move || {
            thread::sleep(Duration::from_millis(50));
            answer.send(7)
        });
        assert_eq!(timeout(&clock, LIMIT, answered).await, Ok(Ok(7)));
        assert_eq!(clock.now(), DateTime::UNIX_EPOCH);
        other.join().unwrap().unwrap();
    }

    #[tokio::test]
    async fn work_that_sleeps_past_its_limit_is_late_on_the_simulated_clock() {
        let clock = simulated();
        assert_eq!(timeout(&clock, LIMIT, clock.sleep(SECOND)).await, Ok(()));
        assert_eq!(timeout(&clock, LIMIT, clock.sleep(LIMIT)).await, Err(Elapsed));
        let mut naps = 0;
        let sleeps = async {
            loop {
                naps += 1;
                clock.sleep(SECOND).await;
            }
        };
        assert_eq!(timeout(&clock, LIMIT, sleeps).await, Err(Elapsed));
        assert_eq!(naps, 3);
    }

    #[tokio::test]
    async fn what_others_sleep_meanwhile_makes_no_work_late() {
        let clock = simulated();
        let (answer, answered) = oneshot::channel();
        let other = async {
            for _ in 0..10 {
                clock.sleep(LIMIT).await;
            }
            answer.send(7)
        };
        assert_eq!(join!(timeout(&clock, LIMIT, answered), other), (Ok(Ok(7)), Ok(())));
    }

    #[tokio::test(start_paused = true)]
    async fn work_that_hangs_is_given_up_and_the_simulated_clock_shows_the_time_that_it_took() {
        let clock = simulated();
        let began = SystemClock.monotonic();
        assert_eq!(timeout(&clock, LIMIT, pending::<()>()).await, Err(Elapsed));
        assert_eq!(clock.now(), DateTime::UNIX_EPOCH + LIMIT);
        assert_eq!(SystemClock.monotonic() - began, LIMIT);
    }

    #[tokio::test(start_paused = true)]
    async fn the_machines_clock_gives_up_at_the_limit_and_not_before() {
        let began = SystemClock.monotonic();
        assert_eq!(timeout(&SystemClock, LIMIT, SystemClock.sleep(SECOND)).await, Ok(()));
        assert_eq!(SystemClock.monotonic() - began, SECOND);
        assert_eq!(timeout(&SystemClock, LIMIT, pending::<()>()).await, Err(Elapsed));
        assert_eq!(SystemClock.monotonic() - began, SECOND + LIMIT);
    }
}
