use std::sync::Mutex;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng};
use uuid::Uuid;

/// Where randomness comes from.
pub trait Rng: Send + Sync {
    /// Sixteen random bytes.
    fn bytes(&self) -> [u8; 16];

    /// A random UUID (version 4).
    fn uuid(&self) -> Uuid {
        uuid::Builder::from_random_bytes(self.bytes()).into_uuid()
    }

    /// A duration between half of `duration` and all of it, so that retries do not march in step.
    fn jitter(&self, duration: Duration) -> Duration {
        let part = u32::from(u16::from_be_bytes([self.bytes()[0], self.bytes()[1]]));
        duration / 2 + duration.saturating_mul(part) / (2 * u32::from(u16::MAX))
    }
}

/// The machine's randomness.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemRng;

impl Rng for SystemRng {
    fn bytes(&self) -> [u8; 16] {
        rand::random()
    }
}

/// The same sequence for the same seed.
#[derive(Debug)]
pub struct SeededRng {
    rng: Mutex<StdRng>,
}

impl SeededRng {
    /// A sequence that `seed` alone decides.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { rng: Mutex::new(StdRng::seed_from_u64(seed)) }
    }
}

impl Rng for SeededRng {
    fn bytes(&self) -> [u8; 16] {
        let mut bytes = [0; 16];
        self.rng.lock().unwrap_or_else(std::sync::PoisonError::into_inner).fill_bytes(&mut bytes);
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_sequence() {
        let (one, two) = (SeededRng::new(7), SeededRng::new(7));
        assert_eq!([one.uuid(), one.uuid()], [two.uuid(), two.uuid()]);
        assert_ne!(one.uuid(), one.uuid());
    }

    #[test]
    fn jitter_stays_between_half_and_all() {
        let rng = SeededRng::new(1);
        for _ in 0..1_000 {
            let jittered = rng.jitter(Duration::from_secs(10));
            assert!((Duration::from_secs(5)..=Duration::from_secs(10)).contains(&jittered), "{jittered:?}");
        }
    }
}
