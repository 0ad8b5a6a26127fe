//! Where a target's queue stands.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};
use relay_core::health::Part;
use relay_core::{Depth, System, pause};
use serde::Serialize;

use super::{Doing, FlowStatus, Status};
use crate::both;
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

/// The calls of a target's quota.
struct Calls {
    /// So many a minute are allowed.
    limit: u64,
    /// So many were made in the last.
    used: u64,
    /// So many documents go out in one at most.
    together: u64,
}

impl Calls {
    /// What holds so many documents up, where they are more than a minute's.
    fn hold_up(&self, system: System, all: u64) -> Option<Said> {
        let Self { limit, used, together } = self;
        let minutes = all.div_ceil((*together).max(1)).div_ceil((*limit).max(1));
        (minutes > 1).then(|| match used * 10 >= limit * 8 {
            true => both!(
                "{all} 张在等的是额度:一分钟 {limit} 次调用,上一分钟用了 {used} 次;没有新的话,至少还要 {minutes} 分钟",
                "its quota is what {all} wait for: {limit} calls a minute, of which the last minute used {used}; at least {minutes} min more, \
                 if nothing comes"
            ),
            false => both!(
                "{all} 张在等,而上一分钟只用了 {limit} 次额度里的 {used} 次:慢的不是额度。回答得多快:`relay history --sums --vendor {system} --since 1h`;在等什么:`relay waiting --target {system}`",
                "{all} wait, and the last minute used {used} of {limit} calls: its quota is not what holds them up. How fast it answers: \
                 `relay history --sums --vendor {system} --since 1h`; what they wait for: `relay waiting --target {system}`"
            ),
        })
    }
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

    /// Tells of each target whose queue is longer than a minute's calls what holds it up: its quota, or something else. A pause, and a target
    /// that takes nothing, are told anyway.
    pub(super) fn note_pace(&self, status: &mut Status) {
        for (system, queue) in &mut status.queues {
            let is_told = queue.paused.is_some() || queue.target_health.failing_since.is_some();
            let Some(vendor) = status.vendors.get(system).filter(|_| !is_told) else { continue };
            let Some(limit) = vendor.calls_a_minute.map(u64::from) else { continue };
            let pushes = self.flows.iter().filter(|routed| routed.system == *system);
            let together = pushes.filter_map(|routed| Some(routed.flow.target().document.push?.batch)).max();
            let calls =
                Calls { limit, used: vendor.used.last_minute.into(), together: together.unwrap_or(1) as u64 };
            queue.notes.extend(calls.hold_up(*system, queue.waiting + queue.in_flight));
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_than_a_minutes_calls_are_held_up_by_the_quota_or_by_something_else() {
        let told = |limit, used, together, all| {
            let said = Calls { limit, used, together }.hold_up(System::new("kingdee"), all);
            said.map(|said| said.to_string()).unwrap_or_default()
        };
        assert_eq!(told(60, 60, 1, 60), "", "a minute's");
        let full = told(60, 55, 1, 601);
        assert!(
            full.contains("its quota is what 601 wait for") && full.contains("at least 11 min"),
            "{full}"
        );
        let slow = told(60, 20, 1, 601);
        assert!(slow.contains("20 of 60 calls") && slow.contains("--vendor kingdee"), "{slow}");
        assert_eq!(told(60, 60, 50, 3_000), "", "fifty go out in one call");
        assert!(told(60, 60, 50, 3_001).contains("at least 2 min"));
    }
}
