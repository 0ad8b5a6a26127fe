//! Rng for one purpose, from the seed.

use std::sync::Mutex;

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use crate::lock;

pub(crate) struct Dice(Mutex<StdRng>);

impl Dice {
    /// Each purpose has its own sequence, so that one more roll in one vendor shifts nothing in another.
    pub(crate) fn new(seed: u64, purpose: &str) -> Self {
        let purpose = purpose.bytes().fold(0_u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
        Self(Mutex::new(StdRng::seed_from_u64(seed ^ purpose)))
    }

    /// A number below `bound`, which is not 0.
    pub(crate) fn below(&self, bound: u32) -> u32 {
        lock(&self.0).random_range(0..bound)
    }

    pub(crate) fn coin(&self) -> bool {
        self.below(2) == 0
    }

    /// `count` decimal digits, the first of them not 0: the vendors' long ids.
    pub(crate) fn digits(&self, count: usize) -> String {
        let mut rng = lock(&self.0);
        (0..count).map(|place| char::from(b'0' + rng.random_range(u8::from(place == 0)..10))).collect()
    }

    /// `count` lower-case hex digits.
    pub(crate) fn hex(&self, count: usize) -> String {
        let mut rng = lock(&self.0);
        (0..count).filter_map(|_| char::from_digit(rng.random_range(0..16), 16)).collect()
    }
}
