//! Rows of whole lists and of windows, and what is written to Qince.

use serde_json::Value;

use super::evidence::Judge;
use crate::scenario::{Table, What};
use crate::world::books::{Pile, Row};

const PURCHASES: &str = "purchases-to-qince";
const STATES: &str = "states-to-qince";

/// Where a flow's documents are.
#[derive(Debug, Clone, Copy)]
enum At {
    /// Records of the CRM.
    Crm(&'static str),
    /// Kingdee's base data.
    Kingdee(&'static str),
    /// An address.
    Http(&'static str),
}

/// A flow that reads rows.
struct Reading {
    table: Table,
    flow: &'static str,
    at: At,
}

const fn reading(table: Table, flow: &'static str, at: At) -> Reading {
    Reading { table, flow, at }
}

const READINGS: [Reading; 7] = [
    reading(Table::Shops, "shop-to-kingdee", At::Kingdee("customer")),
    reading(Table::Shops, "shops-to-sharecrm", At::Crm("erpShopObj")),
    reading(Table::Carriers, "carriers-to-sharecrm", At::Crm("erpCarrierObj")),
    reading(Table::Warehouses, "warehouse-to-kingdee", At::Kingdee("store")),
    reading(Table::Suppliers, "supplier-to-kingdee", At::Kingdee("supplier")),
    reading(Table::Orders, "orders-to-sharecrm", At::Crm("erpStdOrderObj")),
    reading(Table::Sales, "sales-to-http", At::Http("/sales")),
];

impl Judge<'_> {
    pub(super) fn rows(&mut self) -> anyhow::Result<()> {
        let rows = self.world.books.state().rows.clone();
        for ((table, number), row) in &rows {
            for reading in READINGS.iter().filter(|reading| reading.table == *table) {
                self.row(reading, &table.key_of(*number), row)?;
            }
        }
        Ok(())
    }

    fn row(&mut self, reading: &Reading, key: &str, row: &Row) -> anyhow::Result<()> {
        let Reading { table, flow, at } = *reading;
        let there = self.there(at, key);
        self.ledger_knows(flow, key, !there.is_empty())?;
        let newest = row.says.last();
        let is_newest = |document: &Value| Some(table.says(document)) == newest.map(String::as_str);
        // Whoever is off a list may have left it before it was read.
        let is_wanted = !row.is_gone || table.is_queried();
        if is_wanted && there.last() != newest && !self.is_excused(flow, key, is_newest)? {
            let found = format!(
                "{flow} {key}: there is {there:?} of {:?}; the ledger has {}",
                row.says,
                self.told(flow, key)?
            );
            self.violated("newest version at each target", found);
        }
        // What a row never said, or said before: a row that is off its list says nothing more.
        let mut said = row.says.iter();
        if !self.stops() && !runs(&there).iter().all(|name| said.any(|other| other == *name)) {
            let found = format!("{flow} {key}: {there:?} of {:?}", row.says);
            self.violated("no older version over a newer", found);
        }
        self.made_once(at, flow, key, &there);
        if !table.is_queried() {
            self.queued_once(flow, key, row);
        }
        Ok(())
    }

    /// What a target was told of a row, oldest first.
    fn there(&self, at: At, key: &str) -> Vec<String> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        match at {
            At::Crm(object) => {
                let records = self.world.vendors.sharecrm.records();
                let record = records.get(&(object.to_owned(), key.to_owned()));
                let pushes = record.into_iter().flat_map(|record| &record.history);
                pushes.map(|push| text(&push.data["masterFieldVal"]["name"])).collect()
            }
            At::Kingdee(kind) => {
                let records = &self.world.books.state().records;
                records.get(&(kind, key.to_owned())).cloned().unwrap_or_default()
            }
            At::Http(path) => {
                let received = self.world.vendors.http.received();
                let of_it =
                    received.iter().filter(|received| received.path == path && received.body["id"] == key);
                of_it.map(|received| text(&received.body["name"])).collect()
            }
        }
    }

    fn made_once(&mut self, at: At, flow: &str, key: &str, there: &[String]) {
        let replaces = self.scenario().conditions.receiver_replaces;
        let count = match at {
            At::Kingdee(kind) => self.world.vendors.kingdee.saved(kind, key).len(),
            At::Http(_) if !replaces && there.windows(2).any(|pair| pair[0] == pair[1]) => there.len(),
            At::Http(_) | At::Crm(_) => 1,
        };
        if count > 1 {
            self.violated("one document per number", format!("{flow} {key}: made {count} times, {there:?}"));
        }
    }

    /// A row of a list goes on once for each time that it has changed, where nobody died, failed or began anew over it.
    fn queued_once(&mut self, flow: &str, key: &str, row: &Row) {
        let disturbs = |what: &What| {
            what.is_of_process()
                || matches!(what, What::WrongSecret { .. } | What::FlowAway { .. } | What::FlowChanged { .. })
        };
        if self.scenario().events.iter().any(|event| disturbs(&event.what)) {
            return;
        }
        let queued = self.world.books.state().queued.get(&(flow.to_owned(), key.to_owned())).copied();
        if queued.unwrap_or_default() > row.says.len() {
            let found = format!("{flow} {key}: queued {queued:?} times of {:?}", row.says);
            self.violated("only what has changed goes on", found);
        }
    }

    /// What is pushed for Qince is written there.
    pub(super) fn written(&mut self) -> anyhow::Result<()> {
        let written = |operation: &str, id: &str, says: &str| {
            let bodies = self.world.vendors.qince.written(operation).into_iter();
            bodies.map(|body| (body[id].clone(), body[says].clone())).collect::<Vec<_>>()
        };
        let purchases = written("addPurchase", "order_no", "remark");
        let states = written("syncBusinessStatus", "id", "purchase_business_status");
        for (number, _) in &purchases {
            let count = purchases.iter().filter(|(other, _)| other == number).count();
            if count > 1 {
                self.violated("one document per number", format!("{PURCHASES} {number}: made {count} times"));
            }
        }
        self.documents_of(Pile::Purchases, PURCHASES, &purchases, false)?;
        self.documents_of(Pile::States, STATES, &states, true)
    }
}

/// The same without what is said twice in a row.
fn runs(there: &[String]) -> Vec<&String> {
    let mut runs: Vec<_> = there.iter().collect();
    runs.dedup();
    runs
}
