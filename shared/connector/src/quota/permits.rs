//! What a process holds of an account's budget.

use std::time::Duration;

use super::Use;

/// Permits for calls, and the calls that were made with them. All times are the process's monotonic ones.
#[derive(Debug)]
pub(super) struct Permits {
    /// What they were asked for: what is less urgent does not use them up.
    purpose: Use,
    given: u32,
    left: u32,
    until: Duration,
    begun: Vec<(Duration, Use)>,
}

impl Default for Permits {
    fn default() -> Self {
        Self::given(Use::Read, 0, Duration::ZERO)
    }
}

impl Permits {
    /// So many, for calls that begin before `until`.
    pub(super) fn given(purpose: Use, count: u32, until: Duration) -> Self {
        Self { purpose, given: count, left: count, until, begun: Vec::new() }
    }

    /// How many are left.
    pub(super) fn left(&self, now: Duration) -> u32 {
        if now < self.until { self.left } else { 0 }
    }

    /// How many are left for calls of that use.
    pub(super) fn left_for(&self, now: Duration, purpose: Use) -> u32 {
        if purpose <= self.purpose { self.left(now) } else { 0 }
    }

    /// Uses one, if there is one.
    pub(super) fn take(&mut self, now: Duration, purpose: Use) -> bool {
        let is_left = self.left_for(now, purpose) > 0;
        if is_left {
            self.left -= 1;
            self.begun.push((now, purpose));
        }
        is_left
    }

    /// Uses no more of them: the next question gives them back.
    pub(super) fn give_back(&mut self) {
        self.left = 0;
    }

    /// How many to ask for: as many as wait, and where all were used, more than that, so that asking is rare. What nobody
    /// uses is given back.
    pub(super) fn wanted(&self, waiting: usize) -> u32 {
        let waiting = u32::try_from(waiting).unwrap_or(u32::MAX).max(1);
        if self.given > 0 && self.left == 0 { waiting.max(self.given.saturating_mul(2)) } else { waiting }
    }

    /// How long ago the calls began that were made with them.
    pub(super) fn begun(&self, now: Duration) -> Vec<(Duration, Use)> {
        self.begun.iter().map(|(at, purpose)| (now.saturating_sub(*at), *purpose)).collect()
    }
}
