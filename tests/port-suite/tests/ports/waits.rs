//! Documents that failed for a code: all of them are sent again when it is known, however many they are, and those from before it
//! was noted who waits.

use std::collections::BTreeSet;
use std::time::Duration;

use relay_bill_closer::BillCloser;
use relay_core::clock::{Clock as _, Deadline};
use relay_core::ledger::record_failure;
use relay_core::{EntryId, Failed, FailureClass, UnknownCode, WorkItem};
use relay_job::{Connections, Job as _};
use serde_json::json;

use super::Ports;
use super::jobs::{KINGDEE, parts};

const NOTES: &str = r#"
[source]
document = "http.webhook"
params   = { name = "notes" }
key      = "id"

[target]
document = "kingdee.sal_order_save"

[fields]
billno        = "id"
billdate      = { from = "day", as = "date" }
customerid_id = { from = "shop", lookup = "kingdee.customer" }

[fields.material_entity]
each          = "items"
materialid_id = "sku"
unit_id       = "unit"
qty           = "quantity"
"#;

/// As a program left it that noted nowhere who waits.
async fn failed_for(ports: &Ports, key: &str, shop: &str) {
    let document = json!({"id": key, "day": "2026-11-22", "shop": shop, "items": []});
    let failed = Failed {
        version: None,
        version_kind: None,
        hash: relay_core::item::content_hash(&document),
        class: FailureClass::Mapping,
        code: None,
        message: "no such customer".to_owned(),
        attempts: 1,
        document,
        received_at: ports.clock.now(),
        at: ports.clock.now(),
        trace: key.to_owned(),
        replay: None,
        step: None,
        target_id: None,
        missing: vec![code(shop)],
    };
    record_failure(ports.stores.ledger.as_ref(), &EntryId::new("notes", key), &failed).await.unwrap();
}

fn code(shop: &str) -> UnknownCode {
    UnknownCode { table: "kingdee.customer".to_owned(), code: shop.to_owned() }
}

/// The documents that are in the queue.
async fn queued(ports: &Ports) -> BTreeSet<String> {
    let mut keys = BTreeSet::new();
    loop {
        let messages = ports.stores.queue.receive(KINGDEE, 10, Duration::from_secs(60)).await.unwrap();
        if messages.is_empty() {
            return keys;
        }
        keys.extend(messages.iter().map(|message| WorkItem::decode(&message.body).unwrap().key));
        let receipts: Vec<_> = messages.into_iter().map(|message| message.receipt).collect();
        ports.stores.queue.delete(KINGDEE, &receipts).await.unwrap();
    }
}

#[tokio::test]
async fn what_failed_before_it_was_noted_who_waits_is_noted_once_and_sent_again_where_the_code_is_known() {
    let ports = Ports::open().await;
    let keys: BTreeSet<_> = (0..130).map(|number| format!("N{number:03}")).collect();
    for key in &keys {
        failed_for(&ports, key, "S1").await;
    }
    failed_for(&ports, "M", "S2").await;
    ports.stores.lookups.put("kingdee.customer", "S2", "7", None).await.unwrap();
    let flows = [("notes", NOTES.to_owned())];
    let closer =
        || BillCloser::build(&parts(&ports, ports.stores.clone(), &flows, Connections::default())).unwrap();
    assert_eq!(closer().end_waits(Deadline::NONE).await.unwrap(), 0);
    let (mut noted, mut after) = (BTreeSet::new(), None);
    loop {
        let page = ports.stores.lookups.waiting(&code("S1"), after.as_ref(), 100).await.unwrap();
        let is_last = page.len() < 100;
        after = page.last().map(|waiter| waiter.document.clone());
        noted.extend(page.into_iter().map(|waiter| waiter.document.key));
        if is_last {
            break;
        }
    }
    assert_eq!(noted, keys, "whoever learns of the code sends them again");
    assert_eq!(
        queued(&ports).await,
        BTreeSet::from(["M".to_owned()]),
        "its code was learned of in the meantime"
    );

    // Done with: another process looks no more.
    let all: Vec<_> = keys.iter().map(|key| EntryId::new("notes", key)).collect();
    ports.stores.lookups.release(&code("S1"), &all).await.unwrap();
    closer().end_waits(Deadline::NONE).await.unwrap();
    assert!(ports.stores.lookups.waiting(&code("S1"), None, 1).await.unwrap().is_empty());
    assert!(queued(&ports).await.is_empty());
}
