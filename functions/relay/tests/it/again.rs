//! What a person sends again, reads again and takes off the list: by cause, by time, of what failed and of what was delivered.

use chrono::{DateTime, TimeDelta, Utc};
use relay_core::clock::{Clock as _, SystemClock};
use relay_simulators::qince::PushStyle;
use serde_json::{Value, json};

use crate::support::{Installation, Town};

const TO_WDT: &str = "direct-order-to-wangdian";
const TO_CRM: &str = "direct-order-to-sharecrm";
const TRADES: &str = "trade-to-kingdee";

/// Pushes an order through the receiver's function.
fn push(town: &Town, installation: &Installation, order: &Value) {
    let push = town.vendors.qince.push(order, &PushStyle::default());
    let event = json!({
        "rawPath": "/qince/direct-orders",
        "requestContext": { "http": { "method": "POST" } },
        "headers": { "content-type": push.content_type },
        "body": String::from_utf8(push.body).unwrap(),
    });
    let file = installation.path("push.json");
    std::fs::write(&file, event.to_string()).unwrap();
    let answer = installation.relay(&["invoke", "webhook-receiver", "--event", file.to_str().unwrap()]);
    assert_eq!(answer.with_status(0).json()["statusCode"], 200);
}

/// Orders of which WDT can take none, because their addresses cannot be split; each with its id.
pub(crate) fn unsplittable(town: &Town, installation: &Installation, count: usize) -> Vec<String> {
    let orders = (0..count).map(|place| {
        let mut order = town.vendors.qince.order(SystemClock.now());
        order["receive_addr"] = json!(format!("老地方{place}"));
        push(town, installation, &order);
        order["id"].as_str().unwrap().to_owned()
    });
    let ids: Vec<_> = orders.collect();
    installation.relay(&["drain"]).with_status(1);
    ids
}

#[test]
fn failures_of_one_cause_are_one_issue_that_is_over_with_its_documents() {
    let town = Town::open();
    let installation = town.installation();
    let ids = unsplittable(&town, &installation, 3);
    let listed = installation.relay(&["failures", "--json"]).with_status(1).json();
    let issues = listed["issues"].as_array().unwrap();
    assert_eq!((issues.len(), &issues[0]["documents"]), (1, &json!(3)), "{listed}");
    assert_eq!((&issues[0]["flow"], &issues[0]["class"]), (&json!(TO_WDT), &json!("mapping")), "{listed}");
    assert!(!issues[0]["text"].as_str().unwrap().contains("老地方"), "{listed}");
    let cause = issues[0]["cause"].as_str().unwrap();

    let text = installation.relay(&["failures", "--cause", cause, "--limit", "1"]).with_status(1).stdout;
    assert!(
        text.contains(cause) && text.contains("and 2 more") && text.contains("3 failed, of 1 cause"),
        "{text}"
    );
    let grep = installation.relay(&["failures", "--grep", "老地方1", "--json"]).with_status(1).json();
    assert_eq!(grep["failures"].as_array().unwrap().len(), 1, "{grep}");
    assert_eq!(grep["failures"][0]["key"], ids[1].as_str(), "{grep}");
    let later = installation.relay(&["failures", "--since", "2036-01-01", "--json"]).with_status(0).json();
    assert_eq!(later["issues"], json!([]), "{later}");
    installation.relay(&["failures", "--cause", "ffffffff"]).with_status(2);

    let one = ["settle", "--flow", TO_WDT, "--key", &ids[0], "--reason", "by hand"];
    installation.relay(&one).with_status(0);
    let settle = ["settle", "--cause", cause, "--reason", "手工录入", "--by", "小王", "--json"];
    let settled = installation.relay(&settle).with_status(0).json();
    assert_eq!(settled["settled"].as_array().unwrap().len(), 2, "{settled}");
    installation.relay(&["failures"]).with_status(0);
    installation.relay(&["status"]).with_status(0);

    let log = installation.relay(&["log", "--json"]).with_status(0).json();
    let last = &log["actions"][0];
    assert_eq!(
        (&last["by"], &last["did"], &last["count"]),
        (&json!("小王"), &json!("settle"), &json!(2)),
        "{log}"
    );
    assert_eq!(last["reason"], "手工录入", "{log}");
    let about = |text: &str| installation.relay(&["log", "--grep", text]).with_status(0).stdout;
    assert!(about("小王").contains("cause ") && !about("小王").contains(&ids[0]), "{}", about("小王"));
    assert!(about(&ids[0]).contains("by hand") && !about(&ids[0]).contains("小王"), "{}", about(&ids[0]));
    assert!(about("nobody").contains("Nobody has done anything"), "{}", about("nobody"));
    let told = installation.relay(&["log", "--since", "1h"]).with_status(0).stdout;
    assert!(told.contains("小王: settle cause ") && told.contains(&ids[0]), "{told}");
}

