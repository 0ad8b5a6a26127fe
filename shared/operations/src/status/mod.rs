//! Where every source, flow, queue and target stands, and what needs a person.

mod flows;
mod issues;
mod metrics;
mod programs;
mod queues;
mod reconciled;
mod vendors;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use relay_core::health::{self, Health, Part, Problem};
use relay_core::{StoreError, System};
use relay_job::backups::{Backup, Restored};
use relay_job::room::{self, Room, Short};
use serde::{Deserialize, Serialize};

pub(crate) use self::flows::waits_until;
pub use self::flows::{FlowStatus, NEXT};
pub use self::programs::{Program, SAYS_EVERY};
pub use self::queues::QueueStatus;
pub use self::reconciled::Reconciled;
pub use self::vendors::{Side, Standing, VendorStatus};
use crate::both;
use crate::language::Said;
use crate::times::size;
use crate::{OperationError, Operations};

/// Where everything stands.
#[derive(Debug, Serialize)]
pub struct Status {
    /// How many things need a person: as many as there are issues.
    pub attention: usize,
    /// The vendors, as sources and as targets, with what of their quotas is used.
    pub vendors: BTreeMap<System, VendorStatus>,
    /// The flows, those whose file is away too.
    pub flows: BTreeMap<String, FlowStatus>,
    /// The targets' queues.
    pub queues: BTreeMap<System, QueueStatus>,
    /// The pushes of 勤策, of all flows together.
    pub pushes: Doing,
    /// Failed documents under names that are no flow.
    pub other_failures: BTreeMap<String, u64>,
    /// Each `relay serve` on this store; of a stack none.
    pub programs: Vec<Program>,
    /// The tasks of `relay serve` that do not go on.
    pub tasks: BTreeMap<String, Stopped>,
    /// The days of the last week on which the sides of a flow differ, or could not be compared.
    pub reconciliation: Vec<Reconciled>,
    /// What the store takes on its disk, and what is left there; `None` where that is not known, as of a stack.
    pub size: Option<Room>,
    /// What the store lacks room for.
    pub room: Vec<Short>,
    /// The last backup; of a stack, which AWS backs up, none is told.
    pub backup: Option<Backup>,
    /// The backup that this store is, for as long as that is to be known.
    pub restored: Option<Restored>,
    /// What needs a person, one line each.
    pub issues: Vec<Said>,
}

impl Status {
    /// How many messages of a flow wait: where nobody can tell, at most as many as its target's queue holds.
    #[must_use]
    pub fn waiting_in_words(&self, flow: &FlowStatus) -> String {
        let queue = self.queues.iter().find(|(system, _)| flow.goes_to(**system)).map(|(_, queue)| queue);
        match (flow.waiting, queue) {
            (Some(waiting), _) => waiting.to_string(),
            (None, Some(queue)) => format!("≤ {}", queue.waiting + queue.in_flight),
            (None, None) => "-".to_owned(),
        }
    }
}

impl Status {
    /// What the store takes, for people.
    #[must_use]
    pub fn size_in_words(&self) -> Said {
        match self.size {
            None => Said::new("不知道", "not known"),
            Some(Room { file, log, free }) => {
                let [file, log, free] = [file, log, free].map(size);
                both!(
                    "文件 {file},日志 {log},磁盘还剩 {free}",
                    "file {file}, log {log}, {free} free on its disk"
                )
            }
        }
    }
}

/// How a source or a target is doing.
#[derive(Debug, Serialize, Default)]
pub struct Doing {
    /// When a try last succeeded.
    pub last_success: Option<DateTime<Utc>>,
    /// Since when every try has failed.
    pub failing_since: Option<DateTime<Utc>>,
    /// How many tries that were.
    pub failed_tries: u64,
    /// What the last of them failed with.
    pub last_error: Option<Problem>,
    /// What the last try has to say besides: told among the flow's notes.
    #[serde(skip)]
    notes: Vec<String>,
}

/// Why a task does not go on.
#[derive(Debug, Serialize, Deserialize)]
pub struct Stopped {
    /// Since when no turn was well.
    pub since: DateTime<Utc>,
    /// What the turn failed with.
    pub error: String,
}

impl Operations<'_> {
    /// Where everything stands.
    ///
    /// # Errors
    /// A store that does not answer.
    pub async fn status(&self) -> Result<Status, OperationError> {
        let counts = self.stores.ledger.counts().await?;
        let flows = self.flow_statuses(&counts).await?;
        // What was settled leaves a count of nothing.
        let is_of_no_flow = |(name, count): &(&String, &u64)| **count > 0 && !flows.contains_key(*name);
        let other_failures = counts.failed.iter().filter(is_of_no_flow);
        let (backup, restored) = self.backups().await?;
        let mut status = Status {
            attention: 0,
            vendors: BTreeMap::new(),
            other_failures: other_failures.map(|(name, count)| (name.clone(), *count)).collect(),
            queues: self.queue_statuses().await?,
            pushes: self.doing(Part::Pushes).await?,
            programs: self.programs().await?,
            tasks: self.stopped_tasks().await?,
            reconciliation: self.red_days().await?,
            size: self.room,
            room: room::short(self.stores.checkpoints.as_ref()).await?,
            backup,
            restored,
            flows,
            issues: Vec::new(),
        };
        self.note_waiting(&mut status).await?;
        status.issues = issues::of(&status, self.clock.now());
        status.attention = status.issues.len();
        status.vendors = self.vendor_statuses(&status).await?;
        Ok(status)
    }

    async fn doing(&self, part: Part) -> Result<Doing, StoreError> {
        let health = health::read(self.stores.checkpoints.as_ref(), &part).await?;
        let Health { succeeded_at, failing_since, failures, error, notes } = health;
        let (last_success, last_error) = (succeeded_at, error);
        Ok(Doing { last_success, failing_since, failed_tries: failures, last_error, notes })
    }

    /// The tasks that `relay serve` has noted as stopped, each under its name.
    ///
    /// # Errors
    /// A store that does not answer.
    pub async fn stopped_tasks(&self) -> Result<BTreeMap<String, Stopped>, StoreError> {
        let records = self.stores.checkpoints.list("health/task/").await?;
        let stopped = records.into_iter().filter_map(|(name, checkpoint)| {
            let task = name.strip_prefix("health/task/")?.to_owned();
            // One that another version of the program has written says nothing to this one.
            Some((task, serde_json::from_str(&checkpoint.value).ok()?))
        });
        Ok(stopped.collect())
    }
}
