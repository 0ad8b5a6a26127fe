//! What is asked of an installation beside its documents: settings, error codes, flow files; and what happened there.

use std::fs;

use serde_json::json;

use crate::again::unsplittable;
use crate::support::{Installation, Town};

const TO_WDT: &str = "direct-order-to-wangdian";
const TO_CRM: &str = "direct-order-to-sharecrm";

#[test]
fn the_settings_in_force_are_told_with_where_they_come_from_and_no_secret_is() {
    let town = Town::open();
    let mut installation = town.installation();
    installation.relay(&["invoke", "trade-poller", "--event", "none.json"]);
    unsplittable(&town, &installation, 1);
    fs::write(installation.path("relay.toml"), "[relay]\nRELAY_LEDGER_DAYS = 500\n").unwrap();
    installation.set("RELAY_HISTORY_DAYS", "7");
    let listed = installation.relay(&["settings", "--json"]).with_status(0).json();
    let setting = |name: &str| {
        let settings = listed["settings"].as_array().unwrap();
        settings.iter().find(|it| it["name"] == name).unwrap_or_else(|| panic!("{name}: {listed}")).clone()
    };
    for (name, value, from) in [
        ("RELAY_HISTORY_DAYS", json!("7"), "environment"),
        ("RELAY_LEDGER_DAYS", json!("500"), "file"),
        ("RELAY_RECHECK_CALLS", json!("200"), "default"),
        ("RELAY_CONSOLE_URL", json!(null), "nowhere"),
        ("WDT_APPSECRET", json!(null), "environment"),
    ] {
        let found = setting(name);
        assert_eq!((&found["value"], &found["from"]), (&value, &json!(from)), "{name}");
    }
    let secret =
        relay_simulators::settings().into_iter().find(|(name, _)| *name == "WDT_APPSECRET").unwrap().1;
    assert!(!listed.to_string().contains(secret), "{listed}");
    let text = installation.relay(&["settings", "HISTORY"]).with_status(0).stdout;
    assert!(text.contains("RELAY_HISTORY_DAYS") && !text.contains("RELAY_LEDGER_DAYS"), "{text}");
}

#[test]
fn what_a_vendors_code_means_is_told_without_a_store() {
    let installation = Installation::empty();
    let found = installation.relay(&["errors", "1012"]).with_status(0).stdout;
    assert!(found.contains("wangdian") && found.contains("called too often"), "{found}");
    let none = installation.relay(&["errors", "no such words"]).with_status(1).stdout;
    assert!(none.contains("nothing of it"), "{none}");
    let all = installation.relay(&["errors", "--json"]).with_status(0).json();
    assert!(all["errors"].as_array().is_some_and(|rows| rows.len() > 60), "{all}");
}

#[test]
fn what_happened_is_listed_summed_and_written_as_a_file() {
    let town = Town::open();
    let mut installation = town.installation();
    let ids = unsplittable(&town, &installation, 2);
    let listed = installation.relay(&["history", "--json"]).with_status(0).json();
    let turns = listed["turns"].as_array().unwrap();
    let ended = |flow: &str, outcome: &str| {
        turns.iter().filter(|turn| turn["flow"] == flow && turn["outcome"] == outcome).count()
    };
    assert_eq!((ended(TO_CRM, "delivered"), ended(TO_WDT, "failed")), (2, 2), "{listed}");
    // What failed stays told when it is off the list.
    let settle = ["settle", "--grep", "老地方", "--reason", "手工录入", "--yes"];
    installation.relay(&settle).with_status(0);
    let failed =
        installation.relay(&["history", "--outcome", "failed", "--grep", &ids[0]]).with_status(0).stdout;
    assert!(failed.contains(&format!("{TO_WDT} {}", ids[0])) && failed.contains("1 turn."), "{failed}");
    let sums = installation.relay(&["history", "--sums"]).with_status(0).stdout;
    assert!(sums.contains("unanswered") && sums.contains("sharecrm") && sums.contains("failed"), "{sums}");
    installation.set("RELAY_LANG", "zh");
    let csv = installation.relay(&["history", "--csv"]).with_status(0).stdout;
    assert!(csv.starts_with("\u{FEFF}时间,流程,单据,版本,收到,结果,原因"), "{csv}");
    let chinese = installation.relay(&["history", "--limit", "1"]).with_status(0).stdout;
    assert!(chinese.contains("最近的 1 次"), "{chinese}");
    installation.relay(&["history", "--outcome", "lost"]).with_status(2);
}

