//! Groups: which are open, what each has been sealed with and would be closed with now, which documents are in which bill and
//! the other way round.

mod closed_now;

use chrono::{DateTime, Utc};
use relay_core::groups::{GroupId, Member, Seal, group_of_bill, marked, unmarked};
use relay_core::{Entry, EntryId};
use rust_decimal::Decimal;
use serde::Serialize;

use crate::error::Unknown;
use crate::export::sheet;
use crate::language::Language;
use crate::log::Did;
use crate::times::shown;
use crate::{OperationError, Operations};

use closed_now::Brought;
pub use closed_now::{BillNow, ClosedNow};

/// So many groups that were sealed last are listed of each flow.
const LISTED: usize = 200;

/// So many members are read at once.
const PAGE: usize = 1_000;

/// A group in the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Listed {
    /// The flow.
    pub flow: String,
    /// The group.
    pub group: String,
    /// Since when there is something that no seal holds; `None` where there is nothing.
    pub open_since: Option<DateTime<Utc>>,
    /// When it is closed, as far as time alone tells.
    pub due: Option<DateTime<Utc>>,
    /// Whether a person has asked for it to be closed.
    pub is_asked: bool,
    /// When it was sealed for the first time.
    pub sealed_at: Option<DateTime<Utc>>,
    /// What it would be closed with now, where it is open and somebody has asked for that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub closed_now: Option<ClosedNow>,
}

/// Everything that is known of a group.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GroupShown {
    /// Where it stands.
    #[serde(flatten)]
    pub listed: Listed,
    /// Its members, by key.
    pub members: Vec<MemberShown>,
    /// Its seals.
    pub seals: Vec<SealShown>,
}

/// A member of a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MemberShown {
    /// The document's key.
    pub key: String,
    /// Its version.
    pub version: Option<String>,
    /// Whether it is cancelled, or in another group.
    pub is_withdrawn: bool,
    /// The seals that it is in.
    pub seals: Vec<u32>,
    /// Whether the last of them has it as it is now.
    pub is_sealed: bool,
}

/// A seal, with what became of its bills.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SealShown {
    /// Its number.
    pub number: u32,
    /// When.
    pub at: DateTime<Utc>,
    /// The members that came, changed or were withdrawn.
    pub members: Vec<Member>,
    /// Whether the queue has had its bills.
    pub is_queued: bool,
    /// Its bills.
    pub bills: Vec<BillShown>,
}

/// A bill.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BillShown {
    /// Its name, which is its key for `relay show`.
    pub name: String,
    /// How many lines it has.
    pub lines: usize,
    /// When the target took it.
    pub delivered_at: Option<DateTime<Utc>>,
    /// The target's own id of it.
    pub target_id: Option<String>,
    /// Why it has failed.
    pub failed: Option<String>,
}

/// What a document has to do with groups.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct InGroup {
    /// The group.
    pub group: String,
    /// Of a member, the bills of the seals that it is in; the bill itself, of a bill.
    pub bills: Vec<String>,
    /// Of a bill, the members of its seal.
    pub members: Vec<Member>,
}

