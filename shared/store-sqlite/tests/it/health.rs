//! A file that goes wrong while it is used: it is noticed before anything is said to be stored, and stays known.

use std::fs;
use std::os::unix::fs::{FileExt as _, symlink};
use std::path::Path;
use std::sync::Arc;

use relay_core::clock::SystemClock;
use relay_core::{Entry, EntryId, Outgoing, StoreError, StoreErrorKind, Stores, System};
use relay_store_sqlite::Sqlite;
use rusqlite::Connection;
use tempfile::TempDir;

fn folder() -> TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

fn open(file: &Path) -> Stores {
    Sqlite::open(file, Arc::new(SystemClock)).unwrap().stores()
}

async fn send(stores: &Stores, body: &str) -> Result<(), StoreError> {
    let message = Outgoing { group: "a".to_owned(), deduplication: body.to_owned(), body: body.to_owned() };
    stores.queue.send(System::new("kingdee"), &[message]).await
}

/// Neither writes nor reads are served any more, and each says why.
async fn check_that_nothing_is_served(stores: &Stores, kind: StoreErrorKind) {
    let errors = [
        send(stores, "refused").await.unwrap_err(),
        stores.checkpoints.get("a").await.unwrap_err(),
        stores.ledger.counts().await.unwrap_err(),
    ];
    for error in errors {
        assert_eq!(error.kind, kind, "{error}");
        assert!(error.to_string().contains("from a backup"), "{error}");
    }
}

#[tokio::test]
async fn a_file_that_was_taken_away_takes_nothing_and_is_not_believed_to_be_back() {
    for part in ["relay.db", "relay.db-wal", "relay.db-shm"] {
        let folder = folder();
        let stores = open(&folder.path().join("relay.db"));
        send(&stores, "before").await.unwrap();
        let (path, aside) = (folder.path().join(part), folder.path().join("aside"));
        fs::rename(&path, &aside).unwrap();
        let error = send(&stores, "after").await.unwrap_err();
        assert!(error.kind == StoreErrorKind::Gone && error.to_string().contains(part), "{error}");
        check_that_nothing_is_served(&stores, StoreErrorKind::Gone).await;
        fs::rename(&aside, &path).unwrap();
        check_that_nothing_is_served(&stores, StoreErrorKind::Gone).await;
    }
}

#[tokio::test]
async fn a_file_that_was_replaced_takes_nothing() {
    let folder = folder();
    let file = folder.path().join("relay.db");
    let stores = open(&file);
    send(&stores, "before").await.unwrap();
    let other = folder.path().join("other.db");
    drop(open(&other));
    fs::rename(&other, &file).unwrap();
    check_that_nothing_is_served(&stores, StoreErrorKind::Gone).await;
}

#[tokio::test]
async fn a_file_behind_a_link_is_watched_as_well() {
    let folder = folder();
    let (file, link) = (folder.path().join("relay.db"), folder.path().join("link.db"));
    drop(open(&file));
    symlink(&file, &link).unwrap();
    let stores = open(&link);
    send(&stores, "before").await.unwrap();
    fs::remove_file(folder.path().join("relay.db-wal")).unwrap();
    check_that_nothing_is_served(&stores, StoreErrorKind::Gone).await;
}

/// A closed store with 2,000 entries in its ledger, all of it in the one file.
async fn filled(file: &Path) -> Vec<EntryId> {
    drop(open(file));
    let ids: Vec<_> = (0..2_000).map(|n| EntryId::new("f", format!("{n:04}"))).collect();
    let connection = Connection::open(file).unwrap();
    connection.execute_batch("BEGIN").unwrap();
    for id in &ids {
        let entry = serde_json::json!(Entry::new(id.clone())).to_string();
        let values = rusqlite::params![id.flow, id.key, entry];
        connection.execute("INSERT INTO ledger VALUES (?1, ?2, ?3, 0, NULL, 1)", values).unwrap();
    }
    connection.execute_batch("COMMIT").unwrap();
    ids
}

fn overwrite(file: &Path, from: u64, bytes: usize) {
    let file = fs::OpenOptions::new().write(true).open(file).unwrap();
    file.write_all_at(&vec![0xA5; bytes], from).unwrap();
}

