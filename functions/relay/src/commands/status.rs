use std::collections::{BTreeMap, HashMap};

use catalog::Role;
use chrono::{DateTime, Utc};
use pipeline::{Depth, System, pause};
use serde::Serialize;
use wiring::Wiring;

use crate::Done;
use crate::output::say;
use crate::tally::plain_table;

/// Where everything stands.
#[derive(Serialize)]
struct Status {
    flows: BTreeMap<String, FlowStatus>,
    queues: BTreeMap<System, QueueStatus>,
}

#[derive(Serialize)]
struct FlowStatus {
    source: &'static str,
    target: &'static str,
    /// Unknown where counting them means reading the whole ledger.
    delivered: Option<u64>,
    failed: u64,
    read_until: Option<DateTime<Utc>>,
}

#[derive(Serialize)]
struct QueueStatus {
    waiting: u64,
    in_flight: u64,
    dead: u64,
    paused: Option<pause::Pause>,
}

/// `relay status`
pub(crate) async fn run(json: bool) -> anyhow::Result<Done> {
    let wiring = Wiring::from_environment().await?;
    let status = Status { flows: flows(&wiring).await?, queues: queues(&wiring).await? };
    if json {
        say!("{}", serde_json::to_string(&status)?);
    } else {
        print(&status);
    }
    Ok(Done::Well)
}

async fn flows(wiring: &Wiring) -> anyhow::Result<BTreeMap<String, FlowStatus>> {
    let counts = wiring.stores.ledger.counts().await?;
    // A flow that is left out has none.
    let of = |flows: &HashMap<String, u64>, name: &str| flows.get(name).copied().unwrap_or_default();
    let mut flows = BTreeMap::new();
    for routed in wiring.flows.iter() {
        let (source, target) = (routed.flow.source().document, routed.flow.target().document);
        let name = routed.flow.name();
        let read_until = match source.role {
            Role::Windowed => trade_poller::watermark(wiring.stores.checkpoints.as_ref(), name).await?,
            _ => None,
        };
        let status = FlowStatus {
            source: source.name,
            target: target.name,
            delivered: counts.delivered.as_ref().map(|flows| of(flows, name)),
            failed: of(&counts.failed, name),
            read_until,
        };
        flows.insert(name.to_owned(), status);
    }
    Ok(flows)
}

async fn queues(wiring: &Wiring) -> anyhow::Result<BTreeMap<System, QueueStatus>> {
    let mut queues = BTreeMap::new();
    for system in System::ALL {
        let Depth { waiting, in_flight, .. } = wiring.stores.queue.depth(system).await?;
        let dead = wiring.stores.queue.dead(system).await?;
        let paused = pause::current(wiring.stores.checkpoints.as_ref(), system, wiring.clock.now()).await?;
        queues.insert(system, QueueStatus { waiting, in_flight, dead, paused });
    }
    Ok(queues)
}

fn print(status: &Status) {
    let mut table = plain_table(&["flow", "delivered", "failed", "read until"]);
    for (name, flow) in &status.flows {
        let delivered = or_dash(flow.delivered.as_ref());
        table.add_row([name.clone(), delivered, flow.failed.to_string(), or_dash(flow.read_until.as_ref())]);
    }
    say!("{table}\n");
    let mut table = plain_table(&["queue", "waiting", "in flight", "dead"]);
    for (system, queue) in &status.queues {
        let counts = [queue.waiting, queue.in_flight, queue.dead].map(|count| count.to_string());
        table.add_row([system.to_string()].into_iter().chain(counts));
    }
    say!("{table}");
    for (system, queue) in &status.queues {
        if let Some(pause) = &queue.paused {
            say!("- {system} is paused until {}: {}", pause.until, pause.reason);
        }
    }
}

fn or_dash(known: Option<&impl ToString>) -> String {
    known.map_or_else(|| "-".to_owned(), ToString::to_string)
}
