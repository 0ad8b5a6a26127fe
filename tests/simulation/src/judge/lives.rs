//! Bills that live: those of sales, and those of their parcels.

use std::collections::BTreeMap;

use relay_simulators::kingdee::Saved;
use serde_json::{Value, json};

use super::bills::{SALES, WAREHOUSES};
use super::evidence::Judge;
use super::groups::is_same;
use super::sums::Sums;
use crate::scenario::Parcels;
use crate::world::books::{Pile, sale_of};
use crate::world::operator::PARCELS;

/// What the bills of a document are to be.
struct Wanted<'n> {
    flow: &'static str,
    key: String,
    bills: Vec<Saved>,
    /// What they come to; `None` where the document is to have none.
    sums: Option<Sums>,
    newest: &'n Value,
}

impl Judge<'_> {
    /// The bills of a sale come to what it says.
    pub(super) fn life(&mut self, newest: &Value) -> anyhow::Result<()> {
        let id = newest["id"].as_str().unwrap_or_default();
        let bills = self.world.vendors.kingdee.saved_of("sal_outbound");
        let bills = bills.into_iter().filter(|saved| sale_of(&saved.number) == id).collect();
        let sums = (newest["status"] != "cancelled").then(|| self.sums_of(newest, true));
        let is_excused = self.is_excused(SALES, id, |document| is_same(document, newest))?;
        let is_excused = is_excused || self.is_as_a_person_left_it(id, newest);
        self.lives(Wanted { flow: SALES, key: id.to_owned(), bills, sums, newest }, is_excused)
    }

    /// Whether the bills of a version are audited: also where their flow had them audited only later, and nothing was said since, nobody
    /// audits them.
    fn is_to_be_audited(&self, flow: &str, newest: &Value) -> bool {
        let books = self.world.books.state();
        let sales = books.pile(Pile::Sales).iter().enumerate();
        let is_later = |counts: &Vec<usize>| {
            let mut places = sales.flat_map(|(sale, pushed)| {
                pushed.versions.iter().enumerate().map(move |(place, version)| (sale, place, version))
            });
            places.any(|(sale, place, version)| {
                is_same(version, newest)
                    && version["id"] == newest["id"]
                    && counts.get(sale).is_none_or(|count| place >= *count)
            })
        };
        self.terms().audits || flow == SALES && books.audits_from.as_ref().is_some_and(is_later)
    }

    /// Whether a person has made a bill of a sale, or has undone one and nothing else has been said since.
    fn is_as_a_person_left_it(&self, id: &str, newest: &Value) -> bool {
        let books = self.world.books.state();
        let versions = books.pile(Pile::Sales).iter().map(|sale| &sale.versions);
        let count =
            versions.filter(|versions| versions.first().is_some_and(|first| first["id"] == id)).map(Vec::len);
        let is_last = |(known, last): &(usize, Value)| {
            count.sum::<usize>() == *known
                || last["note"] == newest["note"] && last["status"] == newest["status"]
        };
        books.by_hand.made.contains(id) || books.by_hand.undone.get(id).is_some_and(is_last)
    }

    /// The bills of each parcel of a sale come to what leaves its warehouse, and to its share of the postage.
    pub(super) fn parcels(&mut self, newest: &Value) -> anyhow::Result<()> {
        let Some(Parcels::Bills { .. }) = self.terms().parcels else { return Ok(()) };
        let id = newest["id"].as_str().unwrap_or_default();
        let is_excused = self.is_excused(PARCELS, id, |document| is_same(document, newest))?;
        for warehouse in WAREHOUSES {
            let (number, key) = (format!("{id}-{warehouse}"), format!("{id}/{warehouse}"));
            let is_its = |other: &str| {
                other.strip_prefix(&number).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
            };
            let bills = self.world.vendors.kingdee.saved_of("pur_inbound");
            let bills = bills.into_iter().filter(|saved| is_its(&saved.number)).collect();
            let leaves = self.sums_of_parcel(newest, warehouse, true);
            // One that has lost its lines is told once, and not with every version that follows.
            let is_told = |document: &Value| {
                is_same(document, newest) || leaves.is_none() && document["items"] == json!([])
            };
            let is_excused = is_excused || self.is_excused(PARCELS, &key, is_told)?;
            let sums = leaves.clone().filter(|_| newest["status"] != "cancelled");
            self.lives(Wanted { flow: PARCELS, key, bills, sums, newest }, is_excused)?;
        }
        Ok(())
    }

    /// The bills of a document come to what it says, one of them says it, and all of them count.
    fn lives(
        &mut self,
        Wanted { flow, key, bills, sums: wanted, newest }: Wanted<'_>,
        is_excused: bool,
    ) -> anyhow::Result<()> {
        let mut numbers = BTreeMap::<&str, usize>::new();
        bills.iter().for_each(|bill| *numbers.entry(&bill.number).or_default() += 1);
        let is_made = self.world.books.state().by_hand.made.contains(&key);
        if let Some((number, count)) = numbers.iter().find(|(_, count)| **count > 1 && !is_made)
            && !self.is_told_doubled(flow, &key)?
        {
            let told = self.told(flow, &key)?;
            let found = format!("{flow} {number}: there {count} times, {told}");
            self.violated("one document per number", found);
        }
        self.ledger_knows(flow, &key, !bills.is_empty() && !is_made)?;
        if is_excused {
            return Ok(());
        }
        let mut sums = Sums::default();
        bills.iter().for_each(|bill| sums.extend(&Sums::of_body(&bill.body, 1)));
        let says_it = |bill: &Saved| bill.body["remark"] == newest["note"];
        let is_said = wanted.is_none() || bills.iter().any(says_it);
        let wanted = wanted.unwrap_or_default();
        if sums != wanted || !is_said {
            let shown = |bill: &Saved| format!("{} {} {:?}", bill.number, bill.body["remark"], bill.steps);
            let shown: Vec<_> = bills.iter().map(shown).collect();
            let found = format!(
                "{flow} {key}: the bills {shown:?} come to {sums:?}, and are to come to {wanted:?}; the newest is {newest}; the \
                 ledger has {}",
                self.told(flow, &key)?
            );
            self.violated("newest version at each target", found);
        }
        if self.is_to_be_audited(flow, newest)
            && let Some(bill) = bills.iter().find(|bill| !bill.is_audited)
        {
            let found = format!("{flow} {}: {:?}", bill.number, bill.steps);
            self.violated("each step has one effect", found);
        }
        Ok(())
    }
}
