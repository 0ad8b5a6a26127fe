//! Who reads waits for nobody who writes, and nobody who writes waits for who reads.

#![expect(clippy::disallowed_methods, reason = "real files are timed, by the machine's own time")]

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use relay_core::clock::SystemClock;
use relay_core::{Entry, EntryId, Ledger, Outgoing, Stores, System};
use relay_store_sqlite::Sqlite;
use rusqlite::Connection;
use tempfile::TempDir;
use tokio::time::Instant;

/// Less than the 3 s that a lock is waited for.
const AT_ONCE: Duration = Duration::from_secs(2);

fn folder() -> TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

fn open(file: &Path) -> Stores {
    Sqlite::open(file, Arc::new(SystemClock)).unwrap().stores()
}

fn message(body: &str) -> Outgoing {
    Outgoing { group: body.to_owned(), deduplication: body.to_owned(), body: body.to_owned() }
}

/// Every read of the ports.
async fn read_everything(stores: &Stores, id: &EntryId) {
    assert_eq!(stores.checkpoints.get("watermark").await.unwrap().unwrap().value, "1");
    assert_eq!(stores.checkpoints.list("water").await.unwrap().len(), 1);
    assert_eq!(stores.ledger.read(std::slice::from_ref(id)).await.unwrap().len(), 1);
    assert!(stores.ledger.failed(None, 10, None).await.unwrap().is_empty());
    assert_eq!(stores.ledger.counts().await.unwrap().failed["f"], 0);
    let code = ("kingdee.material".to_owned(), "A".to_owned());
    assert_eq!(stores.lookups.get(std::slice::from_ref(&code)).await.unwrap()[&code], "1");
    assert_eq!(stores.queue.depth(System::new("kingdee")).await.unwrap().waiting, 1);
    assert_eq!(stores.queue.dead(System::new("kingdee")).await.unwrap(), 0);
}

#[tokio::test]
async fn reads_are_answered_at_once_while_another_program_writes() {
    let folder = folder();
    let file = folder.path().join("relay.db");
    let stores = open(&file);
    let id = EntryId::new("f", "k");
    stores.checkpoints.put("watermark", "1", None, None).await.unwrap();
    stores.ledger.write(&Entry::new(id.clone())).await.unwrap();
    stores.lookups.put("kingdee.material", "A", "1", None).await.unwrap();
    stores.queue.send(System::new("kingdee"), &[message("a")]).await.unwrap();

    let other = Connection::open(&file).unwrap();
    other.execute_batch("BEGIN IMMEDIATE; UPDATE checkpoints SET value = '2'; DELETE FROM messages").unwrap();
    let began = Instant::now();
    read_everything(&stores, &id).await;
    // A program that starts meanwhile, too: `relay status` is one.
    read_everything(&open(&file), &id).await;
    assert!(began.elapsed() < AT_ONCE, "{:?}", began.elapsed());

    other.execute_batch("COMMIT").unwrap();
    assert_eq!(
        stores.checkpoints.get("watermark").await.unwrap().unwrap().value,
        "2",
        "what is committed is seen"
    );
}

#[tokio::test]
async fn a_store_that_another_program_writes_to_opens_at_once_and_waits_only_to_write() {
    let folder = folder();
    let file = folder.path().join("relay.db");
    drop(open(&file));
    let other = Connection::open(&file).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let began = Instant::now();
    let stores = open(&file);
    assert!(began.elapsed() < AT_ONCE, "{:?}", began.elapsed());
    let error = stores.queue.send(System::new("kingdee"), &[message("a")]).await.unwrap_err();
    assert!(began.elapsed() > AT_ONCE && error.to_string().contains("locked for 3 s"), "{error}");
}

const FAILURES: usize = 50_000;

/// So many failures that listing all of them takes much longer than a message to send.
fn fill_ledger(file: &Path) {
    let connection = Connection::open(file).unwrap();
    connection.execute_batch("PRAGMA synchronous = OFF").unwrap();
    let entry = serde_json::json!(Entry::new(EntryId::new("f", "k"))).to_string();
    let filled = connection.execute(
        "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ?1)
         INSERT INTO ledger SELECT 'f', printf('%08d', n), ?2, 1, n, 1 FROM numbers",
        rusqlite::params![FAILURES, entry],
    );
    assert_eq!(filled, Ok(FAILURES));
}

#[tokio::test]
async fn sends_and_short_reads_go_through_while_all_failures_are_listed() {
    let folder = folder();
    let file = folder.path().join("relay.db");
    let stores = open(&file);
    stores.checkpoints.put("watermark", "1", None, None).await.unwrap();
    fill_ledger(&file);
    let began = Instant::now();
    assert_eq!(stores.ledger.failed(None, FAILURES, None).await.unwrap().len(), FAILURES);
    let alone = began.elapsed();
    // One after the other, without an end.
    let listing: Vec<_> = (0..3).map(|_| tokio::spawn(list_on_and_on(stores.ledger.clone()))).collect();
    let mut waited = Duration::ZERO;
    for body in ["a", "b", "c", "d", "e"] {
        let began = Instant::now();
        stores.queue.send(System::new("kingdee"), &[message(body)]).await.unwrap();
        assert!(stores.checkpoints.get("watermark").await.unwrap().is_some());
        waited += began.elapsed();
    }
    listing.iter().for_each(tokio::task::JoinHandle::abort);
    assert!(waited < 2 * alone, "{waited:?} for five, where one list takes {alone:?}");
}

async fn list_on_and_on(ledger: Arc<dyn Ledger>) {
    loop {
        ledger.failed(None, FAILURES, None).await.unwrap();
    }
}

#[tokio::test]
async fn a_read_sees_what_was_written_before_it() {
    let folder = folder();
    let stores = open(&folder.path().join("relay.db"));
    for n in 0..200_u64 {
        let revision = n.checked_sub(1).map(|last| last + 1);
        assert!(stores.checkpoints.put("n", &n.to_string(), revision, None).await.unwrap());
        assert_eq!(stores.checkpoints.get("n").await.unwrap().unwrap().value, n.to_string());
    }
}
