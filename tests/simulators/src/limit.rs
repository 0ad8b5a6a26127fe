//! So many calls in any span of time.

use std::collections::VecDeque;

use chrono::{DateTime, TimeDelta, Utc};

pub(crate) struct Limit {
    calls: Option<usize>,
    span: TimeDelta,
    admitted: VecDeque<DateTime<Utc>>,
    /// Calls above the limit.
    refused: u64,
}

impl Limit {
    pub(crate) fn new(calls: usize, span: TimeDelta) -> Self {
        Self { calls: Some(calls), span, admitted: VecDeque::new(), refused: 0 }
    }

    /// As many as anybody likes.
    pub(crate) fn none(span: TimeDelta) -> Self {
        Self { calls: None, span, admitted: VecDeque::new(), refused: 0 }
    }

    /// `None` is no limit.
    pub(crate) fn set(&mut self, calls: Option<usize>) {
        self.calls = calls;
    }

    /// Counts from here on.
    pub(crate) fn begin_anew(&mut self) {
        self.admitted.clear();
    }

    /// How many calls were above the limit.
    pub(crate) fn refused(&self) -> u64 {
        self.refused
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
        } else {
            self.refused += 1;
        }
        admits
    }
}
