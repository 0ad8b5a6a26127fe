//! Port: what came, what was sent and what was answered, for the person who asks what happened to a document.
//!
//! The archive is told after the fact and promises less than the ledger: a history that cannot be written never stops a
//! delivery. It holds no secrets, because only operations, parameters and bodies enter it, never what signs them.

use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use crate::clock::Rng;
use crate::{EntryId, StoreError};

/// One thing that happened to one document.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Which document of which flow.
    pub id: EntryId,
    /// The document's version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Follows the document through the logs.
    pub trace: String,
    /// When it began.
    pub at: DateTime<Utc>,
    /// What happened.
    pub event: Event,
}

/// What can happen to a document.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "lowercase")]
pub enum Event {
    /// It came from its source.
    Received {
        /// The document as the source handed it over, as JSON text.
        document: String,
    },
    /// A vendor was called for it.
    Called(Exchange),
    /// Its turn ended.
    Ended {
        /// The outcome's name, such as `delivered` or `failed`.
        outcome: String,
        /// The reason, where there is one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<String>,
        /// Which attempt it was, from 1.
        attempt: u32,
    },
}

/// One call to a vendor, without what signs it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Exchange {
    /// The vendor.
    pub vendor: String,
    /// The operation in the vendor's spelling, such as `trade_push.php`.
    pub operation: String,
    /// The request's parameters, business ones alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parameters: Vec<(String, String)>,
    /// The request's body, as text; empty where there was none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub body: String,
    /// What was answered, as text, or why there was no answer.
    pub answer: Result<String, String>,
    /// How long the answer took.
    #[serde(rename = "duration_ms", with = "milliseconds")]
    pub duration: Duration,
}

/// Histories, each what one batch has to say of one document, and from where the list goes on, if it does.
pub type Listed = (Vec<Vec<Record>>, Option<String>);

/// What happened to documents, kept for a number of days.
#[async_trait]
pub trait Archive: Send + Sync {
    /// Whether it keeps anything at all.
    fn keeps(&self) -> bool {
        true
    }

    /// Where the records of one batch will stand, so that the ledger can point there before they are written; `None`
    /// where records are found by flow and key.
    fn location(&self, now: DateTime<Utc>, rng: &dyn Rng) -> Option<String>;

    /// Writes records, all of one batch at once.
    async fn write(&self, location: Option<&str>, records: &[Record]) -> Result<(), StoreError>;

    /// The records of one document, oldest first. `locations` are those that its ledger entry points to.
    async fn read(&self, id: &EntryId, locations: &[String]) -> Result<Vec<Record>, StoreError>;

    /// The histories that ended within a span, its ends among it, of a flow or of all, the latest first: at most `limit`, and
    /// from where the list goes on, with that as `from`. `None` where they are not found by their time.
    async fn between(
        &self,
        _flow: Option<&str>,
        _span: (DateTime<Utc>, DateTime<Utc>),
        _from: Option<&str>,
        _limit: usize,
    ) -> Result<Option<Listed>, StoreError> {
        Ok(None)
    }

    /// The day, of UTC, on which the histories at a location were begun, where that tells it.
    fn day_of(&self, _location: &str) -> Option<NaiveDate> {
        None
    }
}

/// No archive at all (`RELAY_HISTORY_DAYS=0`).
#[derive(Debug, Clone, Copy, Default)]
pub struct Disabled;

#[async_trait]
impl Archive for Disabled {
    fn keeps(&self) -> bool {
        false
    }

    fn location(&self, _now: DateTime<Utc>, _rng: &dyn Rng) -> Option<String> {
        None
    }

    async fn write(&self, _location: Option<&str>, _records: &[Record]) -> Result<(), StoreError> {
        Ok(())
    }

    async fn read(&self, _id: &EntryId, _locations: &[String]) -> Result<Vec<Record>, StoreError> {
        Ok(Vec::new())
    }
}

mod milliseconds {
    use std::time::Duration;

    use serde::{Deserialize as _, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        u64::deserialize(deserializer).map(Duration::from_millis)
    }
}
