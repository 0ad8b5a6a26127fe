use chrono::DateTime;
use relay_core::item::{MAX_DEPTH, content_hash};
use relay_core::{EntryId, Failed, FailureClass, Intake, System, WorkItem, ledger};
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
    let taken = intake
        .take(System::new("kingdee"), &[item("a", json!({})), item("huge", huge.clone())])
        .await
        .unwrap();
    assert_eq!((taken.queued, taken.failed), (1, 1));
    assert_eq!(ports.stores.queue.depth(System::new("kingdee")).await.unwrap().waiting, 1);
    let id = EntryId::new("f", "huge");
    let entry = ports.stores.ledger.read(std::slice::from_ref(&id)).await.unwrap().remove(&id).unwrap();
    let failed = entry.failed.unwrap();
    assert_eq!(failed.class, "too large");
    assert_eq!(failed.document, huge);
}

#[tokio::test]
async fn items_for_two_systems_are_taken_together_and_counted_apart() {
    let ports = Ports::open().await;
    let intake = Intake::new(ports.stores.queue.clone(), ports.stores.ledger.clone(), ports.clock.clone());
    let kingdee = [item("a", json!({})), item("b", json!({}))];
    let sharecrm = [item("huge", json!({"text": noise(2_000_000)})), item("a", json!({}))];
    let all = [(System::new("kingdee"), kingdee.as_slice()), (System::new("sharecrm"), sharecrm.as_slice())];
    let taken = intake.take_all(&all).await.unwrap();
    let counts: Vec<_> = taken.iter().map(|taken| (taken.queued, taken.failed)).collect();
    assert_eq!(counts, [(2, 0), (1, 1)]);
    assert_eq!(taken[1].uncarried, [0]);
    for (system, waiting) in [(System::new("kingdee"), 2), (System::new("sharecrm"), 1)] {
        assert_eq!(ports.stores.queue.depth(system).await.unwrap().waiting, waiting, "{system}");
    }
    assert!(intake.take_all(&[]).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_large_document_that_compresses_travels_whole() {
    let ports = Ports::open().await;
    let intake = Intake::new(ports.stores.queue.clone(), ports.stores.ledger.clone(), ports.clock.clone());
    let sent = item("a", json!({"lines": vec![json!({"spec_no": "S01", "num": "1.0000"}); 50_000]}));
    intake.take(System::new("kingdee"), std::slice::from_ref(&sent)).await.unwrap();
    let received = ports
        .stores
        .queue
        .receive(System::new("kingdee"), 1, std::time::Duration::from_secs(1))
        .await
        .unwrap();
    assert!(received[0].body.len() < 100_000);
    assert_eq!(WorkItem::decode(&received[0].body).unwrap(), sent);
}

#[tokio::test]
async fn what_was_changed_and_changed_back_is_three_messages_in_their_order() {
    let ports = Ports::open().await;
    let intake = Intake::new(ports.stores.queue.clone(), ports.stores.ledger.clone(), ports.clock.clone());
    let made = |trace: &str, text: &str| WorkItem { trace: trace.to_owned(), ..item("a", json!(text)) };
    let items = [made("1", "A"), made("2", "B"), made("3", "A")];
    for item in &items {
        intake.take(System::new("kingdee"), std::slice::from_ref(item)).await.unwrap();
    }
    // Nobody knows whether the last one was taken, so it is sent again.
    intake.take(System::new("kingdee"), &items[2..]).await.unwrap();
    let mut documents = Vec::new();
    while ports.stores.queue.depth(System::new("kingdee")).await.unwrap().waiting > 0 {
        let minute = std::time::Duration::from_secs(60);
        for message in ports.stores.queue.receive(System::new("kingdee"), 10, minute).await.unwrap() {
            documents.push(WorkItem::decode(&message.body).unwrap().document);
            ports.stores.queue.delete(System::new("kingdee"), &[message.receipt]).await.unwrap();
        }
    }
    assert_eq!(documents, ["A", "B", "A"]);
}

/// Lists and objects within each other.
fn nested(levels: usize) -> Value {
    (0..levels).fold(
        json!("苏果"),
        |inner, level| if level % 2 == 0 { json!([inner]) } else { json!({ "n": inner }) },
    )
}

#[tokio::test]
async fn the_deepest_document_that_is_taken_comes_through_queue_and_ledger_and_back() {
    let ports = Ports::open().await;
    let intake = Intake::new(ports.stores.queue.clone(), ports.stores.ledger.clone(), ports.clock.clone());
    let mut sent = item("deep", nested(MAX_DEPTH));
    for replay in [None, Some("r1".to_owned())] {
        sent.replay = replay;
        let taken = intake.take(System::new("kingdee"), std::slice::from_ref(&sent)).await.unwrap();
        assert_eq!((taken.queued, taken.failed), (1, 0));
        let queue = &ports.stores.queue;
        let received =
            queue.receive(System::new("kingdee"), 1, std::time::Duration::from_secs(60)).await.unwrap();
        let item = WorkItem::decode(&received[0].body).unwrap();
        assert_eq!(item, sent);
        queue.delete(System::new("kingdee"), &[received[0].receipt.clone()]).await.unwrap();

        let id = EntryId::new("f", "deep");
        let failed = Failed {
            version: None,
            version_kind: None,
            hash: content_hash(&item.document),
            class: FailureClass::Refused,
            code: None,
            message: "no".to_owned(),
            attempts: 1,
            document: item.document,
            received_at: DateTime::UNIX_EPOCH,
            at: DateTime::UNIX_EPOCH,
            trace: "t".to_owned(),
            replay: None,
            step: None,
            target_id: None,
            missing: Vec::new(),
        };
        ledger::record_failure(ports.stores.ledger.as_ref(), &id, &failed).await.unwrap();
        let kept = ports.stores.ledger.failed(Some("f"), 1, None).await.unwrap().remove(0);
        assert_eq!(kept.failed.unwrap().document, sent.document);
        // As `relay failures --json` wraps it, for a program that reads it.
        let answer = json!({ "failures": [{ "flow": "f", "document": sent.document }] }).to_string();
        assert!(serde_json::from_str::<Value>(&answer).is_ok());
    }
}

#[tokio::test]
async fn a_document_that_is_nested_deeper_is_recorded_as_failed_with_its_content_as_text() {
    let ports = Ports::open().await;
    let intake = Intake::new(ports.stores.queue.clone(), ports.stores.ledger.clone(), ports.clock.clone());
    let deep = nested(MAX_DEPTH + 1);
    let taken = intake
        .take(System::new("kingdee"), &[item("a", json!({})), item("deep", deep.clone())])
        .await
        .unwrap();
    assert_eq!((taken.queued, taken.failed), (1, 1));
    let kept = ports.stores.ledger.failed(Some("f"), 1, None).await.unwrap().remove(0);
    let failed = kept.failed.unwrap();
    assert_eq!((kept.id.key.as_str(), failed.class.code()), ("deep", "too deep"));
    assert!(
        failed.message.contains("101 levels") && failed.message.contains("100 are"),
        "{}",
        failed.message
    );
    assert_eq!(failed.document, Value::from(deep.to_string()));
}
