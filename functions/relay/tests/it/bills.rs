//! Bills that a target has and that are not audited yet: the same on the command line, as files and in the console.

use std::fs;
use std::sync::Arc;

use chrono::TimeDelta;
use relay_core::clock::{Clock as _, SystemClock};
use relay_core::{Bill, Entry, EntryId, Failed, FailureClass, Step};
use relay_store_sqlite::Sqlite;
use serde_json::json;

use crate::console::Console;
use crate::support::{Installation, Town};

const FLOW: &str = "trade-audited-to-kingdee";
const TEXT: &str = include_str!("../../../../shared/flows/examples/kingdee-v2/trade-audited-to-kingdee.toml");

/// A trade whose order was saved two hours ago; Kingdee has refused to audit it.
fn not_audited(installation: &Installation, key: &str) {
    let now = SystemClock.now();
    let mut entry = Entry::new(EntryId::new(FLOW, key));
    let target_id = Some("1905764531498123264".to_owned());
    entry.bills.push(Bill {
        number: Some(key.to_owned()),
        target_id: target_id.clone(),
        takes_back: None,
        version: None,
        body_hash: "b".to_owned(),
        stage: Some(Step::Save),
        at: now - TimeDelta::hours(2),
        body: None,
    });
    entry.fail(Failed {
        version: Some("2026-11-22 10:00:00".to_owned()),
        version_kind: None,
        hash: "h".to_owned(),
        class: FailureClass::Refused,
        code: Some("4001".to_owned()),
        message: "库存不足,不能审核".to_owned(),
        attempts: 1,
        document: json!({}),
        received_at: now,
        at: now,
        trace: "t".to_owned(),
        replay: None,
        step: Some(Step::Audit),
        target_id,
        missing: Vec::new(),
    });
    write(installation, &entry);
}

fn write(installation: &Installation, entry: &Entry) {
    let store = Sqlite::open(&installation.path("relay.db"), Arc::new(SystemClock)).unwrap().stores();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    assert!(runtime.block_on(store.ledger.write(entry)).unwrap());
}

#[test]
fn bills_that_are_saved_and_not_audited_are_told_with_since_when_and_why() {
    let town = Town::open();
    let mut installation = town.installation();
    fs::create_dir(installation.path("flows")).unwrap();
    fs::write(installation.path(&format!("flows/{FLOW}.toml")), TEXT).unwrap();
    installation.set("RELAY_FLOWS_DIR", "flows").set("KINGDEE_AUTH", "v2");
    installation.invoke("trade-poller", "trade-poller/schedule.json").with_status(0);
    let none = installation.relay(&["waiting", "--bills"]).with_status(0).stdout;
    assert!(none.contains("No bill has a step before it."), "{none}");
    not_audited(&installation, "JY2026");

    let told = installation.relay(&["waiting", "--bills"]).with_status(1).stdout;
    for said in [
        "trade-audited-to-kingdee JY2026",
        "kingdee JY2026 (id 1905764531498123264): saved since ",
        ", next: audit",
        "(refused 4001): 库存不足,不能审核",
        "1 bill.",
    ] {
        assert!(told.contains(said), "{said} in {told}");
    }
    let json = installation.relay(&["waiting", "--bills", "--json"]).with_status(1).json();
    let bill = &json["bills"][0];
    assert_eq!(
        (&bill["stage"], &bill["next"], &bill["why"]),
        (&json!("save"), &json!("audit"), &json!("failed"))
    );
    let csv = installation.relay(&["waiting", "--bills", "--csv"]).with_status(1).stdout;
    assert!(csv.contains("since,target,flow,document,number,id in the target,stands,next,why"), "{csv}");
    for (arguments, status) in [
        (&["waiting", "--bills", "--for", "1h"][..], 1),
        (&["waiting", "--bills", "--for", "3h"], 0),
        (&["waiting", "--bills", "--target", "wangdian"], 0),
        (&["waiting", "--bills", "--flow", "nobody"], 2),
        (&["waiting", "--yes"], 2),
    ] {
        installation.relay(arguments).with_status(status);
    }

    let console = Console::of(&installation);
    console.get("/queues").shows(&["href=\"/bills\""]);
    let page = console.get("/bills");
    page.shows(&[FLOW, "JY2026", "1905764531498123264", "已保存", "审核", "库存不足,不能审核", "/bills.csv"]);
    console.get("/bills?grep=nobody").shows(&["没有"]);
    let file = console.get("/bills.csv");
    assert!(file.body.contains("JY2026") && file.head.contains("filename=\"bills.csv\""), "{}", file.body);
}

const SHIPPED: &str = "outbound-of-order-to-kingdee";
const SHIPPED_TEXT: &str =
    include_str!("../../../../shared/flows/examples/kingdee-v2/outbound-of-order-to-kingdee.toml");

/// A shipment that has failed with that class.
fn failed(installation: &Installation, key: &str, class: FailureClass) {
    let now = SystemClock.now();
    let mut entry = Entry::new(EntryId::new(SHIPPED, key));
    entry.fail(Failed {
        version: Some("2026-11-22 10:00:00".to_owned()),
        version_kind: None,
        hash: "h".to_owned(),
        class,
        code: None,
        message: "waiting for trade-audited-to-kingdee JY9".to_owned(),
        attempts: 1,
        document: json!({}),
        received_at: now,
        at: now,
        trace: "t".to_owned(),
        replay: None,
        step: None,
        target_id: None,
        missing: Vec::new(),
    });
    write(installation, &entry);
}

#[test]
fn what_waits_for_a_bill_of_another_flow_needs_nobody() {
    let town = Town::open();
    let mut installation = town.installation();
    fs::create_dir(installation.path("flows")).unwrap();
    for (flow, text) in [(FLOW, TEXT), (SHIPPED, SHIPPED_TEXT)] {
        fs::write(installation.path(&format!("flows/{flow}.toml")), text).unwrap();
    }
    installation.set("RELAY_FLOWS_DIR", "flows").set("KINGDEE_AUTH", "v2");
    installation.invoke("trade-poller", "trade-poller/schedule.json").with_status(0);
    failed(&installation, "CK1", FailureClass::Waiting);
    let counted = |status: i32| {
        let json = installation.relay(&["status", "--json"]).with_status(status).json();
        let flow = &json["flows"][SHIPPED];
        (flow["failed"].clone(), flow["wait_for_others"].clone())
    };
    assert_eq!(counted(0), (json!(0), json!(1)));
    let told = installation.relay(&["status"]).with_status(0).stdout;
    assert!(told.contains(&format!("{SHIPPED}: 1 wait for documents of other flows")), "{told}");
    let told = installation.relay(&["failures"]).with_status(0).stdout;
    assert!(told.contains("No document has failed.\n1 wait for documents of other flows"), "{told}");

    failed(&installation, "CK2", FailureClass::Refused);
    assert_eq!(counted(1), (json!(1), json!(1)));
    let told = installation.relay(&["failures"]).with_status(1).stdout;
    assert!(told.contains("1 failed, of 1 cause.") && told.contains("1 wait for documents"), "{told}");
}
