//! Where a target's queue stands.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};
use relay_core::health::Part;
use relay_core::{Depth, System, pause};
use serde::Serialize;

use super::{Doing, FlowStatus, Status};
use crate::language::Said;
use crate::{OperationError, Operations};

/// Where a target's queue stands.
#[derive(Debug, Serialize)]
pub struct QueueStatus {
    /// Messages that wait to be received.
    pub waiting: u64,
    /// Messages that are being worked, or wait out a back-off.
    pub in_flight: u64,
    /// Messages that were received too often.
    pub dead: u64,
    /// The target's pause: its vendor takes nothing for now, or a person has paused it.
    pub paused: Option<pause::Pause>,
    /// When the oldest message that is not done was sent; unknown on AWS.
    pub oldest_sent_at: Option<DateTime<Utc>>,
    /// How long ago that was.
    pub oldest_waiting_s: Option<u64>,
    /// How the target is doing.
    #[serde(flatten)]
    pub target_health: Doing,
    /// What is to be known of it and needs nobody.
    pub notes: Vec<Said>,
}

impl Operations<'_> {
    pub(super) async fn queue_statuses(&self) -> Result<BTreeMap<System, QueueStatus>, OperationError> {
        let mut queues = BTreeMap::new();
        for system in self.targets() {
            queues.insert(system, self.queue_status(system).await?);
        }
        Ok(queues)
    }

    /// Tells each flow how much of its target's queue is its own: as the queue says where it can be looked into; nothing
    /// where the queue is empty; all of it where no other flow has that target.
    pub(super) async fn note_waiting(&self, status: &mut Status) -> Result<(), OperationError> {
        for (system, queue) in &status.queues {
            let is_of_queue = |flow: &FlowStatus| flow.goes_to(*system);
            let of_queue = status.flows.values().filter(|flow| is_of_queue(flow)).count();
            let all = queue.waiting + queue.in_flight;
            let by_flow = match (all, of_queue) {
                (0, _) | (_, 0) => Some(HashMap::new()),
                _ => self.stores.queue.by_flow(*system).await?,
            };
            for (name, flow) in status.flows.iter_mut().filter(|(_, flow)| is_of_queue(flow)) {
                flow.waiting = match &by_flow {
                    Some(by_flow) => Some(by_flow.get(name).copied().unwrap_or_default()),
                    None => Some(all).filter(|_| of_queue == 1),
                };
                flow.notes.extend(flow.waits_for_its_time());
            }
        }
        Ok(())
    }

    async fn queue_status(&self, system: System) -> Result<QueueStatus, OperationError> {
        let now = self.clock.now();
        let Depth { waiting, in_flight, oldest_sent_at, .. } = self.stores.queue.depth(system).await?;
        let age = |sent: DateTime<Utc>| (now - sent).to_std().unwrap_or_default().as_secs();
        let mut notes = Vec::new();
        if waiting + in_flight > 0 && oldest_sent_at.is_none() {
            notes.push(Said::new(
                "最早的一条等了多久,只有 CloudWatch 知道:ApproximateAgeOfOldestMessage",
                "how long its oldest message waits is told by CloudWatch alone: ApproximateAgeOfOldestMessage",
            ));
        }
        Ok(QueueStatus {
            waiting,
            in_flight,
            dead: self.stores.queue.dead(system).await?,
            paused: pause::current(self.stores.checkpoints.as_ref(), system, now).await?,
            oldest_sent_at,
            oldest_waiting_s: oldest_sent_at.map(age),
            target_health: self.doing(Part::Target(system)).await?,
            notes,
        })
    }
}
