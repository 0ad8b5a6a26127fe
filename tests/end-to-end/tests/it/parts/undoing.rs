//! A part that a newer version lacks, where its flow says how it is undone; and documents that are cancelled, part by part.

use relay_simulators::Fault;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::kills::killed_at_each_step;
use super::{FLOW, failed, order, push, pushed, with_flow};
use crate::house::House;

/// Orders, one outbound bill for each warehouse, to Kingdee V2.
const TO_KINGDEE: &str = r#"
[source]
document = "http.webhook"
params   = { name = "orders" }
key      = "id"
version  = "updated_at"
CANCELLED

[target]
document = "kingdee.sal_outbound_save"
LIFE

[split]
by = "items.warehouse"
WITHDRAWN

[fields]
bill_no     = "id"
bill_date   = { from = "paid_at", as = "date" }
customer_id = { from = "shop", lookup = "kingdee.customer" }

[fields.material_entity]
each        = "items"
material_id = { from = "sku", lookup = "kingdee.material" }
stock_id    = { from = "warehouse", lookup = "kingdee.store" }
unit_id     = { from = "sku", lookup = "kingdee.material_unit" }
qty         = "quantity"
tax_price   = "price"
"#;

fn flow(life: &str, withdrawn: &str) -> String {
    let cancelled =
        if life.contains("when_cancelled") { "cancelled_when = \"status = 'cancelled'\"" } else { "" };
    let withdrawn = if withdrawn.is_empty() { String::new() } else { format!("withdrawn = \"{withdrawn}\"") };
    TO_KINGDEE.replace("CANCELLED", cancelled).replace("LIFE", life).replace("WITHDRAWN", &withdrawn)
}

fn house(seed: u64, life: &str, withdrawn: &str) -> (House, TempDir) {
    let (house, folder) = with_flow(seed, &flow(life, withdrawn));
    (of_v2(house), folder)
}

fn of_v2(house: House) -> House {
    // Only our asking prevents a second one.
    house.vendors.kingdee.set_refuses_duplicates(false);
    house.with("KINGDEE_AUTH", "v2")
}

const AUDITED: &str = "then = [\"audit\"]";

/// From two warehouses.
fn first() -> Value {
    order("A", 1, &[("WH01", "ML-250-24", 1), ("WH02", "ML-1L-12", 2)])
}

/// All from one of them.
fn second() -> Value {
    order("A", 2, &[("WH01", "ML-250-24", 1)])
}

/// And back.
fn third() -> Value {
    order("A", 3, &[("WH01", "ML-250-24", 1), ("WH02", "ML-1L-12", 3)])
}

fn of_status(mut order: Value, status: &str) -> Value {
    order["status"] = json!(status);
    order
}

/// The bills that Kingdee has, as `number: quantities state`, in the order of their numbers.
fn bills(house: &House) -> Vec<String> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let mut bills: Vec<_> = house.vendors.kingdee.saved_of("sal_outbound");
    bills.sort_by(|one, other| one.number.cmp(&other.number));
    let told = |bill: &relay_simulators::kingdee::Saved| {
        let lines = bill.body["material_entity"].as_array().unwrap();
        let quantities: Vec<_> = lines.iter().map(|line| text(&line["qty"])).collect();
        let state = if bill.is_audited { "audited" } else { "saved" };
        format!("{}: {} {state}", bill.number, quantities.join(" "))
    };
    bills.iter().map(told).collect()
}

fn deleted(house: &House) -> Vec<String> {
    house.vendors.kingdee.deleted("sal_outbound").iter().map(|bill| bill.number.clone()).collect()
}

#[tokio::test]
async fn a_part_that_a_newer_version_lacks_is_undone_as_the_flow_says_and_made_anew_when_it_comes_back() {
    for (life, word, left, back) in [
        ("", "delete", vec!["A-WH01: 1 saved"], "A-WH02: 3 saved"),
        (AUDITED, "unaudit+delete", vec!["A-WH01: 1 audited"], "A-WH02: 3 audited"),
        (
            AUDITED,
            "offset",
            vec!["A-WH01: 1 audited", "A-WH02: 2 audited", "A-WH02-R1: -2 audited"],
            "A-WH02-B2: 3 audited",
        ),
        (
            "",
            "offset",
            vec!["A-WH01: 1 saved", "A-WH02: 2 saved", "A-WH02-R1: -2 saved"],
            "A-WH02-B2: 3 saved",
        ),
    ] {
        let (house, _folder) = house(1, life, word);
        let process = house.start();
        pushed(&house, &process, &first()).await;
        let told = pushed(&house, &process, &second()).await;
        assert_eq!(told, ["A/WH01: unchanged", "A/WH02: delivered", "A: divided"], "{word}");
        assert_eq!(bills(&house), left, "{word}");
        let entry = process.entry(FLOW, "A/WH02").await.unwrap();
        assert!(entry.there().is_none(), "{word}: nothing of it counts there");
        // Neither the older version nor the same once more changes anything.
        pushed(&house, &process, &first()).await;
        pushed(&house, &process, &second()).await;
        assert_eq!(bills(&house), left, "{word}");
        pushed(&house, &process, &third()).await;
        assert!(bills(&house).contains(&back.to_owned()), "{word}: {:?}", bills(&house));
        assert!(failed(&process).await.is_empty(), "{word}");
    }
}

