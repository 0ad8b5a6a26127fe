//! Schedule → groups that are due → one bill each → queue.
//!
//! A group is closed in steps, each of which repeats without harm, so that a crash anywhere is met by the next run:
//!
//! 1. **seal**: what the members bring, less what earlier seals hold, is written down once, under the next number;
//! 2. **queue**: the bills of the seal are queued, under names that the ledger and the target know them by;
//! 3. **note** that they are queued;
//! 4. **look away**: the group is no longer open, unless more has come meanwhile.
//!
//! A seal is written before its bills are queued: the next run queues what a seal says, and never what it would sum up now.
//!
//! Before it closes groups of a flow, a run has the store forget those that have lapsed.
//!
//! | module | what for |
//! |---|---|
//! | `close` | one group through its steps |
//! | `damped` | alerts that were held back, told when their time is over |
//! | `former` | documents that failed for codes before who waits was noted |
//! | `waits` | documents that have waited for those of other flows for too long |
//! | `watch` | what has begun to need a person, and what is over, for the flows that read `relay.health` |

mod close;
mod damped;
mod former;
mod waits;
mod watch;

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use relay_core::clock::{Clock, Deadline, Rng};
use relay_core::{Checkpoints, Groups, Intake, Ledger, StoreError, Stores, System};
use relay_job::conditions::{self, Condition};
use relay_job::{Flows, Invocation, Job, Needs, Parts, Routed, Speech, Unfinished};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::close::Closing;
use crate::damped::HeldBack;
use crate::former::Former;
use crate::waits::Waits;
use crate::watch::Watch;

/// How long a run may be silent before another closes groups of the same flow. Two at once do no harm, for a seal is written
/// once; they would only do the work twice.
const LEASE: Duration = Duration::from_secs(120);

/// A group that would be begun so close before the deadline is left to the next run.
const ONE_GROUP: Duration = Duration::from_secs(10);

/// What a schedule or a person sends. `{}` means: all flows that have groups.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Event {
    flow: Option<String>,
}

/// What became of the groups of a flow.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The flow.
    pub flow: String,
    /// Open groups that are not due yet; causes of which alerts are held back.
    pub open: u64,
    /// Groups that were closed.
    pub closed: u64,
    /// Bills that the queue has taken; alerts that were held back.
    pub bills: u64,
    /// Whether another run is at it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub elsewhere: bool,
    /// Why groups were not closed; they stay open.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<String>,
}

/// Closes groups.
pub struct BillCloser {
    flows: Vec<Arc<Routed>>,
    all_flows: Arc<Flows>,
    stores: Stores,
    targets: Vec<System>,
    console: Option<String>,
    speech: Speech,
    groups: Arc<dyn Groups>,
    checkpoints: Arc<dyn Checkpoints>,
    ledger: Arc<dyn Ledger>,
    intake: Intake,
    clock: Arc<dyn Clock>,
    rng: Arc<dyn Rng>,
    waits: Waits,
    former: Former,
}

impl Job for BillCloser {
    type Handled = Value;

    /// No vendor: the bills are queued, and the pusher sends them.
    fn needs(_flows: &Flows) -> Needs {
        Needs::default()
    }

    fn build(parts: &Parts) -> anyhow::Result<Self> {
        let flows = parts.flows.iter().filter(|routed| closes(routed)).cloned().collect();
        Ok(Self {
            flows,
            all_flows: parts.flows.clone(),
            stores: parts.stores.clone(),
            targets: parts.systems(),
            console: parts.console(),
            speech: parts.speech,
            groups: parts.stores.groups.clone(),
            checkpoints: parts.stores.checkpoints.clone(),
            ledger: parts.stores.ledger.clone(),
            intake: parts.intake(),
            clock: parts.clock.clone(),
            rng: parts.rng.clone(),
            waits: Waits::new(parts),
            former: Former::new(parts),
        })
    }

    /// Works one scheduled event: `{}`, or `{"flow": "outbound-by-day"}`.
    ///
    /// # Errors
    /// An event that is neither, and what kept groups from being closed: the answer of the others stands in the error too.
    async fn handle(&self, event: Value, Invocation { deadline, .. }: Invocation) -> anyhow::Result<Value> {
        let event: Event = serde_json::from_value(event)
            .context("the event is neither `{}` nor `{\"flow\": \"<name of a flow with groups>\"}`")?;
        let (mut ended, mut told) = (Ok(0), Ok(0));
        let reports = match event.flow {
            None => {
                ended = self.end_waits(deadline).await;
                told = self.tell_health(Vec::new()).await;
                self.close_all(deadline).await
            }
            Some(name) => {
                let named = self.flows.iter().find(|routed| routed.flow.name() == name);
                let routed = named.with_context(|| {
                    let known: Vec<_> = self.flows.iter().map(|routed| routed.flow.name()).collect();
                    format!("`{name}` has no groups; the flows that have are: {}", known.join(", "))
                })?;
                vec![self.close(routed, deadline).await]
            }
        };
        let mut errors: Vec<String> = reports.iter().flat_map(|report| report.errors.clone()).collect();
        let waits_ended = ended.unwrap_or_else(|error| {
            errors.push(format!("documents wait on: {error}"));
            0
        });
        let told = told.unwrap_or_else(|error| {
            errors.push(format!("what needs a person is not told: {error}"));
            0
        });
        let answer = json!({ "flows": reports, "waits_ended": waits_ended, "conditions_told": told });
        if errors.is_empty() { Ok(answer) } else { Err(Unfinished { answer, errors }.into()) }
    }

