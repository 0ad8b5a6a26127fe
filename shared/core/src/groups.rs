//! Port: groups, in which many documents become one bill, and no trace of them is lost.
//!
//! A member's **contribution** is what its document brings into its group's bill: head, lines, or that it is withdrawn. At
//! closing time a group is **sealed**: what its members bring by then, less what its earlier seals hold, is written down
//! once, with the members, and becomes bills. Late, changed and withdrawn members make the next seal.
//!
//! | module | what for |
//! |---|---|
//! | `tally` | what the members of a group bring together |
//! | `seal` | what a seal holds: the difference to what was sealed, as bills |
//! | `due` | when a group is to be closed |

mod due;
mod seal;
mod tally;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::item::content_hash;
use crate::ledger::Delivered;
use crate::{EntryId, StoreError, System};

pub use due::Close;
pub use seal::{Difference, Rules, Unsummable, seal};
pub use tally::Tally;

/// What the names of groups and bills begin with where those of documents may stand too: no member's key does.
const MARK: char = '@';

/// A group of a flow.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct GroupId {
    /// The flow's name.
    pub flow: String,
    /// What its members have in common, such as `S1/W1/2026-11-29`.
    pub group: String,
}

impl GroupId {
    /// That group of that flow.
    pub fn new(flow: impl Into<String>, group: impl Into<String>) -> Self {
        Self { flow: flow.into(), group: group.into() }
    }

    /// The group as the ledger has it in the place of a target's id: what a member was delivered to.
    #[must_use]
    pub fn marked(&self) -> String {
        marked(&self.group)
    }
}

/// The key of a bill, or a group's name, where keys of members may stand too.
#[must_use]
pub fn marked(name: &str) -> String {
    format!("{MARK}{name}")
}

/// The name of a bill or a group by its mark; `None` where it is something else's.
#[must_use]
pub fn unmarked(marked: &str) -> Option<&str> {
    marked.strip_prefix(MARK)
}

/// The group of a bill: `GROUP` of `GROUP-2`, `GROUP-2.1` and `GROUP-2-R`.
#[must_use]
pub fn group_of_bill(bill: &str) -> Option<(&str, u32)> {
    let bill = bill.strip_suffix("-R").unwrap_or(bill);
    let (group, number) = bill.rsplit_once('-')?;
    let number = number.split_once('.').map_or(number, |(number, _)| number);
    Some((group, number.parse().ok()?))
}

/// What one document brings into its group.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Contribution {
    /// The document's key.
    pub key: String,
    /// Its version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Orders what is stored of the document: an earlier contribution takes the place of no later one. It is when the document
    /// was received, or just after what is stored of it where a clock was set back in between.
    pub received_at: DateTime<Utc>,
    /// The fields of the bill's head, as this document has them.
    pub head: Map<String, Value>,
    /// The lines; amounts are decimals as text.
    pub lines: Vec<Map<String, Value>>,
    /// Whether the document is cancelled, or is in another group by now: then it brings nothing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_withdrawn: bool,
}

impl Contribution {
    /// A document that brings nothing any more.
    #[must_use]
    pub fn withdrawn(key: &str, version: Option<&str>, received_at: DateTime<Utc>) -> Self {
        Self {
            key: key.to_owned(),
            version: version.map(str::to_owned),
            received_at,
            head: Map::new(),
            lines: Vec::new(),
            is_withdrawn: true,
        }
    }

    /// What the group is told that the document leaves for another.
    #[must_use]
    pub fn left(&self) -> Self {
        Self::withdrawn(&self.key, self.version.as_deref(), self.received_at)
    }

    /// A hash of what it brings.
    #[must_use]
    pub fn hash(&self) -> String {
        content_hash(&serde_json::json!([self.head, self.lines, self.is_withdrawn]))
    }

    /// A hash of what it brings where: by it the ledger tells a newer version that changes nothing.
    #[must_use]
    pub fn hash_in(&self, group: &str) -> String {
        content_hash(&serde_json::json!([group, self.hash()]))
    }
}

/// Whether what the target, or a group, has of a document came there through a group.
///
/// # Errors
/// Says what to do where the target has it as a document of its own, from before the flow had groups.
pub fn is_of_a_group(there: Option<&Delivered>, system: System) -> Result<(), String> {
    let id = there.map(|delivered| delivered.target_id.as_deref().unwrap_or("unknown"));
    match id.filter(|id| unmarked(id).is_none()) {
        None => Ok(()),
        Some(id) => Err(format!(
            "{system} has an older version of it as a document of its own (id {id}), from before this flow had groups: in a group \
             it would be there twice; change it there by hand, and settle this version"
        )),
    }
}

