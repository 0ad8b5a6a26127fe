//! `relay test-alert`, and the same in the console: what the robot answered is told.

use std::fs;

use relay_simulators::Fault;

use crate::console::Console;
use crate::support::{Installation, Town};

const ALERTS: &str = include_str!("../../../../shared/flows/examples/failures-to-wecom.toml");

fn installation(town: &Town) -> Installation {
    let mut installation = town.installation();
    fs::create_dir(installation.path("flows")).unwrap();
    fs::write(installation.path("flows/failures-to-wecom.toml"), ALERTS).unwrap();
    installation.set("RELAY_FLOWS_DIR", "flows").set("USER", "li");
    installation
}

#[test]
fn a_test_alert_reaches_the_group_and_the_robots_answer_is_told() {
    let town = Town::open();
    let mut installation = installation(&town);
    let told = installation.relay(&["test-alert"]).with_status(0).stdout;
    for said in [
        "failures-to-wecom → http.wecom_robot: sent and taken, answered after ",
        "\"errcode\":0",
        "this is a test alert, and nothing needs to be done",
    ] {
        assert!(told.contains(said), "{said} in {told}");
    }
    assert!(!installation.path("relay.db").exists(), "it can be tried before anything has run");
    installation.set("RELAY_LANG", "zh");
    let told = installation.relay(&["test-alert", "failures-to-wecom"]).with_status(0).stdout;
    assert!(told.contains("已发出,对方收下") && told.contains("这是一条测试告警"), "{told}");
    installation.set("RELAY_LANG", "en");
    town.vendors.http.faults.inject_for("wecom", Fault::InnerRefusal("robot is muted".to_owned()));
    let told = installation.relay(&["test-alert", "--json"]).with_status(1).json();
    let tested = &told["tested"][0];
    assert_eq!(tested["is_taken"], false, "{told}");
    assert!(tested["why"].as_str().is_some_and(|why| why.contains("robot is muted")), "{told}");
    let wrong = installation.relay(&["test-alert", "failures-to-wecon"]).with_status(2).stderr;
    assert!(wrong.contains("did you mean `failures-to-wecom`"), "{wrong}");
    assert_eq!(town.vendors.http.messages().len(), 2);
    let none = town.installation().relay(&["test-alert"]).with_status(1).stdout;
    assert!(none.contains("No flow alerts anybody"), "{none}");
}

#[test]
fn a_test_alert_is_sent_from_the_console_once_it_is_confirmed() {
    let town = Town::open();
    let installation = installation(&town);
    fs::write(installation.path("event.json"), "{}").unwrap();
    installation.relay(&["invoke", "bill-closer", "--event", "event.json"]).with_status(0);
    let console = Console::of(&installation);
    console.get("/flows").shows(&["告警", "发测试告警", "/do?what=test-alert&amp;flow=failures-to-wecom"]);
    let weighed = console.get("/do?what=test-alert&flow=failures-to-wecom");
    weighed.shows(&["1 条测试告警", "http.wecom_robot", "relay test-alert failures-to-wecom"]);
    assert!(town.vendors.http.messages().is_empty(), "it is told first");
    let form = format!("what=test-alert&flow=failures-to-wecom&token={}", weighed.hidden("token"));
    let done = console.post("/do", &form);
    assert!(
        done.status == 303 && done.head.contains("location: /flows?done=failures-to-wecom"),
        "{}",
        done.head
    );
    assert_eq!(town.vendors.http.messages().len(), 1);
    console.get("/log").shows(&["test-alert", "failures-to-wecom", "sent and taken"]);
    assert_eq!(console.get("/do?what=test-alert&flow=nobody").status, 200, "nothing is meant, and told so");
    let refused = console.post("/do", &form.replace("failures-to-wecom", "nobody"));
    assert_eq!(refused.status, 400, "{}", refused.body);
}
