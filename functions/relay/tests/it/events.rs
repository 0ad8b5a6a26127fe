//! The sample events, each through its function, and what the vendors have after `drain`.

use chrono::TimeDelta;
use relay_core::clock::{Clock as _, SystemClock};
use serde_json::{Value, json};

use crate::support::{Installation, Town, events};

fn sample(file: &str) -> Value {
    serde_json::from_str(&std::fs::read_to_string(events(file)).unwrap()).unwrap()
}

/// A watermark that begins so recently that little has to be read.
fn since_two_hours(installation: &mut Installation) {
    installation.set("RELAY_START", (SystemClock.now() - TimeDelta::hours(2)).to_rfc3339());
}

#[test]
fn a_signed_push_is_stored_and_reaches_both_targets() {
    let town = Town::open();
    let installation = town.installation();
    for file in ["direct-order.json", "direct-order-base64.json"] {
        let answer =
            installation.invoke("webhook-receiver", &format!("webhook-receiver/{file}")).with_status(0);
        assert_eq!(answer.json()["statusCode"], 200, "{}", answer.stdout);
        let reply: Value = serde_json::from_str(answer.json()["body"].as_str().unwrap()).unwrap();
        assert_eq!(reply["return_code"], 0);
        assert_eq!(reply["msg_id"], "7898952955531954883");
    }
    let answer = installation.relay(&["drain", "--json"]).with_status(0);
    for flow in ["direct-order-to-sharecrm", "direct-order-to-wangdian"] {
        assert_eq!(answer.json()["flows"][flow]["delivered"], 1, "{}", answer.stdout);
    }
    let id = sample("qince/direct-order.json")["id"].as_str().unwrap().to_owned();
    assert!(town.vendors.wangdian.pushed_orders().contains_key(&id));
    let records = town.vendors.sharecrm.records();
    assert!(records.contains_key(&("erpSalesOrderObj".to_owned(), id)));
}

#[test]
fn a_tampered_push_is_refused_and_stores_nothing() {
    let town = Town::open();
    let installation = town.installation();
    let answer = installation.invoke("webhook-receiver", "webhook-receiver/tampered.json").with_status(0);
    assert_eq!(answer.json()["statusCode"], 401, "{}", answer.stdout);
    let drained = installation.relay(&["drain"]).with_status(0);
    assert!(drained.stdout.contains("The queues are empty."), "{}", drained.stdout);
}

#[test]
fn a_scheduled_poll_brings_each_trade_to_kingdee_once() {
    let town = Town::open();
    for minutes in [70, 50, 30] {
        town.vendors.wangdian.generate_trade("S001", 55, SystemClock.now() - TimeDelta::minutes(minutes));
    }
    let mut installation = town.installation();
    since_two_hours(&mut installation);
    // Twice: the second turn begins where the first has ended.
    for (event, queued) in [("trade-poller/schedule.json", 3), ("trade-poller/one-flow.json", 0)] {
        let answer = installation.invoke("trade-poller", event).with_status(0);
        assert_eq!(answer.stderr, "", "progress is for terminals");
        let answer = answer.json();
        assert_eq!(answer["flows"][0]["flow"], "trade-to-kingdee");
        assert_eq!(answer["flows"][0]["queued"], queued, "{answer}");
        assert_eq!(answer["flows"][0]["caught_up"], true, "{answer}");
    }
    let drained = installation.relay(&["drain"]).with_status(0);
    assert!(drained.stdout.contains("trade-to-kingdee"), "{}", drained.stdout);
    let creates = town.vendors.kingdee.creates();
    assert_eq!(creates.len(), 3);
    assert!(creates.values().all(|count| *count == 1), "{creates:?}");
}

#[test]
fn a_scheduled_sync_empties_the_pools_once_the_target_has_the_rows() {
    let town = Town::open();
    town.vendors.wangdian.change_stock("S001", "ML", "ML-1L-12", "57".parse().unwrap());
    let shipment = sample("wangdian/logistics-sync.json").as_object().unwrap().clone();
    let rec_id = town.vendors.wangdian.add_shipment(shipment);
    let installation = town.installation();
    let answer = installation.invoke("stock-syncer", "stock-syncer/schedule.json").with_status(0).json();
    let pools = answer["pools"].as_array().unwrap();
    assert!(pools.iter().all(|pool| pool["queued"].as_u64() > Some(0)) && pools.len() == 2, "{answer}");
    assert_eq!(town.vendors.wangdian.waiting_shipments(), [rec_id], "not before the target has it");
    installation.relay(&["drain"]).with_status(0);
    assert!(town.vendors.wangdian.waiting_shipments().is_empty());
    assert_eq!(town.vendors.sharecrm.records().len(), 2);
}

