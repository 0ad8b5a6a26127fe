//! What is not one document for one: groups, stock and parts, each compared in its own way.

use std::fs;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::{TRADES, found, noon, reconcile};
use crate::console::Console;
use crate::support::{Installation, Town};

#[test]
fn documents_of_a_group_are_compared_through_their_bill() {
    let town = Town::open();
    let mut installation = town.installation();
    fs::create_dir(installation.path("flows")).unwrap();
    fs::write(installation.path(&format!("flows/{TRADES}.toml")), crate::groups::FLOW).unwrap();
    installation
        .set("RELAY_FLOWS_DIR", "flows")
        .set("RELAY_START", (noon(2) - TimeDelta::hours(13)).to_rfc3339());
    for place in 0..3 {
        town.vendors.wangdian.generate_trade("S001", 55, noon(2) + TimeDelta::minutes(place));
    }
    installation.invoke("trade-poller", "trade-poller/schedule.json").with_status(0);
    installation.relay(&["drain"]).with_status(0);
    let answer = reconcile(&installation, &[]).with_status(0).json();
    assert_eq!(answer["days"][0]["counts"], json!({ "not_due": 3 }), "its group is open: {answer}");

    let group = closed(&installation);
    let answer = reconcile(&installation, &[]).with_status(0).json();
    let day = &answer["days"][0];
    assert_eq!(day["counts"], json!({ "matched": 4 }), "three members and a bill: {answer}");
    assert_eq!(
        (&day["source"]["documents"], &day["target"]["documents"]),
        (&json!(3), &json!(1)),
        "{answer}"
    );
    assert_eq!(day["source"]["content"]["quantity"], day["target"]["content"]["quantity"], "{answer}");
    assert_eq!(day["ledger"], day["target"], "{answer}");

    let bill = format!("XS-{group}-1");
    town.vendors.kingdee.change_line_by_hand(&bill, "qty", &json!("1000"));
    let answer = reconcile(&installation, &[]).with_status(1).json();
    assert_eq!(found(&answer), [(format!("@{group}-1"), "different".to_owned())], "{answer}");
    town.vendors.kingdee.remove_by_hand(&bill);
    let answer = reconcile(&installation, &["--heal", "--yes"]).with_status(1).json();
    assert_eq!(found(&answer), [(format!("@{group}-1"), "missing".to_owned())], "{answer}");
    installation.relay(&["drain"]).with_status(0);
    assert_eq!(town.vendors.kingdee.orders(&bill).len(), 1, "{answer}");
    reconcile(&installation, &[]).with_status(0);
}

/// Closes the first group, sends its bill, and answers its name.
fn closed(installation: &Installation) -> String {
    let groups = installation.relay(&["groups", "--json"]).with_status(0).json();
    let group = groups["groups"][0]["group"].as_str().unwrap().to_owned();
    installation.relay(&["groups", "close", &group]).with_status(0);
    fs::write(installation.path("event.json"), "{}").unwrap();
    installation.relay(&["invoke", "bill-closer", "--event", "event.json"]).with_status(0);
    installation.relay(&["drain"]).with_status(0);
    group
}

