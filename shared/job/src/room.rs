//! Whether the store has room: what `relay serve` finds of its file and disk, noted among the checkpoints while it needs a
//! person, for whoever asks.

use chrono::{DateTime, Utc};
use relay_core::{Checkpoints, StoreError};
use serde::{Deserialize, Serialize};

/// The checkpoint.
const NAME: &str = "health/room";

/// So little room on the disk is nearly none: a day's history, or the file once more while it is copied.
const LEAST_FREE: u64 = 2_000_000_000;

/// What was found, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Room {
    /// What the store's file takes.
    pub file: u64,
    /// What those take that SQLite keeps beside it: the write-ahead log and its index.
    pub log: u64,
    /// What is left on their disk for who may write there.
    pub free: u64,
}

/// What there is too little room for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shortage {
    /// The files are larger than a setting says that they should become.
    Large,
    /// The disk is nearly full.
    Full,
}

/// A shortage, and since when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Short {
    /// Of what.
    pub shortage: Shortage,
    /// Since when.
    pub since: DateTime<Utc>,
}

impl Room {
    /// What the store's files take together.
    #[must_use]
    pub fn used(self) -> u64 {
        self.file.saturating_add(self.log)
    }

    /// What there is too little of, where the files should have so many bytes at most.
    pub fn shortages(self, most: u64) -> impl Iterator<Item = Shortage> {
        let large = (self.used() > most).then_some(Shortage::Large);
        let full = (self.free < LEAST_FREE).then_some(Shortage::Full);
        large.into_iter().chain(full)
    }
}

impl Shortage {
    /// Its name in conditions.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Large => "file",
            Self::Full => "free",
        }
    }

    /// What is so, and what to do.
    #[must_use]
    pub const fn message(self) -> &'static str {
        match self {
            Self::Large => {
                "the file of the store is larger than RELAY_STORE_MB says: keep less (RELAY_HISTORY_DAYS), or allow more"
            }
            Self::Full => {
                "less than 2 GB are left on the disk of the store: make room before nothing can be taken in"
            }
        }
    }
}

/// What the store lacks room for, as it was noted last.
///
/// # Errors
/// A store that does not answer.
pub async fn short(checkpoints: &dyn Checkpoints) -> Result<Vec<Short>, StoreError> {
    Ok(read(checkpoints).await?.0)
}

async fn read(checkpoints: &dyn Checkpoints) -> Result<(Vec<Short>, Option<u64>), StoreError> {
    let Some(noted) = checkpoints.get(NAME).await? else { return Ok((Vec::new(), None)) };
    // What another version has written in another form is begun anew.
    Ok((serde_json::from_str(&noted.value).unwrap_or_default(), Some(noted.revision)))
}

/// Notes what was found, where that has changed.
///
/// # Errors
/// A store that does not answer.
pub async fn note(
    checkpoints: &dyn Checkpoints,
    found: impl Iterator<Item = Shortage>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let (known, revision) = read(checkpoints).await?;
    let since =
        |shortage| known.iter().find(|known| known.shortage == shortage).map_or(now, |known| known.since);
    let short: Vec<_> = found.map(|shortage| Short { shortage, since: since(shortage) }).collect();
    if short != known {
        // Whoever was first has found the same.
        checkpoints.put(NAME, &serde_json::json!(short).to_string(), revision, None).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_file_and_a_nearly_full_disk_are_two_things() {
        let shortages = |used: u64, free| {
            Room { file: used / 2, log: used - used / 2, free }.shortages(1_000_000).collect::<Vec<_>>()
        };
        assert_eq!(shortages(1_000_000, LEAST_FREE), []);
        assert_eq!(shortages(1_000_001, LEAST_FREE), [Shortage::Large]);
        assert_eq!(shortages(0, LEAST_FREE - 1), [Shortage::Full]);
        assert_eq!(shortages(2_000_000, 0), [Shortage::Large, Shortage::Full]);
    }
}
