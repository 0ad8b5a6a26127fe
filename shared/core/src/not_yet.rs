//! Documents that their target takes at another time: until when those of a flow wait for it, and why. `relay status` tells it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::{Checkpoints, Queue, StoreError, System};

/// What differs by less is the same time: each document reckons it anew.
const SAME: TimeDelta = TimeDelta::minutes(1);

/// Until when the documents of a flow wait, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotYet {
    /// When the target takes them, as far as it is known.
    pub until: DateTime<Utc>,
    /// What the target's rule is.
    pub why: String,
}

fn name(flow: &str) -> String {
    format!("health/not-yet/{flow}")
}

/// What the documents of a flow wait for; nothing where its time has come.
///
/// # Errors
/// When the checkpoints cannot be read.
pub async fn read(
    checkpoints: &dyn Checkpoints,
    flow: &str,
    now: DateTime<Utc>,
) -> Result<Option<NotYet>, StoreError> {
    let Some(checkpoint) = checkpoints.get(&name(flow)).await? else { return Ok(None) };
    // A note that another version has written in another form says nothing to this one.
    let noted: Option<NotYet> = serde_json::from_str(&checkpoint.value).ok();
    Ok(noted.filter(|noted| noted.until > now))
}

/// Whether all that a queue holds waits so: then its age is no sign of trouble. Where nobody can look into it, it is not known to.
///
/// # Errors
/// When a store cannot be read.
pub async fn is_all_of(
    queue: &dyn Queue,
    checkpoints: &dyn Checkpoints,
    system: System,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let Some(by_flow) = queue.by_flow(system).await? else { return Ok(false) };
    for (flow, _) in by_flow.iter().filter(|(_, count)| **count > 0) {
        if read(checkpoints, flow, now).await?.is_none() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Forgets what the documents of a flow wait for.
///
/// # Errors
/// When the checkpoints cannot be written.
pub async fn forget(checkpoints: &dyn Checkpoints, flow: &str) -> Result<(), StoreError> {
    checkpoints.remove(&name(flow)).await
}

/// Writes notes: one for each time that a flow's documents wait for, however many there are.
pub(crate) struct Notes {
    checkpoints: Arc<dyn Checkpoints>,
    written: Mutex<HashMap<String, NotYet>>,
}

impl Notes {
    pub(crate) fn new(checkpoints: Arc<dyn Checkpoints>) -> Self {
        Self { checkpoints, written: Mutex::default() }
    }

    /// A note that cannot be written stops no work.
    pub(crate) async fn note(&self, flow: &str, not_yet: NotYet) {
        if self.is_written(flow, &not_yet) {
            return;
        }
        // On the heap: every batch carries this future, and writes now and then.
        match Box::pin(self.write(flow, &not_yet)).await {
            Ok(()) => {
                let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
                written.insert(flow.to_owned(), not_yet);
            }
            Err(error) => tracing::warn!(%error, flow, "what the flow's documents wait for cannot be noted"),
        }
    }

    fn is_written(&self, flow: &str, not_yet: &NotYet) -> bool {
        let written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        written
            .get(flow)
            .is_some_and(|known| known.why == not_yet.why && (known.until - not_yet.until).abs() < SAME)
    }

    async fn write(&self, flow: &str, not_yet: &NotYet) -> Result<(), StoreError> {
        let value = serde_json::json!(not_yet).to_string();
        loop {
            let revision = self.checkpoints.get(&name(flow)).await?.map(|checkpoint| checkpoint.revision);
            if self.checkpoints.put(&name(flow), &value, revision, None).await? {
                return Ok(());
            }
        }
    }
}
