//! Schedule → WDT pools (stock changes, logistics) → queue.
//!
//! A pool keeps its rows until they are acknowledged, and gives the same rows until then. So the syncer only pulls and
//! queues; the pusher acknowledges, after the target has accepted. A row that comes again meanwhile is not queued again
//! within five minutes, unless the document has said something else in between.

mod recent;
mod sync;

use std::sync::Arc;

use anyhow::Context as _;
use relay_connector::Role;
use relay_core::clock::Deadline;
use relay_host::settings::both;
use relay_host::{Function, Occasion, Settings, Standing, Unfinished, Wiring};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::recent::Recent;

pub use sync::{Pool, Report, Syncer};

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
    standing: Arc<Standing>,
    /// For the flows whose file is away: which of them those are is known at each turn only.
    all_settings: Settings,
}

impl Function for StockSyncer {
    type Handled = Value;

    fn wire(wiring: &Wiring) -> anyhow::Result<Self> {
        let flows: Vec<_> = wiring.flows.with_source(Role::Pool).cloned().collect();
        let settings = flows.iter().flat_map(|routed| routed.flow.source_settings());
        let settings = wiring.settings.for_flows(settings).map_err(Into::into);
        let (client, settings) = both(wiring.wangdian_for(&flows), settings)?;
        let syncer = Syncer {
            client,
            intake: wiring.intake(),
            queue: wiring.stores.queue.clone(),
            ledger: wiring.stores.ledger.clone(),
            clock: wiring.clock.clone(),
            rng: wiring.rng.clone(),
            credential_check: wiring.credential_check.clone(),
            health: wiring.health.clone(),
            recent: Recent::default(),
        };
        let mut pools: Vec<Pool> = Vec::new();
        for routed in flows {
            let pool = Pool::of(routed.clone(), &settings)?;
            // Flows of one pool share one pull: the first acknowledgement takes a row from all of them.
            match pools.iter_mut().find(|known| known.is_same(&pool)) {
                Some(known) => known.add(routed),
                None => pools.push(pool),
            }
        }
        let (standing, all_settings) = (wiring.standing.clone(), wiring.settings.clone());
        Ok(Self { syncer, pools, standing, all_settings })
    }

    /// Works one scheduled event: `{}`, or `{"flow": "stock-to-sharecrm"}`.
    ///
    /// # Errors
    /// An event that is neither, and what each pool that failed met: the answer of the others stands in the error too.
    async fn handle(&self, event: Value, Occasion { deadline, .. }: Occasion) -> anyhow::Result<Value> {
        let event: Event = serde_json::from_value(event)
            .context("the event is neither `{}` nor `{\"flow\": \"<name of a flow that reads a pool>\"}`")?;
        let reports = match event.flow {
            None => self.sync_all(deadline).await,
            Some(name) => {
                let pool = self.pools.iter().find(|pool| pool.serves(&name)).with_context(|| {
                    let known: Vec<_> = self.pools.iter().flat_map(Pool::flow_names).collect();
                    format!("`{name}` reads no pool; the flows that do are: {}", known.join(", "))
                })?;
                vec![self.sync(pool, deadline).await]
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
        let mut reports = Vec::with_capacity(self.pools.len());
        for pool in &self.pools {
            reports.push(self.sync(pool, deadline).await);
        }
        reports
    }

    async fn sync(&self, pool: &Pool, deadline: Deadline) -> Report {
        match self.with_absent(pool).await {
            Ok(pool) => self.syncer.sync(&pool, deadline).await,
            // The first acknowledgement takes a row from all flows, also from those that are not known of.
            Err(error) => self.syncer.not_pulled(pool, error).await,
        }
    }

    /// A pool with the flows that read it too and whose file is away: an acknowledgement takes the rows from them.
    async fn with_absent(&self, pool: &Pool) -> anyhow::Result<Pool> {
        let mut whole = pool.clone();
        for routed in self.standing.flows().await?.with_source(Role::Pool) {
            let is_read_elsewhere = routed.flow.source().document.name != pool.name();
            if is_read_elsewhere || self.pools.iter().any(|pool| pool.serves(routed.flow.name())) {
                continue;
            }
            let settings = self.all_settings.for_flows(routed.flow.source_settings())?;
            if Pool::of(routed.clone(), &settings)?.is_same(pool) {
                whole.add(routed.clone());
            }
        }
        Ok(whole)
    }
}

/// Shared with the pool's flows.
type SharedFlow = Arc<relay_host::flows::Routed>;