/// A member as a seal has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// The document's key.
    pub key: String,
    /// The version that was sealed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The hash of what it brings.
    pub hash: String,
    /// Whether it was taken out again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_withdrawn: bool,
}

/// What was written down of a group at one closing. It is never changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Seal {
    /// The first is 1.
    pub number: u32,
    /// When.
    pub at: DateTime<Utc>,
    /// The members that came, changed or were withdrawn since the seal before.
    pub members: Vec<Member>,
    /// What is sent of it; none where the members' changes come to nothing.
    pub bills: Vec<Bill>,
    /// Whether the queue has had its bills.
    #[serde(skip)]
    pub is_queued: bool,
}

impl Seal {
    /// What stays of a group that has lapsed: the number of its last seal.
    #[must_use]
    pub fn lapsed(number: u32, at: DateTime<Utc>) -> Self {
        Self { number, at, members: Vec::new(), bills: Vec::new(), is_queued: true }
    }
}

/// A bill of a seal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Bill {
    /// Its number: `GROUP-1`; `GROUP-1.2` where there are more lines than a bill takes, `GROUP-2-R` where it takes back.
    pub name: String,
    /// Whether its lines are taken back, and their amounts turned round: a return document. The lines of a red bill are negative themselves.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_return: bool,
    /// The head's fields.
    pub head: Map<String, Value>,
    /// Its lines.
    pub lines: Vec<Map<String, Value>>,
}

/// A group with something that no seal may hold yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Open {
    /// The group.
    pub id: GroupId,
    /// When the first of it came.
    pub since: DateTime<Utc>,
    /// Which request of a person's to close it is the last; 0: nobody has asked.
    pub asked: u64,
    /// Tells the store what had come when this was read.
    pub stamp: u64,
}

/// Groups and their seals.
#[async_trait]
pub trait Groups: Send + Sync {
    /// Stores a contribution, durably, and opens its group. The group of the flow that has an earlier one of that document is
    /// told first that it is withdrawn: whatever crashes, a document is in one group, or in none until this is done once more.
    /// `false`: one of a later document of that key is there.
    async fn put(&self, group: &GroupId, contribution: &Contribution) -> Result<bool, StoreError>;

    /// The group of its flow that a document was put into last.
    async fn group_of(&self, document: &EntryId) -> Result<Option<GroupId>, StoreError>;

    /// The contributions of a group in the order of their keys, withdrawn ones too: at most `limit`, after the key `after`.
    async fn members(
        &self,
        group: &GroupId,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Contribution>, StoreError>;

    /// The groups of a flow with something that no seal may hold, in the order of their names.
    async fn open(&self, flow: &str) -> Result<Vec<Open>, StoreError>;

    /// Has a group closed at the next occasion.
    async fn ask(&self, group: &GroupId) -> Result<(), StoreError>;

    /// All that had come when `open` was read is in seals: the group is no longer open, unless more has come since, or may
    /// have. Then it is open since now, and still asked for where that was said since.
    async fn looked(&self, open: &Open) -> Result<(), StoreError>;

    /// The seals of a group, in their order. Of one that has lapsed the first is empty: it keeps the number of the last.
    async fn seals(&self, group: &GroupId) -> Result<Vec<Seal>, StoreError>;

    /// Writes a seal if there is none of that number yet. `false`: there is.
    async fn seal(&self, group: &GroupId, seal: &Seal) -> Result<bool, StoreError>;

    /// Notes that the queue has had the bills of a seal.
    async fn queued(&self, group: &GroupId, seal: &Seal) -> Result<(), StoreError>;

    /// Forgets groups of a flow that are billed, and of which nothing has come for as long as the ledger remembers documents:
    /// members and seals, but for the number of the last, so that no later bill has the name of an earlier one. A few at a
    /// time; `true`: there may be more. What a crash has left half forgotten is forgotten first.
    async fn lapse(&self, flow: &str) -> Result<bool, StoreError>;

    /// The groups of a flow that were sealed last, with the time of their first seal, newest first.
    async fn sealed(&self, flow: &str, limit: usize) -> Result<Vec<(GroupId, DateTime<Utc>)>, StoreError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bill_tells_its_group_and_seal() {
        for (bill, group, number) in [
            ("S1/W-1/2026-11-29-1", "S1/W-1/2026-11-29", 1),
            ("S1/2026-11-29-12.3", "S1/2026-11-29", 12),
            ("G-2-R", "G", 2),
            ("G-2.1-R", "G", 2),
        ] {
            assert_eq!(group_of_bill(bill), Some((group, number)), "{bill}");
        }
        assert_eq!(group_of_bill("T1"), None);
    }
}
