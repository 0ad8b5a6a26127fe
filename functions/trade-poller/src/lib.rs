//! Schedule → windowed vendor queries → queue.
//!
//! | module | what for |
//! |---|---|
//! | [`window`] | which window is read next: pure |
//! | `read` | one window, page by page, so that no row slips through while rows move |
//! | `horizon` | up to where is read, by the vendor's clock |
//! | `lease` | one poller per flow, and what happens when it dies |
//! | `poll` | one flow: window after window under a lease, the watermark behind them |
//!
//! The watermark moves only when the queue has every row of the window. Memory does not grow with the window: a page
//! is queued before the next is read.

mod horizon;
mod lease;
mod poll;
mod read;
pub mod window;

use std::sync::Arc;

use anyhow::Context as _;
use relay_connector::Role;
use relay_core::clock::Deadline;
use relay_host::flows::Routed;
use relay_host::settings::both;
use relay_host::{Function, Occasion, Standing, Unfinished, Wiring};
use serde::Deserialize;
use serde_json::{Value, json};

pub use poll::{Poller, Progress, Report, watermark};

/// What a schedule or a person sends. `{}` means: all flows.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Event {
    flow: Option<String>,
}

/// Polls every flow whose source is read by windows.
pub struct TradePoller {
    poller: Poller,
    flows: Vec<Arc<Routed>>,
    standing: Arc<Standing>,
}

impl Function for TradePoller {
    type Handled = Value;

    fn wire(wiring: &Wiring) -> anyhow::Result<Self> {
        let flows: Vec<_> = wiring.flows.with_source(Role::Windowed).cloned().collect();
        let settings = flows.iter().flat_map(|routed| routed.flow.source_settings());
        let settings = wiring.settings.for_flows(settings).map_err(Into::into);
        let (client, settings) = both(wiring.wangdian_for(&flows), settings)?;
        let poller = Poller {
            client,
            settings,
            start: wiring.settings.start(wiring.clock.now())?,
            intake: wiring.intake(),
            checkpoints: wiring.stores.checkpoints.clone(),
            clock: wiring.clock.clone(),
            rng: wiring.rng.clone(),
            credential_check: wiring.credential_check.clone(),
            health: wiring.health.clone(),
        };
        Ok(Self { poller, flows, standing: wiring.standing.clone() })
    }

    async fn handle(&self, event: Value, occasion: Occasion) -> anyhow::Result<Value> {
        // Every window is logged; nobody watches.
        self.work(event, occasion.deadline, &|_| {}).await
    }

    async fn answer(&self, reports: Value) -> Value {
        reports
    }
}

impl TradePoller {
    /// Polls until every flow has caught up or the deadline is near. A flow that fails stops no other.
    pub async fn poll_all(&self, deadline: Deadline, progress: Progress<'_>) -> Vec<Report> {
        // The watermark of a flow whose file is away stands still: nothing of it is lost, and the log tells it.
        self.standing.announce().await;
        let mut reports = Vec::with_capacity(self.flows.len());
        for routed in &self.flows {
            reports.push(self.poller.poll(routed, deadline, progress).await);
        }
        reports
    }

    /// Works one scheduled event: `{}`, or `{"flow": "trade-to-kingdee"}`. `progress` is told after every window.
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
                let routed =
                    self.flows.iter().find(|routed| routed.flow.name() == name).with_context(|| {
                        let known: Vec<_> = self.flows.iter().map(|routed| routed.flow.name()).collect();
                        format!("`{name}` is no polled flow; the polled flows are: {}", known.join(", "))
                    })?;
                vec![self.poller.poll(routed, deadline, progress).await]
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
}