#[tokio::test]
async fn a_damaged_page_is_found_at_the_start() {
    let folder = folder();
    let file = folder.path().join("relay.db");
    filled(&file).await;
    // One of the ledger's, which no start reads: the schema's own come before them.
    overwrite(&file, file.metadata().unwrap().len() * 3 / 4 / 8192 * 8192, 8192);
    let error = Sqlite::open(&file, Arc::new(SystemClock)).err().expect("it must not open");
    assert_eq!(error.kind, StoreErrorKind::Corrupt, "{error}");
    assert!(error.to_string().contains("relay.db") && error.to_string().contains("backup"), "{error}");
    assert!(folder.path().join("relay.db-damaged").exists());
}

#[tokio::test]
async fn a_file_that_was_cut_off_is_found_at_the_start() {
    let folder = folder();
    let file = folder.path().join("relay.db");
    filled(&file).await;
    let half = file.metadata().unwrap().len() / 2;
    fs::OpenOptions::new().write(true).open(&file).unwrap().set_len(half).unwrap();
    let error = Sqlite::open(&file, Arc::new(SystemClock)).err().expect("it must not open");
    assert_eq!(error.kind, StoreErrorKind::Corrupt, "{error}");
}

#[tokio::test]
async fn damage_that_is_met_later_stays_known_and_nothing_is_taken_into_it() {
    let folder = folder();
    let file = folder.path().join("relay.db");
    let ids = filled(&file).await;
    let stores = open(&file);
    send(&stores, "before").await.unwrap();
    // The header and the schema are read, the ledger is not yet.
    let (first, all) = (12 * 8192, file.metadata().unwrap().len());
    overwrite(&file, first, usize::try_from(all - first).unwrap());
    let error = stores.ledger.read(&ids[..100]).await.unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::Corrupt, "{error}");
    check_that_nothing_is_served(&stores, StoreErrorKind::Corrupt).await;
}

/// However large the file is: whoever opens it next reads all of it first.
#[tokio::test]
async fn damage_that_one_program_has_found_is_known_to_the_next_until_the_file_is_restored() {
    let folder = folder();
    let (file, backup) = (folder.path().join("relay.db"), folder.path().join("backup.db"));
    let note = folder.path().join("relay.db-damaged");
    filled(&file).await;
    fs::copy(&file, &backup).unwrap();
    // An index that lacks what its table has: a quick check does not look for that.
    let connection = Connection::open(&file).unwrap();
    connection
        .execute_batch(
            "PRAGMA writable_schema = ON;
             UPDATE sqlite_master SET sql = replace(sql, 'IS NOT NULL', 'IS NULL') WHERE name = 'ledger_failed'",
        )
        .unwrap();
    drop(connection);
    drop(open(&file));
    fs::write(&note, "found by a program that met it").unwrap();
    let error = Sqlite::open(&file, Arc::new(SystemClock)).err().expect("it must not open");
    assert_eq!(error.kind, StoreErrorKind::Corrupt, "{error}");
    assert!(fs::read_to_string(&note).unwrap().contains("relay.db"), "found again");

    fs::copy(&backup, &file).unwrap();
    send(&open(&file), "after").await.unwrap();
    assert!(!note.exists());
}

#[tokio::test]
async fn the_log_shrinks_again_once_nobody_reads_an_old_state() {
    let folder = folder();
    let file = folder.path().join("relay.db");
    let stores = open(&file);
    let reader = Connection::open(&file).unwrap();
    reader.execute_batch("BEGIN; SELECT count(*) FROM messages").unwrap();
    for n in 0..40 {
        send(&stores, &format!("{n}{}", "x".repeat(1_000_000))).await.unwrap();
    }
    let log = || folder.path().join("relay.db-wal").metadata().unwrap().len();
    assert!(log() > 40_000_000, "{} bytes", log());
    drop(reader);
    // An idle worker looks at its queue every second.
    for _ in 0..30 {
        stores.queue.receive(System::new("sharecrm"), 10, std::time::Duration::from_secs(60)).await.unwrap();
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    assert!(log() <= 16 * 1024 * 1024, "{} bytes", log());
    assert_eq!(stores.queue.depth(System::new("kingdee")).await.unwrap().waiting, 40);
}
