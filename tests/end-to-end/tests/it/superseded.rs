//! An older failure replaces no newer one, nor stands over a newer delivery; what cannot be compared is kept beside, whole.

use chrono::TimeDelta;
use relay_core::VersionKind;
use relay_core::ledger::{Failed, record_failure};
use relay_core::{EntryId, System, WorkItem};
use relay_job::FlowSettings;
use relay_job::pushed::Readers;
use relay_simulators::qince::PushStyle;
use serde_json::{Value, json};

use crate::house::House;
use crate::process::{ORDERS_TO_CRM, ORDERS_TO_WDT, Process, outcomes};

/// An order that WDT cannot be sent, and a version of it that is a second older.
fn broken(house: &House) -> (Value, Value) {
    let mut older = house.vendors.qince.order(house.minutes_ago(10));
    older["receive_addr"] = json!("老地方");
    let newer = house.vendors.qince.changed(&older, TimeDelta::seconds(1), "CG_FHZ");
    (older, newer)
}

async fn post(house: &House, process: &Process, order: &Value) {
    assert!(process.post(&house.vendors.qince.push(order, &PushStyle::default())).await);
}

async fn failures(process: &Process, flow: &str, key: &Value) -> Vec<Failed> {
    let entry = process.entry(flow, key.as_str().unwrap()).await.unwrap();
    entry.failures().cloned().collect()
}

fn item(flow: &str, version: &str, kind: Option<VersionKind>, document: Value) -> WorkItem {
    WorkItem {
        flow: flow.to_owned(),
        key: "K".to_owned(),
        version: Some(version.to_owned()),
        version_kind: kind,
        document,
        acknowledge: false,
        received_at: chrono::DateTime::UNIX_EPOCH,
        trace: String::new(),
        replay: None,
    }
}

/// What no compression brings below the queue's limit.
fn noise() -> String {
    (0..150_000_u64).map(|n| format!("{:x}", n.wrapping_mul(0x9E37_79B9_7F4A_7C15))).collect()
}

#[tokio::test]
async fn a_late_version_that_is_too_large_for_the_queue_wipes_out_no_newer_failure() {
    let (house, process) = House::running(1);
    let (mut older, newer) = broken(&house);
    post(&house, &process, &newer).await;
    process.drain().await;
    older["remark"] = json!(noise());
    let wiring = &process.wiring;
    let readers = Readers { flows: &wiring.flows, settings: &FlowSettings::default() };
    let document = wiring.catalog.document("qince.direct_order").unwrap();
    let items = readers.work_items(document, &[], older.clone(), wiring.clock.as_ref(), wiring.rng.as_ref());
    for (system, items) in items {
        let taken = wiring.intake().take(system, &items).await.unwrap();
        assert_eq!((taken.queued, taken.failed, taken.superseded), (0, 0, 1));
    }
    let failed = failures(&process, ORDERS_TO_WDT, &newer["id"]).await;
    assert_eq!(failed.len(), 1);
    assert_eq!((failed[0].class.code(), &failed[0].document), ("mapping", &newer));
    assert_eq!(failures(&process, ORDERS_TO_CRM, &newer["id"]).await, [], "the newer one was delivered");
}

#[tokio::test]
async fn a_push_whose_version_cannot_be_read_is_kept_beside_the_failure_that_stands() {
    let (house, process) = House::running(1);
    let (older, newer) = broken(&house);
    post(&house, &process, &newer).await;
    process.drain().await;
    let mut unreadable = older;
    unreadable["modify_time_str"] = json!("yesterday");
    post(&house, &process, &unreadable).await;
    process.drain().await;
    let failed = failures(&process, ORDERS_TO_WDT, &newer["id"]).await;
    let documents: Vec<_> = failed.iter().map(|failed| &failed.document).collect();
    assert_eq!(documents, [&newer, &unreadable], "both whole");
    let beside = failures(&process, ORDERS_TO_CRM, &newer["id"]).await;
    assert_eq!(beside.len(), 1, "nor is it lost beside what was delivered");
}

