use chrono::DateTime;
use pipeline::{EntryId, Intake, System, WorkItem};
use serde_json::{Value, json};

use super::Ports;

fn item(key: &str, document: Value) -> WorkItem {
    WorkItem {
        flow: "f".to_owned(),
        key: key.to_owned(),
        version: None,
        version_kind: None,
        document,
        acknowledge: false,
        received_at: DateTime::UNIX_EPOCH,
        trace: "t".to_owned(),
        replay: None,
    }
}

/// Text that gzip cannot shrink below the queue's limit.
pub(crate) fn noise(bytes: usize) -> String {
    let mut state = 1_u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        char::from(b'!' + u8::try_from(state >> 58).unwrap())
    };
    (0..bytes).map(|_| next()).collect()
}

#[tokio::test]
async fn what_the_queue_cannot_carry_is_recorded_as_failed_and_the_rest_is_queued() {
    let ports = Ports::open().await;
    let intake = Intake::new(ports.stores.queue.clone(), ports.stores.ledger.clone(), ports.clock.clone());
    let huge = json!({"text": noise(2_000_000)});
    let taken =
        intake.take(System::Kingdee, &[item("a", json!({})), item("huge", huge.clone())]).await.unwrap();
    assert_eq!((taken.queued, taken.failed), (1, 1));
    assert_eq!(ports.stores.queue.depth(System::Kingdee).await.unwrap().waiting, 1);
    let id = EntryId::new("f", "huge");
    let entry = ports.stores.ledger.read(std::slice::from_ref(&id)).await.unwrap().remove(&id).unwrap();
    let failed = entry.failed.unwrap();
    assert_eq!(failed.class, "too large");
    assert_eq!(failed.document, huge);
}

#[tokio::test]
async fn a_large_document_that_compresses_travels_whole() {
    let ports = Ports::open().await;
    let intake = Intake::new(ports.stores.queue.clone(), ports.stores.ledger.clone(), ports.clock.clone());
    let sent = item("a", json!({"lines": vec![json!({"spec_no": "S01", "num": "1.0000"}); 50_000]}));
    intake.take(System::Kingdee, std::slice::from_ref(&sent)).await.unwrap();
    let received =
        ports.stores.queue.receive(System::Kingdee, 1, std::time::Duration::from_secs(1)).await.unwrap();
    assert!(received[0].body.len() < 100_000);
    assert_eq!(WorkItem::decode(&received[0].body).unwrap(), sent);
}
