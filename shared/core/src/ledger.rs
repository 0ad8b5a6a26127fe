//! Port: what became of every document.
//!
//! One entry per flow and key. It remembers the version that the target has, the attempts that may have arrived since,
//! the version that a person has dealt with by hand, and the versions that failed, with their reasons and their contents:
//! all of them can be true of one document at once.
//!
//! | module | what for |
//! |---|---|
//! | [`of_no_flow`] | names in a flow's place |
//! | `divided` | the parts of a document that was split |
//! | `heard` | what a queue hands out once more after something later |
//! | `stamp` | which of two versions is the newer |
//! | [`numbers`] | the numbers that a document is found by |
//! | `rules` | what an attempt, a failure, a delivery and a person's word change in an entry |

mod divided;
mod heard;
pub mod numbers;
pub mod of_no_flow;
mod rules;
mod stamp;
mod unanswered;

use std::collections::{HashMap, HashSet};

use crate::VersionKind;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::codec::packed;
use crate::life::{Bill, Step};
use crate::{FailureClass, Place, StoreError};

pub use divided::Divided;
pub use numbers::Numbers;
pub use rules::Delivery;
pub use stamp::Stamp;
pub use unanswered::{Ran, Unanswered};

/// So many failures are read at once.
const PAGE: usize = 100;

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
    /// The bills that it has at its target, oldest first, where they have a life of more than one step.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bills: Vec<Bill>,
    /// Attempts since the last delivery. Any of them may have arrived, so that only a delivery ends them: a failure
    /// tells nothing of the attempts before it, nor of those at another version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempts: Option<Attempts>,
    /// The last request whose answer was lost: the vendor may still be working on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unanswered: Option<Unanswered>,
    /// The version that a person has dealt with by hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settled: Option<Settled>,
    /// The version that failed and waits for a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<Failed>,
    /// Other versions that failed, of which nobody can tell whether they are older or newer than [`Entry::failed`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub beside: Vec<Failed>,
    /// The parts that it was split into, each of which has an entry of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub divided: Option<Divided>,
    /// Where the archive's records of its last turns stand, oldest first, where they are not found by flow and key.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub archive: Vec<String>,
    /// Where the last of its messages stood that had a turn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heard: Option<Place>,
    /// The last edit by a person: what was sent in the place of what the source says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edited: Option<Edit>,
    /// The numbers that it is found by, beside its key.
    #[serde(default, skip_serializing_if = "Numbers::is_empty")]
    pub numbers: Numbers,
    /// Grows by one with every write; 0 before the first.
    #[serde(default)]
    pub revision: u64,
}

/// A version that the target has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivered {
    /// The document's version.
    pub version: Option<String>,
    /// How its versions compare.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version_kind: Option<VersionKind>,
    /// The hash of the source document.
    pub hash: String,
    /// The hash of what was sent: a new version that changes nothing for the target is not sent again. Empty where the target
    /// has nothing of this version: of a part that was withdrawn before it came there.
    pub body_hash: String,
    /// The target's own id of it.
    pub target_id: Option<String>,
    /// Our number of it there, as it was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// When we received the document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub received_at: Option<DateTime<Utc>>,
    /// When.
    pub at: DateTime<Utc>,
    /// When the version before it was delivered: tells apart two deliveries of one content with another in between.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub follows: Option<DateTime<Utc>>,
}

/// A version that a person has dealt with by hand: it keeps its place, so that an older one is not sent over what the
/// person has entered, and a newer one asks a person again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Settled {
    /// The version, with its content and with what it had failed with.
    pub version: Failed,
    /// Other versions that had failed and that the person has dealt with together with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub beside: Vec<Failed>,
    /// Who.
    pub by: String,
    /// What the person said of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// When.
    pub at: DateTime<Utc>,
}

/// A version that a person has edited before it was sent. The edited content stands in the archive, and in the failure where it
/// fails again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edit {
    /// The hash of what the source says.
    pub of: String,
    /// The hash of what the person has made of it.
    pub to: String,
    /// Who.
    pub by: String,
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
    /// How its versions compare; `None` where that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version_kind: Option<VersionKind>,
    /// The hash of the source document.
    pub hash: String,
    /// What kind of failure; ledgers hold its code.
    pub class: FailureClass,
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
    /// The replay that has failed so, where it was one: its message may be delivered again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replay: Option<String>,
    /// The step in the life of its bill that failed: the steps before it are taken, and a replay goes on from it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<Step>,
    /// The target's id of that bill; where two workers have made the document, that of the second.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_id: Option<String>,
    /// The codes that no look-up knew, where it failed for them: it is sent again when they are known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<UnknownCode>,
}

