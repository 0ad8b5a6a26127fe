//! What an entry costs: DynamoDB counts a write in units of 1 KB, and once more in each index that the item stands in.

use chrono::DateTime;
use relay_core::{Delivered, Entry, EntryId};
use serde_json::{Value, json};

use super::stub::{Stub, ok, refused};

/// The attributes that put an entry among the failures.
const OF_THE_INDEX: [&str; 3] = ["failed", "failed_at", "flow"];

fn delivered() -> Entry {
    let mut entry = Entry::new(EntryId::new("direct-order-to-wangdian", "1234567890123456789-1234567890"));
    entry.revision = 12;
    entry.delivered = Some(Delivered {
        version: Some("2026-11-22 10:00:00.123".to_owned()),
        version_kind: None,
        received_at: None,
        hash: "f".repeat(64),
        body_hash: "f".repeat(64),
        target_id: Some("1234567890123456789".to_owned()),
        number: None,
        at: DateTime::from_timestamp_nanos(1_795_348_800_123_456_789),
        follows: None,
    });
    entry
}

/// The item that is written for an entry.
async fn written(entry: &Entry) -> Value {
    let stub = Stub::answering([ok(json!({}))]);
    assert!(stub.stores.ledger.write(entry).await.unwrap());
    let (_, asked) = stub.asked().remove(0);
    asked["Item"].clone()
}

#[tokio::test]
async fn a_delivered_document_costs_one_unit_and_stands_in_no_index() {
    let item = written(&delivered()).await;
    let attributes = item.as_object().unwrap();
    let value = |value: &Value| {
        value.as_object().unwrap().values().map(|text| text.as_str().unwrap().len()).sum::<usize>()
    };
    let bytes: usize = attributes.iter().map(|(name, typed)| name.len() + value(typed)).sum();
    assert!(bytes < 1024, "{bytes} bytes");
    assert!(OF_THE_INDEX.iter().all(|name| !attributes.contains_key(*name)), "{item}");
    assert_eq!(item["revision"], json!({ "N": "13" }));
}

#[tokio::test]
async fn failures_stand_in_the_index_by_time_and_id() {
    let mut entry = delivered();
    let at = DateTime::from_timestamp_millis(1_795_348_800_123).unwrap();
    entry.failed = Some(super::refusals::failed(at));
    let item = written(&entry).await;
    let id = "direct-order-to-wangdian/1234567890123456789-1234567890";
    assert_eq!(item["failed_at"]["S"], format!("001795348800123/{id}"));
    assert_eq!((&item["failed"]["S"], &item["id"]["S"]), (&json!("failed"), &json!(id)));
}

#[tokio::test]
async fn parts_that_no_entry_names_any_more_are_gone_in_a_week() {
    let named = json!({ "id": { "S": "f/k" }, "parts_hash": { "S": "old" }, "parts": { "N": "2" } });
    let stub = Stub::answering([ok(json!({ "Attributes": named })), ok(json!({})), ok(json!({}))]);
    assert!(stub.stores.ledger.write(&delivered()).await.unwrap());
    let asked = stub.asked();
    for (place, (operation, asked)) in asked[1..].iter().enumerate() {
        assert_eq!(operation, "UpdateItem");
        assert_eq!(asked["Key"], json!({ "id": { "S": format!("f/k#old#{place}") } }));
        assert_eq!(asked["ExpressionAttributeNames"]["#end"], "expires_at");
        assert_eq!(asked["ExpressionAttributeValues"][":end"], json!({ "N": "604800" }));
    }
}

#[tokio::test]
async fn an_item_that_holds_no_entry_is_named_and_so_is_one_whose_part_is_missing() {
    let sound = json!({ "id": { "S": "f/sound" }, "revision": { "N": "1" },
                        "entry": { "S": json!(Entry::new(EntryId::new("f", "sound"))).to_string() } });
    let broken = json!({ "id": { "S": "f/k" }, "revision": { "N": "1" }, "entry": { "S": "{" } });
    let parted = json!({ "id": { "S": "f/k" }, "parts_hash": { "S": "h" }, "parts": { "N": "1" } });
    let items =
        |items: &[&Value]| ok(json!({ "Responses": { "relay-ledger": items }, "UnprocessedKeys": {} }));
    for answers in [vec![items(&[&sound, &broken])], vec![items(&[&parted, &sound]), items(&[])]] {
        let stub = Stub::answering(answers);
        let ids = ["sound", "k"].map(|key| EntryId::new("f", key));
        let error = stub.stores.ledger.read(&ids).await.unwrap_err();
        assert_eq!(error.unreadable.as_ref(), Some(&ids[1]), "{error}");
        stub.asked();
    }
}

#[tokio::test]
async fn an_error_of_the_table_names_no_entry() {
    let stub = Stub::answering([refused("AccessDeniedException", "no")]);
    let error = stub.stores.ledger.read(&[EntryId::new("f", "k")]).await.unwrap_err();
    assert_eq!(error.unreadable, None, "{error}");
}