#[test]
fn a_batch_with_a_foreign_message_fails_that_message_alone() {
    let town = Town::open();
    town.stock_the_sample_trade();
    let installation = town.installation();
    let answer = installation.invoke("erp-pusher", "erp-pusher/sqs.json").with_status(0);
    assert_eq!(answer.json(), json!({ "batchItemFailures": [] }), "{}", answer.stderr);
    assert_eq!(
        town.vendors.kingdee.creates().into_iter().collect::<Vec<_>>(),
        [("JY202611220001".to_owned(), 1)]
    );

    let failures = installation.relay(&["failures", "--json"]).with_status(1).json();
    let failures = failures["failures"].as_array().unwrap();
    assert_eq!(failures.len(), 1, "{failures:?}");
    assert_eq!(failures[0]["class"], "unreadable");
    assert_eq!(failures[0]["document"], "a message that somebody sent by hand");

    // SQS delivers at least once: again, and nothing more happens.
    installation.invoke("erp-pusher", "erp-pusher/sqs.json").with_status(0);
    assert_eq!(town.vendors.kingdee.creates()["JY202611220001"], 1);
}

#[test]
fn the_sample_batch_carries_the_sample_trade() {
    let event = sample("erp-pusher/sqs.json");
    let item: Value = serde_json::from_str(event["Records"][0]["body"].as_str().unwrap()).unwrap();
    assert_eq!(item["document"], sample("wangdian/trade.json"));
    assert_eq!(item["version"], item["document"]["modified"]);
}

#[test]
fn a_refused_document_is_listed_and_replayed_once_its_cause_is_mended() {
    let town = Town::open();
    let installation = town.installation();
    // Kingdee knows none of the trade's codes yet.
    installation.invoke("erp-pusher", "erp-pusher/sqs.json").with_status(0);
    let listed = installation.relay(&["failures", "--flow", "trade-to-kingdee"]).with_status(1).stdout;
    for said in ["JY202611220001", "api_zy01", "P0001-2KG", "WH001"] {
        assert!(listed.contains(said), "{said} in {listed}");
    }
    town.stock_the_sample_trade();
    let key = ["--flow", "trade-to-kingdee", "--key", "JY202611220001"];
    installation.relay(&[&["replay"], &key[..]].concat()).with_status(0);
    installation.relay(&["drain"]).with_status(0);
    assert_eq!(town.vendors.kingdee.creates()["JY202611220001"], 1);
    installation.relay(&["failures", "--flow", "trade-to-kingdee"]).with_status(0);
}

#[test]
fn a_replay_says_what_the_queue_cannot_carry() {
    let town = Town::open();
    let installation = town.installation();
    let mut event = sample("erp-pusher/sqs.json");
    let mut item: Value = serde_json::from_str(event["Records"][0]["body"].as_str().unwrap()).unwrap();
    // Noise, so that compression does not help.
    let noise: String =
        (0..200_000_u64).map(|n| format!("{:x}", n.wrapping_mul(0x9E37_79B9_7F4A_7C15))).collect();
    item["document"]["cs_remark"] = noise.into();
    event["Records"] = json!([event["Records"][0]]);
    event["Records"][0]["body"] = item.to_string().into();
    let file = installation.path("large.json");
    std::fs::write(&file, event.to_string()).unwrap();
    installation.relay(&["invoke", "erp-pusher", "--event", file.to_str().unwrap()]).with_status(0);
    let answer = installation.relay(&["replay", "--all", "--json"]).with_status(1).json();
    let it = json!({ "flow": "trade-to-kingdee", "key": "JY202611220001" });
    assert_eq!((&answer["replayed"], &answer["without_flow"]), (&json!(0), &json!([])), "{answer}");
    assert_eq!(answer["too_large"], json!([it]));
}

