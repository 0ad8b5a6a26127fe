//! Days, compared on three sides: what the source says, what our ledger says, what the target holds.
//!
//! A reconciliation is planned first, which calls no vendor, so that its cost can be told. It changes nothing; what is missing can be sent
//! afterwards ([`Operations::heal`]), by the road of a replay: the target is asked by number before anything is sent.

use std::collections::BTreeMap;

use chrono::{Days, NaiveDate};
use relay_core::System;
use relay_core::clock::Deadline;
use relay_job::Routed;
use relay_reconcile::codes::Codes;
use relay_reconcile::kept::Calendar;
use relay_reconcile::ledger::{ByDay, by_day};
use relay_reconcile::{Reconciler, Tolerances, days, has_days};

use serde::Serialize;

pub use relay_reconcile::sum::{Content, Sum};
pub use relay_reconcile::{Compared, Day, Standing, Verdict, kept};

use crate::explain::Connect;
use crate::log::Did;
use crate::replay::Replayed;
use crate::replay::plan::Again;
use crate::{OperationError, Operations};

/// So many calls has a document at most that its target is asked for: its list, and itself.
const CALLS_A_DOCUMENT: u64 = 2;

/// No more days are compared at once.
const MOST_DAYS: u64 = 92;

/// A reconciliation, before it is done.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Plan {
    /// The first day.
    pub from: NaiveDate,
    /// The last day.
    pub to: NaiveDate,
    /// What each flow costs.
    pub flows: Vec<Cost>,
    /// What our ledger has of each flow, by day.
    #[serde(skip)]
    known: BTreeMap<String, ByDay>,
}

/// What comparing the days of a flow costs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Cost {
    /// The flow.
    pub flow: String,
    /// How many documents our ledger has of these days.
    pub documents: usize,
    /// What the source is asked.
    pub source: Calls,
    /// What the target is asked, at most.
    pub target: Calls,
}

/// Calls to a vendor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Calls {
    /// The vendor.
    pub vendor: System,
    /// How many; `None` where it cannot be asked.
    pub calls: Option<u64>,
    /// How many a minute are allowed.
    pub calls_a_minute: Option<u32>,
}

