//! What a person asks of one document, lets rest, and sends again.

use std::sync::Arc;
use std::time::Duration;

use relay_core::clock::{Clock as _, SystemClock};
use relay_core::{Outgoing, System};
use relay_store_sqlite::Sqlite;
use serde_json::json;

use crate::serve::eventually;
use crate::support::{Installation, Town};

const CRM: &str = "direct-order-to-sharecrm";
const TRADE: [&str; 4] = ["--flow", "trade-to-kingdee", "--key", "JY202611220001"];

#[test]
fn a_flow_that_is_paused_keeps_its_documents_and_ends_no_drain_later() {
    let town = Town::open();
    let installation = town.installation();
    installation.invoke("webhook-receiver", "webhook-receiver/direct-order.json").with_status(0);
    let pause = ["pause", CRM, "--reason", "stock-taking", "--by", "李", "--json"];
    let paused = installation.relay(&pause).with_status(0).json();
    assert_eq!((&paused["paused"], &paused["scope"]), (&json!(CRM), &json!("flow")), "{paused}");
    assert_eq!((&paused["pause"]["by"], &paused["pause"]["until"]), (&json!("李"), &json!(null)), "{paused}");

    // The second meets what the first has put away for half an hour.
    for delivered in [json!(1), json!(null)] {
        let began = SystemClock.monotonic();
        let drained = installation.relay(&["drain", "--json"]).with_status(0).json();
        assert_eq!(drained["flows"]["direct-order-to-wangdian"]["delivered"], delivered, "{drained}");
        assert_eq!(drained["paused_flows"][CRM]["reason"], "stock-taking", "{drained}");
        assert!(SystemClock.monotonic() - began < Duration::from_secs(60));
    }
    assert!(town.vendors.sharecrm.records().is_empty());
    let status = installation.relay(&["status"]).with_status(0).stdout;
    assert!(status.contains(&format!("{CRM}: paused by 李 since ")), "{status}");
    assert!(status.contains("until it is resumed: stock-taking"), "{status}");
    let status = installation.relay(&["status", "--json"]).with_status(0).json();
    assert_eq!(status["flows"][CRM]["paused"]["by"], "李", "{status}");

    let resumed = installation.relay(&["resume", CRM, "--json"]).with_status(0).json();
    assert_eq!((&resumed["resumed"], &resumed["scope"]), (&json!(CRM), &json!("flow")), "{resumed}");
    let status = installation.relay(&["status", "--json"]).with_status(0).json();
    assert!(status["flows"][CRM]["paused"].is_null(), "{status}");
}

#[test]
fn a_target_that_a_person_has_paused_goes_on_only_when_it_is_resumed() {
    let town = Town::open();
    let installation = town.installation();
    installation.invoke("webhook-receiver", "webhook-receiver/direct-order.json").with_status(0);
    installation.relay(&["pause", "sharecrm", "--for", "2h"]).with_status(0);
    for _ in 0..2 {
        // Each is a start, which ends the pauses that nobody knows the end of.
        let drained = installation.relay(&["drain"]).with_status(0).stdout;
        assert!(drained.contains("sharecrm is paused by unknown since "), "{drained}");
    }
    installation.relay(&["resume", "sharecrm"]).with_status(0);
    let drained = installation.relay(&["drain", "--json"]).with_status(0).json();
    assert_eq!(drained["flows"][CRM]["delivered"], 1, "{drained}");
    let wrong = installation.relay(&["pause", "sharecm"]).with_status(2);
    assert!(wrong.stderr.contains("did you mean `sharecrm`?"), "{}", wrong.stderr);
}

#[test]
fn one_document_is_shown_with_what_was_sent_and_answered() {
    let town = Town::open();
    let installation = town.installation();
    // Kingdee has nothing of what the trade names.
    installation.invoke("erp-pusher", "erp-pusher/sqs.json").with_status(0);
    let show = [&["show"][..], &TRADE].concat();
    let shown = installation.relay(&show).with_status(0).stdout;
    for said in
        ["trade-to-kingdee JY202611220001", "not delivered", "came (trace", "was called, ", "answered: "]
    {
        assert!(shown.contains(said), "{said} in {shown}");
    }
    let shown = installation.relay(&[&show[..], &["--json"]].concat()).with_status(0).json();
    assert_eq!(shown["failures"][0]["key"], "JY202611220001", "{shown}");
    let history = shown["history"].as_array().unwrap();
    assert_eq!(history.first().unwrap()["event"]["what"], "received", "{shown}");
    assert_eq!(history.last().unwrap()["event"]["outcome"], "failed", "{shown}");
    let answer = installation.relay(&["show", "--flow", "trade-to-kingdee", "--key", "JY20261122001"]);
    assert!(answer.with_status(1).stderr.contains("did you mean `JY202611220001`?"));
}

/// Puts a message into Kingdee's dead-letter queue.
fn dead_letter(installation: &Installation) {
    let work = async {
        let clock = Arc::new(SystemClock);
        let queue = Sqlite::open(&installation.path("relay.db"), clock).unwrap().stores().queue;
        let kingdee = System::new("kingdee");
        let (group, body) = ("g".to_owned(), "sent by hand".to_owned());
        queue.send(kingdee, &[Outgoing { group: group.clone(), deduplication: group, body }]).await.unwrap();
        while queue.dead(kingdee).await.unwrap() == 0 {
            for received in queue.receive(kingdee, 1, Duration::from_secs(30)).await.unwrap() {
                queue.delay(kingdee, &received.receipt, Duration::ZERO).await.unwrap();
            }
        }
    };
    tokio::runtime::Runtime::new().unwrap().block_on(work);
}

