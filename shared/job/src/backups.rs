//! What a store says of its backups: when the last was made; and that it is one itself, which somebody has put in its place.
//!
//! A backup does not know what its targets have been sent since. So for a while after it was put in the store's place each document
//! is asked for before it is sent, as after a turn that was broken off: what a target has is found by its number, and not sent again.

use chrono::{DateTime, TimeDelta, Utc};
use relay_core::{Checkpoints, StoreError};
use serde::{Deserialize, Serialize};

/// The checkpoint of the last backup that was made.
const LAST: &str = "backup/last";

/// The checkpoint of a store that is a backup.
pub const COPY: &str = "backup/copy";

/// For so long each document is asked for before it is sent: longer than a message waits, and than 勤策 repeats a push.
const ASKED_FOR: TimeDelta = TimeDelta::days(14);

/// A backup that was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Backup {
    /// As of when it is.
    pub at: DateTime<Utc>,
    /// Its file.
    pub file: String,
    /// How large it is.
    pub bytes: u64,
}

/// That a store is a backup.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restored {
    /// As of when it is.
    pub at: DateTime<Utc>,
    /// Since when it is worked; `None`: not yet.
    pub begun: Option<DateTime<Utc>>,
}

impl Restored {
    /// Until when documents are asked for before they are sent, as far as it has begun.
    #[must_use]
    pub fn asked_until(self) -> Option<DateTime<Utc>> {
        self.begun.map(|begun| begun + ASKED_FOR)
    }
}

/// What a backup says of itself, that is made at that time.
#[must_use]
pub fn mark(at: DateTime<Utc>) -> String {
    serde_json::json!(Restored { at, begun: None }).to_string()
}

/// The last backup that was made.
///
/// # Errors
/// A store that does not answer.
pub async fn last(checkpoints: &dyn Checkpoints) -> Result<Option<Backup>, StoreError> {
    let noted = checkpoints.get(LAST).await?;
    // What another version has written in another form says nothing to this one.
    Ok(noted.and_then(|noted| serde_json::from_str(&noted.value).ok()))
}

/// Notes a backup that was made.
///
/// # Errors
/// A store that does not answer.
pub async fn note(checkpoints: &dyn Checkpoints, backup: &Backup) -> Result<(), StoreError> {
    let revision = checkpoints.get(LAST).await?.map(|known| known.revision);
    checkpoints.put(LAST, &serde_json::json!(backup).to_string(), revision, None).await.map(drop)
}

/// The backup that this store is, for as long as documents are asked for because of it.
///
/// # Errors
/// A store that does not answer.
pub async fn restored(
    checkpoints: &dyn Checkpoints,
    now: DateTime<Utc>,
) -> Result<Option<Restored>, StoreError> {
    let Some(noted) = checkpoints.get(COPY).await? else { return Ok(None) };
    let restored: Option<Restored> = serde_json::from_str(&noted.value).ok();
    Ok(restored.filter(|restored| restored.asked_until().is_none_or(|until| now < until)))
}

/// Notes that this store is worked from now on, where it is a backup that was not yet.
///
/// # Errors
/// A store that does not answer.
pub async fn begins(
    checkpoints: &dyn Checkpoints,
    now: DateTime<Utc>,
) -> Result<Option<Restored>, StoreError> {
    let Some(restored) = restored(checkpoints, now).await? else { return Ok(None) };
    if restored.begun.is_some() {
        return Ok(Some(restored));
    }
    let begun = Restored { begun: Some(now), ..restored };
    let revision = checkpoints.get(COPY).await?.map(|known| known.revision);
    // Whoever was first has noted the same.
    checkpoints.put(COPY, &serde_json::json!(begun).to_string(), revision, None).await?;
    Ok(Some(begun))
}
