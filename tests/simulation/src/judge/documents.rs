//! One document after the other.

use rust_decimal::Decimal;
use serde_json::Value;

use super::evidence::Judge;
use crate::scenario::What;
use crate::world::books::{Pile, Pushed, decimal, number};

const TO_CRM: &str = "direct-order-to-sharecrm";
const TO_WDT: &str = "direct-order-to-wangdian";
const TRADES: &str = "trade-to-kingdee";
const STOCK: &str = "stock-to-sharecrm";
const SHIPPING: &str = "shipping-to-sharecrm";
const JSON: &str = "orders-to-http";

impl Judge<'_> {
    pub(super) fn orders(&mut self) -> anyhow::Result<()> {
        let orders = self.world.books.state().orders.clone();
        for order in &orders {
            let Some(newest) = order.newest() else { continue };
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
            if orders.len() > 1 && !self.is_told_doubled(TRADES, trade)? {
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
                let found =
                    format!("{STOCK} {key}: the CRM has {has:?} of {counts:?}, the newest is {newest:?}");
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
        let received = self.world.vendors.http.received().into_iter();
        let told: Vec<_> =
            received.map(|received| (received.body["id"].clone(), received.body["remark"].clone())).collect();
        self.documents_of(Pile::Orders, JSON, &told, self.scenario().conditions.receiver_replaces)
    }

    /// Pushed documents, against what their target was `told`: the id and the remark of each call.
    pub(super) fn documents_of(
        &mut self,
        pile: Pile,
        flow: &str,
        told: &[(Value, Value)],
        replaces: bool,
    ) -> anyhow::Result<()> {
        let documents = self.world.books.state().pile(pile).to_vec();
        for document in &documents {
            let Some(newest) = document.newest() else { continue };
            let id = newest["id"].as_str().unwrap_or_default();
            let of_it = told.iter().filter(|(told, _)| *told == newest["id"]);
            let remarks: Vec<&Value> = of_it.map(|(_, remark)| remark).collect();
            let is_newest = |other: &Value| other["remark"] == newest["remark"];
            if remarks.last() != Some(&&newest["remark"]) && !self.is_excused(flow, id, is_newest)? {
                let found = format!(
                    "{flow} {id}: the receiver has {:?}, the newest is {}; the ledger has {}",
                    remarks.last(),
                    newest["remark"],
                    self.told(flow, id)?
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
                    format!("{flow} {id}: {remarks:?} of {times:?}"),
                );
            }
            // One that replaces may be given the newest once more, so that it ends up on top.
            if !replaces && remarks.windows(2).any(|pair| pair[0] == pair[1]) {
                self.violated("one document per number", format!("{flow} {id}: {remarks:?}"));
            }
            self.ledger_knows(flow, id, !remarks.is_empty())?;
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
}
