//! Parts that are members of groups: an order of two warehouses is in the bills of both, and what it has no lines for any more leaves
//! its group.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::kills::killed_at_each_step;
use super::{failed, order, push, pushed, with_flow};
use crate::fuse::Fuse;
use crate::groups::close;
use crate::house::House;
use crate::process::Process;

/// What each warehouse sends for a shop is one document, closed as soon as something came.
const BY_WAREHOUSE: &str = r#"
[source]
document = "http.webhook"
params   = { name = "orders" }
key      = "id"
version  = "updated_at"
filter   = "status = 'paid'"

[target]
document = "http.post"

[split]
by = "items.warehouse"

[group]
by             = ["shop", "items[0].warehouse"]
lines          = ["sku"]
sum            = ["qty"]
close          = { size = 1 }
withdrawn_when = "status = 'cancelled'"

[fields]
shop = "shop"

[fields.lines]
each = "items"
sku  = { from = "sku", as = "text" }
qty  = { from = "quantity", as = "decimal" }
"#;

fn paid(id: &str, version: u32, lines: &[(&str, &str, u32)]) -> Value {
    with_status(order(id, version, lines), "paid")
}

fn with_status(mut order: Value, status: &str) -> Value {
    order["status"] = json!(status);
    order
}

/// Closes all groups, and sends their bills.
async fn bill(process: &Process) {
    close(process).await;
    process.drain_through_pauses().await;
}

/// What the bills of each group come to, by group and good.
fn billed(house: &House) -> BTreeMap<String, Decimal> {
    let mut billed = BTreeMap::<String, Decimal>::new();
    let mut numbers = Vec::new();
    for received in house.vendors.http.received() {
        let number = received.body["id"].as_str().unwrap().to_owned();
        let (group, _) = relay_core::groups::group_of_bill(&number).unwrap();
        for line in received.body["lines"].as_array().unwrap() {
            let good = format!("{group} {}", line["sku"].as_str().unwrap());
            let quantity = line["qty"].to_string().trim_matches('"').parse::<Decimal>().unwrap();
            *billed.entry(good).or_default() += quantity;
        }
        numbers.push(number);
    }
    let count = numbers.len();
    numbers.sort();
    numbers.dedup();
    assert_eq!(numbers.len(), count, "a bill came twice");
    billed.retain(|_, quantity| !quantity.is_zero());
    billed
}

fn sums(of: &[(&str, u32)]) -> BTreeMap<String, Decimal> {
    of.iter().map(|(good, quantity)| ((*good).to_owned(), Decimal::from(*quantity))).collect()
}

#[tokio::test]
async fn each_part_is_a_member_and_leaves_its_group_when_it_has_no_lines_any_more() {
    let (house, _folder) = with_flow(30, BY_WAREHOUSE);
    let process = house.start();
    let told = pushed(&house, &process, &paid("A", 1, &[("W1", "X", 1), ("W2", "Y", 2)])).await;
    assert_eq!(told, ["A/W1: delivered", "A/W2: delivered", "A: divided"]);
    pushed(&house, &process, &paid("B", 1, &[("W1", "X", 3)])).await;
    bill(&process).await;
    assert_eq!(billed(&house), sums(&[("S001/W1 X", 4), ("S001/W2 Y", 2)]));

    pushed(&house, &process, &paid("A", 2, &[("W1", "X", 1), ("W1", "Y", 2)])).await;
    bill(&process).await;
    assert_eq!(billed(&house), sums(&[("S001/W1 X", 4), ("S001/W1 Y", 2)]));

    let cancelled = with_status(order("A", 3, &[("W1", "X", 1)]), "cancelled");
    pushed(&house, &process, &cancelled).await;
    bill(&process).await;
    assert_eq!(billed(&house), sums(&[("S001/W1 X", 3)]));
    assert_eq!(failed(&process).await, []);
}

#[tokio::test]
async fn a_cancelled_order_without_lines_of_which_nothing_came_is_no_failure() {
    let (house, _folder) = with_flow(31, BY_WAREHOUSE);
    let process = house.start();
    let cancelled = with_status(order("A", 2, &[]), "cancelled");
    pushed(&house, &process, &cancelled).await;
    let told = pushed(&house, &process, &paid("A", 1, &[("W1", "X", 1)])).await;
    assert_eq!(told, ["A: skipped"], "what came before it, and late");
    assert_eq!(failed(&process).await, []);
    bill(&process).await;
    assert_eq!(billed(&house), sums(&[]));
}

/// Its turn may have put it there before it was killed, as far as the ledger knows; the groups know better, and nobody is asked.
#[tokio::test]
async fn a_part_that_never_came_into_a_group_leaves_nothing_to_undo() {
    for steps in 0.. {
        let (house, _folder) = with_flow(steps, BY_WAREHOUSE);
        let mut wrong = paid("A", 1, &[("W1", "X", 1), ("W2", "Y", 2)]);
        wrong["items"][1]["quantity"] = json!("two");
        push(&house, &house.start(), &wrong).await;
        let fuse = Fuse::after(steps);
        let killed = fuse.run(house.start_with(&fuse).drain()).await.is_none();
        let process = house.start();
        process.drain_through_pauses().await;
        assert_eq!(failed(&process).await, [("A/W2".to_owned(), "mapping".to_owned())], "{steps} steps");
        pushed(&house, &process, &paid("A", 2, &[("W1", "X", 1)])).await;
        assert_eq!(failed(&process).await, [], "killed after {steps} steps");
        bill(&process).await;
        assert_eq!(billed(&house), sums(&[("S001/W1 X", 1)]), "killed after {steps} steps");
        if !killed {
            assert!(steps > 20, "the work takes only {steps} steps: nothing was tried");
            return;
        }
    }
}

/// The newer version drops a part, changes one and adds one.
#[tokio::test]
async fn wherever_the_pusher_is_killed_the_groups_have_each_part_once_as_the_newest_version_says() {
    killed_at_each_step(
        Some(BY_WAREHOUSE),
        |house| house,
        async |house| {
            let process = house.start();
            push(house, &process, &paid("A", 1, &[("W1", "X", 1), ("W2", "Y", 2)])).await;
            push(house, &process, &paid("A", 2, &[("W1", "X", 3), ("W3", "Z", 4)])).await;
        },
        async |house, steps| {
            let process = house.start();
            bill(&process).await;
            let expected = sums(&[("S001/W1 X", 3), ("S001/W3 Z", 4)]);
            assert_eq!(billed(house), expected, "killed after {steps} steps");
            assert_eq!(failed(&process).await, [], "killed after {steps} steps");
        },
    )
    .await;
}
