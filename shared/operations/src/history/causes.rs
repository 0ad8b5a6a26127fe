//! What failed most, and how often it did in the span of the same length before: what is mended by now is among it.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::{Asked, Turn};
use crate::issues::without_values;
use crate::{OperationError, Operations};

/// Failures that differ in values alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Cause {
    /// The flow.
    pub flow: String,
    /// What is said of them, with `…` in the place of values.
    pub text: String,
    /// How many documents failed so within the span.
    pub documents: u64,
    /// How many did in the span before.
    pub before: u64,
    /// The document that failed so last.
    pub last_key: String,
    /// When it did.
    pub last: DateTime<Utc>,
}

/// What failed within a span, the most frequent first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Causes {
    /// They.
    pub causes: Vec<Cause>,
    /// When the span before begins; what the history does not reach back to is not among it.
    pub before_since: DateTime<Utc>,
}

impl Operations<'_> {
    /// What failed within a span, beside the span of the same length before.
    ///
    /// # Errors
    /// As [`Operations::happened`].
    pub async fn causes(&self, asked: &Asked) -> Result<Causes, OperationError> {
        let before_since = asked.since - (asked.until - asked.since);
        let failed = Some("failed".to_owned());
        let both = Asked { since: before_since, outcome: failed, limit: None, ..asked.clone() };
        let turns = self.happened(&both).await?.turns;
        Ok(Causes { causes: causes(&turns, asked.since), before_since })
    }
}

/// The causes of turns that failed, the latest of which stands first.
fn causes(turns: &[Turn], since: DateTime<Utc>) -> Vec<Cause> {
    let mut keys = BTreeMap::<(&str, String), [BTreeSet<&str>; 2]>::new();
    let mut last = BTreeMap::<(&str, String), &Turn>::new();
    for turn in turns {
        // The first of several faults stands for all, as in issues.
        let said = turn.message.as_deref().and_then(|message| message.split("; ").next());
        let cause = (turn.flow.as_str(), without_values(said.unwrap_or("–")));
        last.entry(cause.clone()).or_insert(turn);
        let [within, before] = keys.entry(cause).or_default();
        if turn.at >= since { within } else { before }.insert(&turn.key);
    }
    let causes = keys.into_iter().filter_map(|((flow, text), [within, before])| {
        let last = last.get(&(flow, text.clone()))?;
        Some(Cause {
            flow: flow.to_owned(),
            text,
            documents: within.len() as u64,
            before: before.len() as u64,
            last_key: last.key.clone(),
            last: last.at,
        })
    });
    let mut causes: Vec<_> = causes.collect();
    causes.sort_by_key(|cause| std::cmp::Reverse((cause.documents, cause.before)));
    causes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turn(key: &str, message: &str, second: i64) -> Turn {
        Turn {
            at: DateTime::from_timestamp(second, 0).unwrap(),
            came: None,
            flow: "f".to_owned(),
            key: key.to_owned(),
            version: None,
            outcome: Some("failed".to_owned()),
            message: Some(message.to_owned()),
            attempt: None,
            calls: Vec::new(),
            document: None,
        }
    }

    #[test]
    fn documents_are_counted_once_for_each_cause_and_span() {
        let turns = [
            turn("4", "已关账", 30),
            turn("1", "`spec_no` = \"A\" is unknown; more", 21),
            turn("1", "`spec_no` = \"A\" is unknown", 20),
            turn("2", "`spec_no` = \"B\" is unknown", 20),
            turn("3", "`spec_no` = \"C\" is unknown", 19),
            turn("5", "已停用", 5),
        ];
        let found = causes(&turns, DateTime::from_timestamp(20, 0).unwrap());
        let told: Vec<_> =
            found.iter().map(|cause| (cause.documents, cause.before, cause.last_key.as_str())).collect();
        assert_eq!(told, [(2, 1, "1"), (1, 0, "4"), (0, 1, "5")]);
        assert_eq!(found[0].text, "`spec_no` = \"…\" is unknown");
    }
}
