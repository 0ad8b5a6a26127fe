//! Flow files that have mistakes, and flows with Chinese names.

use std::fs;

use chrono::TimeDelta;
use relay_core::clock::{Clock as _, SystemClock};

use crate::support::{Installation, Town};

const ORDERS: &str = include_str!("../../../../shared/flows/direct-order-to-sharecrm.toml");
const TRADES: &str = include_str!("../../../../shared/flows/trade-to-kingdee.toml");

fn with_flows(town: &Town, files: &[(&str, &str)]) -> Installation {
    let mut installation = town.installation();
    fs::create_dir(installation.path("flows")).unwrap();
    for (name, text) in files {
        fs::write(installation.path("flows").join(name), text).unwrap();
    }
    installation.set("RELAY_FLOWS_DIR", "flows");
    installation
}

#[test]
fn a_broken_flow_file_blocks_no_look_at_an_installation_and_starts_nothing() {
    let town = Town::open();
    let installation = with_flows(&town, &[("orders.toml", ORDERS), ("trades.toml", TRADES)]);
    let broken =
        TRADES.replace("route ", "rout ").replace("[fields]", "[fields").replace("\"num\"", "\"nun\"");
    installation.invoke("webhook-receiver", "webhook-receiver/direct-order.json").with_status(0);
    fs::write(installation.path("flows/trades.toml"), broken).unwrap();

    let status = installation.relay(&["status", "--json"]).with_status(1);
    assert!(status.stderr.contains("flows/trades.toml has 3 mistakes"), "{}", status.stderr);
    let flow = &status.json()["flows"]["trades"];
    assert_eq!(flow["mistakes"].as_array().unwrap().len(), 3, "{flow}");
    assert_eq!(
        (&flow["source"], flow["absent_since"].is_null()),
        (&"wangdian.trade_query".into(), true),
        "{flow}"
    );
    let said = installation.relay(&["status"]).with_status(1).stdout;
    assert!(said.contains("trades: its file has mistakes") && said.contains("(and 2 more)"), "{said}");

    installation.relay(&["failures", "--flow", "trades"]).with_status(0);
    installation.relay(&["failures"]).with_status(0);
    installation.relay(&["dead"]).with_status(0);
    installation.relay(&["pause", "trades"]).with_status(0);
    installation.relay(&["resume", "trades"]).with_status(0);
    installation.relay(&["replay", "--all"]).with_status(0);
    let retired = installation.relay(&["flows", "retire", "trades"]).with_status(2);
    assert!(retired.stderr.contains("has a file, flows/trades.toml"), "{}", retired.stderr);
    installation.relay(&["drain"]).with_status(2);

    fs::write(installation.path("flows/trades.toml"), TRADES).unwrap();
    let flow = &installation.relay(&["status", "--json"]).json()["flows"]["trades"];
    assert_eq!(flow["mistakes"], serde_json::json!([]), "{flow}");
    assert!(flow["absent_since"].is_null(), "it never was: {flow}");
}

#[test]
fn a_flow_with_a_chinese_name_and_a_title_does_all_that_others_do() {
    let town = Town::open();
    town.vendors.wangdian.generate_trade("S001", 55, SystemClock.now() - TimeDelta::minutes(30));
    let titled = format!("title = \"审核后的订单 → 金蝶销售订单\"\n{TRADES}");
    let mut installation = with_flows(&town, &[("订单到金蝶.toml", &titled)]);
    installation.set("RELAY_START", (SystemClock.now() - TimeDelta::hours(1)).to_rfc3339());
    let checked = installation.relay(&["flows", "check"]).with_status(0).stdout;
    assert!(checked.contains("订单到金蝶 (审核后的订单 → 金蝶销售订单): wangdian.trade_query"), "{checked}");
    let json = installation.relay(&["flows", "check", "--json"]).with_status(0).json();
    assert!(json["flows"][0]["metric"].as_str().unwrap().is_ascii(), "{json}");

    installation.relay(&["invoke", "trade-poller", "--event", &event(&installation)]).with_status(0);
    let drained = installation.relay(&["drain", "--json"]).with_status(0).json();
    assert_eq!(drained["flows"]["订单到金蝶"]["delivered"], 1, "{drained}");
    let status = installation.relay(&["status", "--json"]).with_status(0).json();
    assert_eq!(status["flows"]["订单到金蝶"]["title"], "审核后的订单 → 金蝶销售订单", "{status}");
    assert_eq!(status["flows"]["订单到金蝶"]["delivered"], 1, "{status}");
    installation.relay(&["failures", "--flow", "订单到金蝶"]).with_status(0);
    installation.relay(&["pause", "订单到金蝶"]).with_status(0);
    installation.relay(&["resume", "订单到金蝶"]).with_status(0);
    let unknown = installation.relay(&["failures", "--flow", "订单到金碟"]).with_status(2);
    assert!(unknown.stderr.contains("did you mean `订单到金蝶`?"), "{}", unknown.stderr);
}

/// An event that names the flow.
fn event(installation: &Installation) -> String {
    let file = installation.path("event.json");
    fs::write(&file, "{\"flow\": \"订单到金蝶\"}").unwrap();
    file.to_str().unwrap().to_owned()
}