#[tokio::test]
async fn of_two_versions_for_a_flow_whose_file_is_gone_the_newer_failure_stands() {
    let (_house, process) = House::running(1);
    let (newer, older) = ("2026-11-22 11:00:02", "2026-11-22 11:00:01");
    let time = Some(VersionKind::Time);
    let items = [item("gone", newer, time, json!({"v": 2})), item("gone", older, time, json!({"v": 1}))];
    process.wiring.intake().take(System::new("kingdee"), &items).await.unwrap();
    assert_eq!(outcomes(&process.drain().await), ["failed", "skipped"]);
    let failed = failures(&process, "gone", &json!("K")).await;
    assert_eq!(failed.len(), 1);
    assert_eq!((failed[0].class.code(), &failed[0].document), ("flow", &json!({"v": 2})));

    // Messages of a program that did not say how versions compare: nobody can tell, so both are kept.
    let items = [item("lost", newer, None, json!({"v": 2})), item("lost", older, None, json!({"v": 1}))];
    process.wiring.intake().take(System::new("kingdee"), &items).await.unwrap();
    process.drain().await;
    assert_eq!(failures(&process, "lost", &json!("K")).await.len(), 2);
}

#[tokio::test]
async fn pushes_that_no_flow_takes_are_all_kept_for_nobody_knows_their_order() {
    let (house, process) = House::running(1);
    let (older, newer) = broken(&house);
    for order in [&older, &newer, &older] {
        let style = PushStyle { data_type: "dms_return".to_owned(), ..PushStyle::default() };
        assert!(process.post(&house.vendors.qince.push(order, &style)).await);
    }
    let key = format!("dms_return/{}", older["id"].as_str().unwrap());
    let failed = failures(&process, "qince/unrouted", &json!(key)).await;
    let documents: Vec<_> = failed.iter().map(|failed| &failed.document).collect();
    assert!(documents.contains(&&older) && documents.contains(&&newer), "{documents:?}");
    assert_eq!(documents.len(), 2, "a repetition is one");
}

#[tokio::test]
async fn a_replay_of_an_older_version_does_not_take_the_place_of_a_newer_one_that_fails_meanwhile() {
    let (house, process) = House::running(1);
    let (older, newer) = broken(&house);
    post(&house, &process, &older).await;
    process.drain().await;
    let entry = process.entry(ORDERS_TO_WDT, older["id"].as_str().unwrap()).await.unwrap();
    // The newer one is still in the queue when a person replays the older one.
    post(&house, &process, &newer).await;
    process.replay(entry).await;
    process.drain().await;
    let failed = failures(&process, ORDERS_TO_WDT, &newer["id"]).await;
    assert_eq!(failed.len(), 1);
    assert_eq!(failed[0].document, newer);
}

/// Two changes within one second carry the same version: the one that was received last is the newer, also for a replay.
#[tokio::test]
async fn a_replay_does_not_go_over_what_came_after_it_under_an_equal_version() {
    let (house, process) = House::running(1);
    let (mut first, _) = broken(&house);
    let mut second = first.clone();
    second["receive_addr"] = house.vendors.qince.order(house.minutes_ago(5))["receive_addr"].clone();
    (first["remark"], second["remark"]) = (json!("first"), json!("second"));
    post(&house, &process, &first).await;
    process.drain().await;
    let entry = process.entry(ORDERS_TO_WDT, first["id"].as_str().unwrap()).await.unwrap();
    assert!(entry.failed.is_some());
    house.clock.advance(std::time::Duration::from_secs(1));
    post(&house, &process, &second).await;
    process.replay(entry).await;
    let turns = process.drain().await;
    let to_wdt: Vec<_> = turns.iter().filter(|turn| turn.flow() == ORDERS_TO_WDT).cloned().collect();
    assert_eq!(outcomes(&to_wdt), ["delivered", "skipped"]);
    assert!(process.failures().await.is_empty());
}

/// The same by the ledger alone, whoever records it.
#[tokio::test]
async fn a_failure_that_is_known_to_be_superseded_does_not_stand() {
    let (house, process) = House::running(1);
    let (older, newer) = broken(&house);
    post(&house, &process, &newer).await;
    process.drain().await;
    let id = EntryId::new(ORDERS_TO_CRM, newer["id"].as_str().unwrap());
    let mut failed = failures(&process, ORDERS_TO_WDT, &newer["id"]).await.remove(0);
    failed.version = older["modify_time_str"].as_str().map(str::to_owned);
    failed.hash = "older".to_owned();
    let ledger = process.wiring.stores.ledger.as_ref();
    assert!(!record_failure(ledger, &id, &failed).await.unwrap());
    assert_eq!(failures(&process, ORDERS_TO_CRM, &newer["id"]).await, []);
}
