//! Many sales, one bill.

use std::collections::{BTreeMap, BTreeSet};

use relay_core::groups::{Bill, Contribution, marked};
use rust_decimal::Decimal;
use serde_json::{Map, Value};

use super::evidence::Judge;
use crate::world::books::{Pile, Pushed, decimal};
use crate::world::operator::{BY_DAY, Group};

/// What lines come to: the quantity of each good in each warehouse, and all amounts together.
#[derive(Debug, Clone, Default)]
pub(super) struct Sums {
    quantities: BTreeMap<(String, String), Decimal>,
    amount: Decimal,
}

impl PartialEq for Sums {
    fn eq(&self, other: &Self) -> bool {
        let some = |sums: &Self| -> Vec<_> {
            let quantities = sums.quantities.clone().into_iter();
            quantities.filter(|(_, quantity)| !quantity.is_zero()).collect()
        };
        self.amount == other.amount && some(self) == some(other)
    }
}

impl Sums {
    fn add(&mut self, good: String, warehouse: String, quantity: Decimal, amount: Decimal) {
        *self.quantities.entry((good, warehouse)).or_default() += quantity;
        self.amount += amount;
    }

    /// Adds lines that have amounts.
    fn add_lines<'l>(&mut self, lines: impl Iterator<Item = &'l Map<String, Value>>, sign: i64) {
        let text = |line: &Map<String, Value>, name: &str| {
            line.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        for line in lines {
            let of = |name: &str| line.get(name).map(decimal).unwrap_or_default();
            let amount = if line.contains_key("amount") {
                of("amount")
            } else {
                (of("qty") * of("tax_price"))
                    .round_dp_with_strategy(2, rust_decimal::RoundingStrategy::MidpointAwayFromZero)
            };
            let sign = Decimal::from(sign);
            self.add(text(line, "material_id"), text(line, "stock_id"), sign * of("qty"), sign * amount);
        }
    }

    pub(super) fn extend(&mut self, other: &Self) {
        for ((good, warehouse), quantity) in &other.quantities {
            self.add(good.clone(), warehouse.clone(), *quantity, Decimal::ZERO);
        }
        self.amount += other.amount;
    }

    fn of_seal(bill: &Bill) -> Self {
        let mut sums = Self::default();
        sums.add_lines(bill.lines.iter(), if bill.is_return { -1 } else { 1 });
        sums
    }

    fn of_member(member: &Contribution) -> Self {
        let mut sums = Self::default();
        sums.add_lines(member.lines.iter(), 1);
        sums
    }

    /// Of a body at the target.
    pub(super) fn of_body(body: &Map<String, Value>, sign: i64) -> Self {
        let mut sums = Self::default();
        let lines = body.get("material_entity").and_then(Value::as_array).into_iter().flatten();
        sums.add_lines(lines.filter_map(Value::as_object), sign);
        sums
    }
}

/// A bill of a group at its target.
struct There {
    sums: Sums,
    is_audited: bool,
}

