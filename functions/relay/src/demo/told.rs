use std::collections::BTreeMap;
use std::time::Duration;

use comfy_table::CellAlignment;
use relay_simulators::Demo;
use relay_simulators::qince::{SignedPush, modify_time};

use super::audit::Audit;
use super::day::Day;
use super::stage::Stage;
use crate::language::{self, said};
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
        let (pushes, orders) = (demo.pushes.len(), by_order(demo).len());
        self.say(&said!(
            "erp-relay,对着 127.0.0.1 上模拟的四家系统\n",
            "erp-relay, against four simulated vendors on 127.0.0.1\n"
        ));
        self.say(&said!(
            "  勤策           {orders} 张直供订单,推送 {pushes} 次",
            "  Qince          {pushes} pushes of {orders} direct orders"
        ));
        self.say(&said!("                 → 纷享销客,→ 旺店通", "                 → ShareCRM, → WDT"));
        self.say(&said!(
            "  旺店通         订单 → 金蝶云星辰;库存变化和发货 → 纷享销客,并回写",
            "  WDT            trades → Kingdee; stock changes and shipments → ShareCRM, acknowledged"
        ));
        self.say(&said!(
            "                 一天的销售出库 → 金蝶云星辰里一张已审核的销售出库单\n",
            "                 a day's shipments → one audited sales outbound bill in Kingdee\n"
        ));
    }

    pub(super) fn received(&self, pushes: usize) {
        self.say(&said!(
            "收下 {pushes} 次推送,每次都回答 0。轮询、取池、推送中……\n",
            "{pushes} pushes taken, each answered with 0. Polling, pulling and pushing…\n"
        ));
    }

    pub(super) fn first_act(&self, tally: &Tally, demo: &Demo, stage: &Stage) {
        self.say(&format!("{}\n", tally.table()));
        self.say(&said!(
            "路上出了什么事,后来怎样:\n",
            "What went wrong on the way, and what became of it:\n"
        ));
        for (title, text) in accidents(tally, demo, stage) {
            self.say(&format!("  {title}"));
            self.say(&textwrap::indent(&textwrap::fill(&text, WIDTH), "    "));
        }
        self.say(&said!(
            "\n现在有人来改被拒绝的:在金蝶里建好物料,重放那张订单;",
            "\nNow people mend what was refused. Somebody creates the material in Kingdee and replays the trade;"
        ));
        self.say(&said!(
            "在勤策里改好地址,勤策把订单再推送一次。\n",
            "somebody corrects the address in Qince, which pushes the order anew.\n"
        ));
    }

    pub(super) fn second_act(&self, tally: &Tally) {
        self.say(&format!("{}\n", tally.table()));
    }

    pub(super) fn third_act(&self, day: &Day, demo: &Demo) {
        self.say(&said!(
            "然后旺店通发了同一店铺、同一仓库的几张单。这一天过后两小时,它们成为一张单据;",
            "Then WDT ships orders of one shop and one warehouse. Their day becomes one bill, two hours after it is over;"
        ));
        self.say(&said!(
            "仓库迟报的一张成为补单。两张都已审核。\n",
            "an order that the warehouse reports late becomes a supplement. Both are audited.\n"
        ));
        let mut table = plain_table(&[
            ("金蝶的单", "bill in Kingdee"),
            ("状态", "state"),
            ("订单", "orders"),
            ("行", "lines"),
            ("金额", "amount"),
        ]);
        let language = language::current();
        for bill in &day.bills {
            let state = match bill.is_audited {
                true => language.says("已审核", "audited"),
                false => language.says("已保存", "saved"),
            };
            let (orders, lines, total) =
                (bill.members.len().to_string(), bill.lines.to_string(), bill.total.to_string());
            table.add_row([&bill.number, state, &orders, &lines, &total]);
        }
        for column in table.column_iter_mut().skip(2) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        self.say(&format!("{table}\n"));
        self.say(&said!(
            "从订单到它的单据,再从单据回到订单(relay show):\n",
            "From an order to its bill, and back to its orders (relay show):\n"
        ));
        let first = demo.shipped.first().map(|order| order.order_no.as_str()).unwrap_or_default();
        for order in [first, &day.late] {
            let names = day.of_orders.get(order).into_iter().flatten();
            for bill in names.filter_map(|name| day.bills.iter().find(|bill| bill.name == *name)) {
                self.say(&format!("  {order} → {}", bill.number));
                let members = format!("{} → {}", bill.number, bill.members.join(", "));
                self.say(&textwrap::indent(&textwrap::fill(&members, WIDTH), "  "));
            }
        }
        let (orders, group) = (demo.shipped.len(), &day.group);
        self.say(&said!(
            "\n组 {group} 的 {orders} 张订单合计 {},它的单据合计 {}。\n",
            "\n{orders} orders of the group {group} come to {}, its bills to {}.\n",
            day.shipped,
            day.billed()
        ));
    }

    pub(super) fn ending(&self, audit: &Audit, took: Duration) {
        let holdings: Vec<_> = audit
            .targets
            .iter()
            .map(|(target, count)| {
                let holding = holding(target);
                said!("{holding} {count} 张", "{count} {holding}")
            })
            .collect();
        let holdings = holdings.join(language::current().says("、", ", "));
        self.say(&said!("最后各目标里有:{holdings}。", "In the end the targets hold {holdings}."));
        if audit.problems.is_empty() {
            self.say(&said!(
                "每张单据都以最新的版本到达目标,各一次。用时 {took:.1?}。",
                "Every document reached its target once, in its newest version. Took {took:.1?}."
            ));
        } else {
            let problems = audit.problems.len();
            self.say(&said!("{problems} 个问题,用时 {took:.1?}:", "{problems} problems, after {took:.1?}:"));
            audit.problems.iter().for_each(|problem| self.say(&format!("- {problem}")));
        }
    }
}