#[test]
fn what_waits_for_a_target_that_rests_is_listed() {
    let town = Town::open();
    let installation = town.installation();
    installation.invoke("webhook-receiver", "webhook-receiver/direct-order.json").with_status(0);
    let waiting = installation.relay(&["waiting", "--json"]).with_status(0).json();
    let flows: Vec<_> =
        waiting["documents"].as_array().unwrap().iter().map(|it| it["flow"].clone()).collect();
    assert!(flows.contains(&json!(TO_CRM)) && flows.contains(&json!(TO_WDT)), "{waiting}");
    let text = installation.relay(&["waiting", "--target", "wangdian"]).with_status(0).stdout;
    assert!(
        text.contains(TO_WDT) && text.contains("for its first turn") && text.contains("1 document waiting."),
        "{text}"
    );
    let long = installation.relay(&["waiting", "--for", "1h", "--csv"]).with_status(0).stdout;
    assert_eq!(long.lines().count(), 1, "{long}");
    installation.relay(&["waiting", "--target", "wangdain"]).with_status(2);
}

#[test]
fn a_changed_flow_file_is_tried_before_anything_begins_with_it() {
    let town = Town::open();
    let mut installation = town.installation();
    unsplittable(&town, &installation, 2);
    installation.relay(&["flows", "export", "changed"]).with_status(0);
    let same = installation.relay(&["flows", "try", "changed"]).with_status(0).stdout;
    assert!(same.contains("The same as what runs") && same.contains("can be begun with"), "{same}");
    let file = installation.path("changed/direct-order-to-sharecrm.toml");
    let text = fs::read_to_string(&file).unwrap();
    let section = "[fields.masterFieldVal]";
    fs::write(&file, text.replace(section, &format!("{section}\ntold = {{ value = \"yes\" }}"))).unwrap();
    let tried = installation.relay(&["flows", "try", "changed", "--json"]).json();
    let flow = tried["flows"].as_array().unwrap().iter().find(|it| it["flow"] == TO_CRM).unwrap();
    assert_eq!((&flow["stands"], &flow["tried"]["documents"]), (&json!("changed"), &json!(2)), "{flow}");
    assert_eq!(flow["tried"]["fields"][0]["field"], "masterFieldVal.told", "{flow}");
    fs::write(&file, text.replace("[target]", "[targte]")).unwrap();
    let broken = installation.relay(&["flows", "try", "changed"]).with_status(1).stdout;
    assert!(broken.contains("its file has mistakes") && broken.contains("cannot be begun with"), "{broken}");
    installation.set("RELAY_LANG", "zh");
    let chinese = installation.relay(&["flows", "try", "changed"]).with_status(1).stdout;
    assert!(chinese.contains("文件有错误") && chinese.contains("不能启用"), "{chinese}");
}

#[test]
fn days_that_were_compared_are_told_again_without_asking_anybody() {
    let town = Town::open();
    let installation = town.installation();
    unsplittable(&town, &installation, 1);
    let none = installation.relay(&["reconcile", "--kept"]).with_status(0).stdout;
    assert!(none.contains("was compared."), "{none}");
    installation.relay(&["reconcile", "trade-to-kingdee", "--yes"]);
    let kept = installation.relay(&["reconcile", "trade-to-kingdee", "--kept", "--json"]).json();
    assert_eq!(kept["days"].as_array().map(Vec::len), Some(1), "{kept}");
    let text = installation.relay(&["reconcile", "--kept"]).stdout;
    assert!(text.contains("trade-to-kingdee: ") && text.contains(", compared "), "{text}");
    installation.relay(&["reconcile", "--kept", "--heal"]).with_status(2);
}

#[test]
fn drain_also_works_what_another_queue_is_told_meanwhile() {
    let town = Town::open();
    let mut installation = town.installation();
    installation.relay(&["flows", "export", "flows"]).with_status(0);
    for entry in fs::read_dir(installation.path("flows")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if name.ends_with(".toml") && !name.starts_with("direct-order-to-wangdian.") {
            fs::remove_file(path).unwrap();
        }
    }
    let told = r#"
[source]
document = "relay.delivered"
of       = "direct-order-to-wangdian"
[target]
document = "sharecrm.objdata_push"
[fields]
objAPIName   = { value = "erpOrderStateObj" }
dataCenterId = { setting = "SHARECRM_DATA_CENTER_ID" }
id           = "key"
directSync   = { value = false }
[fields.masterFieldVal]
number = "target.number"
"#;
    fs::write(installation.path("flows/told.toml"), told).unwrap();
    installation.set("RELAY_FLOWS_DIR", "flows");
    installation.invoke("webhook-receiver", "webhook-receiver/direct-order.json").with_status(0);
    let drained = installation.relay(&["drain", "--json"]).with_status(0).json();
    let status = installation.relay(&["status", "--json"]).json();
    let queue = &status["queues"]["sharecrm"];
    assert_eq!((&queue["waiting"], &queue["in_flight"]), (&0.into(), &0.into()), "{drained}");
    assert_eq!(status["flows"]["told"]["delivered"], 1, "{drained}");
}
