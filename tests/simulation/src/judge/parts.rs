//! Orders of sales, one for each warehouse.

use std::collections::BTreeMap;

use relay_simulators::kingdee::Saved;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::bills::{BY_WAREHOUSE, WAREHOUSES};
use super::evidence::Judge;
use super::groups::is_same;
use super::sums::items;
use crate::scenario::Says;
use crate::world::books::decimal;

impl Judge<'_> {
    /// Each warehouse has an order with its lines alone; one that has no lines any more is told.
    pub(super) fn parts(&mut self, newest: &Value) -> anyhow::Result<()> {
        let id = newest["id"].as_str().unwrap_or_default();
        let is_excused = self.is_excused(BY_WAREHOUSE, id, |document| is_same(document, newest))?;
        if self.scenario().has_flow_say(Says::Split) && self.is_whole(newest, is_excused)? {
            return Ok(());
        }
        if is_excused {
            return Ok(());
        }
        for warehouse in WAREHOUSES {
            let (number, key) = (format!("{id}-{warehouse}"), format!("{id}/{warehouse}"));
            let has = self.ordered(&number, &key)?;
            let wanted = self.wanted(newest, Some(warehouse));
            // A part that has lost its lines is told once, and not with every version that follows.
            let is_told = |document: &Value| {
                is_same(document, newest) || wanted.is_empty() && document["items"] == json!([])
            };
            if has != wanted && !self.is_excused(BY_WAREHOUSE, &key, is_told)? {
                self.differs(&number, &key, &has, newest)?;
            }
        }
        Ok(())
    }

    /// Whether the order of a sale stands there as a whole: it does so without any of its parts, and says what they would.
    fn is_whole(&mut self, newest: &Value, is_excused: bool) -> anyhow::Result<bool> {
        let id = newest["id"].as_str().unwrap_or_default();
        let kingdee = &self.world.vendors.kingdee;
        let whole = kingdee.saved("pur_order", id);
        let parts = WAREHOUSES.map(|warehouse| kingdee.saved("pur_order", &format!("{id}-{warehouse}")));
        if whole.is_empty() {
            return Ok(false);
        }
        let parts: Vec<Saved> = parts.into_iter().flatten().collect();
        if !parts.is_empty() {
            let numbers: Vec<&str> = parts.iter().map(|part| part.number.as_str()).collect();
            let found = format!(
                "{BY_WAREHOUSE} {id} is there, and {numbers:?} too; the ledger has {}",
                self.told(BY_WAREHOUSE, id)?
            );
            self.violated("a document comes as a whole or in parts", found);
        }
        let has = self.ordered(id, id)?;
        if has != self.wanted(newest, None) && !is_excused {
            self.differs(id, id, &has, newest)?;
        }
        Ok(true)
    }

    fn differs(
        &mut self,
        number: &str,
        key: &str,
        has: &BTreeMap<String, Decimal>,
        newest: &Value,
    ) -> anyhow::Result<()> {
        let found = format!(
            "{BY_WAREHOUSE} {number}: Kingdee has {has:?}, the newest is {newest}; the ledger has {}",
            self.told(BY_WAREHOUSE, key)?
        );
        self.violated("newest version at each target", found);
        Ok(())
    }

    /// What Kingdee has under a number, by good: once, and known to the ledger.
    fn ordered(&mut self, number: &str, key: &str) -> anyhow::Result<BTreeMap<String, Decimal>> {
        let bills = self.world.vendors.kingdee.saved("pur_order", number);
        if bills.len() > 1 && !self.is_told_doubled(BY_WAREHOUSE, key)? {
            let found = format!("{BY_WAREHOUSE} {number}: made {} times", bills.len());
            self.violated("one document per number", found);
        }
        self.ledger_knows(BY_WAREHOUSE, key, !bills.is_empty())?;
        let mut has = BTreeMap::<String, Decimal>::new();
        let lines = bills.iter().flat_map(|bill| bill.body["material_entity"].as_array());
        for line in lines.flatten() {
            let good = line["material_id"].as_str().unwrap_or_default().to_owned();
            *has.entry(good).or_default() += decimal(&line["qty"]);
        }
        Ok(has)
    }

    /// What a sale wants of each good, from one warehouse or from all.
    fn wanted(&self, sale: &Value, warehouse: Option<&str>) -> BTreeMap<String, Decimal> {
        let mut wanted = BTreeMap::<String, Decimal>::new();
        let is_of = |item: &&Value| warehouse.is_none_or(|warehouse| item["warehouse"] == warehouse);
        for item in items(sale).filter(is_of) {
            let (good, _) = self.place_of(item, true);
            *wanted.entry(good).or_default() += decimal(&item["quantity"]);
        }
        wanted
    }
}
