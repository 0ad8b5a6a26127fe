//! Days compared on three sides: what a person has done in the target behind our back, what a source has held back, and what
//! cannot be compared.

use std::path::Path;

use chrono::{DateTime, TimeDelta, Utc};
use relay_core::clock::{Clock as _, SystemClock};
use relay_simulators::faults::Fault;
use serde_json::{Value, json};

use crate::support::{Answer, Installation, Town};

mod shapes;

const TRADES: &str = "trade-to-kingdee";

/// Noon of a day in China, so many days ago.
fn noon(days_ago: i64) -> DateTime<Utc> {
    let day = relay_reconcile::days::of(SystemClock.now() - TimeDelta::days(days_ago));
    relay_reconcile::days::begins(day) + TimeDelta::hours(12)
}

fn day(days_ago: i64) -> String {
    relay_reconcile::days::of(noon(days_ago)).to_string()
}

/// Trades of the day before yesterday, read and queued.
fn polled(count: i64) -> (Town, Installation, Vec<String>) {
    let town = Town::open();
    let mut installation = town.installation();
    installation.set("RELAY_START", (noon(2) - TimeDelta::hours(13)).to_rfc3339());
    let at = |place: i64| noon(2) + TimeDelta::minutes(place);
    let numbers = (0..count).map(|place| town.vendors.wangdian.generate_trade("S001", 55, at(place)));
    let numbers = numbers.collect();
    installation.invoke("trade-poller", "trade-poller/schedule.json").with_status(0);
    (town, installation, numbers)
}

/// The same, all of them delivered.
fn delivered(count: i64) -> (Town, Installation, Vec<String>) {
    let (town, installation, numbers) = polled(count);
    installation.relay(&["drain"]).with_status(0);
    assert_eq!(town.vendors.kingdee.creates().len(), numbers.len());
    (town, installation, numbers)
}

fn reconcile(installation: &Installation, more: &[&str]) -> Answer {
    let day = day(2);
    installation.relay(&[&["reconcile", TRADES, "--day", &day, "--json"], more].concat())
}

/// The documents that are not matched, by their verdicts.
fn found(answer: &Value) -> Vec<(String, String)> {
    let documents = answer["days"][0]["documents"].as_array().unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    documents.iter().map(|document| (text(&document["key"]), text(&document["verdict"]))).collect()
}

#[test]
fn a_day_on_which_all_sides_say_the_same_is_equal_to_the_cent() {
    let (_town, installation, numbers) = delivered(3);
    let answer = reconcile(&installation, &[]).with_status(0).json();
    let day = &answer["days"][0];
    assert_eq!((&day["standing"], &day["counts"]), (&json!("equal"), &json!({ "matched": 3 })), "{answer}");
    assert_eq!(day["source"], day["target"], "{answer}");
    assert_eq!(day["source"], day["ledger"], "{answer}");
    assert_eq!(day["source"]["documents"], numbers.len(), "{answer}");
    assert_ne!(day["source"]["content"]["amount"], "0", "{answer}");
    assert_eq!(day["places"][0]["shop"], "S001", "{answer}");
    let from = super::reconcile::day(2);
    let text = installation.relay(&["reconcile", TRADES, "--from", &from]).with_status(0).stdout;
    assert!(text.contains("matched 3") && text.contains("no documents"), "{text}");
}

