//! How many calls each vendor got: counted by each program, and the same on the command line, as a file and in the console.

use chrono::TimeDelta;
use relay_core::clock::{Clock as _, SystemClock};
use serde_json::Value;

use crate::console::Console;
use crate::support::{Installation, Town};

fn calls_of(installation: &Installation, vendor: &str, operation: &str) -> Value {
    let told = installation.relay(&["calls", "--json"]).with_status(0).json();
    let rows = told["counted"]["calls"].as_array().unwrap().clone();
    let is_wanted = |row: &Value| {
        row["vendor"] == vendor && row["operation"].as_str().unwrap_or_default().contains(operation)
    };
    rows.into_iter().find(is_wanted).map_or(Value::Null, |row| row["spans"].clone())
}

#[test]
fn calls_are_counted_by_vendor_call_and_purpose_and_none_is_counted_that_was_not_made() {
    let town = Town::open();
    let mut installation = town.installation();
    let now = SystemClock.now();
    installation.set("RELAY_START", (now - TimeDelta::hours(1)).to_rfc3339());
    (1..=3).for_each(|minutes| {
        town.vendors.wangdian.generate_trade("S001", 55, now - TimeDelta::minutes(10 * minutes));
    });
    installation.invoke("trade-poller", "trade-poller/schedule.json").with_status(0);
    installation.relay(&["drain"]).with_status(0);

    let saved = calls_of(&installation, "kingdee", "sal_order_save");
    // The days of this week and this month are at least today's; last month there was none.
    assert_eq!(
        saved.as_array().unwrap().iter().map(|of| of["calls"].as_u64().unwrap()).collect::<Vec<_>>(),
        [3, 3, 3, 0]
    );
    let read = calls_of(&installation, "wangdian", "trade");
    assert!(read[0]["calls"].as_u64().unwrap() >= 1, "{read}");

    // What looks and sends nothing calls no target.
    installation.relay(&["doctor"]).with_status(0);
    assert_eq!(calls_of(&installation, "sharecrm", "push"), Value::Null);
    let told = installation.relay(&["calls"]).with_status(0).stdout;
    for said in [
        "today",
        "last month",
        "sal_order_save",
        "3      3          3           0",
        "writing",
        "Counted since ",
    ] {
        assert!(told.contains(said), "{said} in {told}");
    }
    assert!(told.lines().all(|line| line.chars().count() <= 100), "{told}");
    let csv = installation.relay(&["calls", "--csv"]).with_status(0).stdout;
    assert!(
        csv.contains("vendor,operation,today,this week,this month,last month,today came to nothing"),
        "{csv}"
    );

    let console = Console::of(&installation);
    console.get("/vendors").shows(&["href=\"/calls\""]);
    console.get("/calls").shows(&["sal_order_save", "今天", "上月", "写入", "/calls.csv"]);
    let file = console.get("/calls.csv");
    assert!(
        file.body.contains("sal_order_save") && file.head.contains("filename=\"calls.csv\""),
        "{}",
        file.body
    );
}

#[test]
fn of_a_store_that_has_called_nobody_it_says_so() {
    let installation = Installation::with_store();
    let told = installation.relay(&["calls"]).with_status(0).stdout;
    assert!(told.contains("No call was counted yet"), "{told}");
    Console::of(&installation).get("/calls").shows(&["还没有数过一次调用"]);
}
