use std::collections::HashMap;

use chrono::DateTime;
use pipeline::ledger::record_failure;
use pipeline::{Delivered, Entry, EntryId, Failed, Ledger};

use super::Ports;

fn delivered(version: &str) -> Delivered {
    Delivered {
        version: Some(version.to_owned()),
        hash: "h".to_owned(),
        body_hash: "b".to_owned(),
        target_id: Some("1234567890123456789".to_owned()),
        at: DateTime::UNIX_EPOCH,
    }
}

fn failed(seconds: i64) -> Failed {
    Failed {
        version: Some("2".to_owned()),
        hash: "h".to_owned(),
        class: "refused".to_owned(),
        code: None,
        message: "参数number[S01]不存在".to_owned(),
        attempts: 1,
        document: serde_json::from_str(r#"{"id": 7226306356013346628, "amount": 35.10}"#).unwrap(),
        received_at: DateTime::UNIX_EPOCH,
        at: DateTime::from_timestamp(seconds, 0).unwrap(),
        trace: "t".to_owned(),
    }
}

/// What is counted of the flow `f`. Not every adapter counts the delivered.
async fn assert_counts(ledger: &dyn Ledger, delivered: u64, failed: u64) {
    let counts = ledger.counts().await.unwrap();
    let of = |flows: &HashMap<String, u64>| flows.get("f").copied().unwrap_or_default();
    assert_eq!(of(&counts.failed), failed);
    if let Some(flows) = &counts.delivered {
        assert_eq!(of(flows), delivered);
    }
}

#[tokio::test]
async fn an_entry_comes_back_as_it_was_written() {
    let ports = Ports::sqlite();
    let id = EntryId::new("trade-to-kingdee", "JY1");
    let mut entry = Entry::new(id.clone());
    entry.delivered = Some(delivered("1"));
    entry.failed = Some(failed(1));
    assert!(ports.stores.ledger.write(&entry).await.unwrap());
    let read = ports.stores.ledger.read(&[id.clone(), EntryId::new("other", "JY1")]).await.unwrap();
    assert_eq!(read.len(), 1);
    assert_eq!(read[&id].delivered, entry.delivered);
    assert_eq!(read[&id].failed, entry.failed);
    let document = &read[&id].failed.as_ref().unwrap().document;
    assert_eq!(document.to_string(), r#"{"id":7226306356013346628,"amount":35.10}"#);
}

#[tokio::test]
async fn of_two_writers_that_read_the_same_entry_one_wins() {
    let ports = Ports::sqlite();
    let id = EntryId::new("f", "k");
    let entry = Entry::new(id.clone());
    assert!(ports.stores.ledger.write(&entry).await.unwrap());
    assert!(!ports.stores.ledger.write(&entry).await.unwrap(), "somebody wrote it in between");
    let read = ports.stores.ledger.read(std::slice::from_ref(&id)).await.unwrap().remove(&id).unwrap();
    assert!(ports.stores.ledger.write(&read).await.unwrap());
}

#[tokio::test]
async fn failures_are_listed_oldest_first_and_page_by_page() {
    let ports = Ports::sqlite();
    let ledger = &ports.stores.ledger;
    for (key, seconds) in [("c", 3), ("a", 1), ("b", 2)] {
        record_failure(ledger.as_ref(), &EntryId::new("f", key), &failed(seconds)).await.unwrap();
    }
    record_failure(ledger.as_ref(), &EntryId::new("g", "z"), &failed(0)).await.unwrap();
    let keys = |entries: Vec<Entry>| entries.into_iter().map(|entry| entry.id.key).collect::<Vec<_>>();
    assert_eq!(keys(ledger.failed(None, 10, None).await.unwrap()), ["z", "a", "b", "c"]);
    assert_eq!(keys(ledger.failed(Some("f"), 2, None).await.unwrap()), ["a", "b"]);
    let after = EntryId::new("f", "b");
    assert_eq!(keys(ledger.failed(Some("f"), 2, Some(&after)).await.unwrap()), ["c"]);
}

#[tokio::test]
async fn a_delivery_takes_the_document_off_the_list_of_failures() {
    let ports = Ports::sqlite();
    let ledger = &ports.stores.ledger;
    let id = EntryId::new("f", "k");
    record_failure(ledger.as_ref(), &id, &failed(1)).await.unwrap();
    let mut entry = ledger.read(std::slice::from_ref(&id)).await.unwrap().remove(&id).unwrap();
    assert_counts(ledger.as_ref(), 0, 1).await;
    entry.failed = None;
    entry.delivered = Some(delivered("2"));
    assert!(ledger.write(&entry).await.unwrap());
    assert!(ledger.failed(None, 10, None).await.unwrap().is_empty());
    assert_counts(ledger.as_ref(), 1, 0).await;
}

#[tokio::test]
async fn a_recorded_failure_keeps_what_the_target_has() {
    let ports = Ports::sqlite();
    let id = EntryId::new("f", "k");
    let mut entry = Entry::new(id.clone());
    entry.delivered = Some(delivered("1"));
    ports.stores.ledger.write(&entry).await.unwrap();
    record_failure(ports.stores.ledger.as_ref(), &id, &failed(1)).await.unwrap();
    let read = ports.stores.ledger.read(std::slice::from_ref(&id)).await.unwrap().remove(&id).unwrap();
    assert_eq!(read.delivered, Some(delivered("1")));
    assert!(read.failed.is_some());
}
