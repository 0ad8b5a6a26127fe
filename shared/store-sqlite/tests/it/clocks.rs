//! What was stored by a clock that was an hour ahead holds nobody up, once the machine was started anew and it is right.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta};
use relay_core::clock::{Clock as _, SimulatedClock};
use relay_core::queue::Outgoing;
use relay_core::{Stores, System, pause};
use relay_store_sqlite::Sqlite;

const MINUTE: Duration = Duration::from_secs(60);

/// Two processes on one file: one by a clock that is an hour ahead, and one of a later run of the machine.
fn processes() -> (tempfile::TempDir, Stores, Stores, Arc<SimulatedClock>) {
    let folder = tempfile::tempdir().unwrap();
    let now = DateTime::from_timestamp(1_700_000_000, 0).unwrap();
    let right = Arc::new(SimulatedClock::starting_at(now).of_boot("anew"));
    let open = |clock| Sqlite::open(&folder.path().join("relay.db"), clock).unwrap().stores();
    let ahead = open(Arc::new(SimulatedClock::starting_at(now + TimeDelta::hours(1))));
    let stores = open(right.clone());
    (folder, ahead, stores, right)
}

fn message(body: &str) -> Outgoing {
    Outgoing { group: body.to_owned(), deduplication: body.to_owned(), body: body.to_owned() }
}

#[tokio::test]
async fn a_message_that_waits_and_one_that_was_in_flight_are_received_at_once() {
    let (_folder, ahead, stores, _) = processes();
    ahead.queue.send(System::new("kingdee"), &[message("in flight")]).await.unwrap();
    let lost = ahead.queue.receive(System::new("kingdee"), 10, MINUTE).await.unwrap().remove(0);
    ahead.queue.send(System::new("kingdee"), &[message("waits")]).await.unwrap();
    let depth = stores.queue.depth(System::new("kingdee")).await.unwrap();
    assert_eq!((depth.waiting, depth.in_flight, depth.next_visible_at), (2, 0, None));
    assert!(
        !stores.queue.delay(System::new("kingdee"), &lost.receipt, MINUTE).await.unwrap(),
        "it has lapsed"
    );
    let received = stores.queue.receive(System::new("kingdee"), 10, MINUTE).await.unwrap();
    let bodies: Vec<_> = received.iter().map(|message| message.body.as_str()).collect();
    assert_eq!(bodies, ["in flight", "waits"]);
    assert!(
        stores.queue.receive(System::new("kingdee"), 10, MINUTE).await.unwrap().is_empty(),
        "now they are in flight"
    );
}

#[tokio::test]
async fn whose_a_message_is_does_not_depend_on_when_a_process_was_started() {
    let folder = tempfile::tempdir().unwrap();
    let start = DateTime::from_timestamp(1_700_000_000, 0).unwrap();
    let clock = Arc::new(SimulatedClock::starting_at(start));
    let open = || Sqlite::open(&folder.path().join("relay.db"), clock.clone()).unwrap().stores();
    let (system, before) = (System::new("kingdee"), open());
    clock.set(start + TimeDelta::hours(1));
    before.queue.send(system, &[message("one")]).await.unwrap();
    clock.set(start);
    let after = open();
    let received = after.queue.receive(system, 10, MINUTE).await.unwrap();
    assert_eq!(received.len(), 1);
    assert!(before.queue.receive(system, 10, MINUTE).await.unwrap().is_empty(), "it is the other's");
    let depth = before.queue.depth(system).await.unwrap();
    assert_eq!(depth.next_visible_at, Some(start + MINUTE), "as the machine's clock will show it");
    clock.advance(MINUTE);
    assert_eq!(before.queue.receive(system, 10, MINUTE).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_lease_is_taken_over_and_fences_off_its_former_holder() {
    let (_folder, ahead, stores, _) = processes();
    let lost = ahead.checkpoints.acquire("poll/x", "one", MINUTE).await.unwrap().unwrap();
    let lease = stores.checkpoints.acquire("poll/x", "two", MINUTE).await.unwrap().unwrap();
    assert!(lease.fence > lost.fence);
    assert!(stores.checkpoints.put("watermark/x", "1", None, Some(&lease)).await.unwrap());
    assert!(!ahead.checkpoints.put("watermark/x", "2", Some(1), Some(&lost)).await.unwrap());
}

#[tokio::test]
async fn a_look_up_that_would_be_remembered_for_too_long_is_asked_for_anew() {
    let (_folder, ahead, stores, right) = processes();
    let [soon, late] = [20, 26].map(|hours| right.now() + TimeDelta::hours(hours));
    for (code, expires_at) in [("soon", Some(soon)), ("late", Some(late)), ("imported", None)] {
        ahead.lookups.put("t", code, "id", expires_at).await.unwrap();
    }
    let codes = ["soon", "late", "imported"].map(|code| ("t".to_owned(), code.to_owned()));
    let found = stores.lookups.get(&codes).await.unwrap();
    let found: Vec<_> =
        codes.iter().filter(|code| found.contains_key(code)).map(|(_, code)| code.as_str()).collect();
    assert_eq!(found, ["soon", "imported"]);
}

#[tokio::test]
async fn a_pause_that_begins_in_the_future_or_lasts_for_days_is_not_believed() {
    let (_folder, _, stores, right) = processes();
    let (checkpoints, now) = (stores.checkpoints.as_ref(), right.now());
    for (since, until) in [(now + TimeDelta::hours(1), None), (now, Some(now + TimeDelta::days(3)))] {
        pause::set(checkpoints, System::new("kingdee"), until, "x".to_owned(), since).await.unwrap();
        assert_eq!(pause::current(checkpoints, System::new("kingdee"), now).await.unwrap(), None);
    }
}
