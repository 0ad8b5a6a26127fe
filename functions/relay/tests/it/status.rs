//! `relay status` says what needs a person, and exits with 1 then.

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use chrono::TimeDelta;
use relay_core::clock::{Clock as _, SystemClock};
use relay_simulators::qince::{PushStyle, read_reply};
use serde_json::Value;

use crate::serve::eventually;
use crate::server::Server;
use crate::support::{Installation, Town};

/// A port on which nobody listens.
fn nowhere() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

fn json(installation: &Installation) -> Value {
    installation.relay(&["status", "--json"]).json()
}

#[test]
fn a_source_that_nobody_can_read_is_told_with_its_last_success_and_its_error() {
    let town = Town::open();
    let mut installation = town.installation();
    installation.set("RELAY_START", (SystemClock.now() - TimeDelta::hours(1)).to_rfc3339());
    installation.invoke("trade-poller", "trade-poller/schedule.json").with_status(0);
    installation.invoke("stock-syncer", "stock-syncer/schedule.json").with_status(0);
    installation.relay(&["status"]).with_status(0);

    for name in ["WDT_BASE_URL", "QIMEN_BASE_URL"] {
        installation.set(name, nowhere());
    }
    // In the second in which it was read up to there is nothing to ask for.
    std::thread::sleep(Duration::from_secs(2));
    let server = Server::start(&installation);
    eventually("a poll and a pull have failed", || {
        let flows = &json(&installation)["flows"];
        // The first of the pools; the others are pulled when it has been given up.
        ["trade-to-kingdee", "shipping-to-sharecrm"]
            .iter()
            .all(|flow| !flows[flow]["failing_since"].is_null())
    });
    let status = installation.relay(&["status", "--json"]).with_status(1).json();
    let flow = &status["flows"]["trade-to-kingdee"];
    assert!(!flow["last_success"].is_null() && !flow["lag_s"].is_null(), "{status}");
    assert_eq!(flow["last_error"]["class"], "retry", "{status}");
    let text = installation.relay(&["status"]).with_status(1).stdout;
    for said in ["trade-to-kingdee: polling fails since", ": pulling fails since", "(retry)"] {
        assert!(text.contains(said), "{said} in {text}");
    }
    server.terminate();
}

#[test]
fn a_source_that_was_never_read_is_told_while_its_polls_fail() {
    let town = Town::open();
    let mut installation = town.installation();
    for name in ["WDT_BASE_URL", "QIMEN_BASE_URL"] {
        installation.set(name, nowhere());
    }
    let server = Server::start(&installation);
    eventually("the first poll has failed", || {
        let status = json(&installation);
        !status["flows"]["trade-to-kingdee"]["failing_since"].is_null()
    });
    let text = installation.relay(&["status"]).with_status(1).stdout;
    assert!(text.contains("last success: never"), "{text}");
    server.terminate();
}

#[test]
fn a_target_that_is_down_is_told_with_what_waits_for_it() {
    let town = Town::open();
    let mut installation = town.installation();
    installation.set("SHARECRM_BASE_URL", nowhere());
    let server = Server::start(&installation);
    let order = town.vendors.qince.order(SystemClock.now());
    let push = town.vendors.qince.push(&order, &PushStyle::default());
    let (status, body) = server.push(&push);
    assert_eq!(read_reply(&push, status, body.as_bytes()), Ok(true), "{body}");
    eventually("a try has failed", || !json(&installation)["queues"]["sharecrm"]["failing_since"].is_null());
    eventually("the other target has it", || {
        !json(&installation)["queues"]["wangdian"]["last_success"].is_null()
    });
    let status = installation.relay(&["status", "--json"]).with_status(1).json();
    let queue = &status["queues"]["sharecrm"];
    assert!(!queue["oldest_sent_at"].is_null() && !queue["last_error"]["message"].is_null(), "{status}");
    assert!(status["queues"]["wangdian"]["failing_since"].is_null(), "{status}");
    assert!(!status["pushes"]["last_success"].is_null(), "{status}");
    let text = installation.relay(&["status"]).with_status(1).stdout;
    assert!(text.contains("sharecrm: pushing fails since"), "{text}");
    server.terminate();
}

#[test]
fn failures_also_under_names_that_are_no_flow_need_a_person() {
    let town = Town::open();
    let mut installation = town.installation();
    installation.set("QINCE_DATA_TYPES", "my_order");
    installation.invoke("webhook-receiver", "webhook-receiver/direct-order.json").with_status(0);
    let status = installation.relay(&["status", "--json"]).with_status(1).json();
    assert_eq!(status["other_failures"]["qince/unrouted"], 1, "{status}");
    let text = installation.relay(&["status"]).with_status(1).stdout;
    assert!(text.contains("qince/unrouted: 1 failed"), "{text}");
}

const FLOWS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/flows");
const ORDERS: &str = "direct-order-to-wangdian";

/// An installation with a folder of the shipped flows.
fn with_flows(town: &Town) -> Installation {
    let mut installation = town.installation();
    installation.relay(&["flows", "export", "flows"]).with_status(0);
    installation.set("RELAY_FLOWS_DIR", "flows");
    installation
}

