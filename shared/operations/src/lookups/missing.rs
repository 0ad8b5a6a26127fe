//! The codes that nobody knows.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use relay_core::UnknownCode;
use serde::Serialize;

use crate::{OperationError, Operations};

/// A code that nobody knows, and what waits for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Missing {
    /// The look-up: `kingdee.material`, `table.shop.tax_rate`, `delivered.orders`.
    pub table: String,
    /// The code.
    pub code: String,
    /// How many documents wait for it.
    pub documents: u64,
    /// Their flows.
    pub flows: BTreeSet<String>,
    /// Since when the first of them has waited.
    pub since: DateTime<Utc>,
}

impl Operations<'_> {
    /// Every code that nobody knows, of one table and its results or of all, once; those that most wait for first.
    ///
    /// # Errors
    /// When the ledger does not answer.
    pub async fn missing(&self, table: Option<&str>) -> Result<Vec<Missing>, OperationError> {
        let mut missing = BTreeMap::<UnknownCode, Missing>::new();
        let is_asked = |code: &UnknownCode| {
            table.is_none_or(|table| {
                code.table.strip_prefix(table).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
            })
        };
        for entry in self.failures(None).await? {
            let mut of_entry = BTreeMap::<UnknownCode, DateTime<Utc>>::new();
            for failed in entry.failures() {
                for code in failed.missing.iter().filter(|code| is_asked(code)) {
                    let since = of_entry.entry(code.clone()).or_insert(failed.at);
                    *since = failed.at.min(*since);
                }
            }
            for (code, since) in of_entry {
                let UnknownCode { table, code: text } = code.clone();
                let new = Missing { table, code: text, documents: 0, flows: BTreeSet::new(), since };
                let known = missing.entry(code).or_insert(new);
                known.documents += 1;
                known.since = known.since.min(since);
                known.flows.insert(entry.id.flow.clone());
            }
        }
        let mut missing: Vec<_> = missing.into_values().collect();
        missing.sort_by_key(|code| std::cmp::Reverse(code.documents));
        Ok(missing)
    }
}