/// As with a cancellation: what counts already is unaudited by nobody but a person, unless the flow says so.
#[tokio::test]
async fn an_audited_part_is_not_deleted_unless_the_flow_has_it_unaudited() {
    let (house, _folder) = house(1, AUDITED, "delete");
    let process = house.start();
    pushed(&house, &process, &first()).await;
    pushed(&house, &process, &second()).await;
    assert_eq!(failed(&process).await, [("A/WH02".to_owned(), "withdrawn".to_owned())]);
    let failure = process.operations().show(FLOW, "A/WH02").await.unwrap().failures.remove(0);
    assert!(failure.message.contains("unaudit+delete"), "{}", failure.message);
    assert!(failure.message.contains("A-WH02 (id "), "{}", failure.message);
    assert_eq!(bills(&house), ["A-WH01: 1 audited", "A-WH02: 2 audited"]);
    // A person unaudits it, and has it replayed.
    let id = house.vendors.kingdee.saved("sal_outbound", "A-WH02").remove(0).id;
    house.vendors.kingdee.set_audited("sal_outbound", &id, false);
    process.operations().replay(FLOW, "A/WH02").await.unwrap();
    process.drain().await;
    assert_eq!(bills(&house), ["A-WH01: 1 audited"]);
    assert!(failed(&process).await.is_empty());
}

#[tokio::test]
async fn whichever_answer_is_lost_a_part_is_undone_once() {
    for (word, operation, before) in [
        ("unaudit+delete", "common_operate", 0),
        ("unaudit+delete", "common_operate", 1),
        ("offset", "sal_outbound_save", 0),
        ("offset", "common_operate", 0),
    ] {
        let (house, _folder) = house(1, AUDITED, word);
        let process = house.start();
        pushed(&house, &process, &first()).await;
        for _ in 0..before {
            let slow = Fault::Slow(std::time::Duration::from_millis(1));
            house.vendors.kingdee.faults.inject_for(operation, slow);
        }
        house.vendors.kingdee.faults.inject_for(operation, Fault::LostAnswer);
        pushed(&house, &process, &second()).await;
        let said = format!("{word}: {operation} {before}");
        assert!(failed(&process).await.is_empty(), "{said}");
        let left = match word {
            "offset" => vec!["A-WH01: 1 audited", "A-WH02: 2 audited", "A-WH02-R1: -2 audited"],
            _ => vec!["A-WH01: 1 audited"],
        };
        assert_eq!(bills(&house), left, "{said}");
        let deletions = if word == "offset" { Vec::new() } else { vec!["A-WH02".to_owned()] };
        assert_eq!(deleted(&house), deletions, "{said}");
    }
}

/// Its answer was lost when the version that lacks it comes: it is asked for by its number.
#[tokio::test]
async fn a_part_that_may_have_arrived_is_asked_for_and_undone_where_it_has() {
    for arrives in [true, false] {
        let (house, _folder) = house(1, "", "delete");
        let process = house.start();
        push(&house, &process, &order("A", 1, &[("WH02", "ML-250-24", 1)])).await;
        push(&house, &process, &order("A", 2, &[("WH01", "ML-250-24", 1)])).await;
        process.work_once().await;
        let lost = if arrives { Fault::LostAnswer } else { Fault::Status(500) };
        house.vendors.kingdee.faults.inject_for("sal_outbound_save", lost);
        process.work_once().await;
        process.drain().await;
        assert_eq!(bills(&house), ["A-WH01: 1 saved"], "it arrives: {arrives}");
        assert!(failed(&process).await.is_empty(), "it arrives: {arrives}");
    }
}

#[tokio::test]
async fn what_was_delivered_before_the_flow_said_so_is_deleted_too_and_taken_back_by_a_person() {
    for (word, class) in [("delete", None), ("offset", Some("changed"))] {
        let (house, folder) = house(1, "", "");
        let process = house.start();
        pushed(&house, &process, &first()).await;
        std::fs::write(folder.path().join(format!("{FLOW}.toml")), flow("", word)).unwrap();
        let process = house.start();
        pushed(&house, &process, &second()).await;
        let failures = failed(&process).await;
        assert_eq!(failures.first().map(|(_, class)| class.as_str()), class, "{word}");
        assert_eq!(deleted(&house).len(), usize::from(class.is_none()), "{word}");
    }
}

/// Whether the cancelled document still has its lines or not.
#[tokio::test]
async fn a_cancellation_goes_for_each_part() {
    let life = "then = [\"audit\"]\nwhen_cancelled = \"WORD\"";
    for (word, left) in [
        ("unaudit+delete", Vec::<&str>::new()),
        (
            "offset",
            vec!["A-WH01: 1 audited", "A-WH01-R1: -1 audited", "A-WH02: 2 audited", "A-WH02-R1: -2 audited"],
        ),
    ] {
        for cancelled in [order("A", 2, &[]), order("A", 2, &[("WH01", "ML-250-24", 1)]), third()] {
            let (house, _folder) = house(1, &life.replace("WORD", word), "fail");
            let process = house.start();
            pushed(&house, &process, &first()).await;
            pushed(&house, &process, &of_status(cancelled.clone(), "cancelled")).await;
            assert_eq!(bills(&house), left, "{word}: {cancelled}");
            assert!(failed(&process).await.is_empty(), "{word}: {cancelled}");
        }
    }
}

