//! Asking again, where asking changes nothing.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use backon::{ExponentialBuilder, Retryable as _};
use relay_core::clock::{Clock, Deadline};

use crate::failure::{Class, Failure};

/// How often is asked, and the waits in between: WDT's rate limit clears after half a minute, at worst after five.
const TRIES: usize = 8;
const FIRST_WAIT: Duration = Duration::from_secs(2);
const LONGEST_WAIT: Duration = Duration::from_secs(300);

/// Calls something that only reads until it answers: a lost answer is no loss. Honours what the vendor asks to wait,
/// and gives up where the next try would come after the deadline.
///
/// # Errors
/// The last failure, or the first that another try would not mend.
pub async fn read<T, F>(
    clock: &Arc<dyn Clock>,
    deadline: Deadline,
    ask: impl FnMut() -> F,
) -> Result<T, Failure>
where
    F: Future<Output = Result<T, Failure>>,
{
    let waits = ExponentialBuilder::default()
        .with_min_delay(FIRST_WAIT)
        .with_max_delay(LONGEST_WAIT)
        .with_max_times(TRIES - 1);
    let sleeper = clock.clone();
    let sleep = move |wait| {
        let sleeper = sleeper.clone();
        async move { sleeper.sleep(wait).await }
    };
    ask.retry(waits)
        .sleep(sleep)
        .when(|failure: &Failure| {
            let wait = wait_of(failure).unwrap_or(Duration::ZERO);
            let in_time = deadline.allows(clock.as_ref(), wait.max(FIRST_WAIT));
            in_time && matches!(failure.class, Class::Retry { .. } | Class::Unknown)
        })
        .adjust(|failure: &Failure, wait| {
            wait.map(|wait| wait_of(failure).map_or(wait, |asked| asked.max(wait)))
        })
        .notify(|failure: &Failure, wait| tracing::warn!(wait_s = wait.as_secs(), %failure, "asking again"))
        .await
}

fn wait_of(failure: &Failure) -> Option<Duration> {
    match failure.class {
        Class::Retry { after } => after,
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use chrono::DateTime;
    use relay_core::clock::SimulatedClock;

    use super::*;

    fn failure(class: Class) -> Failure {
        Failure::new("旺店通", "trade_query.php", class, None, "x")
    }

    async fn ask(seconds: Option<u64>, answers: Vec<Class>) -> (Result<(), Failure>, usize, i64) {
        let start = DateTime::UNIX_EPOCH;
        let clock: Arc<dyn Clock> = Arc::new(SimulatedClock::starting_at(start));
        let within = |seconds| Deadline::within(clock.as_ref(), Duration::from_secs(seconds));
        let deadline = seconds.map_or(Deadline::NONE, within);
        let (left, asked) = (Mutex::new(answers.into_iter()), Mutex::new(0));
        let outcome = read(&clock, deadline, || async {
            *asked.lock().unwrap() += 1;
            left.lock().unwrap().next().map_or(Ok(()), |class| Err(failure(class)))
        })
        .await;
        (outcome, asked.into_inner().unwrap(), (clock.now() - start).num_seconds())
    }

    #[tokio::test]
    async fn what_the_vendor_asks_to_wait_is_waited() {
        let limited = Class::Retry { after: Some(Duration::from_secs(31)) };
        assert_eq!(ask(None, vec![limited, Class::Unknown]).await, (Ok(()), 3, 31 + 4));
    }

    #[tokio::test]
    async fn what_another_try_does_not_mend_is_not_tried_again() {
        let (outcome, asked, waited) = ask(None, vec![Class::Refused]).await;
        assert_eq!((outcome, asked, waited), (Err(failure(Class::Refused)), 1, 0));
    }

    #[tokio::test]
    async fn it_gives_up_in_the_end_and_before_the_deadline() {
        let (outcome, asked, _) = ask(None, vec![Class::Unknown; 20]).await;
        assert_eq!((outcome.is_err(), asked), (true, TRIES));
        let (outcome, asked, waited) = ask(Some(5), vec![Class::Unknown; 20]).await;
        assert_eq!((outcome.is_err(), asked), (true, 3));
        assert!(waited <= 6, "{waited} s");
    }
}
