//! Alerts that are held back, because their cause was told of lately: how many, since when, and a sample.
//!
//! One checkpoint for each flow that damps holds what its causes hold back. It counts, and guarantees nothing: what has failed
//! stands in the ledger.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Checkpoints, StoreError, codec};

/// Of so many causes at most is counted what is held back; of more than that, those that were quiet the longest are forgotten.
const CAUSES: usize = 200;

/// So often a count is tried that others change at the same time. After that one alert less is counted.
const TRIES: usize = 20;

/// What is held back of one cause.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Held {
    /// When the cause was told of last: what is held back since.
    pub told_at: DateTime<Utc>,
    /// How many alerts.
    pub count: u64,
    /// When the first of them came.
    pub since: DateTime<Utc>,
    /// The trace of the last: one that comes twice is counted once.
    pub last: String,
    /// One of them.
    pub sample: Value,
}

/// What is held back of a flow, by cause.
pub type AllHeld = BTreeMap<String, Held>;

/// What a flow holds back.
///
/// # Errors
/// When the checkpoints cannot be read.
pub async fn read(checkpoints: &dyn Checkpoints, flow: &str) -> Result<AllHeld, StoreError> {
    Ok(read_revision(checkpoints, flow).await?.0)
}

/// Counts one more alert that is held back.
///
/// # Errors
/// When the checkpoints cannot be read or written.
pub async fn hold(
    checkpoints: &dyn Checkpoints,
    flow: &str,
    cause: &str,
    more: Held,
) -> Result<(), StoreError> {
    change(checkpoints, flow, |all| {
        match all.get_mut(cause).filter(|held| held.told_at == more.told_at) {
            Some(held) if held.last == more.last => {}
            Some(held) => {
                held.count += more.count;
                held.last.clone_from(&more.last);
            }
            None => _ = all.insert(cause.to_owned(), more.clone()),
        }
        while all.len() > CAUSES {
            let quietest = all.iter().min_by_key(|(_, held)| held.told_at).map(|(cause, _)| cause.clone());
            quietest.and_then(|cause| all.remove(&cause));
        }
    })
    .await
}

/// Forgets what was held back of causes that have been told of since, or of which nothing was held back.
///
/// # Errors
/// As [`hold`].
pub async fn forget(
    checkpoints: &dyn Checkpoints,
    flow: &str,
    is_over: impl Fn(&str, &Held) -> bool,
) -> Result<(), StoreError> {
    change(checkpoints, flow, |all| all.retain(|cause, held| !is_over(cause, held))).await
}

async fn change(
    checkpoints: &dyn Checkpoints,
    flow: &str,
    change: impl Fn(&mut AllHeld),
) -> Result<(), StoreError> {
    for _ in 0..TRIES {
        let (before, revision) = read_revision(checkpoints, flow).await?;
        let mut after = before.clone();
        change(&mut after);
        let value = codec::pack(serde_json::json!(after).to_string());
        if after == before || checkpoints.put(&name(flow), &value, revision, None).await? {
            return Ok(());
        }
    }
    tracing::warn!(flow, "alerts come so fast that one was not counted");
    Ok(())
}

async fn read_revision(
    checkpoints: &dyn Checkpoints,
    flow: &str,
) -> Result<(AllHeld, Option<u64>), StoreError> {
    let Some(checkpoint) = checkpoints.get(&name(flow)).await? else { return Ok(Default::default()) };
    // What another version has written in another form is begun anew.
    let text = codec::unpack(&checkpoint.value).unwrap_or_default();
    Ok((serde_json::from_str(&text).unwrap_or_default(), Some(checkpoint.revision)))
}

fn name(flow: &str) -> String {
    format!("damped/{flow}")
}

/// Whether an alert is held back at that time: its cause was told of less than `damp` ago.
#[must_use]
pub fn is_held_back(told_at: Option<DateTime<Utc>>, damp: Duration, now: DateTime<Utc>) -> bool {
    told_at.is_some_and(|told_at| (now - told_at).abs().to_std().is_ok_and(|age| age < damp))
}
