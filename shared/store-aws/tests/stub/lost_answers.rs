//! A write is carried out and its answer gets lost. The SDK repeats it, and it fails its own condition.

use std::time::Duration;

use relay_core::{Entry, EntryId};
use serde_json::{Value, json};

use super::stub::{Stub, lost, ok, unfulfilled};

fn entry() -> Entry {
    Entry::new(EntryId::new("f", "k"))
}

#[tokio::test]
async fn an_entry_that_stands_there_by_our_own_write_is_written() {
    let stub = Stub::answering([lost(), unfulfilled(|asked| asked["Item"].clone())]);
    assert!(stub.stores.ledger.write(&entry()).await.unwrap());
    let asked = stub.asked();
    assert_eq!(asked[0].1, asked[1].1);
}

#[tokio::test]
async fn the_same_entry_by_another_hand_is_not() {
    let by_another = |asked: &Value| {
        let mut item = asked["Item"].clone();
        item["written_by"] = json!({ "S": "another" });
        item
    };
    let stub = Stub::answering([lost(), unfulfilled(by_another)]);
    assert!(!stub.stores.ledger.write(&entry()).await.unwrap());
    assert_eq!(stub.asked().len(), 2);
}

fn writer(asked: &Value) -> Value {
    asked["ExpressionAttributeValues"][":writer"].clone()
}

#[tokio::test]
async fn a_checkpoint_that_our_own_write_has_moved_is_moved() {
    let ours = |asked: &Value| json!({ "value": { "S": "2" }, "revision": { "N": "5" }, "written_by": writer(asked) });
    let stub = Stub::answering([lost(), unfulfilled(ours)]);
    assert!(stub.stores.checkpoints.put("watermark/a", "2", Some(4), None).await.unwrap());
    let theirs =
        |_: &Value| json!({ "value": { "S": "2" }, "revision": { "N": "5" }, "written_by": { "S": "x" } });
    let stub = Stub::answering([lost(), unfulfilled(theirs)]);
    assert!(!stub.stores.checkpoints.put("watermark/a", "2", Some(4), None).await.unwrap());
}

#[tokio::test]
async fn a_lease_that_our_own_request_has_taken_is_ours() {
    let held =
        |_: &Value| json!({ "owner": { "S": "one" }, "fence": { "N": "7" }, "until": { "N": "60000" } });
    let stub = Stub::answering([lost(), unfulfilled(held), ok(json!({}))]);
    let minute = Duration::from_secs(60);
    let lease = stub.stores.checkpoints.acquire("poll", "one", minute).await.unwrap().unwrap();
    assert_eq!(lease.fence, 7);
    let stub = Stub::answering([unfulfilled(held)]);
    assert_eq!(stub.stores.checkpoints.acquire("poll", "two", minute).await.unwrap(), None);
    assert_eq!(stub.asked().len(), 1, "one request where another holds it");
}

#[tokio::test]
async fn a_lease_that_is_lost_while_it_is_renewed_is_another_s() {
    let held =
        |_: &Value| json!({ "owner": { "S": "one" }, "fence": { "N": "7" }, "until": { "N": "60000" } });
    let taken =
        |_: &Value| json!({ "owner": { "S": "two" }, "fence": { "N": "8" }, "until": { "N": "99000" } });
    let stub = Stub::answering([unfulfilled(held), unfulfilled(taken)]);
    let lease = stub.stores.checkpoints.acquire("poll", "one", Duration::from_secs(60)).await.unwrap();
    assert_eq!(lease, None);
    stub.asked();
}
