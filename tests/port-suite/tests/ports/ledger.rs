use std::collections::HashMap;

use chrono::DateTime;
use relay_core::ledger::record_failure;
use relay_core::{Attempts, Delivered, Entry, EntryId, Failed, FailureClass, Ledger};

use serde_json::json;

use super::Ports;
use super::intake::noise;

pub(crate) fn delivered(version: &str) -> Delivered {
    Delivered {
        version: Some(version.to_owned()),
        version_kind: None,
        received_at: None,
        hash: "delivered".to_owned(),
        body_hash: "b".to_owned(),
        target_id: Some("1234567890123456789".to_owned()),
        number: None,
        at: DateTime::UNIX_EPOCH,
        follows: None,
    }
}

pub(crate) fn failed(seconds: i64) -> Failed {
    Failed {
        version: Some("2".to_owned()),
        version_kind: None,
        hash: "h".to_owned(),
        class: FailureClass::Refused,
        code: None,
        message: "参数number[S01]不存在".to_owned(),
        attempts: 1,
        document: serde_json::from_str(r#"{"id": 7226306356013346628, "amount": 35.10}"#).unwrap(),
        received_at: DateTime::UNIX_EPOCH,
        at: DateTime::from_timestamp(seconds, 0).unwrap(),
        trace: "t".to_owned(),
        replay: None,
        step: None,
        target_id: None,
        missing: Vec::new(),
    }
}

fn attempts(hash: &str) -> Attempts {
    Attempts {
        version: None,
        hash: hash.to_owned(),
        count: 3,
        message: "503".to_owned(),
        at: DateTime::UNIX_EPOCH,
        others: false,
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
    let ports = Ports::open().await;
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

/// Keys come from whoever may push, and from vendors.
#[tokio::test]
async fn a_key_is_data_whatever_it_holds() {
    let ports = Ports::open().await;
    let ledger = &ports.stores.ledger;
    let keys = [
        "'; DROP TABLE ledger; --",
        "\" OR 1=1",
        "%",
        "_",
        "../../etc/passwd",
        "a/b",
        "a#b:c|d",
        "two\nlines",
        "\u{1b}[2J",
        "订单 😀",
        "{\"S\":\"x\"}",
    ];
    for (place, key) in keys.iter().enumerate() {
        let seconds = i64::try_from(place).unwrap();
        record_failure(ledger.as_ref(), &EntryId::new("f", *key), &failed(seconds)).await.unwrap();
    }
    for key in keys {
        let id = EntryId::new("f", key);
        let read = ledger.read(std::slice::from_ref(&id)).await.unwrap();
        assert_eq!(read.keys().collect::<Vec<_>>(), [&id]);
    }
    let listed = ledger.failed(Some("f"), 100, None).await.unwrap();
    assert_eq!(listed.into_iter().map(|entry| entry.id.key).collect::<Vec<_>>(), keys);
    assert!(ledger.failed(Some("f' OR '1'='1"), 100, None).await.unwrap().is_empty());
}

#[tokio::test]
async fn of_two_writers_that_read_the_same_entry_one_wins() {
    let ports = Ports::open().await;
    let id = EntryId::new("f", "k");
    let entry = Entry::new(id.clone());
    assert!(ports.stores.ledger.write(&entry).await.unwrap());
    assert!(!ports.stores.ledger.write(&entry).await.unwrap(), "somebody wrote it in between");
    let read = ports.stores.ledger.read(std::slice::from_ref(&id)).await.unwrap().remove(&id).unwrap();
    assert!(ports.stores.ledger.write(&read).await.unwrap());
}

#[tokio::test]
async fn failures_are_listed_oldest_first_and_page_by_page() {
    let ports = Ports::open().await;
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
    let ports = Ports::open().await;
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
    let ports = Ports::open().await;
    let id = EntryId::new("f", "k");
    let mut entry = Entry::new(id.clone());
    entry.delivered = Some(delivered("1"));
    ports.stores.ledger.write(&entry).await.unwrap();
    record_failure(ports.stores.ledger.as_ref(), &id, &failed(1)).await.unwrap();
    let read = ports.stores.ledger.read(std::slice::from_ref(&id)).await.unwrap().remove(&id).unwrap();
    assert_eq!(read.delivered, Some(delivered("1")));
    assert!(read.failed.is_some());
}

/// Of another version, or of its own: what failed now may have arrived before.
#[tokio::test]
async fn a_recorded_failure_keeps_what_the_target_may_have() {
    let ports = Ports::open().await;
    for (hash, count) in [("another", 3), ("h", 0)] {
        let id = EntryId::new("f", hash);
        let mut entry = Entry::new(id.clone());
        entry.attempt(attempts(hash));
        ports.stores.ledger.write(&entry).await.unwrap();
        record_failure(ports.stores.ledger.as_ref(), &id, &failed(1)).await.unwrap();
        let read = ports.stores.ledger.read(std::slice::from_ref(&id)).await.unwrap().remove(&id).unwrap();
        assert_eq!(read.attempts, Some(Attempts { count, ..attempts(hash) }));
        assert!(read.failed.is_some());
    }
}

#[tokio::test]
async fn that_another_version_was_tried_stays_known() {
    let ports = Ports::open().await;
    let id = EntryId::new("f", "k");
    let mut entry = Entry::new(id.clone());
    for hash in ["one", "two", "two"] {
        entry.attempt(attempts(hash));
    }
    ports.stores.ledger.write(&entry).await.unwrap();
    let read = ports.stores.ledger.read(std::slice::from_ref(&id)).await.unwrap().remove(&id).unwrap();
    assert!(read.attempts.unwrap().may_have_brought_another("two"));
}

#[tokio::test]
async fn more_entries_than_fit_one_request_are_read_at_once() {
    let ports = Ports::open().await;
    let ledger = &ports.stores.ledger;
    let odd = ["", "JY/1 南京#2", "?"].map(str::to_owned);
    let long = ["a", "b"].map(|end| format!("{}{end}", "单".repeat(5_000)));
    let keys = odd.into_iter().chain(long).chain((0..240).map(|n| format!("JY{n}")));
    let ids: Vec<_> = keys.map(|key| EntryId::new("trade-to-kingdee", key)).collect();
    for (place, id) in ids.iter().enumerate() {
        let mut entry = Entry::new(id.clone());
        entry.delivered = Some(delivered(&place.to_string()));
        assert!(ledger.write(&entry).await.unwrap());
    }
    let asked = [ids.clone(), ids.clone(), vec![EntryId::new("f", "unknown")]].concat();
    let read = ledger.read(&asked).await.unwrap();
    assert_eq!(read.len(), ids.len());
    for (place, id) in ids.iter().enumerate() {
        assert_eq!(read[id].delivered, Some(delivered(&place.to_string())), "{:.20}", id.key);
        assert_eq!(read[id].revision, 1);
    }
    assert!(ledger.read(&[]).await.unwrap().is_empty());
}

#[tokio::test]
async fn the_slash_of_a_flows_name_is_not_the_one_before_the_key() {
    let ports = Ports::open().await;
    let ids = [EntryId::new("qince/unrouted", "a"), EntryId::new("qince", "unrouted/a")];
    for id in &ids {
        assert!(ports.stores.ledger.write(&Entry::new(id.clone())).await.unwrap());
    }
    assert_eq!(ports.stores.ledger.read(&ids).await.unwrap().len(), 2);
}

#[tokio::test]
async fn failures_of_one_flow_are_found_among_many_of_another() {
    let ports = Ports::open().await;
    let ledger = &ports.stores.ledger;
    for seconds in 0..30 {
        let flow = if seconds % 10 == 9 { "rare" } else { "common" };
        let id = EntryId::new(flow, format!("{}{seconds:02}", "单".repeat(3_000)));
        record_failure(ledger.as_ref(), &id, &failed(seconds)).await.unwrap();
    }
    let mut found: Vec<Entry> = Vec::new();
    loop {
        let page = ledger.failed(Some("rare"), 2, found.last().map(|entry| &entry.id)).await.unwrap();
        let is_last = page.len() < 2;
        found.extend(page);
        if is_last {
            break;
        }
    }
    let seconds: Vec<_> = found.iter().map(|entry| entry.failed.as_ref().unwrap().at.timestamp()).collect();
    assert_eq!(seconds, [9, 19, 29]);
    let counts = ledger.counts().await.unwrap();
    assert_eq!((counts.failed["rare"], counts.failed["common"]), (3, 27));
    assert!(ledger.failed(Some("none"), 2, None).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_document_larger_than_any_store_takes_in_one_piece_comes_back_whole() {
    let ports = Ports::open().await;
    let ledger = &ports.stores.ledger;
    let id = EntryId::new("f", format!("{}k", "单".repeat(3_000)));
    let huge =
        |first: &str| Failed { document: json!({ "first": first, "订单": noise(3_000_000) }), ..failed(1) };
    record_failure(ledger.as_ref(), &id, &huge("a")).await.unwrap();
    let read = ledger.read(std::slice::from_ref(&id)).await.unwrap().remove(&id).unwrap();
    assert!(read.failed == Some(huge("a")) && read.id == id);
    // With other content, and another writer that has not seen it.
    record_failure(ledger.as_ref(), &id, &huge("b")).await.unwrap();
    assert!(!ledger.write(&read).await.unwrap(), "somebody wrote it in between");
    let listed = ledger.failed(None, 10, None).await.unwrap();
    assert!(listed.len() == 1 && listed[0].failed == Some(huge("b")) && listed[0].revision == 2);
    let mut mended = listed.into_iter().next().unwrap();
    (mended.failed, mended.delivered) = (None, Some(delivered("2")));
    assert!(ledger.write(&mended).await.unwrap());
    let read = ledger.read(std::slice::from_ref(&id)).await.unwrap().remove(&id).unwrap();
    assert!(read.failed.is_none() && read.delivered == Some(delivered("2")));
    assert!(ledger.failed(None, 10, None).await.unwrap().is_empty());
}

#[tokio::test]
async fn the_entries_of_a_flow_and_of_all_are_listed_each_once() {
    let ports = Ports::open().await;
    let ledger = &ports.stores.ledger;
    let mut expected = Vec::new();
    for number in 0..25 {
        for flow in ["f", "f2"] {
            let mut entry = Entry::new(EntryId::new(flow, format!("{number:02}")));
            entry.delivered = Some(delivered("1"));
            assert!(ledger.write(&entry).await.unwrap());
        }
        expected.push(format!("{number:02}"));
    }
    let of = |flow: &str| expected.iter().map(|key| EntryId::new(flow, key)).collect::<Vec<_>>();
    assert_eq!(listed(ledger.as_ref(), Some("f")).await, of("f"));
    // One that a person has settled has neither a failure nor a delivery.
    let settled = EntryId::new("f3", "00");
    assert!(ledger.write(&Entry::new(settled.clone())).await.unwrap());
    assert_eq!(listed(ledger.as_ref(), None).await, [of("f"), of("f2"), vec![settled]].concat());
    assert_eq!(ledger.list(Some("nobodys"), None, 10).await.unwrap(), (Vec::new(), None));
}

async fn listed(ledger: &dyn Ledger, flow: Option<&str>) -> Vec<EntryId> {
    let (mut ids, mut from) = (Vec::new(), None);
    loop {
        let (page, next) = ledger.list(flow, from.as_deref(), 10).await.unwrap();
        ids.extend(page.into_iter().map(|entry| entry.id));
        from = next;
        if from.is_none() {
            break;
        }
    }
    ids.sort();
    ids
}