impl Operations<'_> {
    /// The groups of a flow, or of all: first those that are open, then those that were sealed last.
    ///
    /// # Errors
    /// A flow that has no groups; a store that does not answer.
    pub async fn groups(&self, flow: Option<&str>) -> Result<Vec<Listed>, OperationError> {
        let mut listed = Vec::new();
        for flow in self.grouping(flow)? {
            let mut sealed = self.stores.groups.sealed(flow, LISTED).await?;
            for open in self.stores.groups.open(flow).await? {
                let place = sealed.iter().position(|(id, _)| *id == open.id);
                let sealed_at = place.map(|place| sealed.remove(place).1);
                listed.push(self.group_listed(&open.id, Some(&open), sealed_at));
            }
            listed.extend(sealed.into_iter().map(|(id, at)| self.group_listed(&id, None, Some(at))));
        }
        Ok(listed)
    }

    /// Everything that is known of a group.
    ///
    /// # Errors
    /// A group that nobody knows; a store that does not answer.
    pub async fn group(&self, flow: Option<&str>, group: &str) -> Result<GroupShown, OperationError> {
        let id = self.known_group(flow, group).await?;
        let seals = self.stores.groups.seals(&id).await?;
        let open = self.stores.groups.open(&id.flow).await?.into_iter().find(|open| open.id == id);
        let mut members = Vec::new();
        let mut brought = self.flows.named(&id.flow).map(|routed| Brought::new(&routed.flow));
        self.each_member(&id, |member| {
            members.push(member_shown(member, &seals));
            brought.iter_mut().for_each(|brought| brought.add(member));
        })
        .await?;
        let closed_now =
            brought.filter(|_| open.is_some()).map(|brought| self.closed_now(&id, &brought, &seals));
        let sealed_at = seals.first().map(|seal| seal.at);
        let mut shown = Vec::with_capacity(seals.len());
        for seal in seals {
            shown.push(self.seal_shown(&id, seal).await?);
        }
        let listed = Listed { closed_now, ..self.group_listed(&id, open.as_ref(), sealed_at) };
        Ok(GroupShown { listed, members, seals: shown })
    }

    /// Has a group closed by the next run of the closer.
    ///
    /// # Errors
    /// A group that nobody knows; a store that does not answer.
    pub async fn close_group(&self, flow: Option<&str>, group: &str) -> Result<GroupId, OperationError> {
        let id = self.known_group(flow, group).await?;
        self.stores.groups.ask(&id).await?;
        self.note(Did::of("groups close", format!("{} {}", id.flow, id.group))).await;
        Ok(id)
    }

    /// What a document has to do with groups; `None` where its flow has none.
    pub(crate) async fn in_group(&self, entry: &Entry) -> Result<Option<InGroup>, OperationError> {
        let EntryId { flow, key } = &entry.id;
        if self.flows.named(flow).is_none_or(|routed| routed.flow.group().is_none()) {
            return Ok(None);
        }
        if let Some((bill, (group, number))) =
            unmarked(key).and_then(|bill| Some((bill, group_of_bill(bill)?)))
        {
            let seals = self.stores.groups.seals(&GroupId::new(flow, group)).await?;
            let members = seals.into_iter().find(|seal| seal.number == number).map(|seal| seal.members);
            return Ok(Some(InGroup {
                group: group.to_owned(),
                bills: vec![bill.to_owned()],
                members: members.unwrap_or_default(),
            }));
        }
        let delivered = entry.delivered.as_ref().and_then(|delivered| delivered.target_id.as_deref());
        let Some(group) = delivered.and_then(unmarked) else { return Ok(None) };
        let seals = self.stores.groups.seals(&GroupId::new(flow, group)).await?;
        let has_it = |seal: &&Seal| seal.members.iter().any(|member| member.key == *key);
        let bills = seals.iter().filter(has_it).flat_map(|seal| &seal.bills).map(|bill| bill.name.clone());
        Ok(Some(InGroup { group: group.to_owned(), bills: bills.collect(), members: Vec::new() }))
    }

    /// The key of a bill that a person has given by its name.
    pub(crate) async fn bill_named(&self, flow: &str, name: &str) -> Result<Option<Entry>, OperationError> {
        let has_groups = self.flows.named(flow).is_some_and(|routed| routed.flow.group().is_some());
        if has_groups { self.entry(flow, &marked(name)).await } else { Ok(None) }
    }

    fn group_listed(
        &self,
        id: &GroupId,
        open: Option<&relay_core::groups::Open>,
        sealed_at: Option<DateTime<Utc>>,
    ) -> Listed {
        let group = self.flows.named(&id.flow).and_then(|routed| routed.flow.group());
        let due = group
            .zip(open)
            .and_then(|(group, open)| group.close().at(open, group.day(&id.group), sealed_at.is_some()));
        Listed {
            flow: id.flow.clone(),
            group: id.group.clone(),
            open_since: open.map(|open| open.since),
            due,
            is_asked: open.is_some_and(|open| open.asked > 0),
            sealed_at,
            closed_now: None,
        }
    }

    async fn seal_shown(&self, id: &GroupId, seal: Seal) -> Result<SealShown, OperationError> {
        let ids: Vec<_> = seal.bills.iter().map(|bill| EntryId::new(&id.flow, marked(&bill.name))).collect();
        let entries = self.stores.ledger.read(&ids).await?;
        let bill = |(bill, id): (&relay_core::groups::Bill, &EntryId)| {
            let entry = entries.get(id);
            let delivered = entry.and_then(|entry| entry.delivered.as_ref());
            BillShown {
                name: bill.name.clone(),
                lines: bill.lines.len(),
                delivered_at: delivered.map(|delivered| delivered.at),
                target_id: delivered.and_then(|delivered| delivered.target_id.clone()),
                failed: entry.and_then(|entry| entry.failed.as_ref()).map(|failed| failed.message.clone()),
            }
        };
        let bills = seal.bills.iter().zip(&ids).map(bill).collect();
        let Seal { number, at, members, is_queued, .. } = seal;
        Ok(SealShown { number, at, members, is_queued, bills })
    }

    /// The flows that have groups, or the one that was named.
    fn grouping<'f>(&'f self, flow: Option<&str>) -> Result<Vec<&'f str>, OperationError> {
        let flows = self.flows.iter().filter(|routed| routed.flow.group().is_some());
        let names: Vec<_> = flows.map(|routed| routed.flow.name()).collect();
        match flow {
            None => Ok(names),
            Some(flow) => match names.iter().find(|name| **name == flow) {
                Some(name) => Ok(vec![*name]),
                None => Err(OperationError::NoGroups(Unknown::new(flow, names))),
            },
        }
    }

    async fn known_group(&self, flow: Option<&str>, group: &str) -> Result<GroupId, OperationError> {
        let group = unmarked(group).unwrap_or(group);
        let mut known = Vec::new();
        for flow in self.grouping(flow)? {
            let id = GroupId::new(flow, group);
            if !self.stores.groups.members(&id, None, 1).await?.is_empty() {
                known.push(id);
            }
        }
        match known.len() {
            1 => Ok(known.remove(0)),
            0 => {
                let all = self.groups(flow).await?;
                Err(OperationError::UnknownGroup(Unknown::new(
                    group,
                    all.iter().map(|listed| listed.group.as_str()),
                )))
            }
            _ => {
                let flows = known.into_iter().map(|id| id.flow).collect();
                Err(OperationError::SeveralFlows { group: group.to_owned(), flows })
            }
        }
    }
}

