//! How long a document waits before its next try. Pure, but for the dice that are handed in.

use std::time::Duration;

use crate::clock::Rng;

const FIRST: Duration = Duration::from_secs(2);
const LONGEST_AT_FIRST: Duration = Duration::from_secs(600);

/// Nothing is put away for longer, so that the end of a pause takes effect everywhere within this time.
pub const LONGEST: Duration = Duration::from_secs(1_800);

/// A store that does not answer is asked again this much later, or later still.
pub const STORE: Duration = Duration::from_secs(10);

/// After some hours of tries the waits grow once more: the queue gives a message out 1,000 times at most (SQS allows no
/// more), and the document must outlast an outage of 13 days until the ledger takes it over.
const TRIES_OF_SOME_HOURS: u32 = 100;

/// The wait after so many failed tries: doubling, with jitter, never shorter than asked.
#[must_use]
pub fn wait(tries: u32, at_least: Duration, rng: &dyn Rng) -> Duration {
    let doubled = FIRST.saturating_mul(2_u32.saturating_pow(tries.saturating_sub(1)));
    if tries > TRIES_OF_SOME_HOURS {
        // Nearly all of it: with waits of 15 minutes the receives would not last 13 days.
        return (LONGEST - rng.jitter(LONGEST) / 8).max(at_least);
    }
    rng.jitter(doubled.min(LONGEST_AT_FIRST)).max(at_least)
}

/// From so many receives on a message comes again more and more slowly, after 300 of them half-hourly.
const MANY_RECEIVES: u32 = 200;
const SLOWER_BY: Duration = Duration::from_secs(18);

/// The shortest wait of a message that was received so often. A message spends receives where its document is not even
/// tried: while a vendor limits the rate, a batch waits for as long as its first document is told to.
#[must_use]
pub fn floor(receives: u32) -> Duration {
    SLOWER_BY.saturating_mul(receives.saturating_sub(MANY_RECEIVES)).min(LONGEST)
}

#[cfg(test)]
mod tests {
    use crate::clock::SeededRng;

    use super::*;

    #[test]
    fn waits_double_up_to_ten_minutes_and_half_an_hour_later() {
        let rng = SeededRng::new(1);
        for (tries, longest) in
            [(1, 2), (2, 4), (3, 8), (9, 512), (10, 600), (100, 600), (101, 1_800), (1_000_000, 1_800)]
        {
            let wait = wait(tries, Duration::ZERO, &rng);
            assert!(
                wait <= Duration::from_secs(longest) && wait >= Duration::from_secs(longest) / 2,
                "{wait:?}"
            );
        }
    }

    #[test]
    fn an_outage_of_13_days_takes_fewer_tries_than_the_queue_gives() {
        let rng = SeededRng::new(1);
        let (mut tries, mut waited) = (0, Duration::ZERO);
        while waited < Duration::from_secs(13 * 86_400) {
            tries += 1;
            waited += wait(tries, Duration::ZERO, &rng);
        }
        assert!(tries < 850, "{tries}");
    }

    #[test]
    fn waits_of_no_length_do_not_use_up_the_queues_1000_receives_in_13_days() {
        let (mut receives, mut waited) = (0, Duration::ZERO);
        while waited < Duration::from_secs(13 * 86_400) {
            receives += 1;
            waited += floor(receives);
        }
        // 200 that took no time, 100 within 25 hours, and one each half hour for the other 287 hours.
        assert_eq!(receives, 874);
        assert_eq!(floor(MANY_RECEIVES), Duration::ZERO);
    }

    #[test]
    fn what_the_vendor_asks_is_honoured() {
        let asked = Duration::from_secs(31);
        assert_eq!(wait(1, asked, &SeededRng::new(1)), asked);
    }
}