#[test]
fn what_a_person_has_done_in_the_target_and_what_the_source_held_back_is_found_and_the_missing_is_healed() {
    let (town, installation, numbers) = delivered(5);
    let kingdee = &town.vendors.kingdee;
    let [removed, doubled, changed, ..] = &numbers[..] else { panic!("five trades") };
    kingdee.remove_by_hand(removed);
    kingdee.double_by_hand(doubled).unwrap();
    kingdee.change_line_by_hand(changed, "taxprice", &json!("0.01"));
    // Behind the watermark, where no poll reads any more.
    let held_back = town.vendors.wangdian.generate_trade("S001", 55, noon(2) + TimeDelta::hours(1));

    let answer = reconcile(&installation, &["--heal"]).with_status(1).json();
    let mut expected =
        [(removed, "missing"), (&held_back, "missing"), (doubled, "doubled"), (changed, "different")]
            .map(|(key, verdict)| (key.clone(), verdict.to_owned()));
    let mut documents = found(&answer);
    expected.sort();
    documents.sort();
    assert_eq!(documents, expected, "{answer}");
    let day = &answer["days"][0];
    assert_eq!(
        day["counts"],
        json!({ "matched": 2, "missing": 2, "doubled": 1, "different": 1 }),
        "{answer}"
    );
    let of = |key: &str| {
        let documents = day["documents"].as_array().unwrap();
        documents.iter().find(|document| document["key"] == key).unwrap().clone()
    };
    assert_eq!(of(changed)["fields"][0]["field"], "material_entity[0].taxprice", "{answer}");
    assert_eq!(of(changed)["fields"][0]["there"], "0.01", "{answer}");
    assert!(of(removed)["why"].as_str().unwrap().contains("does not have it any more"), "{answer}");
    assert!(of(&held_back)["why"].as_str().unwrap().contains("never handed it over"), "{answer}");
    assert_eq!((&answer["missing"], &answer["healed"]), (&json!(2), &json!(null)), "nobody has agreed");
    installation.relay(&["drain"]).with_status(0);
    assert!(kingdee.orders(removed).is_empty(), "a dry run sends nothing");

    let answer = reconcile(&installation, &["--heal", "--yes"]).with_status(1).json();
    assert_eq!(answer["healed"]["replayed"], 2, "{answer}");
    installation.relay(&["drain"]).with_status(0);
    for number in [removed, &held_back] {
        assert_eq!(kingdee.orders(number).len(), 1, "{number}");
    }
    let answer = reconcile(&installation, &["--heal", "--yes"]).with_status(1).json();
    assert_eq!(
        answer["days"][0]["counts"],
        json!({ "matched": 4, "doubled": 1, "different": 1 }),
        "{answer}"
    );
    assert_eq!(
        kingdee.orders(changed)[0].body["material_entity"][0]["taxprice"],
        "0.01",
        "nothing is sent over it"
    );
    let log = installation.relay(&["log"]).with_status(0).stdout;
    assert!(log.contains("reconcile --heal"), "{log}");
    // What a day came to is kept: a person is told, until a later comparison says otherwise.
    let status = installation.relay(&["status", "--json"]).with_status(1).json();
    assert_eq!(
        (&status["attention"], &status["reconciliation"][0]["differences"]),
        (&json!(1), &json!(2)),
        "{status}"
    );
    let issue = status["issues"][0].as_str().unwrap();
    assert!(
        issue.contains("1 doubled, 1 different") && issue.contains("relay reconcile trade-to-kingdee"),
        "{issue}"
    );
    let tolerated = reconcile(&installation, &["--tolerate", "amount"]).with_status(1).json();
    assert_eq!(tolerated["days"][0]["counts"], json!({ "matched": 5, "doubled": 1 }), "{tolerated}");
}

#[test]
fn what_waits_failed_or_was_settled_is_no_difference_and_is_told_with_its_reason() {
    let (town, installation, numbers) = polled(1);
    let answer = reconcile(&installation, &[]).with_status(0).json();
    assert_eq!(answer["days"][0]["counts"], json!({ "not_due": 1 }), "it is in the queue: {answer}");

    town.vendors.kingdee.faults.inject_for("sal_order_save", Fault::InnerRefusal("商品已停用".to_owned()));
    installation.relay(&["drain"]).with_status(1);
    let answer = reconcile(&installation, &[]).with_status(0).json();
    assert_eq!(answer["days"][0]["explained"], json!({ "failed (refused)": 1 }), "{answer}");
    let settle = ["settle", "--flow", TRADES, "--key", &numbers[0], "--by", "小王", "--reason", "手工录入"];
    installation.relay(&settle).with_status(0);
    let answer = reconcile(&installation, &[]).with_status(0).json();
    assert_eq!(answer["days"][0]["explained"], json!({ "settled by 小王: 手工录入": 1 }), "{answer}");

    let minutes_ago = SystemClock.now() - TimeDelta::minutes(5);
    town.vendors.wangdian.generate_trade("S001", 55, minutes_ago);
    installation.relay(&["rewind", TRADES, "--to", "10m", "--yes"]).with_status(0);
    let today = relay_reconcile::days::of(minutes_ago).to_string();
    let answer = installation.relay(&["reconcile", TRADES, "--day", &today, "--json"]).with_status(0).json();
    assert_eq!(answer["days"][0]["counts"], json!({ "not_due": 1 }), "no poll has read it yet: {answer}");
}

#[test]
fn a_document_that_its_source_has_changed_since_is_compared_with_what_was_sent() {
    let (town, installation, numbers) = delivered(2);
    // Shipped: the flow asks for it no more, and its change is one of today.
    assert!(town.vendors.wangdian.change_trade(&numbers[0], SystemClock.now() - TimeDelta::minutes(10)));
    let answer = reconcile(&installation, &[]).with_status(0).json();
    let day = &answer["days"][0];
    assert_eq!(
        (&day["counts"], &day["source"]["documents"]),
        (&json!({ "matched": 2 }), &json!(1)),
        "{answer}"
    );
    assert_eq!((&day["ledger"], &day["target"]["documents"]), (&day["target"], &json!(2)), "{answer}");
    town.vendors.kingdee.change_line_by_hand(&numbers[0], "qty", &json!("77"));
    let answer = reconcile(&installation, &[]).with_status(1).json();
    assert_eq!(answer["days"][0]["documents"][0]["fields"][0]["field"], "material_entity[0].qty", "{answer}");
}

