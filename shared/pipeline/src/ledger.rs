//! Port: what became of every document.
//!
//! One entry per flow and key. It remembers the version that the target has, the attempts that may have arrived since,
//! and the version that failed, with its reason and its content: all three can be true of one document at once.

use std::collections::HashMap;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{StoreError, codec};

/// Which document of which flow.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct EntryId {
    /// The flow's name.
    pub flow: String,
    /// The document's key.
    pub key: String,
}

impl EntryId {
    /// The entry of that flow and key.
    pub fn new(flow: impl Into<String>, key: impl Into<String>) -> Self {
        Self { flow: flow.into(), key: key.into() }
    }
}

/// What became of one document.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Which document of which flow.
    pub id: EntryId,
    /// The version that the target has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivered: Option<Delivered>,
    /// Attempts since the last delivery. Any of them may have arrived, so that only a delivery ends them: a failure
    /// tells nothing of the attempts before it, nor of those at another version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempts: Option<Attempts>,
    /// The version that failed and waits for a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<Failed>,
    /// Grows by one with every write; 0 before the first.
    #[serde(default)]
    pub revision: u64,
}

/// A version that the target has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivered {
    /// The document's version.
    pub version: Option<String>,
    /// The hash of the source document.
    pub hash: String,
    /// The hash of what was sent: a new version that changes nothing for the target is not sent again.
    pub body_hash: String,
    /// The target's own id of it.
    pub target_id: Option<String>,
    /// When.
    pub at: DateTime<Utc>,
}

/// Attempts at a version, the last of those that were tried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempts {
    /// The document's version.
    pub version: Option<String>,
    /// The hash of the source document.
    pub hash: String,
    /// How many so far; a version that has failed begins anew.
    pub count: u32,
    /// What the last one failed with.
    pub message: String,
    /// When the last one was.
    pub at: DateTime<Utc>,
    /// Whether another version was tried before, which may be what the target has.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub others: bool,
}

impl Attempts {
    /// Whether another version than the one of that hash may have arrived.
    #[must_use]
    pub fn may_have_brought_another(&self, hash: &str) -> bool {
        self.others || self.hash != hash
    }
}

/// A version that failed for good, until a person changes something and replays it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Failed {
    /// The document's version.
    pub version: Option<String>,
    /// The hash of the source document.
    pub hash: String,
    /// What kind of failure: `refused`, `mapping`, `flow`, `expired`, `too large`, …
    pub class: String,
    /// The vendor's code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The reason, and the way out.
    pub message: String,
    /// How many attempts were made.
    pub attempts: u32,
    /// The document itself.
    #[serde(with = "packed")]
    pub document: Value,
    /// When we received the document.
    pub received_at: DateTime<Utc>,
    /// When it failed.
    pub at: DateTime<Utc>,
    /// Follows the document through the logs.
    pub trace: String,
}

impl Entry {
    /// The entry of a document that nothing is known of yet.
    #[must_use]
    pub fn new(id: EntryId) -> Self {
        Self { id, delivered: None, attempts: None, failed: None, revision: 0 }
    }

    /// Notes an attempt; that another version was tried before stays known.
    pub fn attempt(&mut self, attempts: Attempts) {
        let earlier = self.attempts.take();
        let others = earlier.is_some_and(|earlier| earlier.may_have_brought_another(&attempts.hash));
        self.attempts = Some(Attempts { others, ..attempts });
    }

    /// Notes a failure. The attempts stay known, and are counted anew from here: the next is a person's command.
    pub fn fail(&mut self, failed: Failed) {
        if let Some(attempts) = self.attempts.as_mut().filter(|attempts| attempts.hash == failed.hash) {
            attempts.count = 0;
        }
        self.failed = Some(failed);
    }
}

/// Changes an entry, again and again until nobody else has written it in between. `known` saves the first read.
///
/// # Errors
/// When the ledger cannot be read or written: nothing has changed.
pub async fn update(
    ledger: &dyn Ledger,
    id: &EntryId,
    mut known: Option<Entry>,
    change: impl Fn(&mut Entry) + Send + Sync,
) -> Result<(), StoreError> {
    loop {
        let entry = match known.take() {
            Some(entry) => Some(entry),
            None => ledger.read(std::slice::from_ref(id)).await?.remove(id),
        };
        let mut entry = entry.unwrap_or_else(|| Entry::new(id.clone()));
        change(&mut entry);
        if ledger.write(&entry).await? {
            return Ok(());
        }
    }
}

/// Records a failure. What the target has, or may have, stays as it is.
///
/// # Errors
/// When the ledger does not take it: the caller keeps the document.
pub async fn record_failure(ledger: &dyn Ledger, id: &EntryId, failed: &Failed) -> Result<(), StoreError> {
    update(ledger, id, None, |entry| entry.fail(failed.clone())).await
}

/// How many documents of each flow stand where; a flow that is left out has none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// Documents of which the target has a version; `None` where counting them means reading the whole ledger.
    pub delivered: Option<HashMap<String, u64>>,
    /// Documents with a failed version.
    pub failed: HashMap<String, u64>,
}

/// What became of every document.
#[async_trait]
pub trait Ledger: Send + Sync {
    /// Reads entries, in one request for up to 100 of them. Documents without an entry are left out. Where one entry
    /// cannot be read the error names it ([`StoreError::unreadable`]), so that the others can be asked for without it.
    async fn read(&self, ids: &[EntryId]) -> Result<HashMap<EntryId, Entry>, StoreError>;

    /// Writes an entry if nobody wrote it since it was read (`revision`). `false` means that somebody did.
    async fn write(&self, entry: &Entry) -> Result<bool, StoreError>;

    /// Entries with a failed version, oldest failure first, at most `limit`, after the entry `after`.
    async fn failed(
        &self,
        flow: Option<&str>,
        limit: usize,
        after: Option<&EntryId>,
    ) -> Result<Vec<Entry>, StoreError>;

    /// Counts the entries of each flow.
    async fn counts(&self) -> Result<Counts, StoreError>;
}

/// Failed documents wait for weeks: large ones wait in little space.
mod packed {
    use serde::{Deserialize as _, Deserializer, Serializer, de};
    use serde_json::Value;

    use super::codec;

    pub(super) fn serialize<S: Serializer>(document: &Value, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&codec::pack(document.to_string()))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Value, D::Error> {
        let text = codec::unpack(&String::deserialize(deserializer)?).map_err(de::Error::custom)?;
        serde_json::from_str(&text).map_err(de::Error::custom)
    }
}
