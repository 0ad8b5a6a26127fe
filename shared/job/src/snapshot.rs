//! What a flow has been given of a list that is read as a whole. The poller keeps it; here stands what others may know.

use std::time::Duration;

use chrono::{DateTime, Utc};
use relay_core::{Checkpoints, StoreError};
use serde::{Deserialize, Serialize};

/// A list is read so often: vendors let whole lists be read seldom, and shops and warehouses change seldom.
pub const EVERY: Duration = Duration::from_secs(3_600);

/// The stored head of a snapshot. What it holds stands in parts beside it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// When the reading began of which every row is queued.
    pub read_at: DateTime<Utc>,
    /// How many parts there are.
    pub parts: usize,
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
    Ok(head.map(|head| head.read_at))
}
