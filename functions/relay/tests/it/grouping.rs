//! `docs/grouping-example.md` and its Chinese twin: the days that they tell of are lived here, against the simulated vendors, and
//! what the pages show is what the commands print. With `INSTA_UPDATE=always` the pages are written anew.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use relay_bill_closer::BillCloser;
use relay_core::clock::{Clock as _, Deadline, SeededRng, SimulatedClock};
use relay_erp_pusher::{ErpPusher, Idle, Worked};
use relay_host::{Settings, Wiring};
use relay_simulators::Vendors;
use relay_simulators::kingdee::Saved;
use relay_store_sqlite::Sqlite;
use relay_trade_poller::TradePoller;
use rust_decimal::Decimal;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::support::Installation;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
const PAGES: [&str; 2] = ["docs/grouping-example.md", "docs/zh/grouping-example.md"];

/// The flows of the set `e-commerce-daily` that the days are about, by Kingdee's interface.
const V1: (&str, &[&str]) = ("v1", &["e-commerce-daily/stockout-by-day-to-kingdee.toml"]);
const V2: (&str, &[&str]) = (
    "v2",
    &[
        "e-commerce-daily/kingdee-v2/stockout-by-day-to-kingdee.toml",
        "e-commerce-daily/kingdee-v2/return-to-kingdee.toml",
    ],
);
const GROUP: &str = "S001/WH01/2026-10-31";

/// The vendors, a program before them, and the time.
struct Days {
    vendors: Arc<Vendors>,
    clock: Arc<SimulatedClock>,
    wiring: Wiring,
    installation: Installation,
    runtime: Runtime,
    /// The numbers of the goods by their ids in Kingdee.
    goods: BTreeMap<String, &'static str>,
}

