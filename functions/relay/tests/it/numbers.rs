//! `relay show NUMBER…` finds a document by any of its numbers, and asks the source of what nobody knows.

use chrono::TimeDelta;
use relay_core::clock::{Clock as _, SystemClock};
use serde_json::Value;

use crate::support::{Installation, Town};

const TRADES: &str = "trade-to-kingdee";

fn shown(installation: &Installation, numbers: &[&str], status: i32) -> Value {
    let arguments: Vec<_> = ["show", "--json"].into_iter().chain(numbers.iter().copied()).collect();
    installation.relay(&arguments).with_status(status).json()["found"].clone()
}

/// A trade that has been delivered, as its source has it.
fn delivered(town: &Town) -> (Installation, Value) {
    let mut installation = town.installation();
    installation.set("RELAY_START", (SystemClock.now() - TimeDelta::hours(1)).to_rfc3339());
    let modified = SystemClock.now() - TimeDelta::minutes(30);
    let number = town.vendors.wangdian.generate_trade("S001", 55, modified);
    installation.invoke("trade-poller", "trade-poller/schedule.json").with_status(0);
    installation.relay(&["drain"]).with_status(0);
    let explained = ["explain", "--flow", TRADES, "--number", &number, "--json"];
    let trade = installation.relay(&explained).with_status(0).json()["document"].clone();
    (installation, trade)
}

#[test]
fn a_document_is_found_by_any_number_with_its_whole_way() {
    let town = Town::open();
    let (installation, trade) = delivered(&town);
    let text = |field: &str| trade[field].as_str().unwrap().to_owned();
    let (trade_no, tid) = (text("trade_no"), text("src_tids"));
    let found = shown(&installation, &[&trade_no, &tid], 0);
    for number in 0..2 {
        let document = &found[number]["documents"][0];
        assert_eq!((&document["flow"], &document["key"]), (&TRADES.into(), &trade["trade_no"]), "{found}");
    }
    let document = &found[0]["documents"][0];
    let target_id = document["delivered"]["target_id"].as_str().unwrap();
    let numbers: Vec<_> =
        document["numbers"].as_array().unwrap().iter().map(|it| it.as_str().unwrap()).collect();
    assert!(numbers.contains(&target_id) && numbers.contains(&tid.as_str()), "{document}");
    let by_id = shown(&installation, &[target_id], 0);
    assert_eq!(by_id[0]["documents"][0]["key"], trade["trade_no"], "Kingdee's id finds it: {by_id}");

    let whole = installation.relay(&["show", &tid]).with_status(0).stdout;
    for part in [
        "trade-to-kingdee JY",
        "delivered",
        "came (trace",
        "sal_order",
        "answered",
        "attempt 1 ended: delivered",
    ] {
        assert!(whole.contains(part), "{part} in {whole}");
    }
}

#[test]
fn of_a_number_that_nobody_knows_the_source_is_asked() {
    let town = Town::open();
    let installation = delivered(&town).0;
    let modified = SystemClock.now() - TimeDelta::minutes(20);
    let shipped = town.vendors.wangdian.generate_trade("S001", 95, modified);
    let fresh = town.vendors.wangdian.generate_trade("S001", 55, SystemClock.now() - TimeDelta::seconds(1));
    let found = shown(&installation, &[&shipped, &fresh, "JY-NOBODYS"], 1);
    let says = |place: usize| found[place]["sources"][0]["says"].as_str().unwrap_or_default();
    assert_eq!(says(0), "wangdian has it with trade_status 95; the flow asks for status 55", "{found}");
    assert!(says(1).contains("it is for the flow; the flow has read until "), "{found}");
    assert_eq!(found[2]["sources"], serde_json::json!([]), "{found}");
    let told = installation.relay(&["show", &shipped]).with_status(1).stdout;
    assert!(told.contains("no flow knows it") && told.contains("the flow asks for status 55"), "{told}");
}

#[test]
fn one_of_the_numbers_and_the_other_way_of_naming_a_document_exclude_each_other() {
    let installation = Installation::with_store();
    installation.relay(&["show"]).with_status(2);
    installation.relay(&["show", "JY1", "--flow", TRADES, "--key", "JY1"]).with_status(2);
    installation.relay(&["show", "--key", "JY1"]).with_status(2);
    installation.relay(&["show", "JY1", "--flow", "trade-to-kingde"]).with_status(2);
}

#[test]
fn what_waits_for_its_first_turn_is_found_in_its_queue_by_key_and_by_number() {
    let town = Town::open();
    let mut installation = town.installation();
    installation.set("RELAY_START", (SystemClock.now() - TimeDelta::hours(1)).to_rfc3339());
    let modified = SystemClock.now() - TimeDelta::minutes(30);
    let number = town.vendors.wangdian.generate_trade("S001", 55, modified);
    installation.invoke("webhook-receiver", "webhook-receiver/direct-order.json").with_status(0);
    installation.relay(&["pause", "kingdee", "--reason", "stock-taking", "--by", "li"]).with_status(0);
    installation.invoke("trade-poller", "trade-poller/schedule.json").with_status(0);
    let explained = ["explain", "--flow", TRADES, "--number", &number, "--json"];
    let trade = installation.relay(&explained).with_status(0).json()["document"].clone();
    let tid = trade["src_tids"].as_str().unwrap();
    let found = shown(&installation, &[&number, tid], 0);
    for place in 0..2 {
        let document = &found[place]["documents"][0];
        assert_eq!((&document["flow"], &document["key"]), (&TRADES.into(), &trade["trade_no"]), "{found}");
        let queued = &document["queued"][0];
        assert_eq!((&queued["system"], &queued["receive_count"]), (&"kingdee".into(), &0.into()), "{found}");
        assert!(queued["since"].is_string() && document["paused"]["by"] == "li", "{found}");
    }
    let told = installation.relay(&["show", "--flow", TRADES, "--key", &number]).with_status(0).stdout;
    let says = "waits in the queue of kingdee since ";
    assert!(told.contains(says) && told.contains("for its first turn, behind 0 others"), "{told}");
    assert!(told.contains("not delivered") && told.contains("stock-taking"), "{told}");

    let flow = || installation.relay(&["status", "--json"]).json()["flows"][TRADES].clone();
    assert_eq!((&flow()["today"]["read"], &flow()["waiting"]), (&1.into(), &1.into()), "{}", flow());
    installation.relay(&["resume", "kingdee"]).with_status(0);
    installation.relay(&["drain"]).with_status(0);
    let done = flow();
    assert_eq!((&done["today"]["delivered"], &done["waiting"]), (&1.into(), &0.into()), "{done}");
    assert_eq!(shown(&installation, &[&number], 0)[0]["documents"][0].get("queued"), None);
}