#[test]
fn a_cause_is_replayed_with_its_cost_and_a_document_as_a_person_has_edited_it() {
    let town = Town::open();
    let installation = town.installation();
    let ids = unsplittable(&town, &installation, 2);
    installation.relay(&["replay", "--flow", TO_WDT]).with_status(2);
    let told = installation.relay(&["replay", "--flow", TO_WDT, "--grep", &ids[0]]).with_status(0).stdout;
    assert!(
        told.contains("1 document that failed") && told.contains("wangdian.trade_push: 1; up to "),
        "{told}"
    );
    assert!(told.contains("1 sent through their flows again"), "{told}");
    installation.relay(&["drain"]).with_status(1);

    let listed = installation.relay(&["failures", "--grep", &ids[1], "--json"]).with_status(1).json();
    let mut document = listed["failures"][0]["document"].clone();
    document["receive_addr"] = json!("江苏省南京市建邺区江东中路1号");
    let file = installation.path("edited.json");
    std::fs::write(&file, document.to_string()).unwrap();
    let edit = |key: &str| {
        let file = file.to_str().unwrap();
        installation.relay(&["replay", "--flow", TO_WDT, "--key", key, "--edit", file, "--reason", "地址"])
    };
    edit(&ids[0]).with_status(2);
    edit(&ids[1]).with_status(0);
    installation.relay(&["drain"]).with_status(0);
    let order = &town.vendors.wangdian.pushed_orders()[&ids[1]];
    assert_eq!((order.creates, order.updates), (1, 0));
    let log = installation.relay(&["log", "--json"]).with_status(0).json();
    assert_eq!(
        (&log["actions"][0]["did"], &log["actions"][0]["reason"]),
        (&json!("replay --edit"), &json!("地址"))
    );

    // The source says the same version once more, unchanged: what the person has made of it stays.
    let mut unchanged = document;
    unchanged["receive_addr"] = json!("老地方1");
    push(&town, &installation, &unchanged);
    let drained = installation.relay(&["drain", "--json"]).with_status(0).json();
    assert_eq!(drained["flows"][TO_WDT]["failed"], json!([]), "{drained}");
    assert_eq!(town.vendors.wangdian.pushed_orders()[&ids[1]].updates, 0);
}

#[test]
fn what_was_delivered_is_sent_again_only_by_somebody_who_knows_what_that_does() {
    let town = Town::open();
    let mut installation = town.installation();
    let order = town.vendors.qince.order(SystemClock.now());
    let id = order["id"].as_str().unwrap();
    push(&town, &installation, &order);
    installation.set("RELAY_START", (SystemClock.now() - TimeDelta::hours(1)).to_rfc3339());
    let trade = town.vendors.wangdian.generate_trade("S001", 55, SystemClock.now() - TimeDelta::minutes(9));
    installation.invoke("trade-poller", "trade-poller/schedule.json").with_status(0);
    installation.relay(&["drain"]).with_status(0);
    let record = |town: &Town| {
        town.vendors.sharecrm.records()[&("erpSalesOrderObj".to_owned(), id.to_owned())].history.len()
    };
    assert_eq!(record(&town), 1);

    installation.relay(&["replay", "--delivered", id]).with_status(2);
    let again = ["replay", "--delivered", id, "--flow", TO_CRM, "--yes"];
    let told = installation.relay(&again).with_status(0).stdout;
    assert!(told.contains("a repetition replaces what is there"), "{told}");
    installation.relay(&["drain"]).with_status(0);
    assert_eq!(record(&town), 2, "ShareCRM takes it in its place");

    // Kingdee shows what it has: nothing is made twice.
    let told = installation.relay(&["replay", "--delivered", "--flow", TRADES, "--since", "1h", "--yes"]);
    assert!(told.with_status(0).stdout.contains("1 sent through their flows again"));
    let drained = installation.relay(&["drain", "--json"]).with_status(0).json();
    assert_eq!(drained["flows"][TRADES]["found"], json!([trade]), "{drained}");
    assert_eq!(town.vendors.kingdee.creates().get(&trade), Some(&1));
    let log = installation.relay(&["log", "--json"]).with_status(0).json();
    assert_eq!(log["actions"][0]["did"], "replay --delivered", "{log}");
}

