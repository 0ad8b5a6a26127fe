//! A file of an earlier program is brought up, once, and works; a file of a newer one is left alone.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta};
use relay_core::clock::{Clock as _, SimulatedClock, SystemClock};
use relay_core::ledger::update;
use relay_core::{EntryId, FailureClass, Outgoing, Stores, System};
use relay_store_sqlite::Sqlite;
use rusqlite::Connection;
use tempfile::TempDir;

const KINGDEE: System = System::new("kingdee");
const SHARECRM: System = System::new("sharecrm");
const MINUTE: Duration = Duration::from_secs(60);

/// A copy of the file that the last program without versions wrote, by a clock that stood at 2026-09-21 15:13:20 UTC. In it:
/// for Kingdee a dead letter, a message in flight for ten minutes (a1), the next of its group (a2) and one of another (b1);
/// for ShareCRM two; 20 delivered entries, of which one has a failed version too, three that only failed and one with
/// attempts; a watermark under a lease; a look-up for good, one of twelve hours, one that has expired.
fn fixture() -> (TempDir, PathBuf, Arc<SimulatedClock>) {
    let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
    let file = folder.path().join("relay.db");
    fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/version-1.db"), &file).unwrap();
    let clock = SimulatedClock::starting_at(DateTime::from_timestamp(1_790_003_600, 0).unwrap());
    (folder, file, Arc::new(clock))
}

