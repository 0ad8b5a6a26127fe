//! Signed JSON that anybody pushes reaches any address and the group robots, by the example flows.

use std::collections::BTreeSet;
use std::fs;
use std::time::Duration;

use relay_simulators::http::{SignedJson, WEBHOOK_SECRET};
use relay_simulators::qince::PushStyle;
use relay_simulators::{Fault, MAIL_HOST};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::house::House;
use crate::process::{Process, count, failure, outcomes};

const EXAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/flows/examples");
const TO_HTTP: &str = "orders-to-http";
const TO_FEISHU: &str = "orders-to-feishu";
const TO_DINGTALK: &str = "orders-to-dingtalk";
const TO_WECOM: &str = "trade-to-wecom";

/// A house in which these example flows run, and nothing else.
fn with_flows(seed: u64, flows: &[&str]) -> (House, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    for flow in flows {
        let file = format!("{flow}.toml");
        fs::copy(format!("{EXAMPLES}/{file}"), folder.path().join(file)).unwrap();
    }
    (House::new(seed).with("RELAY_FLOWS_DIR", folder.path().to_str().unwrap()), folder)
}

fn order(id: &str, version: u32, total: &str) -> Value {
    json!({
        "id": id, "updated_at": format!("2026-11-22 11:00:0{version}"), "status": "paid", "total": total,
        "remark": "", "tags": ["vip", {"level": 2}], "customer": {"name": "张三", "mobile": "13912345678"},
        "items": [{"sku": "A", "quantity": 2}, {"sku": "B", "quantity": 0.5}],
    })
}

async fn push(house: &House, process: &Process, order: &Value) {
    let answer = process.post_json("orders", &house.vendors.http.push(order)).await;
    assert_eq!((answer.status, answer.reply.return_code), (200, 0), "{}", answer.reply.to_json());
}

#[test]
fn every_example_runs_by_the_settings_of_the_simulated_vendors() {
    let house = House::new(1).with("RELAY_FLOWS_DIR", EXAMPLES);
    let process = house.with("MAIL_HOST", MAIL_HOST).with("ALERTS_TO", "finance@mail.test").start();
    let flows: BTreeSet<_> =
        process.wiring.flows.iter().map(|routed| format!("{}.toml", routed.flow.name())).collect();
    let files = fs::read_dir(EXAMPLES).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
    let files: BTreeSet<_> =
        files.filter(|name| name.ends_with(".toml") && !name.ends_with(".test.toml")).collect();
    assert_eq!(flows, files);
    assert_eq!(process.wiring.flows.warnings().count(), 0);
}

#[test]
fn a_folder_of_examples_is_none_of_the_shipped_flows() {
    let shipped = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/flows");
    let process = House::new(1).with("RELAY_FLOWS_DIR", shipped).start();
    assert!(process.wiring.flows.named(TO_HTTP).is_none());
    assert!(process.wiring.flows.named("trade-to-kingdee").is_some());
}

#[tokio::test]
async fn a_signed_push_reaches_the_receiver_once_in_the_form_that_the_flow_gives_it() {
    let (house, _folder) = with_flows(1, &[TO_HTTP]);
    let process = house.start();
    push(&house, &process, &order("A-1", 1, "12.50")).await;
    push(&house, &process, &order("A-1", 1, "12.50")).await;
    assert_eq!(outcomes(&process.drain().await), ["delivered", "skipped"]);

    let received = house.vendors.http.received();
    assert_eq!(received.len(), 1);
    assert_eq!(
        received[0].body,
        json!({
            "id": "A-1", "state": "paid", "total": "12.50", "remark": "", "tags": ["vip", {"level": 2}],
            "buyer": {"name": "张三", "phone": "13912345678"},
            "lines": [{"sku": "A", "qty": 2}, {"sku": "B", "qty": 0.5}],
        })
    );
    let delivered = process.entry(TO_HTTP, "A-1").await.unwrap().delivered.unwrap();
    assert_eq!(delivered.target_id.as_deref(), Some("R1"), "the receiver's own id");
}

