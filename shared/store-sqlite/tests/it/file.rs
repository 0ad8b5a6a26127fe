//! A file that is no good is a clear error, and nothing in it is touched.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;

use relay_core::clock::SystemClock;
use relay_core::{Entry, EntryId, StoreError};
use relay_store_sqlite::Sqlite;

fn open(file: &Path) -> Result<Sqlite, StoreError> {
    Sqlite::open(file, Arc::new(SystemClock))
}

fn error(file: &Path) -> String {
    open(file).err().expect("it must not open").to_string()
}

#[test]
fn a_file_that_is_not_a_database_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("orders.csv");
    let content = "a,b,c\n".repeat(1_000);
    std::fs::write(&file, &content).unwrap();
    let error = error(&file);
    assert!(error.contains("orders.csv") && error.contains("not a (whole) SQLite database"), "{error}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), content);
}

#[test]
fn another_programs_database_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("theirs.db");
    rusqlite::Connection::open(&file).unwrap().execute_batch("CREATE TABLE theirs (a)").unwrap();
    let error = error(&file);
    assert!(error.contains("another program") && error.contains("RELAY_STORE"), "{error}");
}

#[test]
fn a_folder_that_does_not_exist_is_named() {
    let error = error(Path::new("/nowhere/at/all/relay.db"));
    assert!(error.contains("/nowhere/at/all/relay.db") && error.contains("folder"), "{error}");
}

#[tokio::test]
async fn a_locked_file_says_so_and_keeps_its_content() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("relay.db");
    let store = open(&file).unwrap().stores();
    store.checkpoints.put("a", "1", None, None).await.unwrap();
    let other = rusqlite::Connection::open(&file).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let error = store.checkpoints.put("a", "2", Some(1), None).await.unwrap_err().to_string();
    assert!(error.contains("locked") && error.contains("relay.db"), "{error}");
    drop(other);
    assert_eq!(store.checkpoints.get("a").await.unwrap().unwrap().value, "1");
}

#[tokio::test]
async fn everything_survives_closing_and_opening() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("relay.db");
    open(&file).unwrap().stores().checkpoints.put("a", "1", None, None).await.unwrap();
    assert_eq!(open(&file).unwrap().stores().checkpoints.get("a").await.unwrap().unwrap().value, "1");
}

#[test]
fn a_new_file_is_its_owners_alone_and_an_existing_one_keeps_its_mode() {
    let folder = tempfile::tempdir().unwrap();
    let mode = |name: &str| folder.path().join(name).metadata().unwrap().permissions().mode() & 0o777;
    let file = folder.path().join("relay.db");
    let store = open(&file).unwrap();
    for name in ["relay.db", "relay.db-wal", "relay.db-shm"] {
        assert_eq!(mode(name), 0o600, "{name}");
    }
    drop(store);
    std::fs::set_permissions(&file, Permissions::from_mode(0o640)).unwrap();
    drop(open(&file).unwrap());
    assert_eq!(mode("relay.db"), 0o640);
}

#[tokio::test]
async fn an_entry_that_is_none_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("relay.db");
    let ledger = open(&file).unwrap().stores().ledger;
    let (spoilt, sound) = (EntryId::new("f", "spoilt"), EntryId::new("f", "sound"));
    for id in [&spoilt, &sound] {
        assert!(ledger.write(&Entry::new(id.clone())).await.unwrap());
    }
    let other = rusqlite::Connection::open(&file).unwrap();
    assert_eq!(other.execute("UPDATE ledger SET entry = '{' WHERE key = 'spoilt'", []), Ok(1));
    let error = ledger.read(&[sound.clone(), spoilt.clone()]).await.unwrap_err();
    assert_eq!(error.unreadable, Some(spoilt), "{error}");
    assert_eq!(ledger.read(&[sound]).await.unwrap().len(), 1);
}
