//! What a vendor's clock says, by the `Date` of its answers: whoever reads by windows of the vendor's time must not end
//! them by a machine's clock that may be ahead, and whoever signs by the time is refused where that clock is off.

use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use relay_core::clock::Clock;

/// A machine's clock that is further off is said to be off. Calls are not refused for it yet, nor is anything lost.
const TOLERATED: TimeDelta = TimeDelta::seconds(10);

/// Vendors tolerate some minutes between their clock and the time in a signature (WDT and Kingdee's V2 five, the Qimen gateway
/// ten, Qince does not say). A machine's clock that is further off than this is not signed by.
const CLOCKS_APART: TimeDelta = TimeDelta::minutes(1);

/// A `Date` that is further off than this is hardly that of the answer's making: the earlier of both times is believed.
const ABSURD: TimeDelta = TimeDelta::days(1);

/// `Date` counts whole seconds.
const A_SECOND: TimeDelta = TimeDelta::seconds(1);

/// The time of one vendor, as far as its answers have told it.
pub struct VendorTime {
    vendor: &'static str,
    clock: Arc<dyn Clock>,
    heard: Mutex<Heard>,
}

#[derive(Default)]
struct Heard {
    /// A moment of the monotonic clock, and a time that the vendor's clock had passed by then.
    known: Option<(Duration, DateTime<Utc>)>,
    /// How far the machine's clock is ahead, where it is off.
    skew: Option<TimeDelta>,
    said_undated: bool,
}

impl VendorTime {
    /// Nothing is known of `vendor`'s time yet.
    #[must_use]
    pub fn new(vendor: &'static str, clock: Arc<dyn Clock>) -> Self {
        Self { vendor, clock, heard: Mutex::default() }
    }

    /// Whose time it is, as people call the vendor.
    #[must_use]
    pub fn vendor(&self) -> &'static str {
        self.vendor
    }

    /// Notes the `Date` of an answer that has just come to a call of `sent_at`, by the monotonic clock. Gives the earliest
    /// time that the vendor's clock can have shown when the call was sent: what it shows us is of then or later.
    pub fn note(&self, sent_at: Duration, date: Option<DateTime<Utc>>) -> Option<DateTime<Utc>> {
        let mut heard = self.heard();
        let Some(date) = date else {
            if !heard.said_undated {
                heard.said_undated = true;
                tracing::warn!(vendor = self.vendor, "answers bear no Date: the machine's clock is believed");
            }
            return None;
        };
        let (now, wall) = (self.clock.monotonic(), self.clock.now());
        let took = now.saturating_sub(sent_at);
        self.compare(&mut heard, date, wall, took);
        // The answer was made after the call was sent, and before it came.
        let mut earliest = date - took;
        if (wall - date).abs() > ABSURD {
            earliest = earliest.min(wall - took);
        }
        // A slow answer tells less than what was known before, unless that proves wrong.
        let before = heard.known.map(|known| at(known, sent_at));
        let earliest = before
            .filter(|before| *before - date <= A_SECOND)
            .map_or(earliest, |before| before.max(earliest));
        heard.known = Some((sent_at, earliest));
        Some(earliest)
    }

    /// A time that the vendor's clock has passed by now, by seconds at most; unset before the first answer. Of a vendor
    /// whose answers bear no `Date` it is the machine's time.
    pub fn now(&self) -> Option<DateTime<Utc>> {
        let heard = self.heard();
        let told = heard.known.map(|known| at(known, self.clock.monotonic()));
        told.or_else(|| heard.said_undated.then(|| self.clock.now()))
    }

    /// What to add to the machine's clock to sign by the vendor's time: nothing while they are not far apart.
    pub fn correction(&self) -> TimeDelta {
        let by = self.now().map_or(TimeDelta::zero(), |now| now - self.clock.now());
        if by.abs() > CLOCKS_APART { by } else { TimeDelta::zero() }
    }

    /// Makes a call that is signed by the machine's clock with that correction. One that may have been refused for its time
    /// is made once more, where its answer has told that the clock is off.
    ///
    /// # Errors
    /// The last call's.
    pub async fn signed<T, E, F>(
        &self,
        is_perhaps_for_its_time: impl Fn(&E) -> bool,
        call: impl Fn(TimeDelta) -> F,
    ) -> Result<T, E>
    where
        F: Future<Output = Result<T, E>>,
    {
        let by = self.correction();
        let outcome = call(by).await;
        let is_refused = outcome.as_ref().is_err_and(is_perhaps_for_its_time);
        let told = self.correction();
        if is_refused && (told - by).abs() > CLOCKS_APART { call(told).await } else { outcome }
    }

    /// How far the machine's clock is ahead of the vendor's (behind it: negative), where it is off.
    pub fn skew(&self) -> Option<TimeDelta> {
        self.heard().skew
    }

    fn compare(&self, heard: &mut Heard, date: DateTime<Utc>, wall: DateTime<Utc>, took: Duration) {
        let ahead = wall - date;
        let is_off = ahead - A_SECOND > TOLERATED + whole(took) || -ahead > TOLERATED;
        let skew = is_off.then_some(ahead);
        let is_news = match (heard.skew, skew) {
            (Some(before), Some(now)) => (before - now).abs() > TOLERATED + whole(took),
            (before, now) => before.is_some() != now.is_some(),
        };
        if is_news {
            match skew {
                Some(skew) => tracing::warn!(
                    vendor = self.vendor,
                    ahead_s = skew.num_seconds(),
                    "the machine's clock is off: set it, best by a time server"
                ),
                None => tracing::info!(vendor = self.vendor, "the machine's clock is right again"),
            }
        }
        heard.skew = skew;
    }

    fn heard(&self) -> MutexGuard<'_, Heard> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The vendor's time at another moment of the monotonic clock.