/// The number, the time of the last change, the lines as good, quantity and what is left of the price, and the postage.
type Order<'a> = (&'a str, &'a str, &'a [(&'a str, &'a str, &'a str)], &'a str);

impl Days {
    fn begin((interface, flows): (&str, &[&str])) -> Self {
        let mut installation = Installation::empty();
        fs::create_dir(installation.path("flows")).unwrap();
        for file in flows {
            let from = Path::new(ROOT).join("shared/flows").join(file);
            fs::copy(&from, installation.path("flows").join(from.file_name().unwrap())).unwrap();
        }
        let settings =
            relay_simulators::settings_in_process().into_iter().filter(|it| it.0 != "KINGDEE_AUTH");
        let more = [("KINGDEE_AUTH", interface), ("RELAY_START", "2026-10-31T00:00:00+08:00")];
        let settings: Vec<_> = settings.chain(more).collect();
        for (name, value) in &settings {
            installation.set(name, *value);
        }
        installation.set("RELAY_FLOWS_DIR", "flows");
        let flows = installation.path("flows").display().to_string();
        let settings = settings.into_iter().chain([("RELAY_FLOWS_DIR", flows.as_str())]);
        let settings: Settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let clock = Arc::new(SimulatedClock::starting_at(china("2026-10-31 12:00:00")));
        let vendors = Vendors::new(clock.clone(), 31);
        vendors.load_master_data();
        let unit = vendors.kingdee.add_unit("U99", "件");
        let add = |number: &'static str| (vendors.kingdee.add_material(number, number, &[&unit]), number);
        let goods = ["MILK", "RICE", "SAMPLE", "POSTAGE"].map(add).into();
        let stores = Sqlite::open(&installation.path("relay.db"), clock.clone()).unwrap().stores();
        let rng = Arc::new(SeededRng::new(31));
        let wiring = Wiring::new(settings, stores, clock.clone(), rng).unwrap().over(vendors.transport());
        Self { vendors, clock, wiring, installation, runtime: Runtime::new().unwrap(), goods }
    }

    /// An order that was shipped on the 31st, as WDT shows it from its last change on.
    fn ships(&self, (number, modified, lines, postage): Order<'_>) {
        let line = |(spec, count, amount): &(&str, &str, &str)| {
            let gift = u8::from(*amount == "0");
            json!({"spec_no": spec, "goods_count": count, "share_amount": amount, "gift_type": gift})
        };
        let amounts = lines.iter().map(|(.., amount)| decimal(amount));
        let receivable = amounts.sum::<Decimal>() + decimal(postage);
        // What is shipped goes on through other states, some of it before it is read.
        let status = if number.ends_with('3') { 110 } else { 95 };
        let day = number.get(2..6).map(|day| format!("2026-{}-{}", &day[..2], &day[2..])).unwrap();
        self.puts(
            "stockout_order_query_trade",
            &json!({
                "order_no": number, "trade_no": number.replace("CK", "JY"), "shop_no": "S001",
                "warehouse_no": "WH01", "status": status, "consign_time": format!("{day} 20:15:00"),
                "modified": modified, "receivable": receivable.to_string(), "post_amount": postage,
                "details_list": lines.iter().map(line).collect::<Vec<_>>(),
            }),
        );
    }

    fn puts(&self, query: &str, row: &Value) {
        self.vendors.wangdian.put_row(query, &["order_no"], row.as_object().unwrap().clone());
    }

    /// The program works until then, in China time: it reads, pushes and closes.
    fn until(&self, time: &str) {
        let wait = (china(time) - self.clock.now()).to_std().unwrap();
        self.clock.advance(wait);
        self.runtime.block_on(async {
            let poller = self.wiring.build::<TradePoller>().unwrap();
            for report in poller.poll_all(Deadline::NONE, &|_| {}).await {
                assert_eq!(report.error, None, "{}", report.flow);
            }
            self.push().await;
            let closer = self.wiring.build::<BillCloser>().unwrap();
            for report in closer.close_all(Deadline::NONE).await {
                assert_eq!(report.errors, [""; 0], "{}", report.flow);
            }
            self.push().await;
        });
    }

    async fn push(&self) {
        let workers = self.wiring.build::<ErpPusher>().unwrap().workers();
        for worker in &workers {
            loop {
                match worker.work(&|| true).await.unwrap() {
                    Worked::Batch(_) | Worked::Idle(Idle::NotLooked) => {}
                    Worked::Idle(Idle::Nothing { wait: Some(wait) }) => {
                        self.clock.advance(wait.max(Duration::from_millis(10)));
                    }
                    Worked::Idle(Idle::Nothing { wait: None }) => break,
                    Worked::Idle(Idle::Paused(pause)) => panic!("paused: {pause:?}"),
                }
            }
        }
    }

    /// A command, and what it prints of where things stand: the history that follows is left out.
    fn relay(&self, command: &str) -> String {
        let arguments: Vec<_> = command.split(' ').collect();
        let answer = self.installation.relay(&arguments).with_status(0);
        let stands = answer.stdout.split("\nWhat happened:").next().unwrap();
        let folder = self.installation.path("").display().to_string();
        let stands = stands.replace(&folder, "/srv/relay/");
        format!("$ relay {command}\n{}\n", stands.trim_end())
    }

    fn has_no_failures(&self) {
        let failures = self.installation.relay(&["failures", "--json"]).json();
        assert_eq!(failures["failures"], json!([]), "{failures}");
    }

    /// The bills in Kingdee's books, with what they come to.
    fn kingdee(&self) -> String {
        let mut told = String::new();
        for (kind, title) in [("sal_outbound", "销售出库单"), ("sal_inbound", "销售退货单")] {
            for bill in self.vendors.kingdee.saved_of(kind) {
                let state = if bill.is_audited { "audited" } else { "saved" };
                let text = |name: &str| bill.body[name].as_str().unwrap().to_owned();
                let total: Decimal = lines(&bill).values().map(|(_, amount)| amount).sum();
                told += &format!(
                    "{title} {}, {}, {state}, {total}: {}\n",
                    bill.number,
                    text("bill_date"),
                    text("remark")
                );
                for (good, (quantity, amount)) in lines(&bill) {
                    told += &format!("  {:<8} {quantity:>2} {amount:>6.2}\n", self.goods[&good]);
                }
            }
        }
        told
    }

    /// What the sales bills come to, less what the returns of the same groups do.
    fn billed(&self) -> Decimal {
        let total = |bill: &Saved| lines(bill).values().map(|(_, amount)| *amount).sum::<Decimal>();
        let of_sales = |kind: &str| -> Decimal {
            let bills = self.vendors.kingdee.saved_of(kind);
            bills.iter().filter(|bill| bill.number.starts_with("XSCK-")).map(total).sum()
        };
        of_sales("sal_outbound") - of_sales("sal_inbound")
    }
}

/// The lines of a bill by their goods: quantity and amount, as Kingdee multiplies them.
fn lines(bill: &Saved) -> BTreeMap<String, (Decimal, Decimal)> {
    // V2 has numbers where V1 has texts.
    let read = |value: &Value| decimal(value.to_string().trim_matches('"'));
    let lines = bill.body["material_entity"].as_array().unwrap().iter();
    let line = |line: &Value| {
        // By the names of V2, or of V1.
        let either = |one: &str, other: &str| line.get(one).or(line.get(other)).unwrap().clone();
        let price = read(&either("tax_price", "taxprice"));
        let good = either("material_id", "materialid_id").as_str().unwrap().to_owned();
        let quantity = read(&line["qty"]);
        (good, (quantity, (quantity * price).round_dp(2)))
    };
    lines.map(line).collect()
}

fn decimal(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn china(time: &str) -> DateTime<Utc> {
    DateTime::parse_from_rfc3339(&format!("{}+08:00", time.replace(' ', "T"))).unwrap().to_utc()
}

/// When somebody looks.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Moment {
    /// The evening of the 31st.
    Evening,
    /// After the night in which its day was closed.
    Closed,
    /// Noon of the 1st: an order has come late, one has changed, goods have come back.
    Noon,
    /// After the night in which the difference was booked; October is closed.
    Booked,
}

/// Lives the days.
fn live(days: &Days, mut look: impl FnMut(Moment)) {
    days.ships(("CK1031001", "2026-10-31 20:15:02", &[("MILK", "3", "30.00")], "6.00"));
    let lines = [("MILK", "1", "10.00"), ("RICE", "2", "13.34")];
    days.ships(("CK1031002", "2026-10-31 20:16:40", &lines, "0.00"));
    let lines = [("RICE", "2", "13.33"), ("SAMPLE", "1", "0")];
    days.ships(("CK1031003", "2026-10-31 20:31:09", &lines, "0.00"));
    days.until("2026-10-31 21:00:00");
    look(Moment::Evening);

    days.until("2026-11-01 02:01:00");
    look(Moment::Closed);
    days.has_no_failures();
    assert_eq!(days.billed(), decimal("72.67"), "36.00 + 23.34 + 13.33");

    days.ships(("CK1031004", "2026-11-01 09:12:30", &[("MILK", "2", "19.99")], "0.00"));
    let lines = [("MILK", "1", "10.00"), ("RICE", "1", "6.67")];
    days.ships(("CK1031002", "2026-11-01 10:05:11", &lines, "0.00"));
    days.puts(
        "stockin_order_query_refund",
        &json!({
            "order_no": "RK1101001", "refund_no": "TK1101001", "shop_no": "S001", "warehouse_no": "WH01", "status": 80,
            "check_time": "2026-11-01 11:00:00", "modified": "2026-11-01 11:00:02",
            "details_list": [{"spec_no": "MILK", "goods_count": "1", "src_price": "10.00"}],
        }),
    );
    days.until("2026-11-01 12:00:00");
    look(Moment::Noon);

    days.vendors.kingdee.close_books("2026-11-01".parse().unwrap(), true);
    days.until("2026-11-02 02:01:00");
    look(Moment::Booked);
    days.has_no_failures();
    assert_eq!(days.billed(), decimal("85.99"), "36.00 + 16.67 + 13.33 + 19.99");
}

/// What the pages show.
fn shown() -> Vec<String> {
    let days = Days::begin(V2);
    let mut shown = Vec::new();
    live(&days, |moment| match moment {
        Moment::Evening | Moment::Noon => shown.push(days.relay("groups --sums")),
        Moment::Closed => shown.extend([days.relay(&format!("groups show {GROUP}")), days.kingdee()]),
        Moment::Booked => shown.extend([
            days.relay(&format!("groups show {GROUP}")),
            days.kingdee(),
            days.relay("show CK1031002"),
            days.relay(&format!("show XSCK-{GROUP}-2-R")),
        ]),
    });
    shown
}

/// The blocks of a page that show what a command prints.
fn blocks(page: &str) -> Vec<&str> {
    let blocks = page.split("```text\n").skip(1);
    blocks.map(|rest| rest.split("```").next().unwrap()).collect()
}

#[test]
fn the_pages_tell_what_the_commands_print() {
    let shown = shown();
    for page in PAGES {
        let path = PathBuf::from(ROOT).join(page);
        let text = fs::read_to_string(&path).unwrap();
        if std::env::var("INSTA_UPDATE").is_ok_and(|update| update == "always") {
            let mut parts = text.split("```text\n");
            let mut anew = parts.next().unwrap().to_owned();
            for (rest, block) in parts.zip(&shown) {
                anew += &format!("```text\n{block}```{}", rest.split_once("```").unwrap().1);
            }
            fs::write(&path, &anew).unwrap();
        } else {
            assert_eq!(blocks(&text), shown, "{page}");
        }
        assert_eq!(blocks(&text).len(), shown.len(), "{page}");
    }
}

#[test]
fn over_the_first_interface_bills_are_saved_and_what_is_taken_back_is_a_red_one() {
    let days = Days::begin(V1);
    live(&days, |_| {});
    let bills = days.vendors.kingdee.saved_of("sal_outbound");
    let told = |bill: &Saved| {
        let of = |name: &str| bill.body[name].as_str().unwrap().to_owned();
        let lines = lines(bill).into_iter().map(|(good, (quantity, amount))| {
            format!("{} {} {:.2}", days.goods[&good], quantity.normalize(), amount)
        });
        format!("{} {}: {}", bill.number, of("billdate"), lines.collect::<Vec<_>>().join(", "))
    };
    let told: BTreeSet<_> = bills[1..].iter().map(told).collect();
    let expected = [
        format!("XSCK-{GROUP}-2 2026-11-01: MILK 2 19.99"),
        format!("XSCK-{GROUP}-2-R 2026-11-01: RICE -1 -6.67"),
    ];
    assert_eq!(told, expected.into());
    assert!(bills.iter().all(|bill| !bill.is_audited), "V1 has no call that audits");
}
