//! What was delivered between two times; files for Excel; what the store takes; who may log in.

use chrono::TimeDelta;
use relay_core::clock::{Clock as _, SystemClock};
use serde_json::json;

use crate::again::unsplittable;
use crate::console_users;
use crate::support::{Installation, Town};

const TO_WDT: &str = "direct-order-to-wangdian";
const TO_CRM: &str = "direct-order-to-sharecrm";

/// The fields of each line of a file for Excel, without the names.
fn rows(csv: &str) -> Vec<Vec<String>> {
    let lines = csv.strip_prefix('\u{FEFF}').expect("a byte order mark").lines().skip(1);
    lines.map(|line| line.split(',').map(str::to_owned).collect()).collect()
}

#[test]
fn what_was_delivered_is_listed_with_its_number_and_the_targets_id() {
    let town = Town::open();
    let installation = town.installation();
    let ids = unsplittable(&town, &installation, 3);
    let listed = installation.relay(&["delivered", "--json"]).with_status(0).json();
    let delivered = listed["delivered"].as_array().unwrap();
    assert_eq!((delivered.len(), &listed["has_more"]), (3, &json!(false)), "{listed}");
    assert!(delivered.iter().all(|it| it["flow"] == TO_CRM && it["target_id"].is_string()), "{listed}");
    assert!(delivered.windows(2).all(|pair| pair[0]["at"].as_str() >= pair[1]["at"].as_str()), "{listed}");

    let text = installation.relay(&["delivered", "--flow", TO_CRM]).with_status(0).stdout;
    assert!(
        ids.iter().all(|id| text.contains(id)) && text.contains("3 documents; from when they came"),
        "{text}"
    );
    let two = installation.relay(&["delivered", "--limit", "2"]).with_status(0).stdout;
    assert!(two.contains("The latest 2 documents") && two.contains("--csv"), "{two}");
    let none = installation.relay(&["delivered", "--flow", TO_WDT]).with_status(0).stdout;
    assert!(none.contains("Nothing was delivered in that time."), "{none}");
    let before = installation.relay(&["delivered", "--until", "1h"]).with_status(0).stdout;
    assert!(before.contains("Nothing was delivered"), "{before}");

    let wrong = installation.relay(&["delivered", "--flow", "direct-order-to-sharecmr"]).with_status(2);
    assert!(wrong.stderr.contains("did you mean `direct-order-to-sharecrm`?"), "{}", wrong.stderr);
    installation.relay(&["delivered", "--since", "1h", "--until", "2h"]).with_status(2);
    installation.relay(&["delivered", "--csv", "--json"]).with_status(2);
}

#[test]
fn files_for_excel_begin_with_a_mark_and_keep_long_numbers() {
    let town = Town::open();
    let mut installation = town.installation();
    let ids = unsplittable(&town, &installation, 2);
    let delivered = installation.relay(&["delivered", "--csv"]).with_status(0);
    let found = rows(&delivered.stdout);
    assert_eq!(found.len(), 2, "{}", delivered.stdout);
    let is_listed = |id: &String| found.iter().any(|row| row[2].trim_end_matches('\t') == *id);
    assert!(ids.iter().all(is_listed), "{}", delivered.stdout);
    assert!(found.iter().flatten().all(|cell| !cell.starts_with(['=', '+', '@'])), "{found:?}");

    let failures = installation.relay(&["failures", "--csv", "--flow", TO_WDT]).with_status(1).stdout;
    assert_eq!(rows(&failures).len(), 2, "{failures}");
    assert!(failures.starts_with("\u{FEFF}time,flow,document,version,class,code,reason"), "{failures}");
    installation.set("RELAY_LANG", "zh");
    let chinese = installation.relay(&["delivered", "--csv"]).with_status(0).stdout;
    assert!(chinese.starts_with("\u{FEFF}时间,流程,单据,单号"), "{chinese}");
}

#[test]
fn amounts_are_those_that_were_sent() {
    let town = Town::open();
    let mut installation = town.installation();
    installation.set("RELAY_START", (SystemClock.now() - TimeDelta::hours(1)).to_rfc3339());
    let trade = town.vendors.wangdian.generate_trade("S001", 55, SystemClock.now() - TimeDelta::minutes(5));
    installation.invoke("trade-poller", "trade-poller/schedule.json").with_status(0);
    installation.relay(&["drain"]).with_status(0);
    let without = installation.relay(&["delivered", "--json"]).with_status(0).json();
    assert_eq!(without["delivered"][0]["key"], trade.as_str(), "{without}");
    assert!(without["delivered"][0].get("amount").is_none(), "{without}");
    let with = installation.relay(&["delivered", "--amounts", "--json"]).with_status(0).json();
    let row = &with["delivered"][0];
    assert!(row["lines"].as_u64().is_some_and(|lines| lines > 0), "{with}");
    let is_some = |amount: &str| amount.bytes().any(|digit| matches!(digit, b'1'..=b'9'));
    assert!(row["amount"].as_str().is_some_and(is_some), "{with}");
}

#[test]
fn failures_with_a_text_are_settled_together() {
    let town = Town::open();
    let installation = town.installation();
    let ids = unsplittable(&town, &installation, 3);
    let settle = ["settle", "--grep", "老地方1", "--reason", "手工录入", "--by", "小王"];
    let settled = installation.relay(&[&settle[..], &["--json"]].concat()).with_status(0).json();
    assert_eq!(settled["settled"], json!([{ "flow": TO_WDT, "key": ids[1] }]), "{settled}");
    let left = installation.relay(&["failures", "--json"]).with_status(1).json();
    assert_eq!(left["failures"].as_array().unwrap().len(), 2, "{left}");
    let none = installation.relay(&settle).with_status(0).stdout;
    assert!(none.contains("0 settled by 小王"), "{none}");
    installation.relay(&["settle", "--flow", TO_WDT, "--reason", "x"]).with_status(2);
    installation.relay(&["settle", "--grep", "老地方0"]).with_status(2);
    let log = installation.relay(&["log", "--json"]).with_status(0).json();
    assert_eq!(log["actions"][1]["to"], "with 老地方1", "{log}");
}

#[test]
fn status_tells_what_the_store_takes() {
    let installation = Installation::with_store();
    let status = installation.relay(&["status", "--json"]).json();
    let size = &status["size"];
    assert!(size["file"].as_u64().is_some_and(|bytes| bytes >= 8_192), "{status}");
    assert!(size["free"].as_u64().is_some_and(|bytes| bytes > 0) && size["log"].is_u64(), "{status}");
    let text = installation.relay(&["status"]).stdout;
    assert!(text.contains("The store: file ") && text.contains(" free on its disk"), "{text}");
}

#[test]
fn who_may_log_in_is_listed_without_a_hash() {
    let users = console_users::installation(None);
    let listed = users.relay(&["console", "users", "--json"]).with_status(0).json();
    let expected = json!([{ "name": "li", "role": "operate" }, { "name": "wang", "role": "read" }]);
    assert_eq!(listed["users"], expected);
    let text = users.relay(&["console", "users"]).with_status(0).stdout;
    assert!(text.contains("wang") && text.contains("read") && !text.contains("argon2"), "{text}");
    let none = Installation::empty().relay(&["console", "users"]).with_status(0).stdout;
    assert!(none.contains("There are no users") && none.contains("RELAY_CONSOLE_USERS"), "{none}");
    let mut wrong = Installation::empty();
    wrong.set("RELAY_CONSOLE_USERS", "li:admin:$argon2id$secret");
    let told = wrong.relay(&["console", "users"]).with_status(2);
    assert!(!told.stderr.contains("secret"), "{}", told.stderr);
}
