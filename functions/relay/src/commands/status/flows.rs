use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use relay_connector::Role;
use relay_core::health::Part;
use relay_core::ledger::Counts;
use relay_core::registry::{self, Registered};
use relay_host::Wiring;
use relay_job::{Routed, active_flows, sightings};
use serde::Serialize;

use super::Doing;

/// A new flow begins a day back, or where it is told, and may be behind for so long.
const CATCHING_UP: TimeDelta = TimeDelta::hours(2);

/// Polls that go on succeed more often than this.
const RECENT: TimeDelta = TimeDelta::minutes(10);

/// Where a flow stands.
#[derive(Serialize)]
pub(super) struct FlowStatus {
    source: String,
    target: String,
    /// Unknown where counting them means reading the whole ledger.
    pub(super) delivered: Option<u64>,
    pub(super) failed: u64,
    pub(super) read_until: Option<DateTime<Utc>>,
    /// How far behind now that is.
    pub(super) lag_s: Option<u64>,
    /// How its source is doing: its polls, its pool, or all pushes.
    #[serde(flatten)]
    pub(super) source_health: Doing,
    /// Since when its file is away; now, where no start has noticed it.
    pub(super) absent_since: Option<DateTime<Utc>>,
    /// Since when the flow is known.
    pub(super) since: Option<DateTime<Utc>>,
    #[serde(skip)]
    pub(super) role: Option<Role>,
    /// What is to be known of it and needs nobody.
    pub(super) notes: Vec<String>,
}

/// The flows with a file, and those that are registered without one.
pub(super) async fn all(wiring: &Wiring, counts: &Counts) -> anyhow::Result<BTreeMap<String, FlowStatus>> {
    let mut flows = BTreeMap::new();
    let registry = registry::read(wiring.stores.checkpoints.as_ref()).await?;
    for routed in wiring.flows.iter() {
        let name = routed.flow.name();
        let mut status = present(wiring, routed, counts).await?;
        status.since = registry.get(name).map(|registered| registered.since);
        flows.insert(name.to_owned(), status);
    }
    for (name, registered) in active_flows::absent(&registry, &wiring.flows) {
        let status = absent(wiring, &name, registered, counts).await?;
        flows.insert(name, status);
    }
    Ok(flows)
}

async fn present(wiring: &Wiring, routed: &Routed, counts: &Counts) -> anyhow::Result<FlowStatus> {
    let (source, target) = (routed.flow.source().document, routed.flow.target().document);
    let mut status =
        known(wiring, routed.flow.name(), source.name, target.name, Some(source.role), counts).await?;
    status.source_health = match source.role {
        Role::Windowed => Doing::of(wiring, Part::Poll(routed.flow.name().to_owned())).await?,
        Role::Pool => Doing::of(wiring, Part::Pool(source.name.to_owned())).await?,
        _ => Doing::of(wiring, Part::Pushes).await?,
    };
    if source.role == Role::Windowed && status.source_health.last_success.is_none() {
        status.notes.push("no poll has succeeded yet".to_owned());
    }
    status.notes.append(&mut status.source_health.notes);
    // A misspelt path of an open document looks like this, and so does a field that no tenant fills in.
    let missing = sightings::missing(wiring.stores.checkpoints.as_ref(), &routed.flow).await?;
    if let Some(paths) = missing.filter(|paths| !paths.is_empty()) {
        status.notes.push(never_held(&paths));
    }
    Ok(status)
}

/// The first of the paths by name: a flow that copies whatever there is may have dozens.
fn never_held(paths: &[String]) -> String {
    const NAMED: usize = 6;
    let named = paths.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
    let more = paths.len().saturating_sub(NAMED);
    let more = if more > 0 { format!(" and {more} more fields") } else { String::new() };
    format!("no document so far has held {named}{more}")
}

async fn absent(
    wiring: &Wiring,
    name: &str,
    registered: Registered,
    counts: &Counts,
) -> anyhow::Result<FlowStatus> {
    let role = wiring.catalog.document(&registered.source).map(|document| document.role);
    let mut status = known(wiring, name, &registered.source, &registered.target, role, counts).await?;
    status.since = Some(registered.since);
    status.absent_since = Some(registered.absent_since.unwrap_or_else(|| wiring.clock.now()));
    // Nobody reads it meanwhile.
    status.lag_s = None;
    Ok(status)
}

async fn known(
    wiring: &Wiring,
    name: &str,
    source: &str,
    target: &str,
    role: Option<Role>,
    counts: &Counts,
) -> anyhow::Result<FlowStatus> {
    // A flow that is left out has none.
    let of = |flows: &HashMap<String, u64>| flows.get(name).copied().unwrap_or_default();
    let read_until = match role {
        Some(Role::Windowed) => {
            relay_trade_poller::watermark(wiring.stores.checkpoints.as_ref(), name).await?
        }
        _ => None,
    };
    let behind = |until: DateTime<Utc>| (wiring.clock.now() - until).to_std().unwrap_or_default();
    Ok(FlowStatus {
        source: source.to_owned(),
        target: target.to_owned(),
        delivered: counts.delivered.as_ref().map(of),
        failed: of(&counts.failed),
        read_until,
        lag_s: read_until.map(behind).as_ref().map(Duration::as_secs),
        source_health: Doing::default(),
        absent_since: None,
        since: None,
        role,
        notes: Vec::new(),
    })
}

impl FlowStatus {
    /// Whether it is new, and its polls read what has come together before it.
    pub(super) fn is_catching_up(&self, now: DateTime<Utc>) -> bool {
        let is_new = self.since.is_some_and(|since| now - since < CATCHING_UP);
        is_new && self.source_health.last_success.is_some_and(|well| now - well < RECENT)
    }

    /// The document that it reads.
    pub(super) fn source(&self) -> &str {
        &self.source
    }
}
