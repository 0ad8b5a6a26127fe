//! What must be true when all is quiet, read out of the vendors' books, the ledger and the queues.

use local_aws::Stack;
use local_aws::stack::TRADES;
use relay_core::{Entry, FailureClass};
use rust_decimal::Decimal;
use serde_json::Value;

use crate::day::Day;

const TO_CRM: &str = "direct-order-to-sharecrm";
const TO_WDT: &str = "direct-order-to-wangdian";
const STOCK: &str = "stock-to-sharecrm";
const SHIPPING: &str = "shipping-to-sharecrm";

/// More than a seed can fail.
const MANY: usize = 1_000;

/// What is violated now, or is not done yet.
pub(crate) async fn violations(day: &Day<'_>) -> anyhow::Result<Vec<String>> {
    let mut judge = Judge { stack: day.stack, violations: Vec::new() };
    judge.queues().await?;
    judge.failures().await?;
    let orders = day.orders.borrow().clone();
    for versions in orders.values() {
        judge.order_in_crm(versions).await?;
        judge.order_in_wdt(versions).await?;
    }
    judge.trades().await?;
    judge.stock().await?;
    judge.shipments().await?;
    Ok(judge.violations)
}

/// The trades that Kingdee is to have.
pub(crate) fn audited(stack: &Stack) -> Vec<String> {
    let trades = stack.vendors.wangdian.trades().into_iter();
    trades.filter(|trade| trade.status == 55).map(|trade| trade.trade_no).collect()
}

struct Judge<'a> {
    stack: &'a Stack,
    violations: Vec<String>,
}

