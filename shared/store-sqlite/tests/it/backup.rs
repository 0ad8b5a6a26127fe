//! A copy of a store in use is whole, says that it is one, and gets its name last.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use relay_core::clock::SystemClock;
use relay_core::{Entry, EntryId, Outgoing, Stores, System};
use relay_store_sqlite::{Mark, Sqlite, back_up};
use rusqlite::Connection;

const KINGDEE: System = System::new("kingdee");
const MARK: Mark<'static> = Mark { name: "backup/copy", value: "{}", without: &["running/"] };

fn open(file: &Path) -> Stores {
    Sqlite::open(file, Arc::new(SystemClock)).unwrap().stores()
}

fn message(body: &str) -> Outgoing {
    Outgoing { group: body.to_owned(), deduplication: body.to_owned(), body: body.to_owned() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_of_a_store_that_is_written_to_is_whole_and_keeps_no_writer_waiting() {
    let folder = tempfile::tempdir().unwrap();
    let (file, copy) = (folder.path().join("relay.db"), folder.path().join("copy.db"));
    let stores = open(&file);
    stores.checkpoints.put("watermark", "1", None, None).await.unwrap();
    stores.checkpoints.put("running/here/1", "1", None, None).await.unwrap();
    stores.lookups.put("kingdee.material", "A", "1", None).await.unwrap();
    stores.queue.send(KINGDEE, &[message("a")]).await.unwrap();
    // Each writes an entry and a message in turn, so that a copy of two moments would be seen.
    let goes_on = Arc::new(AtomicBool::new(true));
    let (writes, on) = (open(&file), goes_on.clone());
    let writer = tokio::spawn(async move {
        let mut written = 0;
        while on.load(Ordering::Relaxed) {
            writes.ledger.write(&Entry::new(EntryId::new("f", written.to_string()))).await.unwrap();
            writes.queue.send(KINGDEE, &[message(&written.to_string())]).await.unwrap();
            written += 1;
        }
        written
    });
    while stores.ledger.read(&[EntryId::new("f", "20")]).await.unwrap().is_empty() {
        tokio::task::yield_now().await;
    }
    let (from, to) = (file.clone(), copy.clone());
    let held = tokio::task::spawn_blocking(move || back_up(&from, &to, &MARK)).await.unwrap().unwrap();
    goes_on.store(false, Ordering::Relaxed);
    let written: u64 = writer.await.unwrap();

    assert!(held.documents > 20 && held.documents <= written, "{held:?} of {written}");
    assert!(held.waiting == held.documents || held.waiting == held.documents + 1, "of one moment: {held:?}");
    assert_eq!((held.failed, held.dead, held.imported), (0, 0, 1));
    assert!(held.is_current);
    assert_eq!(held.bytes, copy.metadata().unwrap().len());
    assert_eq!(copy.metadata().unwrap().permissions().mode() & 0o777, 0o600, "personal data stand in it");
    let names: Vec<_> =
        fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(names.iter().all(|name| !name.to_string_lossy().contains("part")), "{names:?}");

    let copied = open(&copy);
    assert_eq!(copied.checkpoints.get("backup/copy").await.unwrap().unwrap().value, "{}");
    assert_eq!(copied.checkpoints.get("watermark").await.unwrap().unwrap().value, "1");
    assert_eq!(copied.checkpoints.get("running/here/1").await.unwrap(), None, "true of the store alone");
    assert_eq!(stores.checkpoints.get("backup/copy").await.unwrap(), None, "the store is none");
    assert_eq!(copied.queue.depth(KINGDEE).await.unwrap().waiting, held.waiting);
}

#[test]
fn a_file_that_is_there_is_not_overwritten_and_a_store_that_is_not_there_is_not_created() {
    let folder = tempfile::tempdir().unwrap();
    let (file, copy) = (folder.path().join("relay.db"), folder.path().join("copy.db"));
    let error = back_up(&file, &copy, &MARK).unwrap_err().to_string();
    assert!(error.contains("there is no store") && !file.exists() && !copy.exists(), "{error}");
    drop(open(&file));
    fs::write(&copy, "mine").unwrap();
    let error = back_up(&file, &copy, &MARK).unwrap_err().to_string();
    assert!(error.contains("copy.db") && error.contains("name another"), "{error}");
    assert_eq!(fs::read_to_string(&copy).unwrap(), "mine");
}

#[test]
fn a_store_of_an_earlier_program_is_copied_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let (file, copy) = (folder.path().join("relay.db"), folder.path().join("copy.db"));
    fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/version-1.db"), &file).unwrap();
    let held = back_up(&file, &copy, &MARK).unwrap();
    assert_eq!((held.documents, held.waiting, held.dead, held.is_current), (24, 5, 1, false));
    for file in [&file, &copy] {
        let version = |sql| Connection::open(file).unwrap().query_row(sql, [], |row| row.get::<_, u32>(0));
        assert_eq!(version("PRAGMA user_version").unwrap(), 0, "{}", file.display());
    }
}

#[test]
fn a_damaged_store_makes_no_backup() {
    let folder = tempfile::tempdir().unwrap();
    let (file, copy) = (folder.path().join("relay.db"), folder.path().join("copy.db"));
    fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/version-1.db"), &file).unwrap();
    let mut bytes = fs::read(&file).unwrap();
    // All but the first page, in which the tables are named.
    bytes[4_096..].fill(0xA5);
    fs::write(&file, bytes).unwrap();
    let error = back_up(&file, &copy, &MARK).unwrap_err().to_string();
    assert!(!copy.exists(), "{error}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left of it: {error}");
}
