//! A test alert goes out at once by each flow that alerts, says of itself that it is a test, and tells what its receiver answered.

use std::fs;

use relay_core::System;
use relay_operations::OperationError;
use relay_operations::alerts::Tested;
use relay_operations::language::Language;
use relay_simulators::Fault;
use serde_json::Value;
use tempfile::TempDir;

use crate::house::House;
use crate::process::{Process, TRADES};

const FLOWS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/flows");

/// The example flows that alert, but for those by mail, which only a mail server takes.
const ALERTS: [&str; 8] = [
    "failures-to-dingtalk",
    "failures-to-feishu",
    "failures-to-http",
    "failures-to-wecom",
    "health-to-dingtalk",
    "health-to-feishu",
    "health-to-http",
    "health-to-wecom",
];

/// A flow that writes what fails into a system: it alerts nobody.
const FAILED_TO_SHARECRM: &str = r#"
[source]
document = "relay.failed"
of       = "*"

[target]
document = "sharecrm.objdata_push"

[fields]
objAPIName   = { value = "failedObj" }
dataCenterId = { setting = "SHARECRM_DATA_CENTER_ID" }
id           = "key"

[fields.masterFieldVal]
reason = "message"
"#;

fn house(seed: u64) -> (House, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let copy = |from: &str, name: &str| {
        let to = folder.path().join(format!("{name}.toml"));
        fs::copy(format!("{FLOWS}/{from}{name}.toml"), to).unwrap();
    };
    copy("", TRADES);
    ALERTS.iter().for_each(|name| copy("examples/", name));
    fs::write(folder.path().join("failed-to-sharecrm.toml"), FAILED_TO_SHARECRM).unwrap();
    let house = House::new(seed)
        .with("RELAY_FLOWS_DIR", folder.path().to_str().unwrap())
        .with("HTTP_POST_REPEAT", "replaces")
        .with("RELAY_CONSOLE_URL", "https://relay.example.com");
    (house, folder)
}

async fn tested(process: &Process, flow: Option<&str>, language: Language) -> Vec<Tested> {
    let connect = |system: System| process.wiring.connection(system).map_err(|error| format!("{error:#}"));
    process.operations().test_alerts(flow, language, &connect).await.unwrap()
}