fn at((moment, time): (Duration, DateTime<Utc>), other: Duration) -> DateTime<Utc> {
    if other >= moment { time + (other - moment) } else { time - (moment - other) }
}

fn whole(span: Duration) -> TimeDelta {
    TimeDelta::from_std(span).unwrap_or(TimeDelta::MAX / 2)
}

#[cfg(test)]
mod tests {
    use relay_core::clock::SimulatedClock;

    use super::*;

    #[test]
    fn a_date_after_which_there_is_none_is_a_date() {
        let (clock, time) = vendor_time();
        for _ in 0..2 {
            let before = clock.now();
            let told = time.note(clock.monotonic(), Some(DateTime::<Utc>::MAX_UTC));
            assert_eq!(told, Some(before), "it is absurd, so the machine's clock is believed");
            clock.advance(Duration::from_secs(1));
        }
    }

    fn vendor_time() -> (Arc<SimulatedClock>, VendorTime) {
        let clock =
            Arc::new(SimulatedClock::starting_at(DateTime::from_timestamp(1_700_000_000, 0).unwrap()));
        (clock.clone(), VendorTime::new("v", clock))
    }

    fn seconds(count: u64) -> Duration {
        Duration::from_secs(count)
    }

    #[test]
    fn the_earliest_time_is_taken_and_goes_on_by_the_monotonic_clock() {
        let (clock, time) = vendor_time();
        let (date, sent) = (clock.now(), clock.monotonic());
        clock.advance(seconds(3));
        assert_eq!(time.note(sent, Some(date + seconds(3))), Some(date));
        clock.set(clock.now() + TimeDelta::hours(1));
        clock.advance(seconds(60));
        assert_eq!(time.now(), Some(date + seconds(63)));
    }

    #[test]
    fn a_slow_answer_does_not_set_it_back_and_a_vendor_that_is_set_back_does() {
        let (clock, time) = vendor_time();
        let date = clock.now();
        time.note(clock.monotonic(), Some(date));
        let sent = clock.monotonic();
        clock.advance(seconds(20));
        assert_eq!(time.note(sent, Some(date + seconds(20))), Some(date));
        let earlier = date - seconds(40);
        assert_eq!(time.note(clock.monotonic(), Some(earlier)), Some(earlier));
    }

    #[test]
    fn a_clock_that_is_off_is_told_and_one_that_is_slow_to_answer_is_not() {
        let (clock, time) = vendor_time();
        let (date, sent) = (clock.now(), clock.monotonic());
        clock.advance(seconds(25));
        time.note(sent, Some(date));
        assert_eq!(time.skew(), None);
        for minutes in [4, -4] {
            let ahead = TimeDelta::minutes(minutes);
            time.note(clock.monotonic(), Some(clock.now() - ahead));
            assert_eq!(time.skew(), Some(ahead));
        }
        time.note(clock.monotonic(), Some(clock.now()));
        assert_eq!(time.skew(), None);
    }

    /// Makes a call of which the vendor refuses every time that is more than five minutes off, and gives the answer and the
    /// corrections that it was made with.
    async fn signed(
        time: &VendorTime,
        clock: &SimulatedClock,
        vendor_ahead: TimeDelta,
    ) -> (Result<(), &'static str>, Vec<i64>) {
        let calls = Mutex::new(Vec::new());
        let call = |by: TimeDelta| {
            calls.lock().unwrap().push(by.num_seconds());
            time.note(clock.monotonic(), Some(clock.now() + vendor_ahead));
            let fits = (by - vendor_ahead).abs() <= TimeDelta::minutes(5);
            async move { fits.then_some(()).ok_or("时间戳") }
        };
        let answer = time.signed(|_| true, call).await;
        (answer, calls.into_inner().unwrap())
    }

    #[tokio::test]
    async fn a_call_that_was_refused_for_our_clock_is_made_once_more_by_the_vendors() {
        let (clock, time) = vendor_time();
        assert_eq!(signed(&time, &clock, TimeDelta::seconds(50)).await, (Ok(()), vec![0]), "not far apart");
        assert_eq!(signed(&time, &clock, TimeDelta::minutes(8)).await, (Ok(()), vec![0, 480]));
        assert_eq!(
            signed(&time, &clock, TimeDelta::minutes(8)).await,
            (Ok(()), vec![480]),
            "it is known now"
        );
    }

    #[tokio::test]
    async fn a_call_that_was_refused_for_something_else_is_not_made_again() {
        let (clock, time) = vendor_time();
        for (is_for_its_time, vendor_ahead) in [(true, TimeDelta::zero()), (false, TimeDelta::minutes(8))] {
            let calls = Mutex::new(0);
            let call = |_| {
                *calls.lock().unwrap() += 1;
                time.note(clock.monotonic(), Some(clock.now() + vendor_ahead));
                async { Err::<(), _>("appkey") }
            };
            assert!(time.signed(|_| is_for_its_time, call).await.is_err());
            assert_eq!(calls.into_inner().unwrap(), 1);
        }
    }

    #[test]
    fn of_an_absurd_date_the_earlier_time_is_believed() {
        let (clock, time) = vendor_time();
        let now = clock.now();
        assert_eq!(time.note(clock.monotonic(), Some(now + TimeDelta::days(2))), Some(now));
        let old = now - TimeDelta::days(2);
        assert_eq!(time.note(clock.monotonic(), Some(old)), Some(old));
        assert_eq!(time.note(clock.monotonic(), None), None);
    }
}
