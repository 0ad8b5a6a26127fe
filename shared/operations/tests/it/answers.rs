//! What is asked: failures, one document with its history, dead letters.

use std::time::Duration;

use chrono::TimeDelta;
use relay_core::archive::{Event, Exchange, Record};
use relay_core::clock::Clock as _;
use relay_core::health::Monitor;
use relay_core::{EntryId, Outgoing};
use relay_operations::failures::Failure;
use relay_operations::language::Language;
use serde_json::json;

use crate::desk::{Desk, KINGDEE, STOCK, TRADES, trade};

#[tokio::test]
async fn a_failure_is_told_with_its_document_as_it_came() {
    let desk = Desk::new();
    desk.refused(TRADES, "JY1").await;
    let failures = desk.ask().failures(None).await.unwrap();
    let told: Vec<_> = failures.iter().flat_map(Failure::of_entry).collect();
    let told = json!(told);
    assert_eq!(told[0]["document"]["trade_no"], "JY1", "and not the packed text of the ledger");
    let told = [&told[0]["flow"], &told[0]["key"], &told[0]["class"], &told[0]["code"]];
    assert_eq!(told.map(|value| value.as_str().unwrap()), [TRADES, "JY1", "refused", "4001"]);
}

#[tokio::test]
async fn more_failures_than_fit_a_page_are_all_told() {
    let desk = Desk::new();
    for number in 0..201 {
        desk.refused(TRADES, &format!("JY{number}")).await;
    }
    assert_eq!(desk.ask().failures(Some(TRADES)).await.unwrap().len(), 201);
}

#[tokio::test]
async fn one_document_is_shown_with_what_came_was_sent_and_was_answered() {
    let desk = Desk::new();
    desk.refused(TRADES, "JY1").await;
    let (began, id) = (desk.clock.now(), EntryId::new(TRADES, "JY1"));
    let record = |second, event| Record {
        id: id.clone(),
        version: Some("2026-11-28 11:00:00".to_owned()),
        trace: "t".to_owned(),
        at: began + TimeDelta::seconds(second),
        event,
    };
    let call = Exchange {
        vendor: "kingdee".to_owned(),
        operation: "/jdy/v2/scm/sal_order".to_owned(),
        parameters: Vec::new(),
        body: "{\"bill_no\":\"JY1\"}".to_owned(),
        answer: Ok("{\"errcode\":4001}".to_owned()),
        duration: Duration::from_millis(300),
    };
    let ended = Event::Ended {
        outcome: "failed".to_owned(),
        message: Some("no such material".to_owned()),
        attempt: 1,
    };
    let received = Event::Received { document: "{\"trade_no\":\"JY1\"}".to_owned() };
    let records = [record(0, received), record(1, Event::Called(call)), record(2, ended)];
    desk.stores.archive.write(None, &records).await.unwrap();
    let shown = desk.ask().show(TRADES, "JY1").await.unwrap();
    assert_eq!(shown.history, records);
    let shown = json!(shown);
    assert_eq!(shown["failures"][0]["message"], "no such material", "{shown}");
    assert_eq!(shown["history"][1]["event"]["duration_ms"], 300, "{shown}");
    assert!(shown["delivered"].is_null() && shown["paused"].is_null(), "{shown}");

    desk.ask().settle(TRADES, "JY1", Some("entered by hand"), "李").await.unwrap();
    let shown = desk.ask().show(TRADES, "JY1").await.unwrap();
    assert!(shown.failures.is_empty());
    let settled = json!(shown.settled);
    assert_eq!((&settled["by"], &settled["reason"]), (&json!("李"), &json!("entered by hand")));
    assert_eq!(settled["versions"][0]["document"]["trade_no"], "JY1", "{settled}");
}

#[tokio::test]
async fn a_document_that_waits_for_a_pause_says_so() {
    let desk = Desk::new();
    desk.refused(TRADES, "JY1").await;
    desk.ask().pause("kingdee", "closed for the month", "李", None).await.unwrap();
    let of_target = desk.ask().show(TRADES, "JY1").await.unwrap().paused.unwrap();
    assert_eq!(of_target.reason, "closed for the month");
    desk.ask().pause(TRADES, "wrong prices", "王", None).await.unwrap();
    assert_eq!(desk.ask().show(TRADES, "JY1").await.unwrap().paused.unwrap().reason, "wrong prices");
}

