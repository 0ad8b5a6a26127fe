use std::collections::BTreeSet;
use std::time::Duration;

use chrono::DateTime;
use local_aws::stack::TRADES;
use local_aws::{Stack, on_the_stack};
use relay_core::{System, WorkItem};
use serde_json::{Map, Value, json};

use crate::flows::{deploy, shipped_flows_and};

/// Flows that listen, each to an object of its own.
const LISTENING: [(&str, &str); 3] = [
    (
        "numbers-back",
        r#"
[source]
document = "relay.delivered"
of       = "trade-to-kingdee"

[target]
document = "sharecrm.objdata_push"

[fields]
objAPIName   = { value = "toldNumberObj" }
dataCenterId = { setting = "SHARECRM_DATA_CENTER_ID" }
id           = "key"
directSync   = { value = false }

[fields.masterFieldVal]
kingdee_id     = "target.id"
kingdee_number = "target.number"
"#,
    ),
    (
        "failures-told",
        r#"
[source]
document = "relay.failed"
of       = "*"

[target]
document = "sharecrm.objdata_push"

[fields]
objAPIName   = { value = "toldFailureObj" }
dataCenterId = { setting = "SHARECRM_DATA_CENTER_ID" }
id           = "key"
directSync   = { value = false }

[fields.masterFieldVal]
flow   = "flow"
reason = "class"
"#,
    ),
    (
        "health-told",
        r#"
[source]
document = "relay.health"

[target]
document = "sharecrm.objdata_push"

[fields]
objAPIName   = { value = "toldHealthObj" }
dataCenterId = { setting = "SHARECRM_DATA_CENTER_ID" }
id           = { text = "{kind} {of}" }
directSync   = { value = false }

[fields.masterFieldVal]
state  = "state"
action = "action"
"#,
    ),
];

/// By the deployed pusher and the deployed closer, each under its role.
#[test]
#[ignore = "needs the local AWS: tests/local-aws/run"]
fn what_became_of_a_document_and_what_needs_a_person_is_told_to_the_flows_that_listen() {
    on_the_stack(async |stack| {
        deploy(Some(&shipped_flows_and(&LISTENING)));
        let trades = stack.new_trades(3).await.unwrap();
        stack.poll().await.unwrap();
        let nothing = unmappable("LISTENED-1");
        stack.hand_over(System::new("kingdee"), nothing).await.unwrap();
        stack.until_quiet().await.unwrap();
        told_of_deliveries(stack, &trades);
        let failure = told(stack, "toldFailureObj", "LISTENED-1").pop().unwrap();
        let entry = stack.entry(TRADES, "LISTENED-1").await.unwrap().unwrap();
        let class = entry.failed.unwrap().class.to_string();
        assert_eq!((&failure["flow"], &failure["reason"]), (&json!(TRADES), &json!(class)));

        // The closer looks by its schedule.
        stack.run_relay(&["pause", "wangdian", "--reason", "stocktaking", "--by", "tester"]).await.unwrap();
        let paused = "pause wangdian";
        let is_told = |state: &str| {
            told(stack, "toldHealthObj", paused).last().is_some_and(|told| told["state"] == state)
        };
        stack.move_clock(Duration::from_secs(6 * 60)).unwrap();
        stack.until("the pause is told", async || is_told("began")).await.unwrap();
        stack.run_relay(&["resume", "wangdian"]).await.unwrap();
        stack.move_clock(Duration::from_secs(6 * 60)).unwrap();
        stack.until("its end is told", async || is_told("ended")).await.unwrap();
        stack.until_quiet().await.unwrap();
        let states: Vec<_> =
            told(stack, "toldHealthObj", paused).into_iter().map(|told| told["state"].clone()).collect();
        deploy(None);
        // Nobody is to listen to what the other tests bring about.
        for (flow, _) in LISTENING {
            stack.run_relay(&["flows", "retire", flow]).await.unwrap();
        }
        assert_eq!(states, ["began", "ended"]);
    });
}

/// The number and the id that each trade has in Kingdee were told once.
fn told_of_deliveries(stack: &Stack, trades: &BTreeSet<String>) {
    for trade in trades {
        let order = stack.vendors.kingdee.orders(trade).pop().unwrap();
        let told = told(stack, "toldNumberObj", trade);
        let expected = json!({ "kingdee_id": order.id, "kingdee_number": trade });
        assert_eq!(told.into_iter().map(Value::Object).collect::<Vec<_>>(), [expected]);
    }
}

/// What an object was told of an id, oldest first.
fn told(stack: &Stack, object: &str, id: &str) -> Vec<Map<String, Value>> {
    let records = stack.vendors.sharecrm.records();
    let record = records.get(&(object.to_owned(), id.to_owned()));
    let written = record.into_iter().flat_map(|record| &record.history);
    written.filter_map(|push| push.data["masterFieldVal"].as_object().cloned()).collect()
}

/// A trade that lacks all that an order must have.
fn unmappable(key: &str) -> WorkItem {
    WorkItem {
        flow: TRADES.to_owned(),
        key: key.to_owned(),
        version: None,
        version_kind: None,
        document: json!({ "trade_no": key }),
        acknowledge: false,
        received_at: DateTime::UNIX_EPOCH,
        trace: String::new(),
        replay: None,
    }
}
