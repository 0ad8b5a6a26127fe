//! One document after the other.

use relay_core::{Entry, FailureClass};
use rust_decimal::Decimal;
use serde_json::Value;

use super::Violation;
use crate::scenario::{Scenario, What};
use crate::world::World;
use crate::world::books::{Pushed, decimal, number};

const TO_CRM: &str = "direct-order-to-sharecrm";
const TO_WDT: &str = "direct-order-to-wangdian";
const TRADES: &str = "trade-to-kingdee";
const STOCK: &str = "stock-to-sharecrm";
const SHIPPING: &str = "shipping-to-sharecrm";
const JSON: &str = "orders-to-http";

/// So many permits a process has in hand at once.
const IN_HAND: u64 = 10;

pub(super) struct Judge<'a> {
    world: &'a World,
    pub(super) violations: Vec<Violation>,
}

impl<'a> Judge<'a> {
    pub(super) fn of(world: &'a World) -> Self {
        Self { world, violations: Vec::new() }
    }

    pub(super) fn violated(&mut self, rule: &'static str, found: String) {
        self.violations.push(Violation { rule, found });
    }

    /// A process that stands still between its last look and its call is behind when it wakes, and nobody can keep its call
    /// back: it is told (`crossed`), or sent once more. Until then an older version may stand over a newer one.
    fn stops(&self) -> bool {
        self.scenario().events.iter().any(|event| matches!(event.what, What::Stop { .. }))
    }

    fn scenario(&self) -> &Scenario {
        &self.world.scenario
    }

    /// Whether the version stands as failed, or a person has dealt with the document.
    fn is_excused(&self, flow: &str, key: &str, is_newest: impl Fn(&Value) -> bool) -> anyhow::Result<bool> {
        let Some(entry) = self.world.entry(flow, key)? else { return Ok(false) };
        let failed = entry
            .failures()
            .any(|failed| is_newest(&failed.document) || failed.class == FailureClass::Crossed);
        let settled = entry.settled.as_ref().is_some_and(|settled| is_newest(&settled.version.document));
        Ok(failed || settled)
    }

    /// What the ledger says of a document, in short.
    fn told(&self, flow: &str, key: &str) -> anyhow::Result<String> {
        let Some(entry) = self.world.entry(flow, key)? else { return Ok("nothing of it".to_owned()) };
        let delivered = entry.delivered.as_ref().and_then(|delivered| delivered.version.as_deref());
        let failures = entry.failures().map(|failed| format!("{} of {}", failed.class, failed.document));
        Ok(format!("{delivered:?}, and as failed {:?}", failures.collect::<Vec<_>>()))
    }

    fn newest(&self, pushed: &Pushed) -> Option<Value> {
        let taken = pushed.accepted.iter().max()?;
        pushed.versions.get(*taken).cloned()
    }

    pub(super) fn orders(&mut self) -> anyhow::Result<()> {
        let orders = self.world.books.state().orders.clone();
        for order in &orders {
            let Some(newest) = self.newest(order) else { continue };
            self.order_in_crm(order, &newest)?;
            self.order_in_wdt(order, &newest)?;
        }
        Ok(())
    }

    fn order_in_crm(&mut self, order: &Pushed, newest: &Value) -> anyhow::Result<()> {
        let id = newest["id"].as_str().unwrap_or_default();
        let records = self.world.vendors.sharecrm.records();
        let record = records.get(&("erpSalesOrderObj".to_owned(), id.to_owned()));
        let time = |fields: &Value| fields["modify_time_str"].as_str().unwrap_or_default().to_owned();
        let pushed: Vec<String> = record
            .into_iter()
            .flat_map(|record| &record.history)
            .map(|push| time(&push.data["masterFieldVal"]))
            .collect();
        if pushed.last() != Some(&time(newest))
            && !self.is_excused(TO_CRM, id, |document| time(document) == time(newest))?
        {
            self.violated(
                "newest version at each target",
                format!(
                    "{TO_CRM} {id}: the CRM has {:?} of {} versions, the newest is {}",
                    pushed.last(),
                    order.versions.len(),
                    time(newest)
                ),
            );
        }
        if !pushed.is_sorted() && !self.stops() {
            self.violated("no older version over a newer", format!("{TO_CRM} {id}: {pushed:?}"));
        }
        self.ledger_knows(TO_CRM, id, record.is_some())
    }