impl Judge<'_> {
    fn violated(&mut self, rule: &str, found: &str) {
        self.violations.push(format!("{rule}: {found}"));
    }

    /// Nothing waits for ever, and nothing was received too often.
    async fn queues(&mut self) -> anyhow::Result<()> {
        for system in relay_connectors::targets() {
            let depth = self.stack.depth(system).await?;
            if depth.waiting + depth.in_flight > 0 {
                self.violated("nothing waits for ever", &format!("{system}: {depth:?}"));
            }
            let dead = self.stack.stores.queue.dead(system).await?;
            if dead > 0 {
                self.violated("no dead letters", &format!("{system}: {dead}"));
            }
        }
        Ok(())
    }

    /// What stands as failed has a reason that was drawn: a trade that changed, which Kingdee's orders do not.
    async fn failures(&mut self) -> anyhow::Result<()> {
        for entry in self.stack.stores.ledger.failed(None, MANY, None).await? {
            for failed in entry.failures() {
                if entry.id.flow != TRADES || failed.class != FailureClass::Changed {
                    let found =
                        format!("{} {}: {}: {}", entry.id.flow, entry.id.key, failed.class, failed.message);
                    self.violated("the right reason", &found);
                }
            }
        }
        Ok(())
    }

    /// The newest version is there, or stands as failed with its content.
    async fn newest(
        &mut self,
        flow: &str,
        key: &str,
        is_there: bool,
        is_newest: impl Fn(&Value) -> bool,
        found: String,
    ) -> anyhow::Result<()> {
        let entry = self.stack.entry(flow, key).await?;
        let has_failed = entry.iter().flat_map(Entry::failures).any(|failed| is_newest(&failed.document));
        if !is_there && !has_failed {
            self.violated("newest version at each target", &format!("{flow} {key}: {found}"));
        }
        if is_there && !entry.is_some_and(|entry| entry.delivered.is_some() || entry.failed.is_some()) {
            self.violated("the ledger knows what was delivered", &format!("{flow} {key}"));
        }
        Ok(())
    }

    async fn order_in_crm(&mut self, versions: &[Value]) -> anyhow::Result<()> {
        let newest = &versions[versions.len() - 1];
        let id = text(&newest["id"]);
        let times: Vec<String> = self.sent("erpSalesOrderObj", id, "modify_time_str");
        let time = text(&newest["modify_time_str"]);
        let is_newest = |version: &Value| text(&version["modify_time_str"]) == time;
        let is_there = times.last().is_some_and(|last| last == time);
        self.newest(
            TO_CRM,
            id,
            is_there,
            is_newest,
            format!("the CRM was sent {times:?}, the newest is {time}"),
        )
        .await?;
        if !times.is_sorted() {
            self.violated("no older version over a newer", &format!("{TO_CRM} {id}: {times:?}"));
        }
        Ok(())
    }

    async fn order_in_wdt(&mut self, versions: &[Value]) -> anyhow::Result<()> {
        let newest = &versions[versions.len() - 1];
        let id = text(&newest["id"]);
        let found = self.stack.vendors.wangdian.pushed_orders().remove(id).unwrap_or_default();
        let is_deleted = newest["status"] == "0";
        let is_there = found.order.get("buyer_message") == newest.get("remark")
            && (found.order.get("trade_status").is_some_and(|status| status == "80")) == is_deleted;
        let is_newest = |version: &Value| version["modify_time_str"] == newest["modify_time_str"];
        let messages = &found.messages;
        let says = format!("WDT was sent {messages:?}, the newest is {}", newest["remark"]);
        self.newest(TO_WDT, id, is_there, is_newest, says).await?;
        if found.creates > 1 {
            self.violated("one document per number", &format!("{TO_WDT} {id}: made {} times", found.creates));
        }
        // What an order says again makes no order of its versions; what it said once does.
        let place = |message: &String| {
            let mut places = (0..versions.len()).filter(|place| text(&versions[*place]["remark"]) == message);
            let place = places.next();
            place.filter(|_| places.next().is_none())
        };
        let places: Vec<usize> = messages.iter().filter_map(place).collect();
        if !places.is_sorted() {
            self.violated("no older version over a newer", &format!("{TO_WDT} {id}: versions {places:?}"));
        }
        Ok(())
    }

    async fn trades(&mut self) -> anyhow::Result<()> {
        let first = |lines: &Value, field: &str| decimal(&lines[0][field]);
        for trade in audited(self.stack) {
            let Some(row) = self.stack.vendors.wangdian.trade(&trade) else { continue };
            let orders = self.stack.vendors.kingdee.orders(&trade);
            if orders.len() > 1 {
                self.violated(
                    "one document per number",
                    &format!("{TRADES} {trade}: {} orders", orders.len()),
                );
            }
            let newest = first(&row["goods_list"], "num");
            let has = orders.first().map(|order| first(&order.body["material_entity"], "qty"));
            let is_newest = |version: &Value| first(&version["goods_list"], "num") == newest;
            let says = format!("Kingdee has {has:?} of its first line, the newest is {newest}");
            self.newest(TRADES, &trade, has == Some(newest), is_newest, says).await?;
        }
        Ok(())
    }

    async fn stock(&mut self) -> anyhow::Result<()> {
        for row in self.stack.vendors.wangdian.stock() {
            let (key, newest) = (row.rec_id.to_string(), row.stock_change_count);
            let sent = self.sent("erpStockObj", &key, "stock_change_count");
            let counts: Vec<u64> = sent.iter().filter_map(|count| count.parse().ok()).collect();
            let left = self.sent("erpStockObj", &key, "sync_stock").pop();
            let is_newest = |version: &Value| decimal(&version["stock_change_count"]) == newest.into();
            let says = format!("the CRM was sent {counts:?}, the newest is {newest}");
            let is_there =
                counts.last() == Some(&newest) && left.is_some_and(|left| left.parse() == Ok(row.sync_stock));
            self.newest(STOCK, &key, is_there, is_newest, says).await?;
            if !counts.is_sorted() {
                self.violated("no older version over a newer", &format!("{STOCK} {key}: {counts:?}"));
            }
            if row.acknowledged_count != newest {
                self.violated("acknowledged", &format!("{STOCK} {key}: {row:?}"));
            }
        }
        Ok(())
    }

    async fn shipments(&mut self) -> anyhow::Result<()> {
        let wangdian = &self.stack.vendors.wangdian;
        let (waiting, acks) = (wangdian.waiting_shipments(), wangdian.logistics_acks());
        if !waiting.is_empty() || acks.values().any(|ack| ack.status != 0) {
            self.violated("acknowledged", &format!("{SHIPPING}: {waiting:?} wait, {acks:?}"));
        }
        for rec_id in waiting.iter().chain(acks.keys()) {
            let key = rec_id.to_string();
            let is_there = !self.sent("erpShipmentObj", &key, "rec_id").is_empty();
            self.newest(SHIPPING, &key, is_there, |_| true, "the CRM does not have it".to_owned()).await?;
        }
        Ok(())
    }

    /// What the CRM was sent of one field of a record, in its order.
    fn sent(&self, object: &str, id: &str, field: &str) -> Vec<String> {
        let records = self.stack.vendors.sharecrm.records();
        let record = records.get(&(object.to_owned(), id.to_owned()));
        let fields = record.into_iter().flat_map(|record| &record.history);
        fields.map(|push| written(&push.data["masterFieldVal"][field])).collect()
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// A value as text, however it is written.
fn written(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn decimal(value: &Value) -> Decimal {
    written(value).parse().unwrap_or_default()
}
