//! How long a document waits before its next try.

use std::time::Duration;

use clock::Chance;

const FIRST: Duration = Duration::from_secs(2);
const LONGEST: Duration = Duration::from_secs(600);

/// The wait after so many failed tries: doubling, with jitter, never shorter than what the vendor asks for.
pub(crate) fn wait(tries: u32, asked: Option<Duration>, chance: &dyn Chance) -> Duration {
    let doubled = FIRST.saturating_mul(2_u32.saturating_pow(tries.saturating_sub(1)));
    chance.jitter(doubled.min(LONGEST)).max(asked.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use clock::SeededChance;

    use super::*;

    #[test]
    fn waits_double_up_to_ten_minutes() {
        let chance = SeededChance::new(1);
        for (tries, longest) in [(1, 2), (2, 4), (3, 8), (9, 512), (10, 600), (1_000_000, 600)] {
            let wait = wait(tries, None, &chance);
            assert!(
                wait <= Duration::from_secs(longest) && wait >= Duration::from_secs(longest) / 2,
                "{wait:?}"
            );
        }
    }

    #[test]
    fn what_the_vendor_asks_is_honoured() {
        let asked = Duration::from_secs(31);
        assert_eq!(wait(1, Some(asked), &SeededChance::new(1)), asked);
    }
}
