//! Sales and receipts: how they come about, and how they change.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::World;
use super::books::{Pile, Pushed, sale_of};
use super::documents::MISSING;
use crate::scenario::Change;

const GOODS: [&str; 3] = ["ML-250-24", "ML-1L-12", "YG-100-30"];
const SHOPS: [&str; 3] = ["S001", "S001", "S002"];
const WAREHOUSES: [&str; 2] = ["WH01", "WH02"];

impl World {
    /// A new sale, or a newer version of one; answers its place.
    pub(super) fn sale(&self, number: usize, says: u64, is_bad: bool) -> usize {
        self.push_sale(number, self.now(), |note| self.said(number, note, says, is_bad))
    }

    /// Three versions of one time: the third says what the first says.
    pub(super) fn sale_flap(&self, number: usize, says: u64) -> [usize; 3] {
        let time = self.now();
        let first = self.push_sale(number, time, |note| self.said(number, note, says, false));
        let time = self.version(number, first);
        let second = self.add_sale(number, self.said(number, first + 1, !says, false), &time);
        let third = self.books.state().pile(Pile::Sales)[number].versions[first].clone();
        [first, second, self.add_sale(number, third, &time)]
    }

    /// What it said before the newest version, or that it is cancelled; nothing of a sale that is not there.
    pub(super) fn change_sale(&self, number: usize, how: Change) -> Option<usize> {
        let versions = self.books.state().pile(Pile::Sales).get(number)?.versions.clone();
        let newest = versions.last()?;
        let before = versions.iter().rev().nth(1).unwrap_or(newest);
        let changed = match how {
            Change::Back => before.clone(),
            Change::Onward => newest.clone(),
            Change::Deleted => {
                let mut cancelled = newest.clone();
                cancelled["status"] = json!("cancelled");
                cancelled["note"] = json!(format!("v{}", versions.len()));
                let mut books = self.books.state();
                books.by_hand.stays_deleted.retain(|bill| sale_of(bill) != id(number));
                cancelled
            }
            Change::Emptied => {
                let mut emptied = newest.clone();
                (emptied["items"], emptied["total"]) = (json!([]), json!("0.00"));
                emptied["note"] = json!(format!("v{}", versions.len()));
                emptied
            }
        };
        Some(self.push_sale(number, self.now(), |_| changed.clone()))
    }

    /// A version of a receipt; answers its place.
    pub(super) fn receipt(&self, number: usize, sale: usize) -> usize {
        let mut books = self.books.state();
        let receipt = place(books.pile_mut(Pile::Receipts), number);
        let time = after(receipt, self.now());
        let version = receipt.versions.len();
        // A receipt is of one sale for ever.
        let sale = receipt.versions.first().map_or_else(|| json!(id(sale)), |first| first["sale"].clone());
        receipt.versions.push(json!({
            "id": format!("R{number}"), "updated_at": time.to_rfc3339(), "note": format!("v{version}"), "sale": sale,
        }));
        version
    }

    /// Sales that receipts refer to, and that nobody has made yet.
    pub(super) fn missing_sales(&self) -> Vec<usize> {
        let books = self.books.state();
        let receipts = books.pile(Pile::Receipts).iter().flat_map(|receipt| receipt.versions.first());
        let wanted: BTreeSet<usize> = receipts
            .filter_map(|receipt| receipt["sale"].as_str()?.strip_prefix('S')?.parse().ok())
            .collect();
        let sales = books.pile(Pile::Sales);
        let is_there = |sale: &usize| sales.get(*sale).is_some_and(|sale| !sale.versions.is_empty());
        wanted.into_iter().filter(|sale| !is_there(sale)).collect()
    }

    fn version(&self, number: usize, place: usize) -> String {
        let books = self.books.state();
        books.pile(Pile::Sales)[number].versions[place]["updated_at"].as_str().unwrap_or_default().to_owned()
    }

    /// Adds a version that is newer than those before it.
    fn push_sale(&self, number: usize, now: DateTime<Utc>, says: impl Fn(usize) -> Value) -> usize {
        let (time, version) = {
            let mut books = self.books.state();
            let sale = place(books.pile_mut(Pile::Sales), number);
            (after(sale, now), sale.versions.len())
        };
        self.add_sale(number, says(version), &time.to_rfc3339())
    }

    fn add_sale(&self, number: usize, mut says: Value, time: &str) -> usize {
        says["updated_at"] = json!(time);
        let mut books = self.books.state();
        let versions = &mut place(books.pile_mut(Pile::Sales), number).versions;
        versions.push(says);
        versions.len() - 1
    }

    /// Amounts have three decimals, and their total has two: something remains.
    fn said(&self, number: usize, version: usize, says: u64, is_bad: bool) -> Value {
        let mut dice = StdRng::seed_from_u64(says);
        let mut one_of = |choices: &[&str]| choices[dice.random_range(0..choices.len())].to_owned();
        let shop = one_of(&SHOPS);
        let lines: Vec<_> = (0..3).map(|_| (one_of(&GOODS), one_of(&WAREHOUSES))).collect();
        let ago = TimeDelta::minutes([0, 0, 0, 120][dice.random_range(0..4)]);
        let count = dice.random_range(1..=3);
        let mut total = Decimal::ZERO;
        let mut items = Vec::new();
        for (place, (sku, warehouse)) in lines.into_iter().take(count).enumerate() {
            let amount = Decimal::new(dice.random_range(1_000..99_999), 3);
            total += amount;
            let sku = if is_bad && place == 0 { MISSING.to_owned() } else { sku };
            items.push(json!({
                "sku": sku, "warehouse": warehouse, "quantity": dice.random_range(1..9), "amount": amount.to_string(),
            }));
        }
        let total = total.round_dp_with_strategy(2, rust_decimal::RoundingStrategy::MidpointAwayFromZero);
        let mut sale = json!({
            "id": id(number),
            "status": "paid",
            "shop": shop,
            "paid_at": relay_simulators::wangdian::time_text(self.now() - ago),
            "note": format!("v{version}"),
            "total": total.to_string(),
            "items": items,
        });
        let terms = self.scenario.conditions.bills.as_ref();
        if terms.is_some_and(|terms| terms.parcels.is_some()) {
            sale["postage"] = json!(postage(says).to_string());
        }
        sale
    }
}

/// By dice of its own, so that whatever else a sale says stays as it was.
fn postage(says: u64) -> Decimal {
    let mut dice = StdRng::seed_from_u64(!says);
    if dice.random_ratio(1, 4) { Decimal::ZERO } else { Decimal::new(dice.random_range(500..2_500), 2) }
}

fn id(sale: usize) -> String {
    format!("S{sale}")
}

fn place(pile: &mut Vec<Pushed>, number: usize) -> &mut Pushed {
    if pile.len() <= number {
        pile.resize_with(number + 1, Pushed::default);
    }
    &mut pile[number]
}

/// Now, or a second after the newest version.
fn after(pushed: &Pushed, now: DateTime<Utc>) -> DateTime<Utc> {
    let newest = pushed.versions.last().and_then(|newest| newest["updated_at"].as_str()?.parse().ok());
    newest.map_or(now, |newest: DateTime<Utc>| now.max(newest + TimeDelta::seconds(1)))
}