    fn order_in_wdt(&mut self, order: &Pushed, newest: &Value) -> anyhow::Result<()> {
        let id = newest["id"].as_str().unwrap_or_default();
        let orders = self.world.vendors.wangdian.pushed_orders();
        let in_wdt = orders.get(id);
        let remark = |version: &Value| version["remark"].as_str().unwrap_or_default().to_owned();
        let is_deleted = newest["status"] == "0";
        let has = in_wdt.is_some_and(|found| {
            found.order["buyer_message"] == newest["remark"]
                && (found.order["trade_status"] == "80") == is_deleted
        });
        if !has
            && !self
                .is_excused(TO_WDT, id, |document| document["modify_time_str"] == newest["modify_time_str"])?
        {
            let message = in_wdt.map(|found| found.order["buyer_message"].clone());
            self.violated(
                "newest version at each target",
                format!("{TO_WDT} {id}: WDT has {message:?}, the newest is {}", remark(newest)),
            );
        }
        if let Some(found) = in_wdt.filter(|found| found.creates != 1) {
            self.violated("one document per number", format!("{TO_WDT} {id}: made {} times", found.creates));
        }
        // Remarks that come back make no order; those that are unique do.
        let place = |message: &String| {
            let mut places =
                (0..order.versions.len()).filter(|place| remark(&order.versions[*place]) == *message);
            let place = places.next();
            place.filter(|_| places.next().is_none())
        };
        let places: Vec<usize> = in_wdt.iter().flat_map(|found| &found.messages).filter_map(place).collect();
        if !places.is_sorted() && !self.stops() {
            self.violated("no older version over a newer", format!("{TO_WDT} {id}: versions {places:?}"));
        }
        self.ledger_knows(TO_WDT, id, in_wdt.is_some())
    }

    pub(super) fn trades(&mut self) -> anyhow::Result<()> {
        let trades = self.world.books.state().trades.clone();
        for trade in &trades {
            let Some(row) = self.world.vendors.wangdian.trade(trade) else { continue };
            if number(&row["trade_status"]) != Some(55) {
                continue;
            }
            let orders = self.world.vendors.kingdee.orders(trade);
            if orders.len() > 1 {
                self.violated(
                    "one document per number",
                    format!("{TRADES} {trade}: made {} times", orders.len()),
                );
            }
            let newest = decimal(&row["goods_list"][0]["num"]);
            let has = orders.first().map(|order| decimal(&order.body["material_entity"][0]["qty"]));
            let is_newest = |document: &Value| decimal(&document["goods_list"][0]["num"]) == newest;
            if has != Some(newest) && !self.is_excused(TRADES, trade, is_newest)? {
                self.violated(
                    "newest version at each target",
                    format!(
                        "{TRADES} {trade}: Kingdee has {has:?} of its first line, the newest is {newest}"
                    ),
                );
            }
            if has == Some(newest) {
                self.amounts(trade, &row, &orders[0].body);
            }
            self.ledger_knows(TRADES, trade, has.is_some())?;
        }
        Ok(())
    }

    fn amounts(&mut self, trade: &str, row: &Value, body: &serde_json::Map<String, Value>) {
        let lines = |list: &Value, one: &str, other: &str| -> Decimal {
            list.as_array()
                .into_iter()
                .flatten()
                .map(|line| decimal(&line[one]) * decimal(&line[other]))
                .sum()
        };
        let ordered = lines(&row["goods_list"], "num", "share_price");
        let billed = lines(&body["material_entity"], "qty", "taxprice");
        if ordered != billed {
            self.violated(
                "amounts to the cent",
                format!("{TRADES} {trade}: {ordered} was ordered, {billed} is billed"),
            );
        }
    }

