//! A flow is called as its file, in whatever script.

use std::time::Duration;

use chrono::DateTime;
use relay_core::archive::{Event, Record};
use relay_core::clock::{Clock as _, SystemRng};
use relay_core::registry::{self, Registered};
use relay_core::{EntryId, Intake, System, WorkItem, ledger};
use serde_json::json;

use super::Ports;
use super::ledger::failed;

const NAMES: [&str; 3] = ["订单到金蝶", "订单到金蝶-2", "órdenes_日本"];

fn item(flow: &str) -> WorkItem {
    WorkItem {
        flow: flow.to_owned(),
        key: "订单/1".to_owned(),
        version: None,
        version_kind: None,
        document: json!({ "no": "1" }),
        acknowledge: false,
        received_at: DateTime::UNIX_EPOCH,
        trace: flow.to_owned(),
        replay: None,
    }
}

#[tokio::test]
async fn messages_of_flows_with_chinese_names_are_queued_received_and_kept_apart() {
    let ports = Ports::open().await;
    let intake = Intake::new(ports.stores.queue.clone(), ports.stores.ledger.clone(), ports.clock.clone());
    let system = System::new("kingdee");
    let items = NAMES.map(item);
    assert_eq!(intake.take(system, &items).await.unwrap().queued, 3);
    let mut flows = Vec::new();
    // A receive need not give all there is.
    for _ in 0..NAMES.len() {
        let received = ports.stores.queue.receive(system, 10, Duration::from_secs(60)).await.unwrap();
        flows.extend(received.iter().map(|message| WorkItem::decode(&message.body).unwrap().flow));
    }
    flows.sort();
    let mut names = NAMES.map(str::to_owned);
    names.sort();
    // Of different groups, so that none waits for another.
    assert_eq!(flows, names);
}

#[tokio::test]
async fn ledger_archive_and_checkpoints_take_flows_with_chinese_names() {
    let ports = Ports::open().await;
    let (stores, now) = (&ports.stores, ports.clock.now());
    for name in NAMES {
        let id = EntryId::new(name, "订单/1");
        ledger::record_failure(stores.ledger.as_ref(), &id, &failed(1)).await.unwrap();
        let listed = stores.ledger.failed(Some(name), 10, None).await.unwrap();
        assert_eq!(listed.into_iter().map(|entry| entry.id).collect::<Vec<_>>(), std::slice::from_ref(&id));

        let record = Record {
            id: id.clone(),
            version: None,
            trace: "t".to_owned(),
            at: now,
            event: Event::Received { document: "{}".to_owned() },
        };
        let location = stores.archive.location(now, &SystemRng);
        stores.archive.write(location.as_deref(), std::slice::from_ref(&record)).await.unwrap();
        let locations: Vec<_> = location.into_iter().collect();
        assert!(stores.archive.read(&id, &locations).await.unwrap() == [record]);

        let checkpoint = format!("watermark/{name}");
        assert!(stores.checkpoints.put(&checkpoint, "1", None, None).await.unwrap());
        assert_eq!(stores.checkpoints.get(&checkpoint).await.unwrap().unwrap().value, "1");
        let minute = Duration::from_secs(60);
        assert!(stores.checkpoints.acquire(&format!("poll/{name}"), "one", minute).await.unwrap().is_some());
    }
    let listed = stores.checkpoints.list("watermark/订单").await.unwrap();
    assert_eq!(listed.len(), 2, "{listed:?}");
    let registered = Registered {
        text: "[source]".to_owned(),
        source: "a".to_owned(),
        target: "b".to_owned(),
        since: now,
        absent_since: None,
    };
    registry::change(stores.checkpoints.as_ref(), |registry| {
        registry.insert(NAMES[0].to_owned(), registered.clone());
    })
    .await
    .unwrap();
    assert!(registry::read(stores.checkpoints.as_ref()).await.unwrap().contains_key(NAMES[0]));
}