/// Groups as a file for Excel, with what open ones would be closed with now where that is noted.
///
/// # Errors
/// A table that cannot be written.
pub fn csv(groups: &[Listed], language: Language) -> Result<String, OperationError> {
    let columns = [
        language.says("流程", "flow"),
        language.says("汇总组", "group"),
        language.says("打开于", "open since"),
        language.says("到期", "due"),
        language.says("首次封账", "sealed first"),
        language.says("成员", "members"),
        language.says("单数", "bills"),
        language.says("行数", "lines"),
        language.says("数量", "quantity"),
        language.says("金额", "amount"),
        language.says("流程合计的字段", "what the flow sums"),
    ];
    let row = |listed: &Listed| {
        let Listed { flow, group, open_since, due, sealed_at, closed_now, .. } = listed;
        let [open_since, due, sealed_at] =
            [open_since, due, sealed_at].map(|time| time.map(shown).unwrap_or_default());
        let or = |number: Option<Decimal>| number.map(|number| number.to_string()).unwrap_or_default();
        let holds: [String; 6] = match closed_now {
            Some(now) => [
                now.members.to_string(),
                now.bills.len().to_string(),
                now.lines.to_string(),
                or(now.quantity()),
                or(now.amount()),
                now.summed(),
            ],
            None => Default::default(),
        };
        let head = [flow.clone(), group.clone(), open_since, due, sealed_at];
        head.into_iter().chain(holds).collect()
    };
    sheet(&columns, groups.iter().map(row))
}

fn member_shown(member: &relay_core::Contribution, seals: &[Seal]) -> MemberShown {
    let sealed: Vec<_> = seals
        .iter()
        .filter_map(|seal| Some((seal.number, seal.members.iter().find(|sealed| sealed.key == member.key)?)))
        .collect();
    let is_sealed = match sealed.last() {
        Some((_, last)) => last.hash == member.hash(),
        // What was withdrawn before any seal had it is in none.
        None => member.is_withdrawn,
    };
    MemberShown {
        key: member.key.clone(),
        version: member.version.clone(),
        is_withdrawn: member.is_withdrawn,
        seals: sealed.iter().map(|(number, _)| *number).collect(),
        is_sealed,
    }
}