    pub(super) fn stock(&mut self) -> anyhow::Result<()> {
        for row in self.world.vendors.wangdian.stock() {
            let key = row.rec_id.to_string();
            let records = self.world.vendors.sharecrm.records();
            let record = records.get(&("erpStockObj".to_owned(), key.clone()));
            let count = |fields: &Value| number(&fields["stock_change_count"]);
            let pushes = record.into_iter().flat_map(|record| &record.history);
            let counts: Vec<Option<u64>> = pushes.map(|push| count(&push.data["masterFieldVal"])).collect();
            let has = counts.last().copied().flatten();
            let newest = Some(row.stock_change_count);
            if has != newest && !self.is_excused(STOCK, &key, |document| count(document) == newest)? {
                let found = format!("{STOCK} {key}: the CRM has {has:?}, the newest is {newest:?}");
                self.violated("newest version at each target", found);
            }
            let left = record
                .and_then(|record| record.current())
                .map(|data| decimal(&data["masterFieldVal"]["sync_stock"]));
            if has == newest && left != Some(row.sync_stock) {
                let found = format!("{STOCK} {key}: the CRM has {left:?}, there are {}", row.sync_stock);
                self.violated("amounts to the cent", found);
            }
            if !counts.is_sorted() && !self.stops() {
                self.violated("no older version over a newer", format!("{STOCK} {key}: {counts:?}"));
            }
            self.ledger_knows(STOCK, &key, record.is_some())?;
        }
        Ok(())
    }

    pub(super) fn shipments(&mut self) -> anyhow::Result<()> {
        let acks = self.world.vendors.wangdian.logistics_acks();
        let waiting = self.world.vendors.wangdian.waiting_shipments();
        for rec_id in acks.keys().chain(&waiting) {
            let key = rec_id.to_string();
            let records = self.world.vendors.sharecrm.records();
            let record = records.get(&("erpShipmentObj".to_owned(), key.clone()));
            if record.is_none() && !self.is_excused(SHIPPING, &key, |_| true)? {
                let found = format!("{SHIPPING} {key}: the CRM does not have it");
                self.violated("newest version at each target", found);
            }
            // What was sent and is sent again may say more by then.
            let flow_changes = |what: &What| matches!(what, What::FlowChanged { flow } if *flow == SHIPPING);
            let may_change = self.scenario().events.iter().any(|event| flow_changes(&event.what));
            if !may_change && record.is_some_and(|record| record.history.len() != 1 + record.repeats()) {
                self.violated("no older version over a newer", format!("{SHIPPING} {key} changed"));
            }
            self.ledger_knows(SHIPPING, &key, record.is_some())?;
        }
        Ok(())
    }

    pub(super) fn documents(&mut self) -> anyhow::Result<()> {
        let documents = self.world.books.state().documents.clone();
        let received = self.world.vendors.http.received();
        for document in &documents {
            let Some(newest) = self.newest(document) else { continue };
            let id = newest["id"].as_str().unwrap_or_default();
            let of_it = received.iter().filter(|received| received.body["id"] == newest["id"]);
            let remarks: Vec<&Value> = of_it.map(|received| &received.body["remark"]).collect();
            let is_newest = |other: &Value| other["remark"] == newest["remark"];
            if remarks.last() != Some(&&newest["remark"]) && !self.is_excused(JSON, id, is_newest)? {
                let found = format!(
                    "{JSON} {id}: the receiver has {:?}, the newest is {}; the ledger has {}",
                    remarks.last(),
                    newest["remark"],
                    self.told(JSON, id)?
                );
                self.violated("newest version at each target", found);
            }
            let of_remark =
                |remark: &Value| document.versions.iter().find(|version| version["remark"] == *remark);
            let times: Vec<&str> =
                remarks.iter().filter_map(|remark| of_remark(remark)?["updated_at"].as_str()).collect();
            if !times.is_sorted() && !self.stops() {
                self.violated(
                    "no older version over a newer",
                    format!("{JSON} {id}: {remarks:?} of {times:?}"),
                );
            }
            // One that replaces may be given the newest once more, so that it ends up on top.
            let replaces = self.scenario().conditions.receiver_replaces;
            if !replaces && remarks.windows(2).any(|pair| pair[0] == pair[1]) {
                self.violated("one document per number", format!("{JSON} {id}: {remarks:?}"));
            }
            self.ledger_knows(JSON, id, !remarks.is_empty())?;
        }
        Ok(())
    }

