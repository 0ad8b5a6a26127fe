//! So many calls in any span of time.

use std::collections::VecDeque;

use chrono::{DateTime, TimeDelta, Utc};

/// No call is looked at later than so long after it came in.
const SLOWEST: TimeDelta = TimeDelta::hours(1);

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

    /// Whether one more call that came in then is within the limit; a refused call does not count. One that is looked at late
    /// is counted among those that came in with it.
    pub(crate) fn admits(&mut self, came_in: DateTime<Utc>) -> bool {
        let Some(calls) = self.calls else { return true };
        let kept = self.span + SLOWEST;
        while self.admitted.front().is_some_and(|oldest| came_in - *oldest >= kept) {
            self.admitted.pop_front();
        }
        let place = self.admitted.partition_point(|other| *other <= came_in);
        self.admitted.insert(place, came_in);
        let too_many = |first: usize| {
            let ends = self.admitted.get(first).zip(self.admitted.get(first + calls));
            ends.is_some_and(|(first, last)| *last - *first < self.span)
        };
        let admits = !(place.saturating_sub(calls)..=place).any(too_many);
        if !admits {
            self.admitted.remove(place);
            self.refused += 1;
        }
        admits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::seconds(second)
    }

    #[test]
    fn in_no_span_are_there_more_than_the_limit_in_whatever_order_they_are_looked_at() {
        let mut limit = Limit::new(2, TimeDelta::seconds(10));
        assert!(limit.admits(at(20)) && limit.admits(at(25)));
        assert!(!limit.admits(at(29)), "two others came in within ten seconds");
        assert!(limit.admits(at(30)) && !limit.admits(at(31)));
        // Looked at late.
        assert!(!limit.admits(at(21)) && !limit.admits(at(16)) && limit.admits(at(15)));
        assert_eq!(limit.refused(), 4);
    }
}
