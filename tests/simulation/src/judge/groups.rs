//! Many sales, one bill.

use std::collections::BTreeMap;

use relay_core::groups::marked;
use serde_json::Value;

use super::bills::WAREHOUSES;
use super::evidence::Judge;
use super::sums::Sums;
use crate::scenario::Says;
use crate::world::books::{Pile, Pushed, prefix_of};
use crate::world::operator::{BY_DAY, Group};

/// What a sale is to bring to a group.
struct Brought {
    /// The member.
    key: String,
    /// The groups of which one has it: none where it is to stand in none, several where its flow has changed.
    groups: Vec<String>,
    sums: Sums,
}

/// A bill of a group at its target.
struct There {
    sums: Sums,
    is_audited: bool,
}

impl Judge<'_> {
    pub(super) fn groups(&mut self) -> anyhow::Result<()> {
        let mut there = self.bills_of_groups();
        for flow in self.world.grouped() {
            self.groups_of(flow, &mut there)?;
        }
        if let Some(number) = there.keys().next() {
            self.violated("a bill is what was sealed", format!("{number} is in no seal"));
        }
        Ok(())
    }

    fn groups_of(
        &mut self,
        flow: &'static str,
        there: &mut BTreeMap<String, Vec<There>>,
    ) -> anyhow::Result<()> {
        let sales = self.world.books.state().pile(Pile::Sales).to_vec();
        let versions = sales.iter().flat_map(|sale| &sale.versions);
        let names = versions.flat_map(|sale| self.brought(flow, sale)).flat_map(|brought| brought.groups);
        let groups = self.world.groups(flow, names.collect())?;
        let mut expected = BTreeMap::<String, Sums>::new();
        for newest in sales.iter().filter_map(Pushed::newest) {
            for brought in self.brought(flow, &newest) {
                self.member(flow, &newest, brought, &groups, &mut expected)?;
            }
        }
        for group in &groups {
            let expected = expected.remove(&group.id.group).unwrap_or_default();
            self.group(flow, group, &expected, there)?;
        }
        Ok(())
    }

    /// What a sale is to bring to the groups of a flow, under which keys; of those that it takes out of them, no group.
    fn brought(&self, flow: &str, sale: &Value) -> Vec<Brought> {
        let text = |name: &str| sale[name].as_str().unwrap_or_default();
        let (id, shop) = (text("id"), text("shop"));
        let day = text("paid_at").split(' ').next().unwrap_or_default();
        let stays = sale["status"] != "cancelled";
        if flow == BY_DAY {
            let sums = self.sums_of(sale, self.terms().groups_in_kingdee);
            let by_shop = self.scenario().has_flow_say(Says::ByShop).then(|| shop.to_owned());
            let names = std::iter::once(format!("{shop}/{day}")).chain(by_shop);
            return vec![Brought { key: id.to_owned(), groups: names.filter(|_| stays).collect(), sums }];
        }
        let parcel = |warehouse: &&str| {
            let sums = self.sums_of_parcel(sale, warehouse, false);
            let group = sums.as_ref().filter(|_| stays).map(|_| format!("{shop}/{warehouse}/{day}"));
            let (key, groups) = (format!("{id}/{warehouse}"), group.into_iter().collect());
            Brought { key, groups, sums: sums.unwrap_or_default() }
        };
        WAREHOUSES.iter().map(parcel).collect()
    }

    /// What a sale is to bring stands in its group and in a seal.
    fn member(
        &mut self,
        flow: &'static str,
        newest: &Value,
        Brought { key, groups: names, sums }: Brought,
        groups: &[Group],
        expected: &mut BTreeMap<String, Sums>,
    ) -> anyhow::Result<()> {
        let whole = newest["id"].as_str().unwrap_or_default();
        let is_newest = |document: &Value| is_same(document, newest);
        if self.is_excused(flow, &key, is_newest)? || self.is_excused(flow, whole, is_newest)? {
            // What a group has of it then is an older version, and counts.
            for group in groups {
                for member in group.members.iter().filter(|member| member.key == key) {
                    expected.entry(group.id.group.clone()).or_default().extend(&Sums::of_member(member));
                }
            }
            return Ok(());
        }
        let has_it = |name: &&String| {
            let group = groups.iter().find(|group| group.id.group == **name);
            group.is_some_and(|group| group.members.iter().any(|it| it.key == key && !it.is_withdrawn))
        };
        let Some(name) = names.iter().find(has_it).or(names.first()) else { return Ok(()) };
        expected.entry(name.clone()).or_default().extend(&sums);
        let group = groups.iter().find(|group| group.id.group == *name);
        let brought = group.and_then(|group| group.members.iter().find(|member| member.key == key));
        let sealed = group.and_then(|group| {
            group.seals.iter().flat_map(|seal| &seal.members).rfind(|member| member.key == key)
        });
        let is_sealed = brought.zip(sealed).is_some_and(|(brought, sealed)| {
            !sealed.is_withdrawn && sealed.hash == brought.hash() && Sums::of_member(brought) == sums
        });
        if !is_sealed {
            let found = format!(
                "{flow} {key}: the group {name} has {brought:?} of it, sealed as {sealed:?}; the newest is {newest}; the \
                 ledger has {}",
                self.told(flow, &key)?
            );
            self.violated("each member stands in a seal as it is", found);
        }
        Ok(())
    }

    /// The bills of groups at their target, by number.
    fn bills_of_groups(&mut self) -> BTreeMap<String, Vec<There>> {
        let mut there = BTreeMap::<String, Vec<There>>::new();
        let vendors = &self.world.vendors;
        for (kind, sign) in [("sal_order", 1), ("sal_inbound", -1)] {
            for saved in vendors.kingdee.saved_of(kind) {
                let bill = There { sums: Sums::of_body(&saved.body, sign), is_audited: saved.is_audited };
                there.entry(saved.number).or_default().push(bill);
            }
        }
        for received in vendors
            .http
            .received()
            .iter()
            .filter(|received| ["/bills", "/parcels"].contains(&&*received.path))
        {
            let (Some(body), Some(number)) = (received.body.as_object(), received.body["id"].as_str()) else {
                continue;
            };
            let bill = There { sums: Sums::of_body(body, 1), is_audited: true };
            let known = there.entry(number.to_owned()).or_default();
            // One that replaces may be given the same once more.
            if !self.scenario().conditions.receiver_replaces
                || known.iter().all(|known| known.sums != bill.sums)
            {
                known.push(bill);
            }
        }
        there
    }

    fn group(
        &mut self,
        flow: &'static str,
        group: &Group,
        expected: &Sums,
        there: &mut BTreeMap<String, Vec<There>>,
    ) -> anyhow::Result<()> {
        let name = &group.id.group;
        let mut told = Sums::default();
        for bill in group.seals.iter().flat_map(|seal| &seal.bills) {
            let (number, key) = (format!("{}{}", prefix_of(flow), bill.name), marked(&bill.name));
            let found = there.remove(&number).unwrap_or_default();
            let sealed = Sums::of_seal(bill);
            let is_excused = self.is_excused(flow, &key, |_| true)?;
            if found.len() > 1 && !self.is_told_doubled(flow, &key)? {
                self.violated(
                    "one document per number",
                    format!("{flow} {number}: made {} times", found.len()),
                );
            }
            match found.first() {
                Some(found) => {
                    told.extend(&found.sums);
                    if found.sums != sealed {
                        let found = format!("{flow} {number}: {:?}, and sealed was {sealed:?}", found.sums);
                        self.violated("a bill is what was sealed", found);
                    }
                    if self.terms().audits && !found.is_audited && !is_excused {
                        self.violated("each step has one effect", format!("{flow} {number} is not audited"));
                    }
                }
                None => {
                    told.extend(&sealed);
                    if !is_excused {
                        let found = format!("{flow} {number} is not there: {}", self.told(flow, &key)?);
                        self.violated("newest version at each target", found);
                    }
                }
            }
        }
        if told != *expected {
            let found = format!("{flow} {name}: the bills come to {told:?}, the members bring {expected:?}");
            self.violated("the bills of a group come to what its members bring", found);
        }
        Ok(())
    }
}

/// Whether a document is, or is a part of, that version.
pub(super) fn is_same(document: &Value, version: &Value) -> bool {
    document["updated_at"] == version["updated_at"] && document["note"] == version["note"]
}
