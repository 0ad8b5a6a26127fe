//! What an open group would become if it were closed now: members, lines, quantity and amount, so that a person can compare them
//! before it is closed. It is reckoned as the closer reckons, and nothing is written.

use chrono::{DateTime, Utc};
use relay_core::groups::{self, Contribution, GroupId, Seal, Tally};
use relay_mapping::{Context, Flow};
use relay_reconcile::sum::{Content, Sum};
use rust_decimal::Decimal;
use serde::Serialize;
use serde_json::json;

use super::{Listed, PAGE};
use crate::{OperationError, Operations};

/// What a group would be closed with now.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ClosedNow {
    /// How many members bring something.
    pub members: usize,
    /// How many members no seal has as they are now: those that came, changed or were withdrawn.
    pub unsealed: usize,
    /// The bills that it would have; none where what has come changes nothing.
    pub bills: Vec<BillNow>,
    /// How many lines these have.
    pub lines: u64,
    /// What they come to as their target takes them, where its documents are summed; what takes back counts negative.
    pub content: Option<Content>,
    /// What the fields that the flow sums come to, in their order.
    pub sums: Vec<(String, Decimal)>,
    /// Why it cannot be closed.
    pub unsummable: Option<String>,
}

/// A bill that it would have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BillNow {
    /// Its name.
    pub name: String,
    /// Whether it takes back what earlier bills have.
    pub is_return: bool,
    /// How many lines it has.
    pub lines: u64,
    /// What it comes to as its target takes it, where such documents are summed.
    pub content: Option<Content>,
    /// Why it would fail.
    pub faults: Vec<String>,
}

impl ClosedNow {
    /// The quantity: of the bills, or else of what the flow sums first.
    #[must_use]
    pub fn quantity(&self) -> Option<Decimal> {
        let summed = || self.sums.first().map(|(_, sum)| *sum);
        self.content.as_ref().map(|content| content.quantity).or_else(summed).map(|sum| sum.normalize())
    }

    /// The amount, where it is known.
    #[must_use]
    pub fn amount(&self) -> Option<Decimal> {
        self.content.as_ref().map(|content| content.amount)
    }

    /// The fields that the flow sums, in words: `qty 60, amount 185.00`.
    #[must_use]
    pub fn summed(&self) -> String {
        let summed = self.sums.iter().map(|(name, sum)| format!("{name} {sum}"));
        summed.collect::<Vec<_>>().join(", ")
    }
}

/// What the members of a group bring, as they are gone through; or why that cannot be summed.
pub(super) struct Brought<'f> {
    flow: &'f Flow,
    tally: Result<Tally, String>,
}

impl<'f> Brought<'f> {
    pub(super) fn new(flow: &'f Flow) -> Self {
        Self { flow, tally: Ok(Tally::default()) }
    }

    pub(super) fn add(&mut self, contribution: &Contribution) {
        let (Ok(tally), Some(group)) = (&mut self.tally, self.flow.group()) else { return };
        if let Err(error) = tally.add(contribution, group.rules()) {
            self.tally = Err(error.to_string());
        }
    }
}

impl Operations<'_> {
    /// Notes of groups that are open what they would be closed with now: their members and seals are read.
    ///
    /// # Errors
    /// A store that does not answer.
    pub async fn note_closed_now(&self, groups: &mut [Listed]) -> Result<(), OperationError> {
        for listed in groups.iter_mut().filter(|listed| listed.open_since.is_some()) {
            let Some(routed) = self.flows.named(&listed.flow) else { continue };
            let id = GroupId::new(&listed.flow, &listed.group);
            let mut brought = Brought::new(&routed.flow);
            self.each_member(&id, |member| brought.add(member)).await?;
            let seals = self.stores.groups.seals(&id).await?;
            listed.closed_now = Some(self.closed_now(&id, &brought, &seals));
        }
        Ok(())
    }

    /// Goes through the members of a group, withdrawn ones too.
    pub(super) async fn each_member(
        &self,
        id: &GroupId,
        mut each: impl FnMut(&Contribution) + Send,
    ) -> Result<(), OperationError> {
        let mut after = None;
        loop {
            let page = self.stores.groups.members(id, after.as_deref(), PAGE).await?;
            page.iter().for_each(&mut each);
            match page.last().filter(|_| page.len() == PAGE) {
                Some(last) => after = Some(last.key.clone()),
                None => return Ok(()),
            }
        }
    }

    pub(super) fn closed_now(&self, id: &GroupId, brought: &Brought<'_>, seals: &[Seal]) -> ClosedNow {
        let now = self.clock.now();
        match reckoned(id, brought, seals, now) {
            Ok((members, Some(seal))) => self.of_seal(brought.flow, members, &seal),
            Ok((members, None)) => ClosedNow { members, ..ClosedNow::default() },
            Err(unsummable) => ClosedNow { unsummable: Some(unsummable), ..ClosedNow::default() },
        }
    }

    fn of_seal(&self, flow: &Flow, members: usize, seal: &Seal) -> ClosedNow {
        let context = Context { settings: &self.flow_settings.0, lookups: &Default::default() };
        let sums = flow.group().map(|group| group.rules().sums.as_slice()).unwrap_or_default();
        let mut sums: Vec<_> = sums.iter().map(|name| (name.clone(), Decimal::ZERO)).collect();
        let (mut bills, mut all) = (Vec::with_capacity(seal.bills.len()), Sum::nothing());
        for bill in &seal.bills {
            let (content, faults) = match flow.bill(&json!(bill), &context) {
                Ok((document, mapped)) => {
                    (Sum::of(&mapped.body, &document.measures, None).content, Vec::new())
                }
                Err(faults) => (None, faults.iter().map(ToString::to_string).collect()),
            };
            for (name, sum) in &mut sums {
                let of_lines = bill.lines.iter().filter_map(|line| amount(line.get(name.as_str())?));
                let of_bill = of_lines.fold(Decimal::ZERO, Decimal::saturating_add);
                *sum = sum.saturating_add(if bill.is_return { -of_bill } else { of_bill });
            }
            let signed = match &content {
                Some(content) if bill.is_return => Some(taken_back(content)),
                content => content.clone(),
            };
            all += &Sum { documents: 1, content: signed, total: None };
            let lines = bill.lines.len() as u64;
            bills.push(BillNow {
                name: bill.name.clone(),
                is_return: bill.is_return,
                lines,
                content,
                faults,
            });
        }
        ClosedNow {
            members,
            unsealed: seal.members.len(),
            lines: bills.iter().map(|bill| bill.lines).sum(),
            bills,
            content: all.content,
            sums,
            unsummable: None,
        }
    }
}

/// How many members bring something, and the seal that the closer would write.
fn reckoned(
    id: &GroupId,
    brought: &Brought<'_>,
    seals: &[Seal],
    now: DateTime<Utc>,
) -> Result<(usize, Option<Seal>), String> {
    let tally = brought.tally.as_ref().map_err(Clone::clone)?;
    let Some(group) = brought.flow.group() else { return Ok((tally.len(), None)) };
    let seal = groups::seal(id, tally, seals, group.rules(), now).map_err(|error| error.to_string())?;
    Ok((tally.len(), seal))
}

fn taken_back(content: &Content) -> Content {
    Content { lines: content.lines, quantity: -content.quantity, amount: -content.amount }
}

/// An amount of a bill's line, which is text.
fn amount(value: &serde_json::Value) -> Option<Decimal> {
    value.as_str()?.parse().ok()
}
