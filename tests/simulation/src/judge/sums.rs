//! What lines come to.

use std::collections::BTreeMap;

use relay_core::groups::{Bill, Contribution};
use rust_decimal::{Decimal, RoundingStrategy};
use serde_json::{Map, Value, json};

use super::evidence::Judge;
use crate::world::books::decimal;

/// What postage is billed as.
const POSTAGE: &str = "ML-250-24";

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
                to_the_cent(of("qty") * of("tax_price"))
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

    pub(super) fn of_seal(bill: &Bill) -> Self {
        let mut sums = Self::default();
        sums.add_lines(bill.lines.iter(), if bill.is_return { -1 } else { 1 });
        sums
    }

    pub(super) fn of_member(member: &Contribution) -> Self {
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

impl Judge<'_> {
    /// What a sale says, with the ids of Kingdee where its bills go there.
    pub(super) fn sums_of(&self, sale: &Value, in_kingdee: bool) -> Sums {
        let mut sums = Sums::default();
        for item in items(sale) {
            let (good, warehouse) = self.place_of(item, in_kingdee);
            sums.add(good, warehouse, decimal(&item["quantity"]), Decimal::ZERO);
        }
        sums.amount = decimal(&sale["total"]);
        sums
    }

    /// What leaves that warehouse for a sale, with its share of the postage; `None` where nothing does.
    pub(super) fn sums_of_parcel(&self, sale: &Value, warehouse: &str, in_kingdee: bool) -> Option<Sums> {
        let quantity = |item: &&Value| decimal(&item["quantity"]);
        let leaves: Vec<&Value> = items(sale).filter(|item| item["warehouse"] == warehouse).collect();
        // In the order of their first lines; what rounding leaves goes to the last.
        let mut parcels: Vec<&Value> = Vec::new();
        for item in items(sale).filter(|item| item["warehouse"] != Value::Null) {
            if !parcels.contains(&&item["warehouse"]) {
                parcels.push(&item["warehouse"]);
            }
        }
        let postage = decimal(&sale["postage"]);
        let whole: Decimal = items(sale).map(|item| quantity(&item)).sum();
        let share_of = |part: Decimal| to_the_cent(postage * part / whole);
        let mine: Decimal = leaves.iter().map(quantity).sum();
        let is_last = parcels.last().is_some_and(|last| *last == warehouse);
        let share = match is_last {
            // There are two warehouses.
            true if mine == whole => postage,
            true => postage - share_of(whole - mine),
            false if mine.is_zero() => Decimal::ZERO,
            false => share_of(mine),
        };
        let mut sums = Sums::default();
        for item in &leaves {
            let (good, warehouse) = self.place_of(item, in_kingdee);
            sums.add(good, warehouse, quantity(item), to_the_cent(decimal(&item["amount"])));
        }
        if !share.is_zero() {
            let postage = json!({ "sku": POSTAGE, "warehouse": warehouse });
            let (good, warehouse) = self.place_of(&postage, in_kingdee);
            sums.add(good, warehouse, Decimal::ONE, share);
        }
        (!leaves.is_empty()).then_some(sums)
    }

    /// The good and the warehouse of an item, by their ids where they are Kingdee's.
    pub(super) fn place_of(&self, item: &Value, in_kingdee: bool) -> (String, String) {
        let id = |kind: &str, number: &Value| {
            let number = number.as_str().unwrap_or_default();
            let id = in_kingdee.then(|| self.world.vendors.kingdee.id_of(kind, number)).flatten();
            id.unwrap_or_else(|| number.to_owned())
        };
        (id("material", &item["sku"]), id("store", &item["warehouse"]))
    }
}

/// The items of a sale.
pub(super) fn items(sale: &Value) -> impl Iterator<Item = &Value> {
    sale["items"].as_array().into_iter().flatten()
}

fn to_the_cent(amount: Decimal) -> Decimal {
    amount.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero)
}
