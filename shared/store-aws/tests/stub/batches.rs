//! A 200 that did a part of what was asked.

use std::collections::HashSet;
use std::sync::Arc;

use chrono::DateTime;
use relay_core::clock::SimulatedClock;
use relay_core::{EntryId, Intake, Outgoing, System, WorkItem};
use serde_json::{Value, json};

use super::stub::{Stub, ok};

fn message(group: &str, body: &str) -> Outgoing {
    Outgoing { group: group.to_owned(), deduplication: body.to_owned(), body: body.to_owned() }
}

/// An answer that names entries which SQS failed to do, each by its place.
fn failing(places: &[usize], code: &str, sender_fault: bool) -> Value {
    let entry = |place: &usize| json!({ "Id": place.to_string(), "Code": code, "Message": "why", "SenderFault": sender_fault });
    json!({ "Successful": [], "Failed": places.iter().map(entry).collect::<Vec<_>>() })
}

fn all_done() -> Value {
    failing(&[], "", false)
}

/// A field of each entry of a request.
fn entries<'a>(asked: &'a (String, Value), field: &str) -> Vec<&'a str> {
    asked.1["Entries"].as_array().unwrap().iter().map(|entry| entry[field].as_str().unwrap()).collect()
}

#[tokio::test]
async fn only_the_entries_that_failed_are_sent_again() {
    let answers =
        [failing(&[1, 2], "InternalError", false), failing(&[2], "InternalError", false), all_done()];
    let stub = Stub::answering(answers.map(ok));
    let messages = ["a", "b", "c"].map(|body| message(body, body));
    stub.stores.queue.send(System::new("kingdee"), &messages).await.unwrap();
    let asked = stub.asked();
    let bodies: Vec<_> = asked.iter().map(|asked| entries(asked, "MessageBody")).collect();
    assert_eq!(bodies, [vec!["a", "b", "c"], vec!["b", "c"], vec!["c"]]);
    assert_eq!(entries(&asked[2], "MessageDeduplicationId"), ["c"], "the same message, for the queue too");
}

/// One item of one document, as a source makes it.
fn work_item(trace: &str, document: Value) -> WorkItem {
    WorkItem {
        flow: "f".to_owned(),
        key: "k".to_owned(),
        version: None,
        version_kind: None,
        document,
        acknowledge: false,
        received_at: DateTime::UNIX_EPOCH,
        trace: trace.to_owned(),
        replay: None,
    }
}

/// SQS drops what has the id of a message sent less than five minutes ago, whatever came in between.
#[tokio::test]
async fn no_two_items_share_an_id_and_an_item_that_is_sent_again_keeps_its_own() {
    let (first, other, back) =
        (work_item("1", json!("a")), work_item("2", json!("b")), work_item("3", json!("a")));
    let replayed = |replay: &str| WorkItem { replay: Some(replay.to_owned()), ..first.clone() };
    let items = [first.clone(), other, back, replayed("r1"), replayed("r2")];
    // Messages of one group go one by one, so that none overtakes another.
    let stub = Stub::answering((0..2 * items.len()).map(|_| ok(all_done())));
    let clock = Arc::new(SimulatedClock::starting_at(DateTime::UNIX_EPOCH));
    let intake = Intake::new(stub.stores.queue.clone(), stub.stores.ledger.clone(), clock);
    for _ in 0..2 {
        intake.take(System::new("kingdee"), &items).await.unwrap();
    }
    let asked = stub.asked();
    let ids: Vec<_> = asked.iter().map(|asked| entries(asked, "MessageDeduplicationId").concat()).collect();
    let (sent, again) = ids.split_at(items.len());
    assert_eq!(sent.iter().collect::<HashSet<_>>().len(), items.len(), "{sent:?}");
    assert_eq!(sent, again);
}

#[tokio::test]
async fn a_later_message_of_a_group_never_overtakes_one_that_failed() {
    let answers = [failing(&[1], "InternalError", false), all_done(), all_done()];
    let stub = Stub::answering(answers.map(ok));
    let messages = [message("x", "x1"), message("a", "a1"), message("a", "a2"), message("b", "b1")];
    stub.stores.queue.send(System::new("kingdee"), &messages).await.unwrap();
    let bodies: Vec<_> = stub.asked().iter().map(|asked| entries(asked, "MessageBody").concat()).collect();
    assert_eq!(bodies, ["x1a1", "a1", "a2b1"]);
}

#[tokio::test]
async fn what_is_wrong_with_an_entry_is_said_and_not_tried_again() {
    let stub = Stub::answering([ok(failing(&[0], "InvalidMessageContents", true))]);
    let error = stub
        .stores
        .queue
        .send(System::new("wangdian"), &[message("a", "private")])
        .await
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("relay-wangdian.fifo") && error.contains("InvalidMessageContents: why"),
        "{error}"
    );
    assert!(!error.contains("private"), "{error}");
    assert_eq!(stub.asked().len(), 1);
}

