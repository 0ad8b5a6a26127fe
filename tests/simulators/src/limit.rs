//! So many calls in any span of time.

use std::collections::VecDeque;

use chrono::{DateTime, TimeDelta, Utc};

pub(crate) struct Limit {
    calls: Option<usize>,
    span: TimeDelta,
    admitted: VecDeque<DateTime<Utc>>,
}

impl Limit {
    pub(crate) fn new(calls: usize, span: TimeDelta) -> Self {
        Self { calls: Some(calls), span, admitted: VecDeque::new() }
    }

    /// `None` is no limit.
    pub(crate) fn set(&mut self, calls: Option<usize>) {
        self.calls = calls;
    }

    /// Whether one more call is within the limit; a refused call does not count.
    pub(crate) fn admits(&mut self, now: DateTime<Utc>) -> bool {
        let Some(calls) = self.calls else { return true };
        while self.admitted.front().is_some_and(|oldest| now - *oldest >= self.span) {
            self.admitted.pop_front();
        }
        let admits = self.admitted.len() < calls;
        if admits {
            self.admitted.push_back(now);
        }
        admits
    }
}