/// Each line of a trade is a member. What was never handed over is missing as a whole, and comes in its parts.
#[test]
fn the_parts_of_a_document_that_are_members_of_a_group_are_compared_each_by_itself() {
    let town = Town::open();
    let mut installation = town.installation();
    fs::create_dir(installation.path("flows")).unwrap();
    let flow = format!("{}\n[split]\neach = \"goods_list\"\nwithdrawn = \"fail\"\n", crate::groups::FLOW);
    fs::write(installation.path(&format!("flows/{TRADES}.toml")), flow).unwrap();
    installation
        .set("RELAY_FLOWS_DIR", "flows")
        .set("RELAY_START", (noon(2) - TimeDelta::hours(13)).to_rfc3339());
    for place in 0..3 {
        town.vendors.wangdian.generate_trade("S001", 55, noon(2) + TimeDelta::minutes(place));
    }
    installation.invoke("trade-poller", "trade-poller/schedule.json").with_status(0);
    installation.relay(&["drain"]).with_status(0);
    closed(&installation);
    let answer = reconcile(&installation, &[]).with_status(0).json();
    let day = &answer["days"][0];
    let parts = day["source"]["documents"].as_u64().unwrap();
    assert!(parts > 3, "{answer}");
    assert_eq!(day["counts"], json!({ "matched": parts + 1 }), "the parts and their bill: {answer}");
    assert_eq!(day["source"]["content"]["quantity"], day["target"]["content"]["quantity"], "{answer}");

    // Behind the watermark, where no poll reads any more.
    let held_back = town.vendors.wangdian.generate_trade("S001", 55, noon(2) + TimeDelta::hours(1));
    let answer = reconcile(&installation, &["--heal", "--yes"]).with_status(1).json();
    assert_eq!(found(&answer), [(held_back.clone(), "missing".to_owned())], "{answer}");
    installation.relay(&["drain"]).with_status(0);
    let shown = installation.relay(&["show", &held_back, "--json"]).with_status(0).json();
    let parts = shown["found"][0]["documents"].as_array().unwrap().iter();
    let of_whole = parts.filter_map(|document| document["parts"].as_array()).next();
    assert!(of_whole.is_some_and(|parts| !parts.is_empty()), "its parts are known: {shown}");
    let answer = reconcile(&installation, &[]).with_status(0).json();
    assert_eq!(answer["days"][0]["counts"]["missing"], json!(null), "{answer}");
}

/// ShareCRM cannot be asked: what it was sent last is held against what WDT has now.
#[test]
fn stock_is_compared_as_it_stands_with_what_was_sent_and_what_is_in_flight_is_no_difference() {
    const FLOW: &str =
        include_str!("../../../../../shared/flows/field-sales/stock-snapshot-to-sharecrm.toml");
    let town = Town::open();
    let mut installation = town.installation();
    fs::create_dir(installation.path("flows")).unwrap();
    fs::write(installation.path("flows/stock.toml"), FLOW).unwrap();
    installation
        .set("RELAY_FLOWS_DIR", "flows")
        .set("RELAY_START", (noon(2) - TimeDelta::hours(13)).to_rfc3339());
    let put = |spec: &str, stock: u32, modified: DateTime<Utc>| {
        let modified = relay_simulators::wangdian::time_text(modified);
        let row = json!({"spec_no": spec, "warehouse_no": "W1", "stock_num": stock, "modified": modified});
        let row = row.as_object().unwrap().clone();
        town.vendors.wangdian.put_row("stock_query", &["spec_no", "warehouse_no"], row);
    };
    let poll = || installation.invoke("trade-poller", "trade-poller/schedule.json").with_status(0);
    ["A", "B", "C"].iter().for_each(|spec| put(spec, 20, noon(2)));
    poll();
    installation.relay(&["drain"]).with_status(0);
    let reconcile = |status: i32| {
        let days = ["--from", &super::day(2), "--to", &super::day(0)];
        let answer = installation.relay(&[&["reconcile", "stock", "--json"], &days[..]].concat());
        answer.with_status(status).json()
    };
    let documents = |answer: &Value| {
        let days = answer["days"].as_array().unwrap().iter();
        let all = days.flat_map(|day| day["documents"].as_array().unwrap().clone());
        all.filter(|it| it["verdict"] != "not_compared").collect::<Vec<_>>()
    };
    let answer = reconcile(2);
    assert_eq!(
        documents(&answer),
        [json!(null); 0],
        "all was sent, and what ShareCRM has nobody tells: {answer}"
    );

    // Behind the watermark, where no poll reads any more.
    put("B", 25, noon(2) + TimeDelta::hours(1));
    let answer = reconcile(1);
    let [found] = &documents(&answer)[..] else { panic!("one differs: {answer}") };
    assert_eq!((&found["key"], &found["verdict"]), (&json!("B/W1"), &json!("different")), "{answer}");
    let stock =
        found["fields"].as_array().unwrap().iter().find(|it| it["field"] == "masterFieldVal.stock_num");
    let stock = stock.unwrap_or_else(|| panic!("{answer}"));
    let number = |side: &str| stock[side].to_string().trim_matches('"').to_owned();
    assert_eq!((number("there"), number("now")), ("20".to_owned(), "25".to_owned()), "{answer}");

    // Read once more, and not worked yet: in flight.
    installation.relay(&["rewind", "stock", "--to", "3d", "--yes"]).with_status(0);
    poll();
    let answer = reconcile(2);
    let [found] = &documents(&answer)[..] else { panic!("one is in flight: {answer}") };
    assert_eq!((&found["key"], &found["verdict"]), (&json!("B/W1"), &json!("not_due")), "{answer}");
    assert!(found["why"].as_str().unwrap().contains("wait for the target"), "{answer}");
    installation.relay(&["drain"]).with_status(0);
    let answer = reconcile(2);
    assert_eq!(documents(&answer), [json!(null); 0], "{answer}");
}