impl Judge<'_> {
    /// What a sale says, with the ids of Kingdee where its bills go there.
    pub(super) fn sums_of(&self, sale: &Value, in_kingdee: bool) -> Sums {
        let mut sums = Sums::default();
        let id = |kind: &str, number: &Value| {
            let number = number.as_str().unwrap_or_default();
            let id = in_kingdee.then(|| self.world.vendors.kingdee.id_of(kind, number)).flatten();
            id.unwrap_or_else(|| number.to_owned())
        };
        for item in sale["items"].as_array().into_iter().flatten() {
            let (good, warehouse) = (id("material", &item["sku"]), id("store", &item["warehouse"]));
            sums.add(good, warehouse, decimal(&item["quantity"]), Decimal::ZERO);
        }
        sums.amount = decimal(&sale["total"]);
        sums
    }

    pub(super) fn groups(&mut self) -> anyhow::Result<()> {
        let sales = self.world.books.state().pile(Pile::Sales).to_vec();
        let names = sales.iter().flat_map(|sale| &sale.versions).map(group_of).collect::<BTreeSet<_>>();
        let groups = self.world.groups(names)?;
        let mut expected = BTreeMap::<String, Sums>::new();
        for newest in sales.iter().filter_map(Pushed::newest) {
            self.member(&newest, &groups, &mut expected)?;
        }
        let mut there = self.bills_of_groups();
        for group in &groups {
            let expected = expected.remove(&group.id.group).unwrap_or_default();
            self.group(group, &expected, &mut there)?;
        }
        if let Some(number) = there.keys().next() {
            let found = format!("{BY_DAY}: {number} is in no seal");
            self.violated("a bill is what was sealed", found);
        }
        Ok(())
    }

    /// What a sale is to bring, and where.
    fn member(
        &mut self,
        newest: &Value,
        groups: &[Group],
        expected: &mut BTreeMap<String, Sums>,
    ) -> anyhow::Result<()> {
        let key = newest["id"].as_str().unwrap_or_default();
        if self.is_excused(BY_DAY, key, |document| is_same(document, newest))? {
            // What a group has of it then is an older version, and counts.
            for group in groups {
                for member in group.members.iter().filter(|member| member.key == key) {
                    expected.entry(group.id.group.clone()).or_default().extend(&Sums::of_member(member));
                }
            }
            return Ok(());
        }
        if newest["status"] == "cancelled" {
            return Ok(());
        }
        let name = group_of(newest);
        let sums = self.sums_of(newest, self.terms().groups_in_kingdee);
        expected.entry(name.clone()).or_default().extend(&sums);
        let group = groups.iter().find(|group| group.id.group == name);
        let brought = group.and_then(|group| group.members.iter().find(|member| member.key == key));
        let sealed = group.and_then(|group| {
            group.seals.iter().flat_map(|seal| &seal.members).rfind(|member| member.key == key)
        });
        let is_sealed = brought.zip(sealed).is_some_and(|(brought, sealed)| {
            !sealed.is_withdrawn && sealed.hash == brought.hash() && Sums::of_member(brought) == sums
        });
        if !is_sealed {
            let found = format!(
                "{BY_DAY} {key}: the group {name} has {brought:?} of it, sealed as {sealed:?}; the newest is {newest}; the \
                 ledger has {}",
                self.told(BY_DAY, key)?
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
        for received in vendors.http.received().iter().filter(|received| received.path == "/bills") {
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
        group: &Group,
        expected: &Sums,
        there: &mut BTreeMap<String, Vec<There>>,
    ) -> anyhow::Result<()> {
        let name = &group.id.group;
        let mut told = Sums::default();
        for bill in group.seals.iter().flat_map(|seal| &seal.bills) {
            let (number, key) = (format!("D-{}", bill.name), marked(&bill.name));
            let found = there.remove(&number).unwrap_or_default();
            let sealed = Sums::of_seal(bill);
            let is_excused = self.is_excused(BY_DAY, &key, |_| true)?;
            if found.len() > 1 && !self.is_told_doubled(BY_DAY, &key)? {
                self.violated(
                    "one document per number",
                    format!("{BY_DAY} {number}: made {} times", found.len()),
                );
            }
            match found.first() {
                Some(found) => {
                    told.extend(&found.sums);
                    if found.sums != sealed {
                        let found = format!("{BY_DAY} {number}: {:?}, and sealed was {sealed:?}", found.sums);
                        self.violated("a bill is what was sealed", found);
                    }
                    if self.terms().audits && !found.is_audited && !is_excused {
                        self.violated(
                            "each step has one effect",
                            format!("{BY_DAY} {number} is not audited"),
                        );
                    }
                }
                None => {
                    told.extend(&sealed);
                    if !is_excused {
                        let found = format!("{BY_DAY} {number} is not there: {}", self.told(BY_DAY, &key)?);
                        self.violated("newest version at each target", found);
                    }
                }
            }
        }
        if told != *expected {
            let found =
                format!("{BY_DAY} {name}: the bills come to {told:?}, the members bring {expected:?}");
            self.violated("the bills of a group come to what its members bring", found);
        }
        Ok(())
    }
}

/// The group of a sale: its shop and the day on which it was paid.
fn group_of(sale: &Value) -> String {
    let text = |name: &str| sale[name].as_str().unwrap_or_default();
    format!("{}/{}", text("shop"), text("paid_at").split(' ').next().unwrap_or_default())
}

/// Whether a document is, or is a part of, that version.
pub(super) fn is_same(document: &Value, version: &Value) -> bool {
    document["updated_at"] == version["updated_at"] && document["note"] == version["note"]
}