/// Waits until the last connection has written its log into the file: the check of the start may outlive the store.
fn closed(file: &Path) {
    let began = SystemClock.monotonic();
    while file.with_extension("db-wal").exists() {
        assert!(SystemClock.monotonic() - began < 2 * MINUTE, "somebody holds the file");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn version(file: &Path) -> u32 {
    Connection::open(file).unwrap().query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap()
}

async fn bodies(stores: &Stores, system: System) -> Vec<String> {
    let received = stores.queue.receive(system, 10, MINUTE).await.unwrap();
    received.into_iter().map(|message| message.body).collect()
}

fn body(name: &str) -> String {
    format!("{{\"body\":\"{name}\"}}")
}

fn message(group: &str, name: &str) -> Outgoing {
    Outgoing { group: group.to_owned(), deduplication: name.to_owned(), body: body(name) }
}

#[tokio::test]
async fn the_queue_of_an_earlier_program_is_worked_on() {
    let (_folder, file, clock) = fixture();
    assert_eq!(version(&file), 0);
    let stores = Sqlite::open(&file, clock.clone()).unwrap().stores();
    assert!(version(&file) > 1);
    let depth = stores.queue.depth(KINGDEE).await.unwrap();
    assert_eq!((depth.waiting, depth.in_flight), (2, 1));
    assert_eq!(depth.next_visible_at, Some(clock.now() + 10 * MINUTE));
    assert_eq!(bodies(&stores, KINGDEE).await, [body("b1")], "a1 is in flight and holds a2 back");
    stores.queue.send(KINGDEE, &[message("c", "b1"), message("c", "new")]).await.unwrap();
    assert_eq!(bodies(&stores, KINGDEE).await, [body("new")], "b1 was sent less than five minutes ago");
    clock.advance(10 * MINUTE);
    assert_eq!(bodies(&stores, KINGDEE).await, ["a1", "a2", "b1", "new"].map(body));
    assert!(stores.queue.delete(KINGDEE, &["2/2".to_owned()]).await.is_ok());
    assert_eq!(stores.queue.depth(KINGDEE).await.unwrap().in_flight, 3);
    assert_eq!(bodies(&stores, SHARECRM).await, ["c1", "done"].map(body));

    let dead = stores.queue.dead_letters(KINGDEE, 10, None).await.unwrap();
    assert_eq!((dead.len(), dead[0].body.as_str(), dead[0].receive_count), (1, body("dead").as_str(), 1_000));
    assert_eq!(stores.queue.redrive(KINGDEE, None).await.unwrap(), 1);
    assert_eq!(bodies(&stores, KINGDEE).await, [body("dead")]);
}

#[tokio::test]
async fn the_ledger_of_an_earlier_program_is_counted_listed_and_written_to() {
    let (_folder, file, clock) = fixture();
    let ledger = Sqlite::open(&file, clock).unwrap().stores().ledger;
    let counts = ledger.counts().await.unwrap();
    assert_eq!(counts.delivered.unwrap()["trade-to-kingdee"], 20);
    assert_eq!((counts.failed["trade-to-kingdee"], counts.failed["order-to-sharecrm"]), (3, 1));
    let keys = async |flow| {
        let failed = ledger.failed(flow, 10, None).await.unwrap();
        failed.into_iter().map(|entry| entry.id.key).collect::<Vec<_>>()
    };
    assert_eq!(keys(None).await, ["O1", "JY0001", "JY0100", "JY0101"]);
    assert_eq!(keys(Some("trade-to-kingdee")).await, ["JY0001", "JY0100", "JY0101"]);

    let id = EntryId::new("trade-to-kingdee", "JY0001");
    let entry = ledger.read(std::slice::from_ref(&id)).await.unwrap().remove(&id).unwrap();
    assert_eq!(entry.delivered.as_ref().unwrap().target_id.as_deref(), Some("1001"));
    let failed = entry.failed.clone().unwrap();
    assert_eq!(failed.document["amount"], "12.50");
    update(ledger.as_ref(), &id, Some(entry), |entry| entry.clear(&FailureClass::Refused, &failed.hash))
        .await
        .unwrap();
    let counts = ledger.counts().await.unwrap();
    assert_eq!((counts.delivered.unwrap()["trade-to-kingdee"], counts.failed["trade-to-kingdee"]), (20, 2));
    let attempts = EntryId::new("trade-to-kingdee", "JY0200");
    let attempts = ledger.read(std::slice::from_ref(&attempts)).await.unwrap().remove(&attempts).unwrap();
    assert_eq!(attempts.attempts.unwrap().count, 2);
}

#[tokio::test]
async fn documents_of_an_earlier_program_are_found_by_the_targets_id() {
    let (_folder, file, clock) = fixture();
    let ledger = Sqlite::open(&file, clock).unwrap().stores().ledger;
    assert_eq!(ledger.find("1001").await.unwrap(), [EntryId::new("trade-to-kingdee", "JY0001")]);
    assert_eq!(ledger.find("JY0001").await.unwrap(), [], "it is its key");
}

#[tokio::test]
async fn checkpoints_leases_and_look_ups_of_an_earlier_program_go_on() {
    let (_folder, file, clock) = fixture();
    let stores = Sqlite::open(&file, clock.clone()).unwrap().stores();
    let watermark = stores.checkpoints.get("watermark/trade-to-kingdee").await.unwrap().unwrap();
    assert_eq!((watermark.value.as_str(), watermark.revision), ("\"2026-09-21T10:00:00Z\"", 2));
    assert!(stores.checkpoints.acquire("poll/trade-to-kingdee", "two", MINUTE).await.unwrap().is_none());
    clock.advance(MINUTE);
    let lease = stores.checkpoints.acquire("poll/trade-to-kingdee", "two", MINUTE).await.unwrap().unwrap();
    assert_eq!(lease.fence, 2);
    let codes = ["A-1", "A-2", "A-3"].map(|code| ("kingdee.material".to_owned(), code.to_owned()));
    let ids = stores.lookups.get(&codes).await.unwrap();
    assert_eq!(
        (ids.get(&codes[0]), ids.get(&codes[1])),
        (Some(&"9001".to_owned()), Some(&"9002".to_owned()))
    );
    assert_eq!(ids.len(), 2, "one has expired");
    clock.advance(Duration::from_secs(13 * 3_600));
    assert_eq!(stores.lookups.get(&codes).await.unwrap().len(), 1);
}

#[test]
fn a_small_file_of_an_earlier_program_can_shrink_from_now_on_and_keeps_its_mode() {
    let (_folder, file, clock) = fixture();
    let mode =
        |file: &Path| Connection::open(file).unwrap().query_row("PRAGMA auto_vacuum", [], |row| row.get(0));
    assert_eq!(mode(&file), Ok(0));
    drop(Sqlite::open(&file, clock).unwrap());
    assert_eq!(mode(&file), Ok(2));
}

#[test]
fn programs_that_open_a_file_at_once_bring_it_up_once() {
    for _ in 0..10 {
        let (_folder, file, clock) = fixture();
        let opened = std::thread::scope(|scope| {
            let open = || Sqlite::open(&file, clock.clone()).map(drop);
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(open)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
        });
        for opened in opened {
            opened.unwrap();
        }
        let count = "SELECT failed FROM ledger_counts WHERE flow = 'trade-to-kingdee'";
        assert_eq!(Connection::open(&file).unwrap().query_row(count, [], |row| row.get(0)), Ok(3));
    }
}

#[test]
fn a_file_of_a_newer_program_is_refused_with_both_versions_and_left_as_it_is() {
    let (_folder, file, clock) = fixture();
    drop(Sqlite::open(&file, clock.clone()).unwrap());
    closed(&file);
    let known = version(&file);
    Connection::open(&file).unwrap().pragma_update(None, "user_version", 99).unwrap();
    let before = fs::read(&file).unwrap();
    let error = Sqlite::open(&file, clock).err().expect("it must not open").to_string();
    assert!(error.contains("version 99") && error.contains(&format!("up to {known}")), "{error}");
    assert!(error.contains("start the newer program") && error.contains("relay.db"), "{error}");
    assert!(fs::read(&file).unwrap() == before);
}

#[tokio::test]
async fn a_file_that_is_up_to_date_is_opened_while_another_program_writes() {
    let (_folder, file, clock) = fixture();
    drop(Sqlite::open(&file, clock.clone()).unwrap());
    let other = Connection::open(&file).unwrap();
    other.execute_batch("BEGIN IMMEDIATE; DELETE FROM messages").unwrap();
    let began = SystemClock.monotonic();
    let stores = Sqlite::open_existing(&file, clock).unwrap().stores();
    assert_eq!(stores.queue.depth(KINGDEE).await.unwrap().waiting, 2);
    let took = SystemClock.monotonic() - began;
    assert!(took < Duration::from_secs(2), "{took:?}");
}

/// The delay that a set clock must not undo: see `clocks`.
#[tokio::test]
async fn a_message_that_an_earlier_program_sent_by_a_clock_that_was_ahead_waits_for_nothing() {
    let (_folder, file, clock) = fixture();
    clock.set(clock.now() - TimeDelta::hours(2));
    let stores = Sqlite::open(&file, clock).unwrap().stores();
    assert_eq!(bodies(&stores, SHARECRM).await, ["c1", "done"].map(body));
}
