//! Many documents become one bill together: whatever comes late, changes, is withdrawn or fails, and wherever a process is
//! killed, the bills come to what their members bring, each once.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use relay_bill_closer::{BillCloser, Report};
use relay_core::clock::Deadline;
use relay_core::groups::{GroupId, Seal};
use relay_job::Job as _;
use rust_decimal::Decimal;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::fuse::Fuse;
use crate::house::House;
use crate::process::{Process, count, failure, outcomes};

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
const TO_HTTP: &str = r#"
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

const BY_DAY: &str = "{ after = \"day\", wait = \"2h\" }";

/// An order of noon, with lines of a good, a quantity and an amount.
fn order(id: &str, version: u32, lines: &[(&str, &str, &str)]) -> Value {
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
    let answer = process.post_json("orders", &house.vendors.http.push(order)).await;
    assert_eq!((answer.status, answer.reply.return_code), (200, 0), "{}", answer.reply.to_json());
}

async fn close(process: &Process) -> Report {
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

#[tokio::test]
async fn a_days_orders_become_one_bill_after_the_day_is_over() {
    let (house, _folder) = with_flow(1, TO_KINGDEE);
    let process = house.start();
    push(&house, &process, &order("A", 1, &[("ML-250-24", "3", "10.00"), ("ML-1L-12", "1", "5.55")])).await;
    push(&house, &process, &order("B", 1, &[("ML-250-24", "2", "6.67")])).await;
    assert_eq!(outcomes(&process.drain().await), ["delivered", "delivered"]);
    let delivered = process.entry(FLOW, "A").await.unwrap().delivered.unwrap();
    assert_eq!(
        delivered.target_id.as_deref(),
        Some("@S001/2026-11-22"),
        "the group is what it was delivered to"
    );
    assert_eq!(close(&process).await, Report { flow: FLOW.to_owned(), open: 1, ..Report::default() });
    assert_eq!(house.vendors.kingdee.creates().len(), 0, "the day is not over");

    night(&house);
    assert_eq!(
        close(&process).await,
        Report { flow: FLOW.to_owned(), closed: 1, bills: 1, ..Report::default() }
    );
    assert_eq!(outcomes(&process.drain().await), ["delivered"]);
    let (goods, creates) = in_kingdee(&house);
    assert_eq!(creates, BTreeMap::from([("XS-S001/2026-11-22-1".to_owned(), 1)]));
    let amounts: Vec<_> =
        goods.into_values().map(|(qty, amount)| (qty.to_string(), amount.to_string())).collect();
    assert!(amounts.contains(&("5".to_owned(), "16.67".to_owned())), "{amounts:?}");
    assert!(amounts.contains(&("1".to_owned(), "5.55".to_owned())), "{amounts:?}");
    let bill = process.entry(FLOW, "@S001/2026-11-22-1").await.unwrap().delivered.unwrap();
    assert!(bill.target_id.is_some_and(|id| id.len() == 19), "the target's own id");
    assert_eq!(
        close(&process).await,
        Report { flow: FLOW.to_owned(), ..Report::default() },
        "nothing is open"
    );
}

#[tokio::test]
async fn a_late_a_changed_and_a_withdrawn_order_make_a_supplement_of_the_difference() {
    let (house, _folder) = to_http(2, BY_DAY, "\"supplement\"");
    let process = house.start();
    push(&house, &process, &order("A", 1, &[("X", "5", "50.00")])).await;
    push(&house, &process, &order("B", 1, &[("Y", "2", "20.00")])).await;
    process.drain().await;
    night(&house);
    close(&process).await;
    process.drain().await;
    assert_eq!(bills(&house), ["S001/2026-11-22-1: X 5 50.00 10.0000, Y 2 20.00 10.0000"]);

    push(&house, &process, &order("A", 2, &[("X", "4", "40.00")])).await;
    push(&house, &process, &cancelled("B", 2)).await;
    push(&house, &process, &order("C", 1, &[("Y", "1", "9.99")])).await;
    assert_eq!(outcomes(&process.drain().await), ["delivered"; 3]);
    assert_eq!(close(&process).await.closed, 0, "what comes late waits for the others of its day");
    night(&house);
    assert_eq!(close(&process).await.bills, 1);
    process.drain().await;
    assert_eq!(bills(&house)[1], "S001/2026-11-22-2: X -1 -10.00 10.0000, Y -1 -10.01 10.0100");
    let members: Vec<_> = seals(&process).await[1]
        .members
        .iter()
        .map(|member| (member.key.clone(), member.is_withdrawn))
        .collect();
    assert_eq!(members, [("A".to_owned(), false), ("B".to_owned(), true), ("C".to_owned(), false)]);
}

#[tokio::test]
async fn what_is_taken_back_is_a_red_bill_where_the_flow_says_so() {
    let (house, _folder) = to_http(3, BY_DAY, "\"red\"");
    let process = house.start();
    push(&house, &process, &order("A", 1, &[("X", "5", "50.00"), ("Y", "1", "1.00")])).await;
    process.drain().await;
    night(&house);
    close(&process).await;
    push(&house, &process, &order("A", 2, &[("X", "5", "45.00"), ("Z", "2", "2.00")])).await;
    process.drain().await;
    night(&house);
    assert_eq!(close(&process).await.bills, 2);
    process.drain().await;
    assert_eq!(
        bills(&house)[1..],
        [
            "S001/2026-11-22-2-R: X -5 -50.00 10.0000, Y -1 -1.00 1.0000",
            "S001/2026-11-22-2: X 5 45.00 9.0000, Z 2 2.00 1.0000",
        ]
    );
}

#[tokio::test]
async fn more_lines_than_a_bill_takes_are_several_bills() {
    let (house, _folder) = to_http(4, BY_DAY, "\"supplement\"");
    let process = house.start();
    let lines = [("V", "1", "1"), ("W", "1", "1"), ("X", "1", "1"), ("Y", "1", "1"), ("Z", "1", "1")];
    push(&house, &process, &order("A", 1, &lines)).await;
    process.drain().await;
    night(&house);
    assert_eq!(close(&process).await.bills, 3);
    process.drain().await;
    let numbers: Vec<_> =
        bills(&house).iter().map(|bill| bill.split(": ").next().unwrap().to_owned()).collect();
    assert_eq!(numbers, ["S001/2026-11-22-1.1", "S001/2026-11-22-1.2", "S001/2026-11-22-1.3"]);
}

#[tokio::test]
async fn an_order_that_cannot_be_mapped_holds_no_group_up_and_comes_in_the_next_seal() {
    let (house, _folder) = with_flow(5, TO_KINGDEE);
    let process = house.start();
    push(&house, &process, &order("A", 1, &[("ML-250-24", "3", "10.00")])).await;
    push(&house, &process, &order("B", 1, &[("NEW", "1", "7.00")])).await;
    let mut wrong = order("C", 1, &[("ML-250-24", "1", "1.00")]);
    wrong["total"] = json!("1.01");
    push(&house, &process, &wrong).await;
    let turns = process.drain().await;
    assert_eq!(count(&turns, "failed"), 2);
    night(&house);
    close(&process).await;
    process.drain().await;
    assert_eq!(house.vendors.kingdee.creates().len(), 1);

    let unit = house.vendors.kingdee.add_unit("U9", "袋");
    house.vendors.kingdee.add_material("NEW", "新品", &[&unit]);
    for failed in process.failures().await {
        process.replay(failed).await;
    }
    let turns = process.drain().await;
    assert_eq!(
        (count(&turns, "delivered"), count(&turns, "failed")),
        (1, 1),
        "the amounts of C do not add up"
    );
    night(&house);
    assert_eq!(close(&process).await.bills, 1);
    process.drain().await;
    assert_eq!(seals(&process).await[1].members[0].key, "B");
}

#[tokio::test]
async fn an_order_that_moves_to_another_day_leaves_the_first() {
    let (house, _folder) = to_http(6, BY_DAY, "\"supplement\"");
    let process = house.start();
    push(&house, &process, &order("A", 1, &[("X", "5", "50.00")])).await;
    push(&house, &process, &order("B", 1, &[("X", "1", "10.00")])).await;
    process.drain().await;
    let mut moved = order("A", 2, &[("X", "5", "50.00")]);
    moved["paid_at"] = json!("2026-11-23 09:00:00");
    push(&house, &process, &moved).await;
    process.drain().await;
    night(&house);
    night(&house);
    assert_eq!(close(&process).await.closed, 2);
    process.drain().await;
    assert_eq!(
        bills(&house),
        ["S001/2026-11-22-1: X 1 10.00 10.0000", "S001/2026-11-23-1: X 5 50.00 10.0000"]
    );
}

#[tokio::test]
async fn a_group_closes_by_size_and_by_age() {
    let (house, _folder) = to_http(7, "{ size = 2, every = \"30m\" }", "\"supplement\"");
    let process = house.start();
    push(&house, &process, &order("A", 1, &[("X", "1", "10.00")])).await;
    process.drain().await;
    assert_eq!(close(&process).await.closed, 0);
    push(&house, &process, &order("B", 1, &[("X", "1", "10.00")])).await;
    process.drain().await;
    assert_eq!(close(&process).await.bills, 1, "two that no seal holds");
    push(&house, &process, &order("C", 1, &[("X", "1", "10.00")])).await;
    process.drain().await;
    assert_eq!(close(&process).await.closed, 0);
    house.clock.advance(Duration::from_secs(31 * 60));
    assert_eq!(close(&process).await.bills, 1);
    process.drain().await;
    assert_eq!(bills(&house).len(), 2);
}

#[tokio::test]
async fn what_was_cancelled_before_it_was_ever_there_is_nothing() {
    let (house, _folder) = to_http(8, BY_DAY, "\"supplement\"");
    let process = house.start();
    push(&house, &process, &cancelled("A", 1)).await;
    assert_eq!(outcomes(&process.drain().await), ["skipped"]);
    night(&house);
    assert_eq!(close(&process).await, Report { flow: FLOW.to_owned(), ..Report::default() });
}

#[tokio::test]
async fn a_bill_whose_price_cannot_be_worked_out_stands_as_failed_and_is_replayed() {
    let (house, _folder) = with_flow(9, TO_KINGDEE);
    let process = house.start();
    push(&house, &process, &order("A", 1, &[("ML-250-24", "2", "10.00")])).await;
    push(&house, &process, &order("B", 1, &[("ML-250-24", "-2", "0.00")])).await;
    process.drain().await;
    night(&house);
    close(&process).await;
    let turns = process.drain().await;
    assert!(
        failure(&turns).1.contains("divides by zero"),
        "a quantity of nothing has no price: {:?}",
        failure(&turns)
    );
    let failed = process.failures().await.remove(0);
    assert_eq!(failed.id.key, "@S001/2026-11-22-1");
    process.replay(failed).await;
    assert_eq!(count(&process.drain().await, "failed"), 1);
}

async fn orders(house: &House, process: &Process, ids: &[&str]) {
    for id in ids {
        push(house, process, &order(id, 1, &[("ML-250-24", "3", "10.01"), ("ML-1L-12", "7", "0.10")])).await;
    }
}

/// Two orders of a day and a late one, once each in Kingdee, with the sums and members that they have.
async fn check_three_orders(house: &House, process: &Process, steps: u64) {
    assert!(process.failures().await.is_empty(), "killed after {steps} steps");
    let (goods, creates) = in_kingdee(house);
    assert!(creates.values().all(|count| *count == 1), "killed after {steps} steps: {creates:?}");
    let mut sums: Vec<_> = goods.values().map(|(qty, amount)| format!("{qty} {amount}")).collect();
    sums.sort();
    assert_eq!(sums, ["21 0.30", "9 30.03"], "killed after {steps} steps: {creates:?}");
    let mut members: Vec<_> =
        seals(process).await.into_iter().flat_map(|seal| seal.members).map(|member| member.key).collect();
    members.sort();
    assert_eq!(members, ["A", "B", "E"], "killed after {steps} steps");
}

/// What a process that was killed has left is finished by the next ones.
async fn finish(house: &House) -> Process {
    let process = house.start();
    // The source delivers again what it was not told that we have.
    orders(house, &process, &["E"]).await;
    for _ in 0..3 {
        process.drain_through_pauses().await;
        night(house);
        close(&process).await;
    }
    process.drain_through_pauses().await;
    process
}

#[tokio::test]
async fn wherever_the_pusher_is_killed_each_member_is_in_its_group_once() {
    for steps in 0.. {
        let (house, _folder) = with_flow(steps, TO_KINGDEE);
        orders(&house, &house.start(), &["A", "B"]).await;
        let fuse = Fuse::after(steps);
        let killed = fuse.run(house.start_with(&fuse).drain()).await.is_none();
        let process = finish(&house).await;
        check_three_orders(&house, &process, steps).await;
        if !killed {
            assert!(steps > 10, "the work takes only {steps} steps: nothing was tried");
            return;
        }
    }
}

/// At the first step of a closer, or of the pusher behind it, at the second, and so on, each time in a new house.
#[tokio::test]
async fn wherever_a_closer_is_killed_each_bill_is_there_once_and_the_sums_are_equal() {
    for steps in 0.. {
        let (house, _folder) = with_flow(steps, TO_KINGDEE);
        // Only our asking first prevents a second one then.
        house.vendors.kingdee.set_refuses_duplicates(false);
        let process = house.start();
        orders(&house, &process, &["A", "B"]).await;
        process.drain().await;
        night(&house);
        let fuse = Fuse::after(steps);
        let fused = house.start_with(&fuse);
        let work = async {
            close(&fused).await;
            fused.drain().await;
            orders(&house, &fused, &["E"]).await;
            fused.drain().await;
            night(&house);
            close(&fused).await;
        };
        let killed = fuse.run(work).await.is_none();
        let process = finish(&house).await;
        check_three_orders(&house, &process, steps).await;
        if !killed {
            assert!(steps > 40, "the work takes only {steps} steps: nothing was tried");
            return;
        }
    }
}

#[tokio::test]
async fn a_member_tells_its_bills_and_a_bill_its_members_and_a_person_closes_a_group() {
    let (house, _folder) = to_http(11, BY_DAY, "\"supplement\"");
    let process = house.start();
    push(&house, &process, &order("A", 1, &[("X", "5", "50.00")])).await;
    push(&house, &process, &order("B", 1, &[("X", "1", "10.00")])).await;
    process.drain().await;
    let operations = process.operations();
    let listed = operations.groups(None).await.unwrap().remove(0);
    assert_eq!((listed.group.as_str(), listed.sealed_at), (GROUP, None));
    assert_eq!(
        listed.due.map(|due| due.to_rfc3339()),
        Some("2026-11-22T18:00:00+00:00".to_owned()),
        "two at night in China"
    );
    let group = operations.show(FLOW, "A").await.unwrap().group.unwrap();
    assert_eq!((group.group.as_str(), group.bills.len()), (GROUP, 0));

    assert_eq!(close(&process).await.closed, 0);
    operations.close_group(None, GROUP).await.unwrap();
    assert_eq!(close(&process).await.bills, 1, "a person has asked for it");
    process.drain().await;
    let group = operations.show(FLOW, "A").await.unwrap().group.unwrap();
    assert_eq!(group.bills, ["S001/2026-11-22-1"]);
    let bill = operations.show(FLOW, "S001/2026-11-22-1").await.unwrap();
    let members: Vec<_> = bill.group.unwrap().members.into_iter().map(|member| member.key).collect();
    assert_eq!(members, ["A", "B"]);
    let shown = operations.group(Some(FLOW), GROUP).await.unwrap();
    assert!(shown.members.iter().all(|member| member.is_sealed && member.seals == [1]));
    assert_eq!(shown.seals[0].bills[0].target_id.as_deref(), Some("R1"));
    let unknown = operations.group(None, "S001/2026-11-2").await.unwrap_err();
    assert!(unknown.to_string().contains("did you mean `S001/2026-11-22`"), "{unknown}");
    assert!(unknown.is_wrong_usage());
}

#[tokio::test]
async fn an_event_names_a_flow_that_has_groups() {
    let (house, _folder) = with_flow(10, TO_KINGDEE);
    let closer = house.start().wiring.build::<BillCloser>().unwrap();
    let answer = closer.invoke(json!({"flow": FLOW}), Deadline::NONE).await.unwrap();
    assert_eq!(answer["flows"][0]["flow"], FLOW);
    let error = closer.invoke(json!({"flow": "other"}), Deadline::NONE).await.unwrap_err().to_string();
    assert!(error.contains("`other` has no groups; the flows that have are: orders-by-day"), "{error}");
}
