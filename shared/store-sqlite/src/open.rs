//! Opening: what a connection is set to, and what a file must be.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, FileControl, MAIN_DB};

use super::failure::{GONE, failure};
use super::migrations::migrate;
use super::wal;
use relay_core::{StoreError, StoreErrorKind};

/// How long to wait for another program that writes to the file. Qince waits 5 seconds for the answer to a push.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(3);

/// How many statements a connection keeps prepared.
const STATEMENTS: usize = 64;

/// How large the pages of a new file are, in bytes: an order or a trade with all that a message says of it is one page, where 4,096
/// made three of it. A file keeps the size that it was made with.
const PAGE: u32 = 8 * 1024;

/// How much of the file the connection that writes keeps in memory, in KiB: what is sent is received, and deleted, soon after.
const WRITER_CACHE: i64 = 8 * 1024;

/// What the file's `application_id` says: "ERPR". A file with another one is somebody else's database.
const APPLICATION_ID: i32 = 0x4552_5052;

const DOING: &str = "opening the store";

/// The connection that writes. It creates what is not there yet, and brings up what is of an earlier program.
pub(super) fn writer(file: &Path) -> Result<Connection, StoreError> {
    create(file);
    let mut connection = connect(file)?;
    check_owner(file, &connection)?;
    check_rights(file, &connection)?;
    let has_log = set_up(&connection).map_err(|error| failure(file, DOING, error))?;
    if !has_log {
        let reason = "its file system has no room for a write-ahead log that programs share (a network drive?): keep it \
                      on a local disk";
        return Err(StoreError::new(format!("{DOING} {}", file.display()), reason));
    }
    // Only where something is missing: whoever just looks (`relay status`) must not wait for those who write.
    migrate(file, &mut connection)?;
    undo_in_memory(&connection).map_err(|error| failure(file, DOING, error))?;
    Ok(connection)
}

/// A connection that reads, after the writer has been opened.
pub(super) fn reader(file: &Path) -> Result<Connection, StoreError> {
    let connection = connect(file)?;
    connection.execute_batch("PRAGMA query_only = ON").map_err(|error| failure(file, DOING, error))?;
    Ok(connection)
}

/// A connection that copies the whole file, of whichever program's schema: it brings nothing up, and creates nothing.
pub(super) fn whole_reader(file: &Path) -> Result<Connection, StoreError> {
    if !file.metadata().is_ok_and(|about| about.len() > 0) {
        let reason =
            "there is no store: go to the folder where `relay serve` was started, or name it in RELAY_STORE";
        return Err(StoreError::new(format!("{DOING} {}", file.display()), reason));
    }
    let connection = connect(file)?;
    check_owner(file, &connection)?;
    Ok(connection)
}

fn connect(file: &Path) -> Result<Connection, StoreError> {
    let open = || -> rusqlite::Result<_> {
        let connection = Connection::open(file)?;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        // More than there are: the library keeps sixteen, and parses the others anew each time.
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        // A plan holds whatever is bound: SQLite would parse and plan most statements anew at each run otherwise.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        // A damaged page is noticed before what stands on it is believed.
        connection.execute_batch("PRAGMA cell_size_check = ON")?;
        let mut has_moved = 0;
        connection.file_control(Some(MAIN_DB), FileControl::HasMoved(&mut has_moved))?;
        Ok((connection, has_moved != 0))
    };
    match open() {
        Ok((connection, false)) => Ok(connection),
        Ok((_, true)) => {
            let doing = format!("{DOING} {}", file.display());
            Err(StoreError::new(doing, GONE).of_kind(StoreErrorKind::Gone))
        }
        Err(error) => Err(failure(file, DOING, error)),
    }
}

/// Creates a file that is not there yet for its owner alone: tokens and personal data stand in it. SQLite gives the
/// files beside it the same mode. An existing file is not even opened: closing it again would drop the locks that this
/// process holds on it. What hinders it here, SQLite meets next, and says so.
fn create(file: &Path) {
    _ = OpenOptions::new().write(true).create_new(true).mode(0o600).open(file);
}

/// Refuses to write our tables into a database that is somebody else's.
fn check_owner(file: &Path, connection: &Connection) -> Result<(), StoreError> {
    let read = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i32>(0));
    let inspect = || -> rusqlite::Result<_> {
        Ok((read("PRAGMA application_id")?, read("SELECT count(*) FROM sqlite_master")?))
    };
    let (id, tables) = inspect().map_err(|error| failure(file, DOING, error))?;
    if id != APPLICATION_ID && tables > 0 {
        let reason = "the file is a database of another program: name another file in RELAY_STORE";
        let error = StoreError::new(format!("{DOING} {}", file.display()), reason);
        return Err(error.of_kind(StoreErrorKind::Foreign));
    }
    Ok(())
}

/// SQLite opens a file that it may not write as well, and would say so only at the first write.
fn check_rights(file: &Path, connection: &Connection) -> Result<(), StoreError> {
    match connection.is_readonly(MAIN_DB) {
        Ok(false) => Ok(()),
        Ok(true) => {
            let read_only = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_READONLY);
            Err(failure(file, DOING, rusqlite::Error::SqliteFailure(read_only, None)))
        }
        Err(error) => Err(failure(file, DOING, error)),
    }
}

/// What undoes a request alone, in the transaction that it shares with others, is a copy of each page that it changes. SQLite
/// writes more than 64 KiB of copies into a file that it makes and removes for each transaction: receiving ten messages and
/// deleting them wrote 62 KB a message, of which 43 were copies. In memory they live until the request is done, which is a few
/// hundred KiB. Not before the file has been brought up: an index of a large file is sorted in files.
fn undo_in_memory(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch("PRAGMA temp_store = MEMORY")
}

/// `false` where the file system allows no write-ahead log.
fn set_up(connection: &Connection) -> rusqlite::Result<bool> {
    // Properties of the file, which a new one gets with its first page. For another this would be a write, which waits.
    if connection.query_row("PRAGMA page_count", [], |row| row.get::<_, u64>(0))? == 0 {
        connection.execute_batch(&format!("PRAGMA page_size = {PAGE}; PRAGMA auto_vacuum = INCREMENTAL"))?;
    }
    let mode: String = connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
    connection.execute_batch("PRAGMA synchronous = FULL")?;
    // Below zero it is KiB, and pages otherwise.
    connection.pragma_update(None, "cache_size", -WRITER_CACHE)?;
    connection.pragma_update(None, "journal_size_limit", wal::LIMIT)?;
    Ok(mode == "wal")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_undoes_a_request_is_no_file() {
        let folder = tempfile::tempdir().unwrap();
        let connection = writer(&folder.path().join("relay.db")).unwrap();
        let kept: i64 = connection.query_row("PRAGMA temp_store", [], |row| row.get(0)).unwrap();
        assert_eq!(kept, 2, "in memory");
    }
}