/// All that receivers were told.
fn told(house: &House) -> String {
    let messages = house.vendors.http.messages().into_iter().map(|message| message.body.to_string());
    let received = house.vendors.http.received().into_iter().map(|received| received.body.to_string());
    messages.chain(received).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn each_flow_that_alerts_sends_one_that_says_it_is_a_test_and_its_receiver_s_answer_is_told() {
    for (language, words, of) in [
        (Language::Chinese, "这是一条测试告警,没有什么要处理", "测试"),
        (Language::English, "this is a test alert, and nothing needs to be done", "test"),
    ] {
        let (house, _folder) = house(1);
        let process = house.start();
        let all = tested(&process, None, language).await;
        let flows: Vec<_> = all.iter().map(|tested| tested.alerting.flow.as_str()).collect();
        assert_eq!(flows, ALERTS, "what writes into a system is none");
        for alert in &all {
            assert!(alert.is_taken && alert.why.is_none() && alert.paused.is_none(), "{alert:?}");
            let sent = alert.sent.as_ref().unwrap().to_string();
            assert!(sent.contains(words) && sent.contains("https://relay.example.com/"), "{sent}");
            let target = alert.alerting.target;
            let answer = alert.answer.as_deref().unwrap();
            let expected = match target {
                "http.wecom_robot" | "http.dingtalk_robot" => "\"errcode\":0",
                "http.feishu_robot" => "\"code\":0",
                _ => "\"id\":",
            };
            assert!(answer.contains(expected), "{target}: {answer}");
            assert!(
                alert.said().to_string().starts_with("sent and taken, answered after "),
                "{}",
                alert.said()
            );
        }
        assert_eq!((house.vendors.http.messages().len(), house.vendors.http.received().len()), (6, 2));
        let told = told(&house);
        assert!(told.lines().count() == 8 && told.lines().all(|line| line.contains(words)), "{told}");
        assert!(told.contains(&format!("{of}: {words}")), "{told}");
        // Nothing is remembered of it but who did it.
        assert_eq!((process.waiting().await, process.failures().await.len()), (0, 0));
        let actions = process.operations().actions(None, Some("test-alert"), 20).await.unwrap();
        assert_eq!(actions.len(), 8, "{actions:?}");
    }
}

/// Undamped: within the hour for which a cause is told once, a test is told each time.
#[tokio::test]
async fn a_test_is_sent_each_time_and_through_a_pause() {
    let (house, _folder) = house(2);
    let process = house.start();
    process.operations().pause("http", "quiet", "王", None).await.unwrap();
    for _ in 0..2 {
        let alert = tested(&process, Some("health-to-wecom"), Language::English).await.remove(0);
        assert!(alert.is_taken, "{alert:?}");
        let said = alert.said().to_string();
        assert!(said.contains("; real alerts wait now: paused by 王"), "{said}");
    }
    assert_eq!(house.vendors.http.messages().len(), 2);
}

#[tokio::test]
async fn what_the_robot_refuses_is_told_in_its_words_and_a_robot_that_is_not_reached_too() {
    let (house, _folder) = house(3);
    let process = house.start();
    house.vendors.http.faults.inject_for("wecom", Fault::InnerRefusal("content is empty".to_owned()));
    let alert = tested(&process, Some("failures-to-wecom"), Language::English).await.remove(0);
    assert!(!alert.is_taken, "{alert:?}");
    assert!(alert.answer.as_deref().is_some_and(|answer| answer.contains("40058")), "{alert:?}");
    let said = alert.said().to_string();
    assert!(said.starts_with("NOT sent: ") && said.contains("content is empty"), "{said}");

    house.vendors.http.faults.inject_for("wecom", Fault::LostRequest);
    let alert = tested(&process, Some("failures-to-wecom"), Language::English).await.remove(0);
    assert!(!alert.is_taken && alert.answer.is_none() && alert.why.is_some(), "{alert:?}");
    assert!(house.vendors.http.messages().is_empty());
    assert!(process.failures().await.is_empty());
}

#[tokio::test]
async fn a_flow_that_alerts_nobody_is_named_as_such() {
    let (house, _folder) = house(4);
    let process = house.start();
    let connect = |system: System| process.wiring.connection(system).map_err(|error| format!("{error:#}"));
    for (flow, meant) in
        [("health-to-wecon", Some("health-to-wecom")), ("failed-to-sharecrm", None), (TRADES, None)]
    {
        let operations = process.operations();
        let error = operations.test_alerts(Some(flow), Language::English, &connect).await.unwrap_err();
        assert!(error.is_wrong_usage(), "{error}");
        let OperationError::NoAlerts(unknown) = error else { panic!("{error}") };
        assert_eq!((unknown.known.len(), unknown.meant.as_deref()), (8, meant), "{flow}");
    }
    assert!(house.vendors.sharecrm.records().is_empty());
    assert_eq!(told(&house), "");
}

/// What real alerts are told, a test is told too: no rule of a tenant's finds a field lacking that a real one would have.
#[tokio::test]
async fn a_test_has_every_field_that_its_document_has() {
    for document in ["relay.health", "relay.failed"] {
        let (house, folder) = house(5);
        let own = relay_connectors::catalog();
        let fields: Vec<_> =
            own.document(document).unwrap().fields().iter().map(|field| field.name).collect();
        // The step of a bill is told of bills alone.
        let named = fields.iter().filter(|name| **name != "step").map(|name| format!("\"{name}\""));
        let flow = format!(
            "[source]\ndocument = \"{document}\"\n{}damp = \"1h\"\n[target]\ndocument = \"http.post\"\n[fields]\nid = \"cause\"\ncopy = [{}]\n",
            if document == "relay.failed" { "of = \"*\"\n" } else { "" },
            named.collect::<Vec<_>>().join(", ")
        );
        fs::write(folder.path().join("all.toml"), flow).unwrap();
        let process = house.start();
        let alert = tested(&process, Some("all"), Language::English).await.remove(0);
        let sent = alert.sent.clone().unwrap_or_default();
        for name in fields.iter().filter(|name| **name != "step") {
            assert!(
                sent.get(*name).is_some_and(|value| *value != Value::Null),
                "{document} {name}: {alert:?}"
            );
        }
    }
}
