//! Brings a file up to the schema of this program.
//!
//! `PRAGMA user_version` says how far a file is. A step that has shipped is never changed: what comes after it is a new
//! step at the end. Steps add and index; they must leave a program of the version before them working, which may still
//! have the file open.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::failure::failure;
use super::open::BUSY_TIMEOUT;
use relay_core::{StoreError, StoreErrorKind};

/// Step n brings a file from version n - 1 to n. The first is the schema of the programs that wrote no version: it creates
/// what is missing, and changes nothing in a file of theirs.
const STEPS: [&str; 12] = [
    include_str!("migrations/1.sql"),
    include_str!("migrations/2.sql"),
    include_str!("migrations/3.sql"),
    include_str!("migrations/4.sql"),
    include_str!("migrations/5.sql"),
    include_str!("migrations/6.sql"),
    include_str!("migrations/7.sql"),
    include_str!("migrations/8.sql"),
    include_str!("migrations/9.sql"),
    include_str!("migrations/10.sql"),
    include_str!("migrations/11.sql"),
    include_str!("migrations/12.sql"),
];

/// How long to wait for another program that brings up the same file: a million entries take seconds.
const PATIENCE: Duration = Duration::from_secs(60);

/// A file of up to this size is written anew once, so that it can shrink from then on.
///
/// SQLite gives pages back to the file system only in a file that was created or vacuumed with `auto_vacuum`. A larger
/// file of an earlier program is left as it is, because a `VACUUM` of gigabytes would keep a start waiting for minutes: the
/// pages that retention frees in it are used again, so that it grows no further, but it does not shrink. Whoever wants
/// it smaller stops the relay and runs `sqlite3 relay.db 'PRAGMA auto_vacuum = INCREMENTAL; VACUUM'` once.
const SMALL: u64 = 16 * 1024 * 1024;

const DOING: &str = "opening the store";

/// Brings the file up where it must be; a file that is up to date is only read.
///
/// # Errors
/// When the file is of a newer program, or a step fails: then nothing has changed.
pub(super) fn migrate(file: &Path, connection: &mut Connection) -> Result<(), StoreError> {
    let failed = |error| failure(file, DOING, error);
    let found = version(connection).map_err(failed)?;
    if found == latest() {
        return Ok(());
    }
    if found > latest() {
        return Err(too_new(file, found));
    }
    connection.busy_timeout(PATIENCE).map_err(failed)?;
    let brought_up = bring_up(connection);
    let restored = connection.busy_timeout(BUSY_TIMEOUT);
    let version = brought_up.and_then(|version| restored.map(|()| version)).map_err(failed)?;
    if version > latest() {
        return Err(too_new(file, version));
    }
    make_shrinkable(connection).map_err(failed)
}

/// Whether the file has the schema of this program, and not that of an earlier one.
///
/// # Errors
/// When the file is of a newer program, or cannot be read.
pub(super) fn is_current(file: &Path, connection: &Connection) -> Result<bool, StoreError> {
    let found = version(connection).map_err(|error| failure(file, DOING, error))?;
    if found > latest() { Err(too_new(file, found)) } else { Ok(found == latest()) }
}

/// The schema that this program works with.
fn latest() -> usize {
    STEPS.len()
}

/// All steps are one transaction. Answers the version that the file had once this program alone held it: another may have
/// brought it up in the meantime.
fn bring_up(connection: &mut Connection) -> rusqlite::Result<usize> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let found = version(&transaction)?;
    for (step, sql) in STEPS.iter().enumerate().skip(found) {
        transaction.execute_batch(sql)?;
        set_version(&transaction, step + 1)?;
    }
    transaction.commit()?;
    Ok(found)
}

fn version(connection: &Connection) -> rusqlite::Result<usize> {
    connection.query_row("PRAGMA user_version", [], |row| row.get(0))
}

fn set_version(transaction: &Transaction<'_>, version: usize) -> rusqlite::Result<()> {
    transaction.pragma_update(None, "user_version", version)
}

fn too_new(file: &Path, found: usize) -> StoreError {
    let reason = format!(
        "it is of a newer program: its schema has version {found}, and this program knows versions up to {}: start the \
         newer program, or name another file in RELAY_STORE (a backup from before the upgrade?)",
        latest()
    );
    StoreError::new(format!("{DOING} {}", file.display()), reason).of_kind(StoreErrorKind::Foreign)
}

fn make_shrinkable(connection: &Connection) -> rusqlite::Result<()> {
    let read = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, u64>(0));
    let bytes = read("PRAGMA page_count")? * read("PRAGMA page_size")?;
    if read("PRAGMA auto_vacuum")? != 0 || bytes > SMALL {
        return Ok(());
    }
    if let Err(error) = connection.execute_batch("PRAGMA auto_vacuum = INCREMENTAL; VACUUM") {
        // Another program writes, or the disk has no room for a second copy: the file works as it is.
        tracing::info!(%error, "the store was not vacuumed: what is deleted in it does not make it smaller");
    }
    Ok(())
}

/// A database in memory with the schema of this program.
#[cfg(test)]
pub(super) fn in_memory() -> Connection {
    let mut connection = Connection::open_in_memory().unwrap();
    bring_up(&mut connection).unwrap();
    connection
}