#[tokio::test]
async fn a_lost_answer_is_repeated_and_takes_one_effect_where_the_receiver_tells_repeats_apart() {
    let (house, _folder) = with_flows(2, &[TO_HTTP]);
    let house = house.with("HTTP_POST_REPEAT", "replaces");
    let process = house.start();
    for fault in [Fault::LostAnswer, Fault::LostRequest, Fault::Status(502)] {
        house.vendors.http.faults.inject_for("receive", fault);
    }
    push(&house, &process, &order("A-1", 1, "1")).await;
    let turns = process.drain().await;
    assert_eq!(count(&turns, "delivered"), 1);
    assert_eq!(house.vendors.http.received().len(), 1, "one effect");
    assert_eq!(house.vendors.http.calls()["receive"], 4, "of four calls");

    push(&house, &process, &order("A-1", 2, "2")).await;
    assert_eq!(count(&process.drain().await, "delivered"), 1, "a newer version has a key of its own");
    push(&house, &process, &order("A-1", 1, "3")).await;
    assert_eq!(outcomes(&process.drain().await), ["skipped"], "an older one goes nowhere");
    assert_eq!(house.vendors.http.received().len(), 2);
}

#[tokio::test]
async fn a_lost_answer_is_a_persons_to_judge_where_a_repeat_may_double() {
    let (house, _folder) = with_flows(3, &[TO_HTTP]);
    let process = house.start();
    house.vendors.http.keep_keys(false);
    house.vendors.http.faults.inject_for("receive", Fault::LostAnswer);
    push(&house, &process, &order("A-1", 1, "1")).await;
    let turns = process.drain().await;
    assert_eq!(failure(&turns[turns.len() - 1..]).0, "unknown");
    assert_eq!(house.vendors.http.received().len(), 1, "it was sent once and never again");

    // Somebody has looked, and has found nothing.
    process.operations().replay_all(None).await.unwrap();
    assert_eq!(outcomes(&process.drain().await), ["delivered"]);
    assert_eq!(house.vendors.http.received().len(), 2);
}

#[tokio::test]
async fn a_receiver_that_is_busy_gets_it_later_and_one_that_refuses_never_again() {
    let (house, _folder) = with_flows(4, &[TO_HTTP]);
    let process = house.start();
    house.vendors.http.faults.inject_for("receive", Fault::RateLimited);
    push(&house, &process, &order("A-1", 1, "1")).await;
    assert_eq!(count(&process.drain().await, "delivered"), 1);

    house.vendors.http.faults.inject_for("receive", Fault::InnerRefusal("no such shop".to_owned()));
    push(&house, &process, &order("A-2", 1, "1")).await;
    let turns = process.drain().await;
    let (class, reason) = failure(&turns);
    assert!(class == "refused" && reason.contains("no such shop"), "{class}: {reason}");
    assert_eq!(house.vendors.http.received().len(), 1);
}

#[tokio::test]
async fn what_is_not_signed_by_one_of_the_secrets_is_not_taken() {
    let (house, _folder) = with_flows(5, &[TO_HTTP]);
    let house = house.with("HTTP_WEBHOOK_SECRETS", "the-next-secret,simulated-webhook-secret");
    let process = house.start();
    let http = &house.vendors.http;
    let body = || order("A-1", 1, "1").to_string().into_bytes();
    for secret in ["the-next-secret", WEBHOOK_SECRET] {
        assert_eq!(process.post_json("orders", &http.signed(body(), secret)).await.status, 200);
    }
    let status = async |push: SignedJson| process.post_json("orders", &push).await.status;
    assert_eq!(status(http.signed(body(), "guessed")).await, 401);
    let unsigned = SignedJson { headers: Vec::new(), ..http.signed(body(), WEBHOOK_SECRET) };
    assert_eq!(status(unsigned).await, 400);
    let altered = SignedJson { body: b"{}".to_vec(), ..http.signed(body(), WEBHOOK_SECRET) };
    assert_eq!(status(altered).await, 401);
    assert_eq!(count(&process.drain().await, "delivered"), 1, "the same push twice is one document");

    // What is signed and no document is kept, where a person finds it.
    let broken = process.post_json("orders", &http.signed(b"[1]".to_vec(), WEBHOOK_SECRET)).await;
    assert_eq!((broken.status, broken.reply.return_code), (400, 1));
    let failures = process.failures().await;
    assert_eq!(failures.len(), 1);
    assert_eq!(failures[0].id.flow, "http/unreadable");
    assert_eq!(failures[0].failed.as_ref().unwrap().document, json!("[1]"));
}