/// Of a flow that makes a bill of each line.
#[test]
fn the_parts_of_a_document_are_compared_each_by_itself_and_the_missing_one_is_sent_again() {
    const FLOW: &str = include_str!("../../../../../shared/flows/trade-to-kingdee.toml");
    let town = Town::open();
    let mut installation = town.installation();
    fs::create_dir(installation.path("flows")).unwrap();
    let split = format!("{FLOW}\n[split]\neach = \"goods_list\"\nwithdrawn = \"fail\"\n");
    fs::write(installation.path(&format!("flows/{TRADES}.toml")), split).unwrap();
    installation
        .set("RELAY_FLOWS_DIR", "flows")
        .set("RELAY_START", (noon(2) - TimeDelta::hours(13)).to_rfc3339());
    for place in 0..4 {
        town.vendors.wangdian.generate_trade("S001", 55, noon(2) + TimeDelta::minutes(place));
    }
    installation.invoke("trade-poller", "trade-poller/schedule.json").with_status(0);
    installation.relay(&["drain"]).with_status(0);
    let kingdee = &town.vendors.kingdee;
    let parts: Vec<_> = kingdee.creates().into_keys().collect();
    assert!(parts.len() > 4 && parts.iter().all(|number| number.contains('-')), "{parts:?}");
    let answer = reconcile(&installation, &[]).with_status(0).json();
    let day = &answer["days"][0];
    assert_eq!(day["counts"], json!({ "matched": parts.len() }), "{answer}");
    assert_eq!((&day["source"], &day["ledger"]), (&day["target"], &day["target"]), "{answer}");

    let [removed, doubled, changed, ..] = &parts[..] else { panic!("{parts:?}") };
    kingdee.remove_by_hand(removed);
    kingdee.double_by_hand(doubled).unwrap();
    kingdee.change_line_by_hand(changed, "qty", &json!("77"));
    let answer = reconcile(&installation, &["--heal", "--yes"]).with_status(1).json();
    let key = |number: &String| number.replacen('-', "/", 1);
    let mut expected = [(removed, "missing"), (doubled, "doubled"), (changed, "different")]
        .map(|(number, verdict)| (key(number), verdict.to_owned()));
    let mut documents = found(&answer);
    expected.sort();
    documents.sort();
    assert_eq!(documents, expected, "{answer}");
    installation.relay(&["drain"]).with_status(0);
    assert_eq!(kingdee.orders(removed).len(), 1, "{answer}");
    let rest = parts.len() - 2;
    let answer = reconcile(&installation, &[]).with_status(1).json();
    assert_eq!(
        answer["days"][0]["counts"],
        json!({ "matched": rest, "doubled": 1, "different": 1 }),
        "the other parts of their documents stay as they are: {answer}"
    );

    // The same on the console: the day in the calendar, and the day itself.
    let console = Console::of(&installation);
    let page = format!("/reconciliation?flow={TRADES}&amp;day={}", super::day(2));
    console.get("/reconciliation").shows(&[TRADES, &page, "2 处差异"]);
    console.get(&page.replace("&amp;", "&")).shows(&[
        doubled.replacen('-', "/", 1).as_str(),
        "重复 1",
        "不同 1",
        &format!("一致 {rest}"),
        "material_entity[0].qty",
    ]);
    console
        .get(&format!("/reconciliation?flow={TRADES}&day={}", super::day(9)))
        .shows(&["这一天还没有对过账"]);
}
