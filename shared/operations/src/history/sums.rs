//! What turns come to: how many ended how, and how vendors answered.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Turn, Turns};

/// How many turns of a flow ended in one way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OutcomeSum {
    /// The flow.
    pub flow: String,
    /// How they ended.
    pub outcome: String,
    /// Why, where that says something: of failures, which differ, `relay failures` tells the causes.
    pub why: Option<String>,
    /// How many.
    pub turns: u64,
}

/// How a vendor answered one kind of call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CallSum {
    /// The vendor.
    pub vendor: String,
    /// The operation, in the vendor's spelling.
    pub operation: String,
    /// How many calls.
    pub calls: u64,
    /// To how many of them no answer came.
    pub unanswered: u64,
    /// Half of them took at most so many milliseconds.
    pub half_within_ms: u64,
    /// The slowest took so many.
    pub longest_ms: u64,
}

impl Turns {
    /// How many ended how, by flow.
    #[must_use]
    pub fn by_outcome(&self) -> Vec<OutcomeSum> {
        let mut counts = BTreeMap::<(&str, &str, Option<&str>), u64>::new();
        for Turn { flow, outcome, message, .. } in &self.turns {
            let outcome = outcome.as_deref().unwrap_or("–");
            // The reasons of what was skipped are few; those of failures hold values.
            let why = message.as_deref().filter(|_| outcome == "skipped");
            *counts.entry((flow, outcome, why)).or_default() += 1;
        }
        let sums = counts.into_iter().map(|((flow, outcome, why), turns)| OutcomeSum {
            flow: flow.to_owned(),
            outcome: outcome.to_owned(),
            why: why.map(str::to_owned),
            turns,
        });
        sums.collect()
    }

    /// How vendors answered, by operation.
    #[must_use]
    pub fn by_call(&self) -> Vec<CallSum> {
        let mut took = BTreeMap::<(&str, &str), (Vec<u64>, u64)>::new();
        for call in self.turns.iter().flat_map(|turn| &turn.calls) {
            let (durations, unanswered) = took.entry((&call.vendor, &call.operation)).or_default();
            durations.push(call.duration_ms);
            *unanswered += u64::from(!call.is_answered);
        }
        let sums = took.into_iter().map(|((vendor, operation), (mut durations, unanswered))| {
            durations.sort_unstable();
            let half = durations.get(durations.len().saturating_sub(1) / 2);
            CallSum {
                vendor: vendor.to_owned(),
                operation: operation.to_owned(),
                calls: durations.len() as u64,
                unanswered,
                half_within_ms: half.copied().unwrap_or_default(),
                longest_ms: durations.last().copied().unwrap_or_default(),
            }
        });
        sums.collect()
    }
}
