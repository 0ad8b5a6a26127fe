//! Schedule → the days that are due, compared on three sides → kept; and what failed, asked for in its targets once a day.
//!
//! What is due, and when a day is too large for a function, is `relay_reconcile`'s ([`relay_reconcile::night`], [`relay_reconcile::recheck`]).
//! `relay serve` has the same job do the same, without an end to its turns.

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use relay_connector::Connection;
use relay_core::clock::{Clock, Deadline};
use relay_core::{StoreError, Stores, System};
use relay_job::{Connections, FlowSettings, Flows, Invocation, Job, Needs, Parts, Unfinished};
use relay_reconcile::recheck::{self, Rechecked};
use relay_reconcile::tolerance::TOLERATE;
use relay_reconcile::{Night, Reconciler, Tolerances, Turn};
use serde::Deserialize;
use serde_json::{Value, json};

/// Since when flows are read that never were.
const START: &str = "RELAY_START";

/// What a schedule or a person sends: `{}`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Event {}

/// Compares days.
pub struct DayReconciler {
    stores: Stores,
    flows: Arc<Flows>,
    settings: FlowSettings,
    connections: Connections,
    tolerances: Tolerances,
    start: Option<DateTime<Utc>>,
    /// So many documents that failed are asked for in a day.
    rechecked_a_day: usize,
    clock: Arc<dyn Clock>,
    owner: String,
    night: Mutex<Night>,
}

impl Job for DayReconciler {
    type Handled = Value;

    /// Both ends of every flow, and whoever is asked for codes.
    fn needs(flows: &Flows) -> Needs {
        Needs::of(flows)
    }

    fn build(parts: &Parts) -> anyhow::Result<Self> {
        let setting = |name: &str| parts.settings.0.get(name).map(String::as_str);
        let tolerate = setting(TOLERATE).unwrap_or_default().split(',');
        let start = setting(START).and_then(|start| DateTime::parse_from_rfc3339(start).ok());
        let calls = setting(recheck::CALLS).unwrap_or("0");
        Ok(Self {
            stores: parts.stores.clone(),
            flows: parts.flows.clone(),
            settings: parts.settings.clone(),
            connections: parts.connections.clone(),
            tolerances: Tolerances::parse(tolerate).map_err(anyhow::Error::msg).context(TOLERATE)?,
            start: start.map(|start| start.to_utc()),
            rechecked_a_day: calls
                .parse()
                .with_context(|| format!("{} expects a whole number of calls a day", recheck::CALLS))?,
            clock: parts.clock.clone(),
            owner: parts.rng.uuid().to_string(),
            night: Mutex::default(),
        })
    }

    /// Works one scheduled event: `{}`.
    ///
    /// # Errors
    /// An event that is another, and a store that does not answer: the answer stands in the error too.
    async fn handle(&self, event: Value, Invocation { deadline, .. }: Invocation) -> anyhow::Result<Value> {
        let Event {} = serde_json::from_value(event).context("the event is not `{}`")?;
        // First, because it is short, and the days of a night may take all of it.
        let rechecked = self.recheck(deadline).await;
        let compared = self.compare(deadline).await;
        let errors = rechecked.as_ref().err().into_iter().chain(compared.as_ref().err());
        let errors: Vec<_> = errors.map(ToString::to_string).collect();
        let told = |rechecked: &Rechecked| {
            let Rechecked { closed, missing, unproven } = rechecked;
            json!({ "closed": closed.len(), "missing": missing, "unproven": unproven })
        };
        let rechecked = rechecked.ok().flatten().as_ref().map(told);
        let answer = json!({ "days": compared.ok(), "rechecked": rechecked });
        if errors.is_empty() { Ok(answer) } else { Err(Unfinished { answer, errors }.into()) }
    }

    async fn answer(&self, answer: Value) -> Value {
        answer
    }
}

impl DayReconciler {
    /// Compares the days that are due, for as long as there is time.
    ///
    /// # Errors
    /// A store that does not answer: the next turn goes on.
    pub async fn compare(&self, deadline: Deadline) -> Result<Turn, StoreError> {
        let memory = || self.night.lock().unwrap_or_else(PoisonError::into_inner);
        // A turn that is broken off forgets it, which costs the next one a look at the ledger.
        let mut night = std::mem::take(&mut *memory());
        let connect = |system| self.connection(system);
        let turn = self.reconciler(&connect, deadline).compare_due(&self.owner, self.start, &mut night).await;
        *memory() = night;
        turn
    }

    /// Asks for what failed in its targets, and closes what a person has made there; `None` where today's turn was had, or none is to be.
    ///
    /// # Errors
    /// A store that does not answer.
    pub async fn recheck(&self, deadline: Deadline) -> Result<Option<Rechecked>, StoreError> {
        if self.rechecked_a_day == 0 {
            return Ok(None);
        }
        let connect = |system| self.connection(system);
        self.reconciler(&connect, deadline).recheck_daily(self.rechecked_a_day).await
    }

    fn connection(&self, system: System) -> Result<Arc<dyn Connection>, String> {
        let known = self.connections.shared(system);
        known.ok_or_else(|| format!("no flow goes to {system}, or comes from there"))
    }

    fn reconciler<'a>(&'a self, connect: relay_reconcile::Connect<'a>, deadline: Deadline) -> Reconciler<'a> {
        Reconciler {
            stores: &self.stores,
            flows: &self.flows,
            settings: &self.settings,
            connect,
            clock: self.clock.as_ref(),
            tolerances: &self.tolerances,
            deadline,
            answers: None,
        }
    }
}
