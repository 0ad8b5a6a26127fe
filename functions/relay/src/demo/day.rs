//! A day's shipped orders become one audited bill, and a late one a supplement: what the ledger and Kingdee know of it.

use std::collections::BTreeMap;

use anyhow::Context as _;
use chrono::TimeDelta;
use relay_core::groups::unmarked;
use relay_simulators::Demo;
use relay_simulators::demo::Shipped;
use relay_simulators::kingdee::Saved;
use rust_decimal::Decimal;
use serde::Serialize;
use serde_json::Value;

use super::stage::Stage;
use super::until_quiet;
use crate::commands::operations;

/// The flow of the day.
const FLOW: &str = "stockout-by-day-to-kingdee";

/// So long after its last change a row is read for certain.
const UNTIL_READ: TimeDelta = TimeDelta::minutes(10);

/// When the warehouse reports the late order, after the first closing.
const LATE: TimeDelta = TimeDelta::hours(7);

/// What became of a day's orders.
#[derive(Serialize)]
pub(super) struct Day {
    /// The group, such as `S001/WH01/2026-11-29`.
    pub(super) group: String,
    /// What the orders come to.
    pub(super) shipped: Decimal,
    /// The order that was reported after the first closing.
    pub(super) late: String,
    /// The group's bills, in the order in which they were made.
    pub(super) bills: Vec<Bill>,
    /// Of each order, the bills that it is in.
    pub(super) of_orders: BTreeMap<String, Vec<String>>,
}

/// A bill of the group.
#[derive(Serialize)]
pub(super) struct Bill {
    /// As `relay show` knows it.
    pub(super) name: String,
    /// Its number in Kingdee.
    pub(super) number: String,
    /// How many lines it has there.
    pub(super) lines: usize,
    /// What they come to there.
    pub(super) total: Decimal,
    /// Whether it is audited there.
    pub(super) is_audited: bool,
    /// The orders that are in it.
    pub(super) members: Vec<String>,
}

impl Day {
    /// Lets WDT ship a day's orders, closes the day, and has the last order come late.
    pub(super) async fn pass(stage: &Stage, demo: &Demo) -> anyhow::Result<Self> {
        let (late, in_time) = demo.shipped.split_last().context("the demo has no shipped orders")?;
        let shipped_at = stage.wiring.clock.now();
        in_time.iter().for_each(|order| stage.vendors.ship(order, shipped_at));
        close(stage).await?;
        stage.wait(LATE);
        stage.vendors.ship(late, shipped_at);
        close(stage).await?;
        Self::traced(stage, demo, late).await
    }

    /// What the bills come to in Kingdee.
    pub(super) fn billed(&self) -> Decimal {
        self.bills.iter().map(|bill| bill.total).sum()
    }

    /// Follows each order to its bills, and each bill to its orders, as `relay show` and `relay groups show` do.
    async fn traced(stage: &Stage, demo: &Demo, late: &Shipped) -> anyhow::Result<Self> {
        let operations = operations(&stage.wiring);
        let mut of_orders = BTreeMap::new();
        let mut group = String::new();
        for order in &demo.shipped {
            let shown = operations.show(FLOW, &order.order_no).await?;
            let its = shown.group.with_context(|| format!("{} is in no group", order.order_no))?;
            of_orders.insert(order.order_no.clone(), its.bills);
            group = its.group;
        }
        let mut bills = Vec::new();
        for seal in operations.group(Some(FLOW), &group).await?.seals {
            for bill in seal.bills {
                let members = operations.show(FLOW, &bill.name).await?.group.map(|group| group.members);
                let members = members.unwrap_or_default().into_iter().map(|member| member.key).collect();
                bills.push(Bill::in_kingdee(stage, &bill.name, members)?);
            }
        }
        let shipped = demo.shipped.iter().map(Shipped::receivable).sum();
        Ok(Self { group, shipped, late: late.order_no.clone(), bills, of_orders })
    }
}

/// Reads what was shipped, closes the day at night, and pushes its bill.
async fn close(stage: &Stage) -> anyhow::Result<()> {
    stage.wait(UNTIL_READ);
    until_quiet(stage).await?;
    stage.close_at_night().await?;
    until_quiet(stage).await?;
    Ok(())
}

impl Bill {
    fn in_kingdee(stage: &Stage, name: &str, members: Vec<String>) -> anyhow::Result<Self> {
        let name = unmarked(name).unwrap_or(name);
        let books = stage.vendors.kingdee.saved_of("sal_outbound");
        let is_it =
            |bill: &&Saved| bill.number.strip_suffix(name).is_some_and(|prefix| !prefix.contains('/'));
        let mut found = books.iter().filter(is_it);
        let saved = found.next().with_context(|| format!("Kingdee has no bill {name}"))?;
        anyhow::ensure!(found.next().is_none(), "Kingdee has bill {name} more than once");
        let lines = saved.body.get("material_entity").and_then(Value::as_array).cloned().unwrap_or_default();
        Ok(Self {
            name: name.to_owned(),
            number: saved.number.clone(),
            lines: lines.len(),
            total: lines.iter().map(amount).sum(),
            is_audited: saved.is_audited,
            members,
        })
    }
}

/// What a line comes to, as Kingdee multiplies it.
fn amount(line: &Value) -> Decimal {
    let read = |name| {
        relay_connector::lenient::field(line, name)
            .and_then(|text| text.parse().ok())
            .unwrap_or(Decimal::ZERO)
    };
    (read("qty") * read("tax_price")).round_dp(2)
}
