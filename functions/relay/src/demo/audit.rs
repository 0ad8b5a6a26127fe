use std::collections::BTreeMap;

use relay_simulators::Demo;
use relay_simulators::qince::modify_time;
use relay_simulators::wangdian::TradeSummary;
use serde::Serialize;
use serde_json::Value;

use super::day::{Bill, Day};
use super::stage::Stage;
use crate::commands::operations;

/// 已审核: what the flow to Kingdee takes.
const AUDITED: u16 = 55;

/// What the vendors hold in the end, compared with what they handed over.
#[derive(Default, Serialize)]
pub(super) struct Audit {
    /// How many documents each target holds.
    pub(super) targets: BTreeMap<&'static str, usize>,
    /// What is missing, doubled or old.
    pub(super) problems: Vec<String>,
}

impl Audit {
    pub(super) async fn of(stage: &Stage, demo: &Demo, day: &Day) -> anyhow::Result<Self> {
        let mut audit = Self::default();
        audit.trades(stage);
        audit.day(demo, day);
        audit.orders(stage, demo);
        audit.pools(stage);
        for entry in operations(&stage.wiring).failures(None).await? {
            audit.problems.push(format!("{} {} stands in the ledger as failed", entry.id.flow, entry.id.key));
        }
        Ok(audit)
    }

    fn expect(&mut self, holds: bool, problem: impl FnOnce() -> String) {
        if !holds {
            self.problems.push(problem());
        }
    }

    fn trades(&mut self, stage: &Stage) {
        let mut creates = BTreeMap::<_, usize>::new();
        for order in stage.vendors.kingdee.saved_of("sal_order") {
            *creates.entry(order.number).or_default() += 1;
        }
        self.targets.insert("金蝶云星辰 sales orders", creates.len());
        let is_audited = |trade: &TradeSummary| trade.status == AUDITED;
        for trade in stage.vendors.wangdian.trades().into_iter().filter(is_audited) {
            let count = creates.get(&trade.trade_no).copied().unwrap_or(0);
            self.expect(count == 1, || format!("Kingdee holds trade {} {count} times", trade.trade_no));
        }
    }

    /// Each shipped order is in one bill, the bills come to what the orders do, and all of them are audited.
    fn day(&mut self, demo: &Demo, day: &Day) {
        self.targets.insert("金蝶云星辰 sales outbound bills", day.bills.len());
        for bill in &day.bills {
            self.expect(bill.is_audited, || format!("bill {} is not audited", bill.number));
        }
        for order in &demo.shipped {
            let is_in = |bill: &&Bill| bill.members.contains(&order.order_no);
            let bills: Vec<_> = day.bills.iter().filter(is_in).map(|bill| bill.name.as_str()).collect();
            self.expect(bills.len() == 1, || format!("{} is in the bills {bills:?}", order.order_no));
            let told = day.of_orders.get(&order.order_no);
            self.expect(told.is_some_and(|told| *told == bills), || {
                format!("{} tells of the bills {told:?}, and these have it: {bills:?}", order.order_no)
            });
        }
        let (shipped, billed) = (day.shipped, day.billed());
        self.expect(shipped == billed, || {
            format!("the orders of the day come to {shipped}, its bills to {billed}")
        });
    }

    fn orders(&mut self, stage: &Stage, demo: &Demo) {
        let records = stage.vendors.sharecrm.records();
        let orders = stage.vendors.wangdian.pushed_orders();
        self.targets.insert("旺店通 orders", orders.len());
        self.targets.insert("纷享销客 records", records.len());
        for (id, newest) in newest_versions(demo) {
            let record = records.get(&("erpSalesOrderObj".to_owned(), id.to_owned()));
            let held =
                record.and_then(|record| record.current()?.get("masterFieldVal")?.get("modify_time_str"));
            let held = held.and_then(Value::as_str).unwrap_or_default();
            self.expect(held >= newest, || {
                format!("ShareCRM holds order {id} in version `{held}`, not {newest}")
            });
            let creates = orders.get(id).map_or(0, |order| order.creates);
            self.expect(creates == 1, || format!("WDT holds order {id} {creates} times"));
        }
    }

    fn pools(&mut self, stage: &Stage) {
        for change in stage.vendors.wangdian.stock() {
            let acknowledged = change.acknowledged_count == change.stock_change_count;
            self.expect(acknowledged, || format!("stock change {} is not acknowledged", change.rec_id));
        }
        let waiting = stage.vendors.wangdian.waiting_shipments();
        self.expect(waiting.is_empty(), || format!("shipments {waiting:?} are not acknowledged"));
    }
}

fn newest_versions(demo: &Demo) -> BTreeMap<&str, &str> {
    let mut newest = BTreeMap::<_, &str>::new();
    for push in &demo.pushes {
        let id = push.order["id"].as_str().unwrap_or_default();
        let version = newest.entry(id).or_default();
        *version = modify_time(&push.order).max(version);
    }
    newest
}