#[tokio::test]
async fn dead_letters_are_told_by_flow_and_key_and_redriven_one_by_one_or_all() {
    let desk = Desk::new();
    desk.dead("a", trade("JY1").encode()).await;
    desk.dead("b", "sent by hand".to_owned()).await;
    desk.dead("c", trade("JY2").encode()).await;
    assert_eq!(desk.ask().status().await.unwrap().queues[&KINGDEE].dead, 3);
    let letters = json!(desk.ask().dead_letters(None).await.unwrap());
    assert_eq!(letters["sharecrm"], json!([]));
    let letters = &letters["kingdee"];
    assert_eq!((&letters[0]["flow"], &letters[0]["key"]), (&json!(TRADES), &json!("JY1")), "{letters}");
    assert_eq!(letters[0]["version"], "2026-11-28 11:00:00");
    assert_eq!(letters[1]["body"], "sent by hand", "{letters}");
    assert!(letters[1]["unreadable"].is_string() && letters[1]["flow"].is_null(), "{letters}");

    let third = letters[2]["id"].as_str().unwrap().to_owned();
    let moved = desk.ask().redrive(Some("kingdee"), Some(&[third, "nobody".to_owned()])).await.unwrap();
    assert_eq!(moved[&KINGDEE], 1);
    let moved = desk.ask().redrive(None, None).await.unwrap();
    assert_eq!(moved[&KINGDEE], 2);
    assert!(desk.ask().dead_letters(Some("kingdee")).await.unwrap()[&KINGDEE].is_empty());
    assert_eq!(desk.stores.queue.depth(KINGDEE).await.unwrap().waiting, 3);
}

#[tokio::test]
async fn what_its_target_takes_at_another_hour_is_told_with_that_hour_and_needs_nobody() {
    let desk = Desk::new();
    let item = trade("JY1");
    let message = Outgoing { group: item.group(), deduplication: "JY1".to_owned(), body: item.encode() };
    desk.stores.queue.send(KINGDEE, &[message]).await.unwrap();
    let received = desk.stores.queue.receive(KINGDEE, 1, Duration::from_secs(30)).await.unwrap();
    let eight_hours = Duration::from_secs(8 * 3_600);
    desk.stores.queue.delay(KINGDEE, &received[0].receipt, eight_hours).await.unwrap();
    desk.clock.advance(Duration::from_secs(3 * 3_600));
    let before = desk.ask().status().await.unwrap();
    assert!(
        before.issues.iter().any(|issue| issue.to_string().contains("oldest message")),
        "a sign of trouble"
    );

    let monitor = Monitor::new(desk.stores.checkpoints.clone(), desk.clock.clone());
    let why = "wangdian stock_sync_by_pd.php: the vendor takes this from 20:00 to 6:00 in China: it waits";
    monitor.not_yet(TRADES, Duration::from_secs(5 * 3_600), why).await;
    let status = desk.ask().status().await.unwrap();
    assert_eq!(status.issues, [], "it is meant to wait");
    let flow = &status.flows[TRADES];
    let told: Vec<_> = flow.notes.iter().map(|note| note.told(Language::English).to_owned()).collect();
    let expected = format!("waits until 2026-11-28 20:00:00: {why}");
    assert!(told.contains(&expected), "{told:?}");
    let told: Vec<_> = flow.notes.iter().map(|note| note.told(Language::Chinese).to_owned()).collect();
    let chinese =
        "等到 2026-11-28 20:00:00:wangdian stock_sync_by_pd.php:对方只在北京时间 20:00 到 6:00 接收:先等着";
    assert!(told.iter().any(|note| note == chinese), "{told:?}");
    let target = status.vendors[&KINGDEE].target.as_ref().unwrap();
    assert_eq!(target.why.as_ref().map(ToString::to_string), Some(expected.clone()));
    assert_eq!(target.until, Some(desk.clock.now() + eight_hours - Duration::from_secs(3 * 3_600)));
    let shown = desk.ask().show(TRADES, "JY1").await.unwrap().queued[0].said().to_string();
    assert!(shown.ends_with(&format!("received 1 times: {expected}")), "{shown}");

    desk.clock.advance(eight_hours);
    let after = desk.ask().status().await.unwrap();
    assert!(after.flows[TRADES].not_yet.is_none() && !after.issues.is_empty(), "its time has come");
}

#[tokio::test]
async fn a_document_of_which_only_the_queue_knows_is_shown_there() {
    let desk = Desk::new();
    desk.dead("d", trade("JY8").encode()).await;
    let began = desk.clock.now();
    let item = trade("JY9");
    let message = Outgoing { group: item.group(), deduplication: "JY9".to_owned(), body: item.encode() };
    desk.stores.queue.send(KINGDEE, &[message]).await.unwrap();
    desk.clock.advance(Duration::from_secs(600));
    let shown = desk.ask().show(TRADES, "JY9").await.unwrap();
    let said = shown.queued[0].said().to_string();
    let since = relay_operations::times::shown(began);
    let turn = "for its first turn, behind 0 others";
    assert_eq!(
        said,
        format!("version 2026-11-28 11:00:00 waits in the queue of kingdee since {since} {turn}")
    );
    let flow = &desk.ask().status().await.unwrap().flows[TRADES];
    assert_eq!((flow.waiting, flow.delivered), (Some(1), Some(0)));
    let nothing_waits = &desk.ask().status().await.unwrap().flows[STOCK];
    assert_eq!(nothing_waits.waiting, Some(0));

    let nobody = |_| Err("not connected".to_owned());
    let found = desk.ask().find(&["JY9".to_owned(), "JY8".to_owned()], None, &nobody).await.unwrap();
    let (waits, dead) = (&found[0].documents[0], &found[1].documents[0]);
    assert_eq!((waits.key.as_str(), waits.queued[0].is_dead), ("JY9", false));
    assert_eq!((dead.key.as_str(), dead.queued[0].is_dead), ("JY8", true), "a dead letter is found too");
}