#[test]
fn a_replay_says_that_a_document_is_nested_too_deep_and_keeps_it() {
    let town = Town::open();
    let installation = town.installation();
    // Of a version that took such documents still: as deep as a message could be read.
    let mut event = sample("erp-pusher/sqs.json");
    let mut item: Value = serde_json::from_str(event["Records"][0]["body"].as_str().unwrap()).unwrap();
    item["document"]["cs_remark"] = (0..120).fold(json!("苏果"), |inner, _| json!([inner]));
    event["Records"] = json!([event["Records"][0]]);
    event["Records"][0]["body"] = item.to_string().into();
    let file = installation.path("deep.json");
    std::fs::write(&file, event.to_string()).unwrap();
    installation.relay(&["invoke", "erp-pusher", "--event", file.to_str().unwrap()]).with_status(0);
    let it = json!({ "flow": "trade-to-kingdee", "key": "JY202611220001" });
    for _ in 0..2 {
        let answer = installation.relay(&["replay", "--all", "--json"]).with_status(1).json();
        assert_eq!((&answer["replayed"], &answer["too_deep"]), (&json!(0), &json!([it])), "{answer}");
    }
    let told = installation.relay(&["replay", "--all"]).with_status(1).stdout;
    assert!(told.contains("nested more than 100 levels"), "{told}");
    let kept = installation.relay(&["failures", "--json"]).with_status(1).json();
    assert!(kept["failures"][0]["document"].as_str().unwrap().contains("苏果"), "{kept}");
}

/// Pushes the sample order where its type is not taken, and answers with its key among the unrouted ones.
fn unrouted(installation: &mut Installation) -> [String; 4] {
    installation.set("QINCE_DATA_TYPES", "my_order");
    installation.invoke("webhook-receiver", "webhook-receiver/direct-order.json").with_status(0);
    let listed = installation.relay(&["failures", "--json"]).with_status(1).json();
    let [failure] = &listed["failures"].as_array().unwrap()[..] else { panic!("{listed}") };
    assert_eq!(failure["flow"], "qince/unrouted", "{listed}");
    let key = failure["key"].as_str().unwrap().to_owned();
    ["--flow".to_owned(), "qince/unrouted".to_owned(), "--key".to_owned(), key]
}

#[test]
fn a_push_that_no_flow_took_is_replayed_once_its_type_is_taken() {
    let town = Town::open();
    let mut installation = town.installation();
    unrouted(&mut installation);
    let replay = |installation: &Installation| installation.relay(&["replay", "--all", "--json"]);
    let answer = replay(&installation).with_status(1).json();
    assert_eq!(
        (&answer["replayed"], answer["without_flow"].as_array().unwrap().len()),
        (&json!(0), 1),
        "{answer}"
    );

    installation.set("QINCE_DATA_TYPES", "my_order, dms_purchase");
    let answer = replay(&installation).with_status(0).json();
    assert_eq!((&answer["replayed"], &answer["without_flow"]), (&json!(2), &json!([])), "{answer}");
    installation.relay(&["failures"]).with_status(0);
    installation.relay(&["drain"]).with_status(0);
    let id = sample("qince/direct-order.json")["id"].as_str().unwrap().to_owned();
    assert!(town.vendors.wangdian.pushed_orders().contains_key(&id));
    assert!(town.vendors.sharecrm.records().contains_key(&("erpSalesOrderObj".to_owned(), id)));
}

#[test]
fn what_was_done_by_hand_is_settled_and_listed_no_more() {
    let town = Town::open();
    let mut installation = town.installation();
    let document = unrouted(&mut installation);
    let settle: Vec<&str> = ["settle"].into_iter().chain(document.iter().map(String::as_str)).collect();
    let answer = installation.relay(&[&settle[..], &["--json"]].concat()).with_status(0).json();
    assert_eq!(answer["settled"]["key"], document[3]);
    let listed = installation.relay(&["failures"]).with_status(0).stdout;
    assert!(listed.contains("No document has failed."), "{listed}");
    installation.relay(&["drain"]).with_status(0);
    assert!(town.vendors.wangdian.pushed_orders().is_empty(), "nothing is sent");

    let answer = installation.relay(&settle).with_status(1);
    assert!(answer.stderr.contains("has not failed"), "{}", answer.stderr);
}