fn read_until(installation: &Installation) -> DateTime<Utc> {
    let status = installation.relay(&["status", "--json"]).json();
    status["flows"][TRADES]["read_until"].as_str().unwrap().parse().unwrap()
}

#[test]
fn a_range_is_read_beside_the_watermark_and_a_flow_reads_again_from_where_it_is_told() {
    let town = Town::open();
    let mut installation = town.installation();
    installation.set("RELAY_START", (SystemClock.now() - TimeDelta::hours(1)).to_rfc3339());
    let days_ago = SystemClock.now() - TimeDelta::days(3);
    let old = town.vendors.wangdian.generate_trade("S001", 55, days_ago);
    installation.invoke("trade-poller", "trade-poller/schedule.json").with_status(0);
    installation.relay(&["drain"]).with_status(0);
    let before = read_until(&installation);
    assert!(town.vendors.kingdee.creates().is_empty(), "it is of before the flow began");

    let from = (days_ago - TimeDelta::hours(1)).to_rfc3339();
    let to = (days_ago + TimeDelta::hours(1)).to_rfc3339();
    let backfill = ["backfill", TRADES, "--from", &from, "--to", &to, "--json"];
    for queued in [1, 1] {
        let report = installation.relay(&backfill).with_status(0).json();
        assert_eq!((&report["queued"], &report["caught_up"]), (&json!(queued), &json!(true)), "{report}");
        installation.relay(&["drain"]).with_status(0);
    }
    assert_eq!(town.vendors.kingdee.creates().get(&old), Some(&1), "the second time the ledger knows it");
    assert_eq!(read_until(&installation), before, "the watermark stands beside");
    installation.relay(&["backfill", TRADES, "--from", &to, "--to", &from]).with_status(1);
    installation.relay(&["backfill", TO_CRM, "--from", "3d"]).with_status(1);

    installation.relay(&["rewind", TRADES, "--to", "4d"]).with_status(2);
    let rewound =
        installation.relay(&["rewind", TRADES, "--to", "4d", "--yes", "--json"]).with_status(0).json();
    assert_eq!(rewound["flow"], TRADES, "{rewound}");
    assert!(before - read_until(&installation) > TimeDelta::days(3));
    installation.relay(&["rewind", TO_CRM, "--to", "4d", "--yes"]).with_status(2);
    installation.relay(&["rewind", TRADES, "--to", "2036-01-01", "--yes"]).with_status(2);
    installation.invoke("trade-poller", "trade-poller/schedule.json").with_status(0);
    installation.relay(&["drain"]).with_status(0);
    assert_eq!(town.vendors.kingdee.creates().get(&old), Some(&1));
    let log = installation.relay(&["log"]).with_status(0).stdout;
    assert!(
        log.contains("rewind trade-to-kingdee to ") && log.contains("backfill trade-to-kingdee from "),
        "{log}"
    );
}

#[test]
fn what_a_person_has_made_in_the_target_is_found_there_and_closed() {
    let town = Town::open();
    let installation = town.installation();
    // Kingdee has none of its codes, so that it cannot be mapped.
    installation.invoke("erp-pusher", "erp-pusher/sqs.json").with_status(0);
    let key = "JY202611220001";
    let recheck = |status: i32| {
        let answer = installation.relay(&["failures", "--flow", TRADES, "--recheck", "--json"]);
        answer.with_status(status).json()["rechecked"].clone()
    };
    assert_eq!(recheck(1), json!({ "closed": [], "missing": 1, "unproven": 0 }), "nobody has made it yet");
    let id = town.vendors.kingdee.enter_by_hand(key);
    let closed = json!([{ "flow": TRADES, "key": key, "number": key, "target_id": id }]);
    assert_eq!(recheck(0), json!({ "closed": closed, "missing": 0, "unproven": 0 }));
    let shown = installation.relay(&["show", key, "--json"]).with_status(0).json();
    let settled = &shown["found"][0]["documents"][0]["settled"];
    assert!(settled["reason"].as_str().unwrap().contains("kingdee has it under the number"), "{shown}");
    let log = installation.relay(&["log", "--json"]).with_status(0).json();
    assert_eq!((&log["actions"][0]["by"], &log["actions"][0]["did"]), (&json!("relay"), &json!("settle")));
}
