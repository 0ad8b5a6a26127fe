use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use relay_core::health::Part;
use relay_core::{Depth, System, pause};
use relay_host::Wiring;
use serde::Serialize;

use super::Doing;

/// Where a target's queue stands.
#[derive(Serialize)]
pub(super) struct QueueStatus {
    pub(super) waiting: u64,
    pub(super) in_flight: u64,
    pub(super) dead: u64,
    pub(super) paused: Option<pause::Pause>,
    /// When the oldest message that is not done was sent; unknown on AWS.
    pub(super) oldest_sent_at: Option<DateTime<Utc>>,
    pub(super) oldest_waiting_s: Option<u64>,
    /// How the target is doing.
    #[serde(flatten)]
    pub(super) target_health: Doing,
    /// What is to be known of it and needs nobody.
    pub(super) notes: Vec<String>,
}

pub(super) async fn all(wiring: &Wiring) -> anyhow::Result<BTreeMap<System, QueueStatus>> {
    let mut queues = BTreeMap::new();
    for system in relay_connectors::targets() {
        queues.insert(system, one(wiring, system).await?);
    }
    Ok(queues)
}

async fn one(wiring: &Wiring, system: System) -> anyhow::Result<QueueStatus> {
    let now = wiring.clock.now();
    let Depth { waiting, in_flight, oldest_sent_at, .. } = wiring.stores.queue.depth(system).await?;
    let age = |sent: DateTime<Utc>| (now - sent).to_std().unwrap_or_default().as_secs();
    let mut notes = Vec::new();
    if waiting + in_flight > 0 && oldest_sent_at.is_none() {
        notes.push(
            "how long its oldest message waits is told by CloudWatch alone: ApproximateAgeOfOldestMessage"
                .to_owned(),
        );
    }
    Ok(QueueStatus {
        waiting,
        in_flight,
        dead: wiring.stores.queue.dead(system).await?,
        paused: pause::current(wiring.stores.checkpoints.as_ref(), system, now).await?,
        oldest_sent_at,
        oldest_waiting_s: oldest_sent_at.map(age),
        target_health: Doing::of(wiring, Part::Target(system)).await?,
        notes,
    })
}
