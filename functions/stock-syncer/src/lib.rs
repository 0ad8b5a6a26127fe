//! Schedule → pools of any source → queue.
//!
//! A pool keeps its rows until they are acknowledged, and gives the same rows until then. So the syncer only pulls and
//! queues; the pusher acknowledges, after the target has accepted. A row that comes again meanwhile is not queued again
//! within five minutes, unless the document has said something else in between.
//!
//! | module | what for |
//! |---|---|
//! | `pool` | one pool, and the flows that read it |
//! | `sync` | pulls until a pool gives nothing new |
//! | `recent` | what this process has queued lately |

mod along;
mod pool;
mod recent;
mod sync;

use std::sync::Arc;

use anyhow::Context as _;
use futures::future::join_all;
use relay_connector::Role;
use relay_core::clock::Deadline;
use relay_job::{ActiveFlows, FlowSettings, Flows, Invocation, Job, Needs, Parts, Unfinished};
use serde::Deserialize;
use serde_json::{Value, json};

pub use pool::Pool;
pub use sync::{Patience, Report, Syncer};

/// What a schedule or a person sends. `{}` means: all pools.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Event {
    flow: Option<String>,
}

/// Pulls from every pool that a flow reads.
pub struct StockSyncer {
    syncer: Syncer,
    pools: Vec<Pool>,
    active: Arc<ActiveFlows>,
    settings: FlowSettings,
}

impl Job for StockSyncer {
    type Handled = Value;

    fn needs(flows: &Flows) -> Needs {
        Needs::sources(flows.with_source(Role::Pool))
    }

    fn build(parts: &Parts) -> anyhow::Result<Self> {
        let syncer = Syncer::of(parts);
        let mut pools: Vec<Pool> = Vec::new();
        for routed in parts.flows.with_source(Role::Pool) {
            let query = routed.query(&parts.settings)?;
            syncer.source(&query)?;
            // Flows of one pool share one pull: the first acknowledgement takes a row from all of them.
            match pools.iter_mut().find(|pool| pool.query == query) {
                Some(pool) => pool.flows.push(routed.clone()),
                None => pools.push(Pool { query, flows: vec![routed.clone()] }),
            }
        }
        Ok(Self { syncer, pools, active: parts.active.clone(), settings: parts.settings.clone() })
    }

    /// Works one scheduled event: `{}`, or `{"flow": "stock-to-sharecrm"}`.
    ///
    /// # Errors
    /// An event that is neither, and what each pool that failed met: the answer of the others stands in the error too.
    async fn handle(&self, event: Value, Invocation { deadline, .. }: Invocation) -> anyhow::Result<Value> {
        let event: Event = serde_json::from_value(event)
            .context("the event is neither `{}` nor `{\"flow\": \"<name of a flow that reads a pool>\"}`")?;
        let reports = match event.flow {
            None => {
                let pools = self.pools.iter();
                join_all(pools.map(|pool| self.sync(pool, Patience::WhileWorked, deadline))).await
            }
            Some(name) => {
                let pool = self.pools.iter().find(|pool| pool.serves(&name)).with_context(|| {
                    let known: Vec<_> = self.pools.iter().flat_map(Pool::flow_names).collect();
                    format!("`{name}` reads no pool; the flows that do are: {}", known.join(", "))
                })?;
                vec![self.sync(pool, Patience::WhileWorked, deadline).await]
            }
        };
        let failed = reports.iter().any(|report| report.error.is_some());
        let answer = json!({ "pools": reports });
        if !failed {
            return Ok(answer);
        }
        let errors = reports.into_iter().filter_map(|report| report.error_in_full).collect();
        Err(Unfinished { answer, errors }.into())
    }

    async fn answer(&self, reports: Value) -> Value {
        reports
    }
}

impl StockSyncer {
    /// Pulls from every pool until it has nothing new or the deadline is near. One that fails stops no other.
    pub async fn sync_all(&self, deadline: Deadline) -> Vec<Report> {
        join_all(self.pools.iter().map(|pool| self.sync(pool, Patience::None, deadline))).await
    }

    /// The same, where the targets are worked meanwhile: goes on as they take rows out of the pools.
    pub async fn sync_along(&self) -> Vec<Report> {
        join_all(self.pools.iter().map(|pool| self.sync(pool, Patience::UntilWorked, Deadline::NONE))).await
    }

    async fn sync(&self, pool: &Pool, patience: Patience, deadline: Deadline) -> Report {
        match self.with_absent(pool).await {
            Ok(pool) => self.syncer.sync(&pool, patience, deadline).await,
            // The first acknowledgement takes a row from all flows, also from those that are not known of.
            Err(error) => self.syncer.not_pulled(pool, error).await,
        }
    }

    /// A pool with the flows that read it too and whose file is away: an acknowledgement takes the rows from them.
    async fn with_absent(&self, pool: &Pool) -> anyhow::Result<Pool> {
        let mut whole = pool.clone();
        for routed in self.active.flows().await?.with_source(Role::Pool) {
            let is_read_elsewhere = routed.flow.source().document.name != pool.name();
            if is_read_elsewhere || self.pools.iter().any(|pool| pool.serves(routed.flow.name())) {
                continue;
            }
            if routed.query(&self.settings)? == pool.query {
                whole.flows.push(routed.clone());
            }
        }
        Ok(whole)
    }
}