#[tokio::test]
async fn patience_with_a_queue_ends() {
    let answers: Vec<_> = (0..6).map(|_| ok(failing(&[0], "ServiceUnavailable", false))).collect();
    let stub = Stub::answering(answers);
    let error =
        stub.stores.queue.send(System::new("kingdee"), &[message("a", "a")]).await.unwrap_err().to_string();
    assert!(error.contains("sending to the queue") && error.contains("ServiceUnavailable: why"), "{error}");
    assert_eq!(stub.asked().len(), 6);
}

#[tokio::test]
async fn batches_are_bounded_by_ten_entries_and_by_a_mebibyte() {
    let stub = Stub::answering((0..4).map(|_| ok(all_done())));
    let small = (0..11).map(|n| message(&format!("s{n}"), "small"));
    let large = (0..3).map(|n| message(&format!("l{n}"), &"x".repeat(600_000)));
    let messages: Vec<_> = small.chain(large).collect();
    stub.stores.queue.send(System::new("kingdee"), &messages).await.unwrap();
    let asked = stub.asked();
    let sizes: Vec<_> = asked.iter().map(|asked| entries(asked, "MessageBody").len()).collect();
    assert_eq!(sizes, [10, 2, 1, 1]);
}

#[tokio::test]
async fn a_body_that_no_queue_carries_is_not_even_sent() {
    let stub = Stub::answering([]);
    let messages = [message("a", "a"), message("b", &"x".repeat(1024 * 1024 + 1))];
    let error = stub.stores.queue.send(System::new("kingdee"), &messages).await.unwrap_err().to_string();
    assert!(error.contains("1048577 bytes") && error.len() < 300, "{error}");
    assert!(stub.asked().is_empty());
}

#[tokio::test]
async fn a_lapsed_receipt_is_no_error_and_others_are_deleted_again() {
    let mut answer = failing(&[0], "ReceiptHandleIsInvalid", true);
    let failed = failing(&[1], "InternalError", false)["Failed"][0].take();
    answer["Failed"].as_array_mut().unwrap().push(failed);
    let stub = Stub::answering([ok(answer), ok(all_done())]);
    let receipts = ["lapsed", "one", "two"].map(str::to_owned);
    stub.stores.queue.delete(System::new("kingdee"), &receipts).await.unwrap();
    let asked = stub.asked();
    assert_eq!(entries(&asked[1], "ReceiptHandle"), ["one"]);
}

fn batch(items: &[Value], left: &[Value]) -> Value {
    let keys = json!({ "relay-ledger": { "Keys": left, "ConsistentRead": true } });
    json!({ "Responses": { "relay-ledger": items }, "UnprocessedKeys": if left.is_empty() { json!({}) } else { keys } })
}

fn item(key: &str) -> Value {
    let entry = json!({ "id": { "flow": "f", "key": key } }).to_string();
    json!({ "id": { "S": format!("f/{key}") }, "entry": { "S": entry }, "revision": { "N": "3" } })
}

fn key(key: &str) -> Value {
    json!({ "id": { "S": format!("f/{key}") } })
}

#[tokio::test]
async fn keys_that_a_table_left_out_are_asked_for_again() {
    let answers =
        [batch(&[item("a")], &[key("b"), key("c")]), batch(&[item("c")], &[key("b")]), batch(&[], &[])];
    let stub = Stub::answering(answers.map(ok));
    let ids = ["a", "b", "c"].map(|key| EntryId::new("f", key));
    let read = stub.stores.ledger.read(&ids).await.unwrap();
    assert_eq!(read.len(), 2, "`b` is not there");
    assert_eq!(read[&ids[2]].revision, 3);
    let asked = stub.asked();
    assert_eq!(asked[1].1["RequestItems"]["relay-ledger"]["Keys"], json!([key("b"), key("c")]));
    assert_eq!(asked[2].1["RequestItems"]["relay-ledger"]["ConsistentRead"], true);
}

#[tokio::test]
async fn patience_with_a_throttled_table_ends_but_begins_anew_when_it_gives_something() {
    let stuck = || ok(batch(&[], &[key("b")]));
    let mut answers: Vec<_> = (0..4).map(|_| ok(batch(&[], &[key("a"), key("b")]))).collect();
    answers.push(ok(batch(&[item("a")], &[key("b")])));
    answers.extend((0..5).map(|_| stuck()));
    let stub = Stub::answering(answers);
    let ids = ["a", "b"].map(|key| EntryId::new("f", key));
    let error = stub.stores.ledger.read(&ids).await.unwrap_err().to_string();
    assert!(error.contains("relay-ledger") && error.contains("throttled"), "{error}");
    assert_eq!(stub.asked().len(), 10);
}