/// What a target holds, as people call it.
fn holding(target: &str) -> String {
    if language::current() == language::Language::English {
        return target.to_owned();
    }
    let kinds = [
        (" sales orders", "销售订单"),
        (" sales outbound bills", "销售出库单"),
        (" orders", "订单"),
        (" records", "记录"),
    ];
    let kind =
        kinds.into_iter().find_map(|(english, chinese)| Some((target.strip_suffix(english)?, chinese)));
    kind.map_or_else(|| target.to_owned(), |(vendor, chinese)| format!("{vendor}{chinese}"))
}

/// What the demo brings about on purpose.
fn accidents(tally: &Tally, demo: &Demo, stage: &Stage) -> Vec<(String, String)> {
    let records = stage.vendors.sharecrm.records();
    let held = |id: &str| {
        records.get(&("erpSalesOrderObj".to_owned(), id.to_owned())).map_or(0, |r| r.history.len())
    };
    let mut accidents = Vec::new();
    for (id, pushes) in by_order(demo) {
        let [first, second] = pushes.as_slice() else { continue };
        let (one, two) = (modify_time(&first.order), modify_time(&second.order));
        let times = held(id);
        if two < one {
            let text = said!(
                "订单 {id} 先来了版本 {one},后来又来版本 {two}。旧的跳过:纷享销客只收到 {times} 个版本",
                "order {id} came in version {one} and then in version {two}. The older one was skipped: ShareCRM was sent \
                 {times} version"
            );
            accidents.push((said!("旧版本迟到", "An older version, late"), text));
        } else if first.msg_id == second.msg_id {
            let text = said!(
                "勤策把订单 {id} 又推送一次,像是我们的回答丢了。纷享销客收到 {times} 次",
                "Qince delivered order {id} again, as if our answer had been lost. ShareCRM was sent it {times} time"
            );
            accidents.push((said!("重复投递", "A redelivery"), text));
        } else if first.order == second.order {
            let text = said!(
                "订单 {id} 推送了两次。纷享销客收到 {times} 次",
                "order {id} was pushed twice. ShareCRM was sent it {times} time"
            );
            accidents.push((said!("重复推送", "A duplicate"), text));
        }
    }
    for (name, flow) in &tally.flows {
        for key in &flow.found {
            let text = said!(
                "金蝶保存了 {key},连接在它回答之前断了。按单号去问,查到了,没有再发",
                "Kingdee saved {key} and the connection broke before its answer. It was asked by its number, found, and not \
                 sent twice"
            );
            accidents.push((said!("丢失的回答", "A lost answer"), text));
        }
        for failure in &flow.failed {
            let (key, message) = (&failure.key, language::words(&failure.message));
            let text = said!("{name} 送不到 {key}:{message}", "{name} could not deliver {key}. {message}");
            accidents.push((said!("被拒绝", "A refusal"), text));
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
