use std::collections::BTreeMap;
use std::time::Duration;

use comfy_table::CellAlignment;
use relay_simulators::Demo;
use relay_simulators::qince::{SignedPush, modify_time};

use super::audit::Audit;
use super::day::Day;
use super::stage::Stage;
use crate::output::say;
use crate::tally::{Tally, plain_table};

/// How wide the reasons run.
const WIDTH: usize = 100;

/// Tells the story on standard output, unless a program listens.
pub(super) struct Teller {
    pub(super) quiet: bool,
}

impl Teller {
    fn say(&self, text: &str) {
        if !self.quiet {
            say!("{text}");
        }
    }

    pub(super) fn opening(&self, demo: &Demo) {
        let orders = by_order(demo).len();
        self.say("erp-relay, against four simulated vendors on 127.0.0.1\n");
        self.say(&format!("  勤策 Qince     {} pushes of {orders} direct orders", demo.pushes.len()));
        self.say("                   → 纷享销客 ShareCRM, → 旺店通 WDT");
        self.say("  旺店通 WDT     trades → 金蝶云星辰 Kingdee; stock changes and shipments → 纷享销客, acknowledged");
        self.say("                 a day's 销售出库 → one audited 销售出库单 in 金蝶云星辰\n");
    }

    pub(super) fn received(&self, pushes: usize) {
        self.say(&format!("{pushes} pushes taken, each answered with 0. Polling, pulling and pushing…\n"));
    }

    pub(super) fn first_act(&self, tally: &Tally, demo: &Demo, stage: &Stage) {
        self.say(&format!("{}\n", tally.table()));
        self.say("What went wrong on the way, and what became of it:\n");
        for (title, text) in accidents(tally, demo, stage) {
            self.say(&format!("  {title}"));
            self.say(&textwrap::indent(&textwrap::fill(&text, WIDTH), "    "));
        }
        self.say("\nNow people mend what was refused. Somebody creates the material in Kingdee and replays the trade;");
        self.say("somebody corrects the address in Qince, which pushes the order anew.\n");
    }

    pub(super) fn second_act(&self, tally: &Tally) {
        self.say(&format!("{}\n", tally.table()));
    }

    pub(super) fn third_act(&self, day: &Day, demo: &Demo) {
        self.say("Then WDT ships orders of one shop and one warehouse. Their day becomes one bill, two hours after it is over;");
        self.say("an order that the warehouse reports late becomes a supplement. Both are audited.\n");
        let mut table = plain_table(&["bill in Kingdee", "state", "orders", "lines", "amount"]);
        for bill in &day.bills {
            let state = if bill.is_audited { "audited" } else { "saved" };
            let (orders, lines, total) =
                (bill.members.len().to_string(), bill.lines.to_string(), bill.total.to_string());
            table.add_row([&bill.number, state, &orders, &lines, &total]);
        }
        for column in table.column_iter_mut().skip(2) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        self.say(&format!("{table}\n"));
        self.say("From an order to its bill, and back to its orders (relay show):\n");
        let first = demo.shipped.first().map(|order| order.order_no.as_str()).unwrap_or_default();
        for order in [first, &day.late] {
            let names = day.of_orders.get(order).into_iter().flatten();
            for bill in names.filter_map(|name| day.bills.iter().find(|bill| bill.name == *name)) {
                self.say(&format!("  {order} → {}", bill.number));
                let members = format!("{} → {}", bill.number, bill.members.join(", "));
                self.say(&textwrap::indent(&textwrap::fill(&members, WIDTH), "  "));
            }
        }
        self.say(&format!(
            "\n{} orders of the group {} come to {}, its bills to {}.\n",
            demo.shipped.len(),
            day.group,
            day.shipped,
            day.billed()
        ));
    }

    pub(super) fn ending(&self, audit: &Audit, took: Duration) {
        let holdings: Vec<_> =
            audit.targets.iter().map(|(target, count)| format!("{count} {target}")).collect();
        self.say(&format!("In the end the targets hold {}.", holdings.join(", ")));
        if audit.problems.is_empty() {
            self.say(&format!(
                "Every document reached its target once, in its newest version. Took {took:.1?}."
            ));
        } else {
            self.say(&format!("{} problems, after {took:.1?}:", audit.problems.len()));
            audit.problems.iter().for_each(|problem| self.say(&format!("- {problem}")));
        }
    }
}

/// What the demo brings about on purpose.
fn accidents(tally: &Tally, demo: &Demo, stage: &Stage) -> Vec<(&'static str, String)> {
    let records = stage.vendors.sharecrm.records();
    let held = |id: &str| {
        records.get(&("erpSalesOrderObj".to_owned(), id.to_owned())).map_or(0, |r| r.history.len())
    };
    let mut accidents = Vec::new();
    for (id, pushes) in by_order(demo) {
        let [first, second] = pushes.as_slice() else { continue };
        let (one, two) = (modify_time(&first.order), modify_time(&second.order));
        if two < one {
            let text = format!(
                "order {id} came in version {one} and then in version {two}. The older one was skipped: \
                 ShareCRM was sent {} version",
                held(id)
            );
            accidents.push(("An older version, late", text));
        } else if first.msg_id == second.msg_id {
            let text = format!(
                "Qince delivered order {id} again, as if our answer had been lost. ShareCRM was sent it {} time",
                held(id)
            );
            accidents.push(("A redelivery", text));
        } else if first.order == second.order {
            let text = format!("order {id} was pushed twice. ShareCRM was sent it {} time", held(id));
            accidents.push(("A duplicate", text));
        }
    }
    for (name, flow) in &tally.flows {
        for key in &flow.found {
            let text = format!(
                "Kingdee saved {key} and the connection broke before its answer. It was asked by its number, \
                 found, and not sent twice"
            );
            accidents.push(("A lost answer", text));
        }
        for failure in &flow.failed {
            let text = format!("{name} could not deliver {}. {}", failure.key, failure.message);
            accidents.push(("A refusal", text));
        }
    }
    accidents
}

fn by_order(demo: &Demo) -> BTreeMap<&str, Vec<&SignedPush>> {
    let mut orders = BTreeMap::<_, Vec<_>>::new();
    for push in &demo.pushes {
        orders.entry(push.order["id"].as_str().unwrap_or_default()).or_default().push(push);
    }
    orders
}
