//! What happened, step by step: two runs of one seed are the same when their traces are.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// What happened.
pub struct Trace(Mutex<Lines>);

struct Lines {
    /// FNV-1a over everything, steps included.
    sum: u64,
    /// In words, where they are wanted: calls, writes, deaths, and no steps.
    words: Option<Vec<String>>,
}

impl Lines {
    fn add(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.sum = (self.sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}

impl Trace {
    /// A trace that keeps a sum of everything, and what happened in words where they are wanted.
    #[must_use]
    pub fn new(in_words: bool) -> Self {
        Self(Mutex::new(Lines { sum: 0xcbf2_9ce4_8422_2325, words: in_words.then(Vec::new) }))
    }

    /// A task had its turn.
    pub fn step(&self, now: Duration, task: u64) {
        let mut lines = self.lines();
        lines.add(&now.as_nanos().to_le_bytes());
        lines.add(&task.to_le_bytes());
    }

    /// Something happened that has words.
    pub fn say(&self, now: Duration, what: impl FnOnce() -> String) {
        let mut lines = self.lines();
        let what = what();
        lines.add(&now.as_nanos().to_le_bytes());
        lines.add(what.as_bytes());
        if let Some(words) = &mut lines.words {
            words.push(format!("{} {what}", clock(now)));
        }
    }

    /// The sum of everything so far.
    #[must_use]
    pub fn sum(&self) -> u64 {
        self.lines().sum
    }

    /// What happened, in words, where they were kept.
    #[must_use]
    pub fn words(&self) -> Vec<String> {
        self.lines().words.clone().unwrap_or_default()
    }

    fn lines(&self) -> MutexGuard<'_, Lines> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A time of a simulation: days, hours, minutes, seconds, milliseconds since its beginning.
#[must_use]
pub fn clock(time: Duration) -> String {
    let (s, ms) = (time.as_secs(), time.subsec_millis());
    format!("{}d {:02}:{:02}:{:02}.{ms:03}", s / 86_400, s / 3_600 % 24, s / 60 % 60, s % 60)
}
