//! Contribute: what a document brings is stored in its group, and not sent. When the group is closed, `bill-closer` queues
//! one bill for all of it, which is an item of the same flow: its key begins with the mark of groups, which a member's does
//! not.

use chrono::{DateTime, TimeDelta, Utc};
use relay_core::groups::{self, Contribution, GroupId, Groups, unmarked};
use relay_core::{EntryId, FailureClass, Ledger, Outcome, Skip, StoreError, WorkItem};
use relay_mapping::{Brought, Flow};
use serde_json::json;

use crate::map::Sent;
use crate::open::Message;
use crate::stop::Stop;
use crate::work::Work;
use crate::{settle, withdraw};

/// A store takes items of 400 KB; so long may be what one document brings.
const LARGEST: usize = 300 * 1024;

/// So many members are read at once.
const PAGE: usize = 500;

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
}

impl Contributed {
    pub(crate) fn new(work: &Work<'_>, brought: Brought) -> Result<Self, Stop> {
        let WorkItem { flow, key, version, .. } = work.item;
        let group = GroupId::new(flow, &brought.group);
        is_no_document_of_its_own(work)?;
        let contribution = brought.contribution(key, version.as_deref(), place(work));
        let length = json!(contribution).to_string().len();
        if length > LARGEST {
            let message = format!(
                "its lines take {length} bytes, and a group takes {LARGEST} of one document: split it in the source system, or \
                 enter it in the target by hand"
            );
            return Err(Stop::failed(FailureClass::TooLarge, message));
        }
        let body_hash = contribution.hash_in(&group.group);
        Ok(Self { group, contribution, body_hash })
    }

    /// A document that is cancelled: it leaves the group that has an older version of it, as the store of groups says. The
    /// ledger does not know what was stored before a crash. `None`: it is in none.
    pub(crate) async fn withdrawn(work: &Work<'_>, groups: &dyn Groups) -> Result<Option<Self>, Stop> {
        is_no_document_of_its_own(work)?;
        let Some(group) = groups.group_of(&work.known.entry.id).await? else {
            return if work.known.entry.there().is_some() { Err(lapsed(work)) } else { Ok(None) };
        };
        let WorkItem { key, version, .. } = work.item;
        let contribution = Contribution::withdrawn(key, version.as_deref(), place(work));
        let body_hash = contribution.hash_in(&group.group);
        Ok(Some(Self { group, contribution, body_hash }))
    }

    /// What the ledger is told of it: a newer version takes its place.
    pub(crate) fn sent(&self) -> Sent {
        let received_at = Some(self.contribution.received_at);
        let body_hash = self.body_hash.clone();
        Sent {
            body_hash,
            number: None,
            replaces: true,
            doubles: false,
            document: None,
            bills: None,
            received_at,
        }
    }

    /// Stores it, unless it is there already.
    pub(crate) async fn store(
        &mut self,
        groups: &dyn Groups,
        ledger: &dyn Ledger,
        work: &Work<'_>,
        now: DateTime<Utc>,
    ) -> Result<Outcome, Stop> {
        let delivered = work.known.entry.delivered.as_ref();
        if delivered.is_some_and(|delivered| delivered.body_hash == self.body_hash) && work.is_believed(now) {
            return Ok(Outcome::Unchanged);
        }
        if work.known.entry.there().is_some() && groups.group_of(&work.known.entry.id).await?.is_none() {
            return Err(lapsed(work));
        }
        let is_put = groups.put(&self.group, &self.contribution).await?
            || self.follows_what_was_never_recorded(groups, ledger, work).await?
                && groups.put(&self.group, &self.contribution).await?;
        Ok(if is_put {
            Outcome::Delivered { target_id: Some(self.group.marked()), confirm: None }
        } else {
            Outcome::Skipped(Skip::Older)
        })
    }

    /// Where the groups have something later of the document: whether the ledger knows nothing of it. Then a turn that was killed
    /// before it recorded that has stored an older version, by a clock that was ahead, and this one takes its place behind it.
    /// Otherwise another worker has stored a later one, and tells the ledger.
    async fn follows_what_was_never_recorded(
        &mut self,
        groups: &dyn Groups,
        ledger: &dyn Ledger,
        work: &Work<'_>,
    ) -> Result<bool, StoreError> {
        let known = &work.known.entry;
        let entry = ledger.read(std::slice::from_ref(&known.id)).await?.remove(&known.id);
        if entry.map_or(0, |entry| entry.revision) != known.revision {
            return Ok(false);
        }
        let Some(stored) = stored(groups, &known.id).await? else { return Ok(false) };
        self.contribution.received_at = stored.received_at + TimeDelta::milliseconds(1);
        Ok(true)
    }
}

/// What the groups have of a document.
async fn stored(groups: &dyn Groups, document: &EntryId) -> Result<Option<Contribution>, StoreError> {
    let Some(group) = groups.group_of(document).await? else { return Ok(None) };
    let mut after: Option<String> = None;
    loop {
        let page = groups.members(&group, after.as_deref(), PAGE).await?;
        after = page.last().filter(|_| page.len() == PAGE).map(|last| last.key.clone());
        let found = page.into_iter().find(|member| member.key == document.key);
        if found.is_some() || after.is_none() {
            return Ok(found);
        }
    }
}

/// Notes of a document that is cancelled, and in no group, that nothing of it is anywhere: an older version that comes late goes
/// into none. `false`: another worker has written meanwhile, a group may have it by now, and its turn comes once more.
pub(crate) async fn keep_off(
    work: &Work<'_>,
    ledger: &dyn Ledger,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let mut entry = work.known.entry.clone();
    settle::noted(work, &mut entry, |entry| {
        entry.deliver(withdraw::nothing(work, now), work.known.entry.delivered.as_ref());
    });
    ledger.write(&entry).await
}

/// What orders it beside what is stored of the document: when it was received, and after the version that it follows, which
/// the guard has found to be the older one, whatever a clock said.
fn place(work: &Work<'_>) -> DateTime<Utc> {
    let delivered = work.known.entry.delivered.as_ref();
    let after = delivered.and_then(|delivered| {
        let is_another = delivered.hash != work.hash;
        Some(delivered.received_at? + TimeDelta::milliseconds(is_another.into()))
    });
    after.map_or(work.item.received_at, |after| after.max(work.item.received_at))
}

/// The failure of a document whose group was billed, and is forgotten: what is billed of it already is not known any more.
fn lapsed(work: &Work<'_>) -> Stop {
    let message = format!(
        "its group was billed so long ago (RELAY_LEDGER_DAYS) that it is forgotten: {} has the bill with an older version; \
         correct the difference there by hand, and settle this version",
        work.system
    );
    Stop::failed(FailureClass::Changed, message)
}

/// Refuses a document of which the target has an older version as a document of its own.
fn is_no_document_of_its_own(work: &Work<'_>) -> Result<(), Stop> {
    groups::is_of_a_group(work.known.entry.there(), work.system)
        .map_err(|message| Stop::failed(FailureClass::Changed, message))
}

/// The failure of a document that is sent by itself, and of which a group has an older version.
pub(crate) fn is_in_a_group(work: &Work<'_>) -> Option<Stop> {
    let delivered = work.known.entry.there()?;
    let group =
        delivered.target_id.as_deref().and_then(unmarked).filter(|_| unmarked(&work.item.key).is_none())?;
    let message = format!(
        "an older version of it is in the group {group}, from when this flow had groups, and {} has, or will have, that group's \
         bills: as a document of its own it would be there twice; change the bill there by hand, and settle this version",
        work.system
    );
    Some(Stop::failed(FailureClass::Changed, message))
}