/// What its parts share matters no more, whether there are parts to share it or not.
#[tokio::test]
async fn no_amount_that_is_shared_out_keeps_a_document_from_being_cancelled() {
    let share = "[split]\nshare = [\"postage\"]\nshare_by = \"quantity * price\"\nremainder = \"last\"";
    let with_postage = |mut order: Value, postage: &str| {
        order["postage"] = json!(postage);
        order
    };
    for (lines, postage) in [(order("A", 2, &[]), "6.00"), (third(), "6.005")] {
        let (house, _folder) =
            with_flow(1, &flow("when_cancelled = \"delete\"", "").replace("[split]", share));
        let house = of_v2(house);
        let process = house.start();
        pushed(&house, &process, &with_postage(first(), "6.00")).await;
        let cancelled = of_status(with_postage(lines, postage), "cancelled");
        pushed(&house, &process, &cancelled).await;
        assert_eq!(failed(&process).await, [], "{cancelled}");
        assert_eq!(bills(&house), Vec::<String>::new(), "{cancelled}");
    }
}

#[tokio::test]
async fn a_cancelled_document_that_never_came_makes_nothing_and_is_no_failure() {
    let (house, _folder) = house(1, "when_cancelled = \"delete\"", "");
    let process = house.start();
    for cancelled in [order("A", 2, &[]), second()] {
        pushed(&house, &process, &of_status(cancelled, "cancelled")).await;
        assert!(failed(&process).await.is_empty() && bills(&house).is_empty());
    }
    pushed(&house, &process, &first()).await;
    assert!(bills(&house).is_empty(), "an older version makes none either");
}

/// The process that works the version that lacks a part is killed at each of its steps.
async fn killed_while_undoing(life: &str, word: &str, left: &[&str], deletions: &[&str]) {
    killed_at_each_step(
        Some(&flow(life, word)),
        of_v2,
        async |house| {
            pushed(house, &house.start(), &first()).await;
            push(house, &house.start(), &second()).await;
        },
        async |house, steps| {
            assert!(failed(&house.start()).await.is_empty(), "{word}, killed after {steps} steps");
            assert_eq!(bills(house), left, "{word}, killed after {steps} steps");
            assert_eq!(deleted(house), deletions, "{word}, killed after {steps} steps");
        },
    )
    .await;
}

#[tokio::test]
async fn wherever_a_pusher_is_killed_a_withdrawn_part_is_deleted_once() {
    killed_while_undoing("", "delete", &["A-WH01: 1 saved"], &["A-WH02"]).await;
}

#[tokio::test]
async fn wherever_a_pusher_is_killed_a_withdrawn_part_is_unaudited_and_deleted_once() {
    killed_while_undoing(AUDITED, "unaudit+delete", &["A-WH01: 1 audited"], &["A-WH02"]).await;
}

#[tokio::test]
async fn wherever_a_pusher_is_killed_a_withdrawn_part_is_taken_back_once() {
    let left = ["A-WH01: 1 audited", "A-WH02: 2 audited", "A-WH02-R1: -2 audited"];
    killed_while_undoing(AUDITED, "offset", &left, &[]).await;
}

#[tokio::test]
async fn what_was_delivered_are_the_parts_and_not_the_document_and_what_is_cancelled_is_none() {
    let life = format!("{AUDITED}\nwhen_cancelled = \"unaudit+delete\"");
    let (house, _folder) = house(61, &life, "unaudit+delete");
    let process = house.start();
    pushed(&house, &process, &first()).await;
    let wanted = relay_operations::delivered::Wanted {
        flow: None,
        since: house.now() - chrono::TimeDelta::hours(1),
        until: house.now() + chrono::TimeDelta::hours(1),
        limit: None,
        amounts: false,
        by: None,
        after: None,
        grep: None,
    };
    let listed = async || {
        let delivered = process.operations().delivered(&wanted).await.unwrap().delivered;
        let mut keys: Vec<_> = delivered.into_iter().map(|delivery| delivery.key).collect();
        keys.sort();
        keys
    };
    assert_eq!(listed().await, ["A/WH01", "A/WH02"]);

    let mut cancelled = order("A", 3, &[("WH01", "ML-250-24", 1), ("WH02", "ML-1L-12", 2)]);
    cancelled["status"] = json!("cancelled");
    pushed(&house, &process, &cancelled).await;
    assert_eq!(listed().await, [""; 0]);
    let shown = process.operations().show(FLOW, "A").await.unwrap();
    let states: Vec<_> = shown.parts.iter().map(|part| part.state.in_words()).collect();
    assert_eq!(states, ["withdrawn", "withdrawn"]);
}
