//! How far a flow has been read.

use chrono::{DateTime, Utc};
use relay_core::{Checkpoints, StoreError};
use serde::{Deserialize, Serialize};

/// The stored watermark.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watermark {
    /// Until then, by the time of the last change.
    pub read_until: DateTime<Utc>,
}

/// The checkpoint of a flow's watermark.
#[must_use]
pub fn checkpoint_name(flow: &str) -> String {
    format!("watermark/{flow}")
}

/// How far a flow has been read, for whoever wants to know.
///
/// # Errors
/// When the checkpoints cannot be read.
pub async fn read(checkpoints: &dyn Checkpoints, flow: &str) -> Result<Option<DateTime<Utc>>, StoreError> {
    let checkpoint = checkpoints.get(&checkpoint_name(flow)).await?;
    let watermark =
        checkpoint.and_then(|checkpoint| serde_json::from_str::<Watermark>(&checkpoint.value).ok());
    Ok(watermark.map(|watermark| watermark.read_until))
}