    async fn answer(&self, reports: Value) -> Value {
        reports
    }
}

/// Whether something of a flow is to be closed by and by: groups, or the time for which alerts are held back.
fn closes(routed: &Routed) -> bool {
    routed.flow.group().is_some() || routed.flow.source().damp.is_some()
}

impl BillCloser {
    /// Whether a flow has something for it to do: groups to be closed, alerts that are held back, documents that may wait for a
    /// code, or what needs a person.
    #[must_use]
    pub fn serves(routed: &Routed) -> bool {
        closes(routed) || !routed.flow.tables().is_empty() || watch::reads(routed)
    }

    /// Tells the flows that read `relay.health` what has begun to need a person since the last look, and what is over;
    /// answers how many documents that were. `besides` is what only the caller knows of.
    ///
    /// # Errors
    /// A store that does not answer: the next run tells it.
    pub async fn tell_health(&self, besides: Vec<Condition>) -> Result<u64, StoreError> {
        if !self.all_flows.iter().any(|routed| watch::reads(routed)) {
            return Ok(0);
        }
        let now = self.clock.now();
        let mut standing = conditions::standing(&self.stores, &self.all_flows, &self.targets, now).await?;
        let checkpoints = self.checkpoints.as_ref();
        standing.extend(relay_reconcile::conditions::standing(checkpoints, &self.all_flows, now).await?);
        standing.extend(besides);
        let (flows, checkpoints, intake) = (&*self.all_flows, self.checkpoints.as_ref(), &self.intake);
        let watch = Watch {
            flows,
            checkpoints,
            intake,
            rng: self.rng.as_ref(),
            console: self.console.as_deref(),
            speech: self.speech,
            now,
        };
        watch.tell(&standing).await
    }

    /// Sends documents once more that have waited for those of other flows for as long as their flow says, and answers how many.
    ///
    /// # Errors
    /// A store that does not answer: they wait on, for the next run.
    pub async fn end_waits(&self, deadline: Deadline) -> Result<u64, StoreError> {
        self.former.note(deadline).await?;
        self.waits.end(deadline).await
    }

    /// Closes what is due of every flow. A flow that fails stops no other.
    pub async fn close_all(&self, deadline: Deadline) -> Vec<Report> {
        let mut reports = Vec::with_capacity(self.flows.len());
        for routed in &self.flows {
            reports.push(self.close(routed, deadline).await);
        }
        reports
    }

    async fn close(&self, routed: &Routed, deadline: Deadline) -> Report {
        let mut report = Report { flow: routed.flow.name().to_owned(), ..Report::default() };
        let closed = match routed.flow.source().damp {
            Some(damp) => self.tell(routed, damp, &mut report).await,
            None => self.close_under_lease(routed, deadline, &mut report).await,
        };
        if let Err(error) = closed {
            tracing::error!(flow = report.flow, error = format!("{error:#}"), "groups stay open");
            report.errors.push(format!("{}: {error:#}", report.flow));
        }
        let Report { flow, open, closed, bills, .. } = &report;
        if *closed > 0 {
            tracing::info!(flow, open, closed, bills, "groups were closed");
        }
        report
    }

    /// Two that tell at once queue the same.
    async fn tell(&self, routed: &Routed, damp: Duration, report: &mut Report) -> anyhow::Result<()> {
        let (flow, system) = (routed.flow.name(), routed.system);
        let (checkpoints, ledger) = (self.checkpoints.as_ref(), self.ledger.as_ref());
        let (intake, now) = (&self.intake, self.clock.now());
        let held = HeldBack { flow, system, damp, checkpoints, ledger, intake, now };
        (report.bills, report.open) = held.tell().await?;
        Ok(())
    }

    async fn close_under_lease(
        &self,
        routed: &Routed,
        deadline: Deadline,
        report: &mut Report,
    ) -> anyhow::Result<()> {
        let (lease, owner) = (format!("close/{}", report.flow), self.rng.uuid().to_string());
        let mut held = self.checkpoints.acquire(&lease, &owner, LEASE).await?;
        if held.is_none() {
            report.elsewhere = true;
            return Ok(());
        }
        while deadline.allows(self.clock.as_ref(), ONE_GROUP) && self.groups.lapse(&report.flow).await? {
            self.checkpoints.acquire(&lease, &owner, LEASE).await?;
        }
        let open = self.groups.open(&report.flow).await?;
        for (place, group) in open.iter().enumerate() {
            if !deadline.allows(self.clock.as_ref(), ONE_GROUP) {
                report.open += (open.len() - place) as u64;
                break;
            }
            // Renewed for each.
            held = self.checkpoints.acquire(&lease, &owner, LEASE).await?;
            if held.is_none() {
                report.elsewhere = true;
                break;
            }
            let closing =
                Closing { routed, groups: self.groups.as_ref(), intake: &self.intake, now: self.clock.now() };
            match closing.close(group).await {
                Ok(Some(bills)) => {
                    report.closed += 1;
                    report.bills += bills;
                }
                Ok(None) => report.open += 1,
                Err(error) => {
                    let group = &group.id.group;
                    tracing::error!(
                        flow = report.flow,
                        group,
                        error = format!("{error:#}"),
                        "a group stays open"
                    );
                    report.errors.push(format!("{} {group}: {error:#}", report.flow));
                }
            }
        }
        if let Some(lease) = held {
            self.checkpoints.release(&lease).await?;
        }
        Ok(())
    }
}
