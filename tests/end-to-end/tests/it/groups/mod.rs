//! Many documents become one bill together: whatever comes late, changes, is withdrawn or fails, and wherever a process is
//! killed, the bills come to what their members bring, each once.
//!
//! | module | what |
//! |---|---|
//! | `closing` | days, sizes, ages; what is late, changed, withdrawn, moved or wrong |
//! | `moving` | an order in one group at a time, in its newest version |
//! | `kills` | a process that is killed at each of its steps |
//! | `asking` | what an operator asks of groups, and does with them |
//! | `overtaken` | a worker whose time in flight ends while it puts an order into its group |

mod asking;
mod closing;
mod kills;
mod moving;
mod overtaken;

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use relay_bill_closer::{BillCloser, Report};
use relay_core::clock::Deadline;
use relay_core::groups::{GroupId, Seal};
use rust_decimal::Decimal;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::house::House;
use crate::process::Process;

const FLOW: &str = "orders-by-day";
const GROUP: &str = "S001/2026-11-22";

/// Orders of a shop and a day are one order in Kingdee.
const TO_KINGDEE: &str = r#"
[source]
document = "http.webhook"
params   = { name = "orders" }
key      = "id"
version  = "updated_at"
filter   = "status = 'paid'"

[target]
document = "kingdee.sal_order_save"
check    = "sum(target.material_entity.amount) = total"

[group]
by    = ["shop", "day(paid_at)"]
lines = ["materialid_id", "stockid_id", "unit_id"]
sum   = ["qty", "amount"]
close = { after = "day", wait = "2h" }
prefix = "XS-"
withdrawn_when = "status = 'cancelled'"

[fields]
billdate      = { from = "paid_at", as = "date" }
customerid_id = { from = "shop", lookup = "kingdee.customer" }

[fields.material_entity]
each          = "items"
materialid_id = { from = "sku", lookup = "kingdee.material" }
stockid_id    = { value = "WH01", lookup = "kingdee.store" }
unit_id       = { from = "sku", lookup = "kingdee.material_unit" }
qty           = "quantity"
amount        = { from = "amount", as = "decimal", scale = 2, send = false }
taxprice      = { compute = "target.amount / target.qty", as = "decimal", scale = 6 }
"#;

/// The same at an address that takes whatever it is sent.
pub(crate) const TO_HTTP: &str = r#"
[source]
document = "http.webhook"
params   = { name = "orders" }
key      = "id"
version  = "updated_at"
filter   = "status = 'paid'"

[target]
document = "http.post"

[group]
by    = ["shop", "day(paid_at)"]
lines = ["sku"]
sum   = ["qty", "amount"]
close = CLOSE
max_lines = 2
difference = DIFFERENCE
withdrawn_when = "status = 'cancelled'"

[fields]
shop = "shop"

[fields.lines]
each   = "items"
sku    = { from = "sku", as = "text" }
qty    = { from = "quantity", as = "decimal" }
amount = { from = "amount", as = "decimal", scale = 2 }
price  = { compute = "target.amount / target.qty", as = "decimal", scale = 4 }
"#;

fn with_flow(seed: u64, text: &str) -> (House, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(format!("{FLOW}.toml")), text).unwrap();
    (House::new(seed).with("RELAY_FLOWS_DIR", folder.path().to_str().unwrap()), folder)
}

fn to_http(seed: u64, close: &str, difference: &str) -> (House, TempDir) {
    with_flow(seed, &TO_HTTP.replace("CLOSE", close).replace("DIFFERENCE", difference))
}

pub(crate) const BY_DAY: &str = "{ after = \"day\", wait = \"2h\" }";

/// An order of noon, with lines of a good, a quantity and an amount.
pub(crate) fn order(id: &str, version: u32, lines: &[(&str, &str, &str)]) -> Value {
    let total: Decimal = lines.iter().map(|(.., amount)| amount.parse::<Decimal>().unwrap()).sum();
    let items: Vec<_> = lines
        .iter()
        .map(|(sku, quantity, amount)| json!({"sku": sku, "quantity": quantity, "amount": amount}))
        .collect();
    json!({
        "id": id, "updated_at": format!("2026-11-22 12:00:{version:02}"), "status": "paid", "shop": "S001",
        "paid_at": "2026-11-22 11:30:00", "total": total.to_string(), "items": items,
    })
}

fn cancelled(id: &str, version: u32) -> Value {
    let mut order = order(id, version, &[]);
    order["status"] = json!("cancelled");
    order
}

async fn push(house: &House, process: &Process, order: &Value) {
    push_to(house, process, order, "orders").await;
}

/// Pushes a document under that name.
pub(crate) async fn push_to(house: &House, process: &Process, document: &Value, name: &str) {
    let answer = process.post_json(name, &house.vendors.http.push(document)).await;
    assert_eq!((answer.status, answer.reply.return_code), (200, 0), "{}", answer.reply.to_json());
}

/// Closes what is due, and tells of the only flow with groups.
pub(crate) async fn close(process: &Process) -> Report {
    process.wiring.build::<BillCloser>().unwrap().close_all(Deadline::NONE).await.remove(0)
}

/// The next night, after the group's day is over.
fn night(house: &House) {
    house.clock.advance(Duration::from_secs(24 * 3_600));
}

/// The bills that the address has received, as `number: good quantity amount price, …`, in the order of their numbers.
fn bills(house: &House) -> Vec<String> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let line = |line: &Value| ["sku", "qty", "amount", "price"].map(|name| text(&line[name])).join(" ");
    let mut bills: Vec<_> = house
        .vendors
        .http
        .received()
        .into_iter()
        .map(|received| {
            let lines: Vec<_> = received.body["lines"].as_array().unwrap().iter().map(line).collect();
            format!("{}: {}", text(&received.body["id"]), lines.join(", "))
        })
        .collect();
    bills.sort();
    bills
}

/// What Kingdee has of each good: quantity and amount over all orders, and how often each number was made.
fn in_kingdee(house: &House) -> (BTreeMap<String, (Decimal, Decimal)>, BTreeMap<String, usize>) {
    let creates = house.vendors.kingdee.creates();
    let mut goods = BTreeMap::<String, (Decimal, Decimal)>::new();
    for number in creates.keys() {
        for order in house.vendors.kingdee.orders(number) {
            for line in order.body["material_entity"].as_array().unwrap() {
                let read = |name: &str| line[name].as_str().unwrap().parse::<Decimal>().unwrap();
                let good = goods.entry(line["materialid_id"].to_string()).or_default();
                good.0 += read("qty");
                good.1 += (read("qty") * read("taxprice")).round_dp(2);
            }
        }
    }
    (goods, creates)
}

async fn seals(process: &Process) -> Vec<Seal> {
    process.wiring.stores.groups.seals(&GroupId::new(FLOW, GROUP)).await.unwrap()
}