    /// What a target has stands in the ledger as delivered, or as failed, or settled.
    fn ledger_knows(&mut self, flow: &str, key: &str, is_there: bool) -> anyhow::Result<()> {
        let entry = self.world.entry(flow, key)?;
        let knows =
            |entry: &Entry| entry.delivered.is_some() || entry.failed.is_some() || entry.settled.is_some();
        if is_there && !entry.as_ref().is_some_and(knows) {
            self.violated("the ledger knows what was delivered", format!("{flow} {key}: {entry:?}"));
        }
        Ok(())
    }

    /// What a person has entered by hand is not entered again by the relay, whatever comes after it.
    pub(super) fn settled(&mut self) -> anyhow::Result<()> {
        let settled = self.world.books.state().settled.clone();
        for (flow, key) in settled {
            if let Some(delivered) = self.world.entry(&flow, &key)?.and_then(|entry| entry.delivered) {
                let found = format!("{flow} {key}: version {:?} was sent after it", delivered.version);
                self.violated("what a person settled keeps its place", found);
            }
        }
        Ok(())
    }

    /// What the CRM was given stands in the archive, where no process died, no store failed, and none was begun anew.
    pub(super) fn archive(&mut self) -> anyhow::Result<()> {
        let disturbs = |what: &What| {
            matches!(
                what,
                What::Kill { .. }
                    | What::Stop { .. }
                    | What::Store { .. }
                    | What::WrongSecret { .. }
                    | What::FlowAway { .. }
                    | What::FlowChanged { .. }
                    | What::Upgrade
            )
        };
        if self.scenario().events.iter().any(|event| disturbs(&event.what)) {
            return Ok(());
        }
        for ((object, id), record) in self.world.vendors.sharecrm.records() {
            let flow = match object.as_str() {
                "erpSalesOrderObj" => TO_CRM,
                "erpStockObj" => STOCK,
                _ => SHIPPING,
            };
            let archived = self.world.archived(flow, &id)?;
            let is_archived = |push: &relay_simulators::sharecrm::Push| {
                archived.iter().any(|body| body["data"] == Value::Object(push.data.clone()))
            };
            if let Some(push) = record.history.iter().find(|push| !is_archived(push)) {
                let found = format!(
                    "{flow} {id}: the CRM has {:?} of {}, the archive has {} calls",
                    push.data,
                    push.at,
                    archived.len()
                );
                self.violated("the archive tells what the vendor saw", found);
            }
        }
        Ok(())
    }

    /// Counted by the vendors: a call above the limit that no fault has refused.
    pub(super) fn quotas(&mut self) {
        // A process that stands still between its permit and its call makes the call when it wakes.
        let late = if self.stops() { IN_HAND } else { 0 };
        for (vendor, calls) in self.world.vendors.refused_for_quota() {
            // A network that delivers twice makes calls that nobody has made.
            let is_doubled = self.scenario().events.iter().any(|event| event.what.doubles_calls_of(vendor));
            if calls > late && !is_doubled {
                self.violated("quota never exceeded", format!("{vendor}: {calls} calls above its limit"));
            }
        }
    }
}
