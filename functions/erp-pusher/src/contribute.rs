//! Contribute: what a document brings is stored in its group, and not sent. When the group is closed, `bill-closer` queues
//! one bill for all of it, which is an item of the same flow: its key begins with the mark of groups, which a member's does
//! not.

use chrono::{DateTime, Utc};
use relay_core::groups::{self, Contribution, GroupId, Groups, unmarked};
use relay_core::{FailureClass, Outcome, Skip, WorkItem};
use relay_mapping::{Brought, Flow};
use serde_json::json;

use crate::map::Sent;
use crate::open::Message;
use crate::stop::Stop;
use crate::work::Work;

/// A store takes items of 400 KB; so long may be what one document brings.
const LARGEST: usize = 300 * 1024;

/// Whether an item is the bill of a group.
pub(crate) fn is_bill(flow: &Flow, item: &WorkItem) -> bool {
    flow.group().is_some() && unmarked(&item.key).is_some()
}

/// Whether a message's document goes into a group.
pub(crate) fn is_member(flow: &Flow, message: &Message) -> bool {
    flow.group().is_some() && message.item.as_ref().is_ok_and(|item| !is_bill(flow, item))
}

/// What a document brings into its group.
pub(crate) struct Contributed {
    group: GroupId,
    contribution: Contribution,
    body_hash: String,
    /// The group that has an older version of it.
    leaves: Option<GroupId>,
}

impl Contributed {
    pub(crate) fn new(work: &Work<'_>, brought: Brought) -> Result<Self, Stop> {
        let WorkItem { flow, key, version, received_at, .. } = work.item;
        let group = GroupId::new(flow, &brought.group);
        let former = former(work)?;
        let contribution = brought.contribution(key, version.as_deref(), *received_at);
        let length = json!(contribution).to_string().len();
        if length > LARGEST {
            let message = format!(
                "its lines take {length} bytes, and a group takes {LARGEST} of one document: split it in the source system, or \
                 enter it in the target by hand"
            );
            return Err(Stop::failed(FailureClass::TooLarge, message));
        }
        let body_hash = contribution.hash_in(&group.group);
        let leaves = former.filter(|former| *former != group);
        Ok(Self { group, contribution, body_hash, leaves })
    }

    /// A document that is cancelled: it leaves the group that has an older version of it.
    pub(crate) fn withdrawn(work: &Work<'_>) -> Result<Self, Stop> {
        let Some(group) = former(work)? else { return Err(Stop::Ended(Outcome::Skipped(Skip::Filtered))) };
        let WorkItem { key, version, received_at, .. } = work.item;
        let contribution = Contribution::withdrawn(key, version.as_deref(), *received_at);
        let body_hash = contribution.hash_in(&group.group);
        Ok(Self { group, contribution, body_hash, leaves: None })
    }

    /// What the ledger is told of it: a newer version takes its place.
    pub(crate) fn sent(&self) -> Sent {
        Sent { body_hash: self.body_hash.clone(), number: None, replaces: true, document: None }
    }

    /// Stores it. The group that it leaves is told first: a crash between the two leaves it in neither, until the message
    /// comes again, and never in both.
    pub(crate) async fn store(
        &self,
        groups: &dyn Groups,
        work: &Work<'_>,
        now: DateTime<Utc>,
    ) -> Result<Outcome, Stop> {
        let delivered = work.known.entry.delivered.as_ref();
        if delivered.is_some_and(|delivered| delivered.body_hash == self.body_hash) && work.is_believed(now) {
            return Ok(Outcome::Unchanged);
        }
        if let Some(former) = &self.leaves {
            let Contribution { key, version, received_at, .. } = &self.contribution;
            let left = Contribution::withdrawn(key, version.as_deref(), *received_at);
            groups.put(former, &left).await?;
        }
        if groups.put(&self.group, &self.contribution).await? {
            Ok(Outcome::Delivered { target_id: Some(self.group.marked()), confirm: None })
        } else {
            // Another worker has stored a later one, and tells the ledger.
            Ok(Outcome::Skipped(Skip::Older))
        }
    }
}

/// The group that has an older version of a document, by the ledger.
fn former(work: &Work<'_>) -> Result<Option<GroupId>, Stop> {
    match groups::former(work.known.entry.there(), work.system) {
        Ok(former) => Ok(former.map(|group| GroupId::new(&work.item.flow, group))),
        Err(message) => Err(Stop::failed(FailureClass::Changed, message)),
    }
}