#[test]
fn dead_letters_are_listed_and_sent_again() {
    let town = Town::open();
    let installation = town.installation();
    installation.invoke("webhook-receiver", "webhook-receiver/direct-order.json").with_status(0);
    let none = installation.relay(&["dead"]).with_status(0).stdout;
    assert!(none.contains("There are no dead letters."), "{none}");
    dead_letter(&installation);
    let status = installation.relay(&["status"]).with_status(1).stdout;
    assert!(status.contains("kingdee: 1 dead letters: `relay dead --target kingdee`"), "{status}");
    let listed = installation.relay(&["dead"]).with_status(1).stdout;
    assert!(listed.contains("cannot be read: "), "{listed}");
    let listed = installation.relay(&["dead", "--target", "kingdee", "--json"]).with_status(1).json();
    assert_eq!(listed["dead_letters"]["kingdee"][0]["body"], "sent by hand", "{listed}");
    let id = listed["dead_letters"]["kingdee"][0]["id"].as_str().unwrap();
    installation.relay(&["dead", "--redrive", "--id", "nobody"]).with_status(1);
    let redriven = installation.relay(&["dead", "--redrive", "--id", id, "--json"]).with_status(0).json();
    assert_eq!(redriven["redriven"]["kingdee"], 1, "{redriven}");
    installation.relay(&["dead"]).with_status(0);
}

#[test]
fn a_source_that_is_paused_is_not_read_and_goes_on_where_it_stood() {
    let town = Town::open();
    let mut installation = town.installation();
    let hour_ago = SystemClock.now() - chrono::TimeDelta::hours(1);
    installation.set("RELAY_START", hour_ago.to_rfc3339());
    installation.invoke("trade-poller", "trade-poller/schedule.json").with_status(0);
    let paused = ["pause", "wangdian", "--source", "--reason", "盘点", "--by", "李", "--json"];
    let paused = installation.relay(&paused).with_status(0).json();
    assert_eq!((&paused["paused"], &paused["scope"]), (&json!("wangdian"), &json!("source")), "{paused}");
    let trade =
        town.vendors.wangdian.generate_trade("S001", 55, SystemClock.now() - chrono::TimeDelta::minutes(2));
    let calls = || town.vendors.wangdian.calls().values().sum::<u64>();
    let before = calls();
    installation.invoke("trade-poller", "trade-poller/schedule.json").with_status(0);
    installation.invoke("stock-syncer", "stock-syncer/schedule.json").with_status(0);
    assert_eq!(calls(), before);
    let status = installation.relay(&["status", "--json"]).with_status(0).json();
    assert_eq!(status["vendors"]["wangdian"]["source"]["stands"], "paused", "{status}");
    assert_eq!(status["flows"]["trade-to-kingdee"]["source_paused"]["by"], "李", "{status}");
    assert_eq!(status["attention"], 0, "{status}");
    let told = installation.relay(&["show", &trade]).with_status(1).stdout;
    assert!(told.contains("is not read: it is paused by 李"), "{told}");
    let pushed = town.vendors.qince.order(SystemClock.now());
    assert!(pushed.is_object());

    installation.relay(&["resume", "wangdian", "--source"]).with_status(0);
    // Windows are of whole seconds: within the second that the first poll has read to, there is none to read.
    eventually("the trade that was changed meanwhile arrives", || {
        installation.invoke("trade-poller", "trade-poller/schedule.json").with_status(0);
        installation.relay(&["drain"]).with_status(0);
        town.vendors.kingdee.creates().get(&trade) == Some(&1)
    });
    installation.relay(&["pause", "kingdom", "--source"]).with_status(2);
    let log = installation.relay(&["log", "--json"]).with_status(0).json();
    let did: Vec<_> = log["actions"].as_array().unwrap().iter().map(|action| action["to"].clone()).collect();
    assert_eq!(did, ["source wangdian", "source wangdian"], "{log}");
}

#[test]
fn status_tells_how_many_things_need_a_person_and_where_each_vendor_stands() {
    let town = Town::open();
    let mut installation = town.installation();
    let hour_ago = SystemClock.now() - chrono::TimeDelta::hours(1);
    installation.set("RELAY_START", hour_ago.to_rfc3339());
    town.vendors.wangdian.generate_trade("S001", 55, SystemClock.now() - chrono::TimeDelta::minutes(5));
    installation.invoke("trade-poller", "trade-poller/schedule.json").with_status(0);
    installation.relay(&["drain"]).with_status(0);
    let status = installation.relay(&["status", "--json"]).with_status(0).json();
    assert_eq!(status["attention"], 0, "{status}");
    let vendors = &status["vendors"];
    assert_eq!(vendors["wangdian"]["source"]["stands"], "reachable", "{vendors}");
    assert_eq!(vendors["kingdee"]["target"]["stands"], "reachable", "{vendors}");
    assert_eq!(vendors["sharecrm"]["target"]["stands"], "unknown", "{vendors}");
    assert!(vendors["kingdee"]["source"].is_null(), "{vendors}");
    assert!(vendors["kingdee"]["last_minute"].as_u64().unwrap() > 0, "{vendors}");
    assert_eq!(vendors["kingdee"]["calls_a_minute"], 6000, "{vendors}");
    let text = installation.relay(&["status"]).with_status(0).stdout;
    assert!(text.contains("Nothing needs a person.") && text.contains("not asked yet"), "{text}");
}
