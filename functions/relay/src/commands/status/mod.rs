//! `relay status`: where every source, flow, queue and target stands, and what needs a person.

mod flows;
mod issues;
mod printed;
mod queues;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use relay_core::health::{self, Health, Part, Problem};
use relay_core::{StoreError, System};
use relay_host::Wiring;
use serde::{Deserialize, Serialize};
use serde_json::json;

use self::flows::FlowStatus;
use self::queues::QueueStatus;
use super::place::Place;
use crate::Done;
use crate::output::say;

/// Where everything stands.
#[derive(Serialize)]
struct Status {
    flows: BTreeMap<String, FlowStatus>,
    queues: BTreeMap<System, QueueStatus>,
    /// The pushes of 勤策, of all flows together.
    pushes: Doing,
    /// Failed documents under names that are no flow.
    other_failures: BTreeMap<String, u64>,
    /// The tasks of `relay serve` that do not go on.
    tasks: BTreeMap<String, Stopped>,
    /// What needs a person, one line each.
    issues: Vec<String>,
}

/// How a source or a target is doing.
#[derive(Serialize, Default)]
struct Doing {
    last_success: Option<DateTime<Utc>>,
    /// Since when every try has failed.
    failing_since: Option<DateTime<Utc>>,
    /// How many tries that were.
    failed_tries: u64,
    last_error: Option<Problem>,
    /// What the last try has to say besides: told among the flow's notes.
    #[serde(skip)]
    notes: Vec<String>,
}

/// Why a task does not go on.
#[derive(Serialize, Deserialize)]
struct Stopped {
    since: DateTime<Utc>,
    error: String,
}

impl Doing {
    async fn of(wiring: &Wiring, part: Part) -> Result<Self, StoreError> {
        let health = health::read(wiring.stores.checkpoints.as_ref(), &part).await?;
        let Health { succeeded_at, failing_since, failures, error, notes } = health;
        let (last_success, last_error) = (succeeded_at, error);
        Ok(Self { last_success, failing_since, failed_tries: failures, last_error, notes })
    }
}

/// `relay status`
pub(crate) async fn run(json: bool) -> anyhow::Result<Done> {
    let wiring = Wiring::of_existing_store().await?;
    let place = Place::of(&wiring)?;
    let status = status(&wiring).await?;
    if json {
        say!("{}", place.with(json!(status)));
    } else {
        printed::print(&place, &status);
    }
    Ok(if status.issues.is_empty() { Done::Well } else { Done::WithFailures })
}

async fn status(wiring: &Wiring) -> anyhow::Result<Status> {
    let counts = wiring.stores.ledger.counts().await?;
    let flows = flows::all(wiring, &counts).await?;
    let is_of_no_flow = |(name, _): &(&String, &u64)| !flows.contains_key(*name);
    let other_failures = counts.failed.iter().filter(is_of_no_flow);
    let mut status = Status {
        other_failures: other_failures.map(|(name, count)| (name.clone(), *count)).collect(),
        queues: queues::all(wiring).await?,
        pushes: Doing::of(wiring, Part::Pushes).await?,
        tasks: tasks(wiring).await?,
        flows,
        issues: Vec::new(),
    };
    status.issues = issues::of(&status, wiring.clock.now());
    Ok(status)
}

/// The tasks that `relay serve` has noted as stopped, each under its name.
async fn tasks(wiring: &Wiring) -> Result<BTreeMap<String, Stopped>, StoreError> {
    let records = wiring.stores.checkpoints.list("health/task/").await?;
    let stopped = records.into_iter().filter_map(|(name, checkpoint)| {
        let task = name.strip_prefix("health/task/")?.to_owned();
        // One that another version of the program has written says nothing to this one.
        Some((task, serde_json::from_str(&checkpoint.value).ok()?))
    });
    Ok(stopped.collect())
}
