//! Telling the pools what became of their rows.

use std::collections::BTreeMap;

use relay_connector::{Class, Failure, Pools, Query, Verdict};
use relay_core::System;
use relay_core::clock::Deadline;
use relay_job::{Connections, Parts};
use serde_json::Value;

/// Acknowledges rows to the pools that they come from.
pub(crate) struct Acknowledger {
    connections: Connections,
    /// What each flow on a pool reads.
    pools: BTreeMap<String, Pool>,
}

/// A pool that a flow reads.
#[derive(Clone, PartialEq, Eq)]
struct Pool {
    system: System,
    query: Query,
}

/// A row that is done with.
pub(crate) struct DoneRow<'a> {
    /// Its place in the batch.
    pub(crate) place: usize,
    /// The flow that its message was for.
    pub(crate) flow: &'a str,
    pub(crate) row: &'a Value,
    /// Whether the target has it, or why it is released without.
    pub(crate) verdict: Verdict,
}

/// Why a row is not acknowledged.
pub(crate) enum Unacknowledged {
    /// It is to be tried again.
    Again(Failure),
    /// The source does not take it, and another try would not mend that: the row stays in the pool.
    Refused { source: System, reason: String },
}

impl Acknowledger {
    /// Knows the pools of the flows that read one.
    ///
    /// # Errors
    /// A setting of a flow's source that has no value.
    pub(crate) fn build(parts: &Parts) -> anyhow::Result<Self> {
        let mut pools = BTreeMap::new();
        for routed in parts.flows.with_source(relay_connector::Role::Pool) {
            let pool = Pool { system: routed.source_system(), query: routed.query(&parts.settings)? };
            pools.insert(routed.flow.name().to_owned(), pool);
        }
        Ok(Self { connections: parts.connections.clone(), pools })
    }

    /// Acknowledges rows, one call a pool, and answers the places of those that are not, with the reasons.
    pub(crate) async fn acknowledge(
        &self,
        rows: Vec<DoneRow<'_>>,
        deadline: Deadline,
    ) -> Vec<(usize, Unacknowledged)> {
        let mut unacknowledged = Vec::new();
        for (pool, rows) in self.by_pool(rows) {
            unacknowledged.extend(self.call(pool, &rows, deadline).await);
        }
        unacknowledged
    }

    fn by_pool<'a>(&self, rows: Vec<DoneRow<'a>>) -> Vec<(&Pool, Vec<DoneRow<'a>>)> {
        let mut pools: Vec<(&Pool, Vec<DoneRow<'a>>)> = Vec::new();
        for row in rows {
            // What reads no pool any more has nothing to acknowledge.
            let Some(pool) = self.pools.get(row.flow) else { continue };
            match pools.iter_mut().find(|(known, _)| *known == pool) {
                Some((_, rows)) => rows.push(row),
                None => pools.push((pool, vec![row])),
            }
        }
        pools
    }

    /// If a call is refused as a whole, tries each row alone: one of them may be why.
    async fn call(
        &self,
        pool: &Pool,
        rows: &[DoneRow<'_>],
        deadline: Deadline,
    ) -> Vec<(usize, Unacknowledged)> {
        match self.try_all(pool, rows, deadline).await {
            Ok(refused) => refused,
            Err(failure) if failure.class == Class::Refused => {
                let mut unacknowledged = Vec::new();
                for row in rows {
                    match self.try_all(pool, std::slice::from_ref(row), deadline).await {
                        Ok(refused) => unacknowledged.extend(refused),
                        Err(failure) => unacknowledged.push((row.place, pool.unacknowledged(failure))),
                    }
                }
                unacknowledged
            }
            Err(failure) => {
                rows.iter().map(|row| (row.place, Unacknowledged::Again(failure.clone()))).collect()
            }
        }
    }

    async fn try_all(
        &self,
        pool: &Pool,
        rows: &[DoneRow<'_>],
        deadline: Deadline,
    ) -> Result<Vec<(usize, Unacknowledged)>, Failure> {
        let pools = self.pools(pool)?;
        let verdicts: Vec<_> = rows.iter().map(|row| (row.row, row.verdict.clone())).collect();
        let refused = pools.acknowledge(&pool.query, &verdicts, deadline).await?;
        let refused = refused.into_iter().filter_map(|refused| {
            let row = rows.get(refused.place)?;
            let failure = pool.failure(refused.class, refused.reason);
            Some((row.place, pool.unacknowledged(failure)))
        });
        Ok(refused.collect())
    }

    fn pools(&self, pool: &Pool) -> Result<&dyn Pools, Failure> {
        let not_connected = || pool.failure(Class::Retry { after: None }, "is not connected");
        self.connections.pools(pool.system).ok_or_else(not_connected)
    }
}

impl Pool {
    fn failure(&self, class: Class, message: impl Into<String>) -> Failure {
        Failure::new(self.system.name(), self.query.document.name, class, None, message)
    }

    fn unacknowledged(&self, failure: Failure) -> Unacknowledged {
        match failure.class {
            Class::Refused => Unacknowledged::Refused { source: self.system, reason: failure.message },
            _ => Unacknowledged::Again(failure),
        }
    }
}
