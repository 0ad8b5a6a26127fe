//! Telling the pools what became of their rows.

use std::collections::BTreeMap;
use std::sync::Arc;

use clock::Deadline;
use serde_json::Value;
use vendor::{Class, Failure};
use wangdian::{Acknowledgement, Client, Endpoint, Route};
use wiring::flows::Routed;

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

/// The rows of one pool, by their places in the batch.
struct Rows {
    pool: &'static Endpoint,
    route: Route,
    places: Vec<usize>,
    acknowledgements: Vec<Acknowledgement>,
}

impl Acknowledger {
    /// Acknowledges rows, one call a pool, and answers the places of those whose acknowledgement must be repeated.
    pub(crate) async fn acknowledge(
        &self,
        rows: Vec<DoneRow<'_>>,
        deadline: Deadline,
    ) -> Vec<(usize, Failure)> {
        let mut unacknowledged = Vec::new();
        for rows in by_pool(rows) {
            if let Err(failure) = self.call(&rows, deadline).await {
                unacknowledged.extend(rows.places.into_iter().map(|place| (place, failure.clone())));
            }
        }
        unacknowledged
    }

    async fn call(&self, rows: &Rows, deadline: Deadline) -> Result<(), Failure> {
        let Some(client) = &self.client else {
            return Err(Failure::new(
                "旺店通",
                rows.pool.php,
                Class::Retry { after: None },
                None,
                "is not connected",
            ));
        };
        for refusal in client.acknowledge(rows.route, rows.pool, &rows.acknowledgements, deadline).await? {
            // The row stays in the pool and comes again; then only its acknowledgement is left to do.
            tracing::warn!(
                pool = rows.pool.php,
                rec_id = refusal.rec_id,
                error = refusal.error,
                "not acknowledged"
            );
        }
        Ok(())
    }
}

fn by_pool(rows: Vec<DoneRow<'_>>) -> Vec<Rows> {
    let mut pools = BTreeMap::<_, Rows>::new();
    for DoneRow { place, flow, row, accepted } in rows {
        let source = flow.flow.source();
        let route = source.route.as_deref().and_then(|route| route.parse().ok()).unwrap_or(Route::Direct);
        let Some(pool) = wangdian::endpoint(source.document.name) else { continue };
        match Acknowledgement::of(pool, row, accepted) {
            Ok(acknowledgement) => {
                let rows = pools.entry((pool.php, route.name())).or_insert_with(|| Rows {
                    pool,
                    route,
                    places: Vec::new(),
                    acknowledgements: Vec::new(),
                });
                rows.places.push(place);
                rows.acknowledgements.push(acknowledgement);
            }
            // Nothing that repeating would mend: the row lacks what must be echoed.
            Err(failure) => tracing::error!(flow = flow.flow.name(), %failure, "cannot be acknowledged"),
        }
    }
    pools.into_values().collect()
}