#[tokio::test]
async fn what_no_flow_takes_is_kept_and_goes_on_when_one_does() {
    let (house, folder) = with_flows(6, &[TO_HTTP]);
    let process = house.start();
    for total in ["1", "2"] {
        let push = house.vendors.http.push(&json!({"total": total, "no": total}));
        assert_eq!(process.post_json("returns", &push).await.status, 200, "stored, and not lost");
    }
    assert!(process.drain().await.is_empty());
    let failures = process.failures().await;
    assert_eq!(failures.len(), 2, "all that differ are kept");
    assert!(failures.iter().all(|entry| entry.id.flow == "http/unrouted"), "{failures:?}");

    let flow = "[source]\ndocument = \"http.webhook\"\nparams = { name = \"returns\" }\nkey = \"no\"\n\
                [target]\ndocument = \"http.post\"\nparams = { path = \"returns\" }\n\
                [fields]\nid = \"no\"\ntotal = \"total\"\n";
    fs::write(folder.path().join("returns-to-http.toml"), flow).unwrap();
    let process = house.start();
    process.operations().replay_all(None).await.unwrap();
    assert_eq!(outcomes(&process.drain().await), ["delivered", "delivered"]);
    assert!(process.failures().await.is_empty());
    assert!(house.vendors.http.received().iter().all(|received| received.path == "/returns"));
}

#[tokio::test]
async fn a_large_order_is_told_to_the_group_in_feishu() {
    let (house, _folder) = with_flows(7, &[TO_FEISHU]);
    let process = house.start();
    push(&house, &process, &order("A-1", 1, "999.99")).await;
    push(&house, &process, &order("A-2", 1, "1000")).await;
    process.drain().await;
    let messages = house.vendors.http.messages();
    assert_eq!(messages.len(), 1);
    assert_eq!(
        (messages[0].robot, &messages[0].body),
        ("feishu", &json!({"msg_type": "text", "content": {"text": "大额订单 A-2: 张三,1000 元"}}))
    );
}

#[tokio::test]
async fn an_order_to_confirm_is_told_to_the_group_in_dingtalk() {
    let (house, _folder) = with_flows(8, &[TO_DINGTALK]);
    let process = house.start();
    let mut order = house.vendors.qince.order(house.minutes_ago(1));
    order["purchase_status"] = json!("CG_DQR");
    assert!(process.post(&house.vendors.qince.push(&order, &PushStyle::default())).await);
    assert_eq!(outcomes(&process.drain().await), ["delivered"]);
    let messages = house.vendors.http.messages();
    assert_eq!((messages.len(), messages[0].robot), (1, "dingtalk"));
    let text = messages[0].body["markdown"]["text"].as_str().unwrap();
    assert!(text.contains(order["purchase_no"].as_str().unwrap()), "{text}");
}

#[tokio::test]
async fn audited_trades_are_told_to_the_group_in_wecom_no_faster_than_the_robot_takes_them() {
    let (house, _folder) = with_flows(9, &[TO_WECOM]);
    for _ in 0..30 {
        house.vendors.wangdian.generate_trade("S001", 55, house.minutes_ago(5));
    }
    let process = house.start();
    process.poll().await;
    let began = house.now();
    process.drain().await;
    let messages = house.vendors.http.messages();
    assert_eq!(messages.len(), 30, "each of them, once");
    assert!(house.now() - began > chrono::TimeDelta::seconds(30), "twenty in a minute");
    assert_eq!(house.vendors.http.calls()["wecom"], 30, "and none was refused for it");
}

#[tokio::test]
async fn a_robot_that_does_not_believe_us_waits_for_a_person_and_then_gets_everything() {
    let (house, _folder) = with_flows(10, &[TO_FEISHU]);
    let house = house.with("HTTP_FEISHU_SECRET", "mistyped");
    let process = house.start();
    push(&house, &process, &order("A-1", 1, "5000")).await;
    assert!(process.drain().await.iter().all(|turn| turn.outcome.name() == "paused"));
    assert!(house.vendors.http.messages().is_empty() && process.waiting().await == 1, "nothing is lost");

    let house = house.with("HTTP_FEISHU_SECRET", relay_simulators::http::FEISHU_SECRET);
    let process = house.start();
    process.operations().resume("http").await.unwrap();
    house.clock.advance(Duration::from_secs(31 * 60));
    assert_eq!(count(&process.drain_through_pauses().await, "delivered"), 1);
    assert_eq!(house.vendors.http.messages().len(), 1);
}

#[tokio::test]
async fn a_message_whose_answer_got_lost_is_sent_again_rather_than_never() {
    let (house, _folder) = with_flows(11, &[TO_FEISHU]);
    let process = house.start();
    house.vendors.http.faults.inject_for("feishu", Fault::LostAnswer);
    push(&house, &process, &order("A-1", 1, "5000")).await;
    assert_eq!(count(&process.drain().await, "delivered"), 1);
    assert_eq!(house.vendors.http.messages().len(), 2, "read twice: no harm");
}
