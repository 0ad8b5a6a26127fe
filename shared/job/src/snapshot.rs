//! What a flow has been given of a list that is read as a whole. The poller keeps it; here stands what others may know.

use std::time::Duration;

use chrono::{DateTime, Utc};
use relay_core::{Checkpoints, StoreError};
use serde::{Deserialize, Serialize};

/// A list is read so often: vendors let whole lists be read seldom, and shops and warehouses change seldom.
pub const EVERY: Duration = Duration::from_secs(3_600);

/// The stored head of a snapshot. What it holds stands in parts beside it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// When the reading began of which every row is queued; `None` before the first has come to its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_at: Option<DateTime<Utc>>,
    /// How many parts there are.
    pub parts: usize,
    /// The reading that a run has not come to the end of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unfinished: Option<Unfinished>,
}

/// A reading that takes more than one run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unfinished {
    /// When it began.
    pub began: DateTime<Utc>,
    /// The page that comes next.
    pub next: u64,
}

/// The checkpoint of the head of a flow's snapshot.
#[must_use]
pub fn head_name(flow: &str) -> String {
    format!("snapshot/{flow}")
}

/// The checkpoint of a part of it.
#[must_use]
pub fn part_name(flow: &str, part: usize) -> String {
    format!("snapshot/{flow}/{part}")
}

/// When a flow's list was read last.
///
/// # Errors
/// When the checkpoints cannot be read.
pub async fn read_at(checkpoints: &dyn Checkpoints, flow: &str) -> Result<Option<DateTime<Utc>>, StoreError> {
    let checkpoint = checkpoints.get(&head_name(flow)).await?;
    let head = checkpoint.and_then(|checkpoint| serde_json::from_str::<Head>(&checkpoint.value).ok());
    Ok(head.and_then(|head| head.read_at))
}