impl Operations<'_> {
    /// What comparing these days costs: of one flow, or of all that have days.
    ///
    /// # Errors
    /// A flow that nobody knows or that has no days; days that are none; a store that does not answer.
    pub async fn plan_reconcile(
        &self,
        flow: Option<&str>,
        from: NaiveDate,
        to: NaiveDate,
    ) -> Result<Plan, OperationError> {
        let wrong = |why: &str| Err(OperationError::WrongTime(why.to_owned()));
        if to < from {
            return wrong("the days end before they begin");
        }
        if to > days::of(self.clock.now()) {
            return wrong("a day that is to come cannot be compared");
        }
        if from.checked_add_days(Days::new(MOST_DAYS)).is_none_or(|end| end <= to) {
            return wrong("more than 92 days are not compared at once");
        }
        let mut plan = Plan { from, to, flows: Vec::new(), known: BTreeMap::new() };
        for routed in self.reconciled(flow).await? {
            let name = routed.flow.name().to_owned();
            let known = by_day(self.stores.ledger.as_ref(), &name, (from, to)).await?;
            plan.flows.push(self.cost_of(routed, from, to, &known));
            plan.known.insert(name, known);
        }
        Ok(plan)
    }

    /// The flows whose days are compared.
    async fn reconciled(&self, flow: Option<&str>) -> Result<Vec<&Routed>, OperationError> {
        let Some(flow) = flow else {
            return Ok(self.flows.iter().map(AsRef::as_ref).filter(|routed| has_days(routed)).collect());
        };
        self.check_flow(flow).await?;
        let routed = self.flows.named(flow).ok_or_else(|| OperationError::NoFile(flow.to_owned()))?;
        if !has_days(routed) {
            let document = routed.flow.source().document.name;
            let instead = "`relay rewind` has a list read anew, which sends what has changed";
            return Err(OperationError::NoWindows { flow: flow.to_owned(), document, instead });
        }
        Ok(vec![routed])
    }

    fn cost_of(&self, routed: &Routed, from: NaiveDate, to: NaiveDate, known: &ByDay) -> Cost {
        let documents = known.values().map(Vec::len).sum::<usize>();
        let count = documents as u64;
        let connect = |_| Err(String::new());
        let (nothing, clock) = (Tolerances::default(), self.clock.as_ref());
        let reconciler = self.reconciler(&connect, &nothing, clock);
        let windows: u64 = from
            .iter_days()
            .take_while(|day| *day <= to)
            .map(|day| reconciler.windows(routed, day) as u64)
            .sum();
        let cap = routed.flow.source().document.pages.map_or(100, |pages| u64::from(pages.cap.max(1)));
        let calls = |vendor, calls| Calls { vendor, calls, calls_a_minute: self.calls_a_minute(vendor) };
        let is_asked = routed.flow.target().document.push.is_some_and(|push| push.asked.is_some());
        let of_source = (windows > 0).then(|| windows + count / cap);
        Cost {
            flow: routed.flow.name().to_owned(),
            documents,
            source: calls(routed.source_system(), of_source),
            target: calls(routed.system, is_asked.then_some(count * CALLS_A_DOCUMENT)),
        }
    }

    pub(crate) fn reconciler<'r>(
        &'r self,
        connect: Connect<'r>,
        tolerances: &'r Tolerances,
        clock: &'r dyn relay_core::clock::Clock,
    ) -> Reconciler<'r> {
        Reconciler {
            stores: self.stores,
            flows: self.flows,
            settings: &self.flow_settings,
            connect,
            clock,
            tolerances,
            deadline: Deadline::NONE,
            answers: None,
        }
    }

    /// Compares what was planned, tells each day when it is done, and keeps what the days come to.
    ///
    /// # Errors
    /// A store that does not answer. A vendor that does not is told in the answer.
    pub async fn reconcile(
        &self,
        plan: &Plan,
        tolerances: &Tolerances,
        connect: Connect<'_>,
        progress: &(dyn Fn(&Day) + Sync),
    ) -> Result<Vec<Day>, OperationError> {
        let reconciler = self.reconciler(connect, tolerances, self.clock.as_ref());
        let mut codes = Codes::new(self.stores, self.flows, connect);
        let mut compared = Vec::new();
        for (flow, known) in &plan.known {
            let Some(routed) = self.flows.named(flow) else { continue };
            for day in plan.from.iter_days().take_while(|day| *day <= plan.to) {
                let keys = known.get(&day).map(Vec::as_slice).unwrap_or_default();
                let done = reconciler.day(routed, day, keys, &mut codes).await?;
                kept::keep(self.stores.checkpoints.as_ref(), &done).await?;
                progress(&done);
                compared.push(done);
            }
        }
        Ok(compared)
    }

    /// Sends what is missing: of what the ledger has nothing of, what the source shows of it.
    ///
    /// # Errors
    /// A store that does not answer.
    pub async fn heal(&self, days: &[Day], connect: Connect<'_>) -> Result<Replayed, OperationError> {
        let missing = days.iter().flat_map(Day::missing);
        let again: Vec<_> = missing.map(|(id, document)| Again { id, document: document.cloned() }).collect();
        let replayed = self.send_again(&again, connect).await?;
        self.note(Did::of("reconcile --heal", told(days)).times(replayed.sent)).await;
        Ok(replayed)
    }

    /// What the days of flows came to when they were compared last.
    ///
    /// # Errors
    /// A store that does not answer.
    pub async fn reconciled_days(&self) -> Result<BTreeMap<String, Calendar>, OperationError> {
        Ok(kept::calendars(self.stores.checkpoints.as_ref()).await?)
    }

    /// What a day of a flow came to when it was compared last.
    ///
    /// # Errors
    /// A store that does not answer.
    pub async fn reconciled_day(&self, flow: &str, day: NaiveDate) -> Result<Option<Day>, OperationError> {
        Ok(kept::day(self.stores.checkpoints.as_ref(), flow, day).await?)
    }
}

fn told(days: &[Day]) -> String {
    let all = || days.iter().map(|day| day.day);
    match (all().min(), all().max()) {
        (Some(from), Some(to)) if from == to => format!("what was missing of {from}"),
        (Some(from), Some(to)) => format!("what was missing of {from} to {to}"),
        _ => "nothing".to_owned(),
    }
}
