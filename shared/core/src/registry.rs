//! The flows that there have been: a flow whose file is taken away goes on taking documents in, until its file is back
//! or a person retires it.
//!
//! All of them stand in one checkpoint, because a webhook's Lambda may read single checkpoints and list none.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{Checkpoints, StoreError, codec};

/// The checkpoint's name.
const NAME: &str = "flows";

/// A flow as its file was when it was last there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registered {
    /// The file's text.
    pub text: String,
    /// The document that it reads.
    pub source: String,
    /// The document that it writes.
    pub target: String,
    /// Since when it is known.
    pub since: DateTime<Utc>,
    /// Since when its file is away, as far as a start has noticed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub absent_since: Option<DateTime<Utc>>,
}

/// The registered flows, by name.
pub type Registry = BTreeMap<String, Registered>;

/// Reads the registered flows.
///
/// # Errors
/// When the checkpoints cannot be read.
pub async fn read(checkpoints: &dyn Checkpoints) -> Result<Registry, StoreError> {
    Ok(read_revision(checkpoints).await?.0)
}

/// Changes the registered flows and gives them back; nothing is written where nothing has changed.
///
/// # Errors
/// When the checkpoints cannot be read or written.
pub async fn change(
    checkpoints: &dyn Checkpoints,
    change: impl Fn(&mut Registry) + Send + Sync,
) -> Result<Registry, StoreError> {
    loop {
        let (before, revision) = read_revision(checkpoints).await?;
        let mut after = before.clone();
        change(&mut after);
        if after == before {
            return Ok(after);
        }
        // Packed where it is large, because an item of DynamoDB holds 400 KB.
        let value = codec::pack(serde_json::json!(after).to_string());
        if checkpoints.put(NAME, &value, revision, None).await? {
            return Ok(after);
        }
    }
}

async fn read_revision(checkpoints: &dyn Checkpoints) -> Result<(Registry, Option<u64>), StoreError> {
    let Some(checkpoint) = checkpoints.get(NAME).await? else { return Ok((Registry::new(), None)) };
    let unreadable = |reason: String| StoreError::new(format!("reading the checkpoint `{NAME}`"), reason);
    let text = codec::unpack(&checkpoint.value).map_err(unreadable)?;
    let registry = serde_json::from_str(&text).map_err(|error| unreadable(error.to_string()))?;
    Ok((registry, Some(checkpoint.revision)))
}
