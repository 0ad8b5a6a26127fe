//! Telling the pools what became of their rows.

use std::collections::BTreeMap;
use std::sync::Arc;

use relay_connector::{Class, Failure};
use relay_core::clock::Deadline;
use relay_host::flows::Routed;
use relay_wangdian::{AckRefusal, Acknowledgement, Client, Endpoint, Route};
use serde_json::Value;

/// Acknowledges rows to 旺店通's pools.
pub(crate) struct Acknowledger {
    /// Unset where no flow reads a pool.
    pub(crate) client: Option<Arc<Client>>,
}

/// A row that is done with.
pub(crate) struct DoneRow<'a> {
    /// Its place in the batch.
    pub(crate) place: usize,
    pub(crate) flow: &'a Routed,
    pub(crate) row: &'a Value,
    /// Whether the target has it, or why it is released without.
    pub(crate) accepted: Result<(), String>,
}

/// Why a row is not acknowledged.
pub(crate) enum Unacknowledged {
    /// It is to be tried again.
    Again(Failure),
    /// The source does not take it, and another try would not mend that: the row stays in the pool.
    Refused(String),
}

/// Rows of one pool.
struct Rows {
    pool: &'static Endpoint,
    route: Route,
    rows: Vec<(usize, Acknowledgement)>,
}

impl Acknowledger {
    /// Acknowledges rows, one call a pool, and answers the places of those that are not, with the reasons.
    pub(crate) async fn acknowledge(
        &self,
        rows: Vec<DoneRow<'_>>,
        deadline: Deadline,
    ) -> Vec<(usize, Unacknowledged)> {
        let (pools, mut unacknowledged) = by_pool(rows);
        for pool in pools {
            unacknowledged.extend(self.call(&pool, deadline).await);
        }
        unacknowledged
    }

    /// Of a call that is refused as a whole each row is tried alone: one of them may be why.
    async fn call(&self, pool: &Rows, deadline: Deadline) -> Vec<(usize, Unacknowledged)> {
        match self.try_all(pool, &pool.rows, deadline).await {
            Ok(refused) => refused,
            Err(failure) if failure.class == Class::Refused => {
                let mut unacknowledged = Vec::new();
                for row in &pool.rows {
                    match self.try_all(pool, std::slice::from_ref(row), deadline).await {
                        Ok(refused) => unacknowledged.extend(refused),
                        Err(failure) => unacknowledged.push((row.0, Unacknowledged::of(failure))),
                    }
                }
                unacknowledged
            }
            Err(failure) => {
                let places = pool.rows.iter().map(|(place, _)| *place);
                places.map(|place| (place, Unacknowledged::Again(failure.clone()))).collect()
            }
        }
    }

    async fn try_all(
        &self,
        pool: &Rows,
        rows: &[(usize, Acknowledgement)],
        deadline: Deadline,
    ) -> Result<Vec<(usize, Unacknowledged)>, Failure> {
        let Some(client) = &self.client else {
            let (class, why) = (Class::Retry { after: None }, "is not connected");
            return Err(Failure::new("旺店通", pool.pool.php, class, None, why));
        };
        let acknowledgements: Vec<_> = rows.iter().map(|(_, row)| row.clone()).collect();
        let refusals = client.acknowledge(pool.route, pool.pool, &acknowledgements, deadline).await?;
        let refused = refusals.into_iter().filter_map(|refusal| {
            let is_it = |row: &&(usize, Acknowledgement)| row.1.rec_id() == refusal.rec_id;
            // A refusal that names no row speaks of the only one.
            let row = rows.iter().find(is_it).or(if let [only] = rows { Some(only) } else { None })?;
            let AckRefusal { class, error, .. } = refusal;
            let failure = Failure::new("旺店通", pool.pool.php, class, None, error);
            Some((row.0, Unacknowledged::of(failure)))
        });
        Ok(refused.collect())
    }
}

impl Unacknowledged {
    fn of(failure: Failure) -> Self {
        if failure.class == Class::Refused { Self::Refused(failure.message) } else { Self::Again(failure) }
    }
}

fn by_pool(rows: Vec<DoneRow<'_>>) -> (Vec<Rows>, Vec<(usize, Unacknowledged)>) {
    let (mut pools, mut unacknowledged) = (BTreeMap::<_, Rows>::new(), Vec::new());
    for DoneRow { place, flow, row, accepted } in rows {
        let source = flow.flow.source();
        let route = source.route.as_deref().and_then(|route| route.parse().ok()).unwrap_or(Route::Direct);
        let Some(pool) = relay_wangdian::endpoint(source.document.name) else { continue };
        match Acknowledgement::of(pool, row, accepted) {
            Ok(acknowledgement) => {
                let rows = pools.entry((pool.php, route.name())).or_insert_with(|| Rows {
                    pool,
                    route,
                    rows: Vec::new(),
                });
                rows.rows.push((place, acknowledgement));
            }
            // The row lacks what must be echoed.
            Err(failure) => unacknowledged.push((place, Unacknowledged::of(failure))),
        }
    }
    (pools.into_values().collect(), unacknowledged)
}
