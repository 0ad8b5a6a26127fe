//! Schedule → windows and whole lists of any source → queue.
//!
//! | module | what for |
//! |---|---|
//! | [`window`] | which window a flow reads next: pure |
//! | [`turn`] | which flows of a query share the next window: pure |
//! | `poll` | one query: window after window, the watermarks behind them |
//! | [`backfill`] | a range that is read beside the watermark |
//! | `reader` | one flow of a poll: its watermark, its part in a window |
//! | `list` | one list, read as a whole: what is new or has changed is queued |
//! | `snapshot` | what a flow has been given of a list |
//! | `flow_turn` | what flows of windows and lists have in common: lease, queueing, report |
//! | `read` | one window, page by page, so that no row slips through while rows move |
//! | `horizon` | up to where is read, by the vendor's clock |
//! | `lease` | one poller per flow, and what happens when it dies |
//! | `report` | what became of a flow's turn |
//!
//! Lists that are read as a whole ([`list`]) have a snapshot where windows have a watermark.
//!
//! A watermark moves only when the queue has every row of the window. Memory does not grow with the window: a page is
//! queued before the next is read.
//!
//! # Flows on one query
//!
//! Flows that read the same document over the same route with equal parameters share one poll: a window is asked for once
//! and its rows are queued for each of them. The query has no watermark of its own. **Each flow keeps its own**, as it
//! would if it were alone, and takes part in a window only where it has not read further already:
//!
//! - A flow that is added later begins at `RELAY_START`, reads what it is owed alone, and joins the others where they
//!   are. What they have read is not queued for them again, and it does not hold them up ([`turn`]).
//! - A flow whose file is away keeps its watermark, and goes on from it once the file is back.
//! - A flow that fails (its queue takes nothing, its watermark cannot be read) stops alone. The next run reads what it has
//!   missed for it alone.
//! - A run that is killed in the midst of a window has moved no watermark, so every flow is given all of the window
//!   again. One that is killed between two watermarks repeats the window for one flow. The ledger drops repetitions.
//!
//! A run holds the lease of every flow that it reads for, under the name that it had when each flow was polled by itself:
//! a watermark refuses a write under an older fence than its last, and fences count by the lease's name.

pub mod backfill;
mod flow_turn;
mod horizon;
mod lease;
mod list;
mod poll;
mod read;
mod reader;
mod report;
mod snapshot;
pub mod turn;
pub mod window;

use std::sync::Arc;

use anyhow::Context as _;
use list::When;
use relay_connector::{Query, Role};
use relay_core::clock::Deadline;
use relay_job::{ActiveFlows, Flows, Invocation, Job, Needs, Parts, Routed, Unfinished};
use serde::Deserialize;
use serde_json::{Value, json};

pub use poll::{Poller, Progress};
pub use report::Report;

/// What a schedule or a person sends. `{}` means: all flows.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Event {
    flow: Option<String>,
}

/// Polls every flow whose source is read by windows or as a whole.
pub struct TradePoller {
    poller: Poller,
    queries: Vec<Shared>,
    active: Arc<ActiveFlows>,
}

/// A query, and the flows that read it.
struct Shared {
    query: Query,
    flows: Vec<Arc<Routed>>,
}

fn is_polled(routed: &Routed) -> bool {
    routed.flow.source().document.role.is_polled()
}

impl Job for TradePoller {
    type Handled = Value;

    fn needs(flows: &Flows) -> Needs {
        Needs::sources(flows.iter().filter(|routed| is_polled(routed)))
    }

    fn build(parts: &Parts) -> anyhow::Result<Self> {
        let poller = Poller::of(parts);
        let mut queries: Vec<Shared> = Vec::new();
        for routed in parts.flows.iter().filter(|routed| is_polled(routed)) {
            let query = routed.query(&parts.settings)?;
            match query.document.role {
                Role::Listed => poller.lists(&query).map(drop)?,
                _ => poller.source(&query).map(drop)?,
            }
            match queries.iter_mut().find(|shared| shared.query == query) {
                Some(shared) => shared.flows.push(routed.clone()),
                None => queries.push(Shared { query, flows: vec![routed.clone()] }),
            }
        }
        // Lists come last: one is read by the hour, and what it takes may not hold up orders.
        queries.sort_by_key(|shared| shared.query.document.role == Role::Listed);
        Ok(Self { poller, queries, active: parts.active.clone() })
    }

    async fn handle(&self, event: Value, invocation: Invocation) -> anyhow::Result<Value> {
        // Every window is logged; nobody watches.
        self.work(event, invocation.deadline, &|_| {}).await
    }

    async fn answer(&self, reports: Value) -> Value {
        reports
    }
}

impl TradePoller {
    /// Polls until every flow has caught up or the deadline is near. A flow that fails stops no other. The reports are in
    /// the order of the flows' names.
    pub async fn poll_all(&self, deadline: Deadline, progress: Progress<'_>) -> Vec<Report> {
        // The watermark of a flow whose file is away stands still: nothing of it is lost, and the log tells it.
        self.active.announce().await;
        let mut reports = Vec::new();
        for Shared { query, flows } in &self.queries {
            if self.poller.is_paused(query).await {
                continue;
            }
            reports.extend(self.read(query, flows, When::Due, deadline, progress).await);
        }
        reports.sort_by(|one, two| one.flow.cmp(&two.flow));
        reports
    }

    /// Works one scheduled event: `{}`, or `{"flow": "trade-to-kingdee"}`, which reads for that flow alone, a list also
    /// where it is not due. `progress` is told after every window.
    ///
    /// # Errors
    /// An event that is neither, and what each flow that failed met: the answer of the others stands in the error too.
    pub async fn work(
        &self,
        event: Value,
        deadline: Deadline,
        progress: Progress<'_>,
    ) -> anyhow::Result<Value> {
        let event: Event = serde_json::from_value(event)
            .context("the event is neither `{}` nor `{\"flow\": \"<name of a polled flow>\"}`")?;
        let reports = match event.flow {
            None => self.poll_all(deadline, progress).await,
            Some(name) => {
                let (query, routed) = self.named(&name)?;
                self.read(query, std::slice::from_ref(routed), When::Now, deadline, progress).await
            }
        };
        let failed = reports.iter().any(|report| report.error.is_some());
        let answer = json!({ "flows": reports });
        if !failed {
            return Ok(answer);
        }
        let errors = reports.into_iter().filter_map(|report| report.error_in_full).collect();
        Err(Unfinished { answer, errors }.into())
    }

    async fn read(
        &self,
        query: &Query,
        flows: &[Arc<Routed>],
        when: When,
        deadline: Deadline,
        progress: Progress<'_>,
    ) -> Vec<Report> {
        match query.document.role {
            Role::Listed => self.poller.list(query, flows, when, deadline, progress).await,
            _ => self.poller.poll(query, flows, deadline, progress).await,
        }
    }

    fn named(&self, name: &str) -> anyhow::Result<(&Query, &Arc<Routed>)> {
        let mut all: Vec<_> = self
            .queries
            .iter()
            .flat_map(|shared| shared.flows.iter().map(|routed| (&shared.query, routed)))
            .collect();
        all.sort_by(|(_, one), (_, two)| one.flow.name().cmp(two.flow.name()));
        all.iter().find(|(_, routed)| routed.flow.name() == name).copied().with_context(|| {
            let known: Vec<_> = all.iter().map(|(_, routed)| routed.flow.name()).collect();
            format!("`{name}` is no polled flow; the polled flows are: {}", known.join(", "))
        })
    }
}