#[test]
fn a_flow_whose_file_is_away_keeps_what_is_pushed_and_is_told() {
    let town = Town::open();
    let installation = with_flows(&town);
    let file = installation.path("flows").join(format!("{ORDERS}.toml"));
    Server::start(&installation).terminate();
    fs::remove_file(&file).unwrap();

    let server = Server::start(&installation);
    let order = town.vendors.qince.order(SystemClock.now());
    let newer = town.vendors.qince.changed(&order, TimeDelta::seconds(1), "CG_FHZ");
    for version in [&order, &newer] {
        let push = town.vendors.qince.push(version, &PushStyle::default());
        let (status, body) = server.push(&push);
        assert_eq!(read_reply(&push, status, body.as_bytes()), Ok(true), "{body}");
    }
    eventually("both versions were turned down", || {
        let status = json(&installation);
        status["flows"][ORDERS]["failed"] == 1
            && status["queues"]["wangdian"]["waiting"] == 0
            && status["queues"]["wangdian"]["in_flight"] == 0
    });
    server.terminate();
    let text = installation.relay(&["status"]).with_status(1).stdout;
    assert!(text.contains(&format!("{ORDERS}: file absent since")), "{text}");
    assert!(text.contains(&format!("{ORDERS}: 1 failed")), "{text}");

    fs::copy(Path::new(FLOWS).join(format!("{ORDERS}.toml")), &file).unwrap();
    installation.relay(&["replay", "--flow", ORDERS, "--all"]).with_status(0);
    installation.relay(&["drain"]).with_status(0);
    let id = order["id"].as_str().unwrap();
    let pushed = &town.vendors.wangdian.pushed_orders()[id];
    assert_eq!((pushed.creates, pushed.updates), (1, 0), "the newest version alone");
    installation.relay(&["status"]).with_status(0);
}

#[test]
fn a_flow_that_is_retired_is_told_no_more() {
    let town = Town::open();
    let installation = with_flows(&town);
    Server::start(&installation).terminate();
    let answer = installation.relay(&["flows", "retire", ORDERS]).with_status(2);
    assert!(answer.stderr.contains("take it away first"), "{}", answer.stderr);
    fs::remove_file(installation.path("flows").join(format!("{ORDERS}.toml"))).unwrap();
    installation.relay(&["status"]).with_status(1);
    let answer = installation.relay(&["flows", "retire", "direct-order-to-wangdia"]).with_status(2);
    assert!(answer.stderr.contains(&format!("did you mean `{ORDERS}`?")), "{}", answer.stderr);
    installation.relay(&["flows", "retire", ORDERS]).with_status(0);
    installation.relay(&["status"]).with_status(0);
}

/// A flow from WDT's suppliers, which are read as a whole.
const SUPPLIERS: &str = r#"
[source]
document = "wangdian.purchase_provider_query"
key      = "provider_no"

[target]
document = "sharecrm.objdata_push"

[fields]
objAPIName   = { value = "SupplierObj" }
dataCenterId = { setting = "SHARECRM_DATA_CENTER_ID" }
id           = "provider_no"
[fields.masterFieldVal]
name = "provider_name"
"#;

#[test]
fn a_list_is_shown_with_the_time_of_its_last_reading_and_what_changes_goes_on() {
    let town = Town::open();
    let mut installation = town.installation();
    fs::create_dir(installation.path("flows")).unwrap();
    fs::write(installation.path("flows/suppliers.toml"), SUPPLIERS).unwrap();
    let folder = installation.path("flows");
    installation.set("RELAY_FLOWS_DIR", folder.to_str().unwrap());
    let supplier = |number: &str, name: &str| {
        let Value::Object(row) = serde_json::json!({"provider_no": number, "provider_name": name}) else {
            return;
        };
        town.vendors.wangdian.put_row("purchase_provider_query", &["provider_no"], row);
    };
    supplier("GYS-1", "南京乳业");
    supplier("GYS-2", "无锡纸业");
    let polled = installation.invoke("trade-poller", "trade-poller/schedule.json").with_status(0).json();
    assert_eq!(
        (&polled["flows"][0]["queued"], &polled["flows"][0]["rows"]),
        (&2.into(), &2.into()),
        "{polled}"
    );
    installation.relay(&["drain"]).with_status(0);
    let flow = &json(&installation)["flows"]["suppliers"];
    assert!(!flow["read_until"].is_null() && !flow["last_success"].is_null(), "{flow}");
    assert_eq!((&flow["lag_s"], &flow["delivered"]), (&0.into(), &2.into()), "{flow}");

    // It is not due for an hour, unless somebody asks for it.
    supplier("GYS-2", "无锡纸业集团");
    installation.invoke("trade-poller", "trade-poller/schedule.json").with_status(0);
    installation.relay(&["drain"]).with_status(0);
    assert_eq!(town.vendors.wangdian.calls()["purchase_provider_query"], 1);
    fs::write(installation.path("event.json"), r#"{"flow": "suppliers"}"#).unwrap();
    let event = installation.path("event.json");
    let asked =
        installation.relay(&["invoke", "trade-poller", "--event", event.to_str().unwrap()]).with_status(0);
    assert_eq!(asked.json()["flows"][0]["queued"], 1, "{}", asked.stdout);
    installation.relay(&["drain"]).with_status(0);
    let records = format!("{:?}", town.vendors.sharecrm.records());
    assert!(records.contains("无锡纸业集团") && records.contains("南京乳业"), "{records}");
    installation.relay(&["status"]).with_status(0);

    // `relay serve` reads it too, here as a flow of another name, which has seen nothing.
    fs::rename(installation.path("flows/suppliers.toml"), installation.path("flows/suppliers-2.toml"))
        .unwrap();
    installation.relay(&["flows", "retire", "suppliers"]).with_status(0);
    let mut server =
        installation.command(&["serve"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    eventually("all suppliers are delivered", || {
        json(&installation)["flows"]["suppliers-2"]["delivered"] == 2
    });
    server.kill().unwrap();
    server.wait().unwrap();
}