/// A code that a look-up did not know.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct UnknownCode {
    /// The look-up, as faults name it: `kingdee.customer`, `table.shop.tax_rate`, `delivered.orders`.
    pub table: String,
    /// The code.
    pub code: String,
}

/// Changes an entry, again and again until nobody else has written it in between, and answers what `change` did at last.
/// `known` saves the first read.
///
/// # Errors
/// When the ledger cannot be read or written: nothing has changed.
pub async fn update<T: Send>(
    ledger: &dyn Ledger,
    id: &EntryId,
    mut known: Option<Entry>,
    change: impl Fn(&mut Entry) -> T + Send + Sync,
) -> Result<T, StoreError> {
    loop {
        let entry = match known.take() {
            Some(entry) => Some(entry),
            None => ledger.read(std::slice::from_ref(id)).await?.remove(id),
        };
        let mut entry = entry.unwrap_or_else(|| Entry::new(id.clone()));
        let done = change(&mut entry);
        if ledger.write(&entry).await? {
            return Ok(done);
        }
    }
}

/// Records a failure, and says whether it stands: that of a version which is known to be superseded does not. What the
/// target has, or may have, stays as it is.
///
/// # Errors
/// When the ledger does not take it: the caller keeps the document.
pub async fn record_failure(ledger: &dyn Ledger, id: &EntryId, failed: &Failed) -> Result<bool, StoreError> {
    update(ledger, id, None, |entry| entry.fail(failed.clone())).await
}

/// Every entry with a failed version, of this flow or of all, oldest failure first.
///
/// # Errors
/// When the ledger cannot be read.
pub async fn all_failed(ledger: &dyn Ledger, flow: Option<&str>) -> Result<Vec<Entry>, StoreError> {
    let mut entries: Vec<Entry> = Vec::new();
    loop {
        let page = ledger.failed(flow, PAGE, entries.last().map(|entry| &entry.id)).await?;
        let is_last = page.len() < PAGE;
        entries.extend(page);
        if is_last {
            return Ok(entries);
        }
    }
}

/// Notes who has dealt with the failures of an entry as it was read; `false` where they are gone meanwhile.
///
/// # Errors
/// When the ledger cannot be read or written: nothing has changed.
pub async fn settle(
    ledger: &dyn Ledger,
    read: Entry,
    by: &str,
    reason: Option<&str>,
    at: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let Entry { id, failed, beside, .. } = read;
    let seen: Vec<Failed> = failed.into_iter().chain(beside).collect();
    update(ledger, &id, None, |entry| entry.settle(&seen, by, reason, at)).await
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

    /// The entries that this is a number of ([`Entry::numbers`]), by flow and key; keys are not among them.
    async fn find(&self, number: &str) -> Result<Vec<EntryId>, StoreError>;

    /// Those of some numbers that an entry has. Where a number is searched for, all are in one go.
    async fn known(&self, numbers: &[String]) -> Result<HashSet<String>, StoreError> {
        let mut known = HashSet::new();
        for number in numbers {
            if !self.find(number).await?.is_empty() {
                known.insert(number.clone());
            }
        }
        Ok(known)
    }

    /// Entries of a flow, or of all, some `limit` of them, and from where the list goes on, if it does: with that as `from`. In an
    /// order of the store's own. It reads the flow through, or on DynamoDB the whole ledger.
    async fn list(
        &self,
        flow: Option<&str>,
        from: Option<&str>,
        limit: usize,
    ) -> Result<(Vec<Entry>, Option<String>), StoreError>;

    /// Entries whose last delivery lies within a span, its ends among it, of a flow or of all: some `limit` of them, and from
    /// where the list goes on, if it does: with that as `from`. The latest come first where deliveries are found by their time
    /// ([`Ledger::finds_by_time`]); else they are in an order of the store's own, and the whole ledger is read through.
    async fn delivered(
        &self,
        flow: Option<&str>,
        span: (DateTime<Utc>, DateTime<Utc>),
        from: Option<&str>,
        limit: usize,
    ) -> Result<(Vec<Entry>, Option<String>), StoreError>;

    /// Whether [`Ledger::delivered`] costs as much as it finds, and not as much as there is.
    async fn finds_by_time(&self) -> Result<bool, StoreError>;

    /// Counts the entries of each flow.
    async fn counts(&self) -> Result<Counts, StoreError>;
}