#[test]
fn a_target_that_fails_midway_and_a_source_that_cannot_be_asked_are_not_equal() {
    let (town, installation, _) = delivered(4);
    for _ in 0..3 {
        town.vendors.kingdee.faults.inject_for("sal_order_detail", Fault::Http519("维护中".to_owned()));
    }
    let answer = reconcile(&installation, &[]).with_status(2).json();
    let day = &answer["days"][0];
    assert_eq!(
        (&day["standing"], &day["counts"]),
        (&json!("not_compared"), &json!({ "not_compared": 4 })),
        "{answer}"
    );
    assert!(day["not_compared"][0].as_str().unwrap().contains("cannot be read"), "{answer}");
    let pushed =
        installation.relay(&["reconcile", "direct-order-to-sharecrm", "--json"]).with_status(2).json();
    assert!(pushed["days"][0]["not_compared"][0].as_str().unwrap().contains("pushed"), "{pushed}");
}

#[test]
fn over_v2_a_list_of_the_days_bills_shows_what_is_extra_and_saves_the_calls_for_what_is_equal() {
    let flow = "trade-audited-to-kingdee";
    let town = Town::open();
    let mut installation = town.installation();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/flows/examples/kingdee-v2");
    installation
        .set("KINGDEE_AUTH", "v2")
        .set("RELAY_FLOWS_DIR", folder.to_str().unwrap())
        // Other flows of the folder name them.
        .set("COD_ACCOUNT", "1")
        .set("SETTLEMENT_ACCOUNT", "2")
        .set("RELAY_START", (noon(2) - TimeDelta::hours(13)).to_rfc3339());
    let at = |place: i64| noon(2) + TimeDelta::minutes(place);
    let numbers = (0..4).map(|place| town.vendors.wangdian.generate_trade("S001", 55, at(place)));
    let numbers: Vec<_> = numbers.collect();
    installation.invoke("trade-poller", "trade-poller/schedule.json").with_status(0);
    installation.relay(&["drain"]).with_status(0);
    let kingdee = &town.vendors.kingdee;
    let details = || kingdee.calls().get("sal_order_detail").copied().unwrap_or_default();
    let reconcile = |more: &[&str]| {
        installation.relay(&[&["reconcile", flow, "--day", &day(2), "--json"], more].concat())
    };

    let before = details();
    let answer = reconcile(&[]).with_status(0).json();
    assert_eq!(answer["days"][0]["counts"], json!({ "matched": 4 }), "{answer}");
    assert_eq!(details(), before, "the list tells that each has its amount");

    let saved = |number: &str| kingdee.saved("sal_order", number)[0].clone();
    let (removed, changed) = (saved(&numbers[0]), saved(&numbers[1]));
    kingdee.remove("sal_order", &removed.id);
    kingdee.remove("sal_order", &changed.id);
    let mut body = json!(changed.body);
    body["material_entity"][0]["qty"] = json!("999");
    kingdee.keep("sal_order", &numbers[1], &body);
    kingdee.keep("sal_order", &numbers[2], &json!(saved(&numbers[2]).body));
    let mut by_hand = json!(saved(&numbers[3]).body);
    by_hand["bill_no"] = json!("BY-HAND-1");
    kingdee.keep("sal_order", "BY-HAND-1", &by_hand);
    let answer = reconcile(&[]).with_status(1).json();
    let mut expected = [
        (numbers[0].as_str(), "missing"),
        (&numbers[1], "different"),
        (&numbers[2], "doubled"),
        ("BY-HAND-1", "extra"),
    ]
    .map(|(key, verdict)| (key.to_owned(), verdict.to_owned()));
    let mut documents = found(&answer);
    expected.sort();
    documents.sort();
    assert_eq!(documents, expected, "{answer}");
    let answer = reconcile(&["--tolerate", "extra"]).with_status(1).json();
    assert_eq!(
        answer["days"][0]["counts"],
        json!({ "matched": 1, "missing": 1, "different": 1, "doubled": 1 }),
        "{answer}"
    );
}

#[test]
fn days_that_are_none_and_flows_without_days_are_wrong_usage() {
    let installation = Installation::with_store();
    for arguments in [
        &["--from", "2026-11-02", "--to", "2026-11-01"][..],
        &["--day", "2036-01-01"],
        &["--from", "2020-01-01"],
        &["--tolerate", "amount=much"],
        &["no-such-flow"],
    ] {
        installation.relay(&[&["reconcile"], arguments].concat()).with_status(2);
    }
}
