//! A copy of the file while it is used: whole as it was at one moment, read through, and under its name only once it is.

use std::fs::File;
use std::io;
use std::path::Path;

use relay_core::StoreError;
use rusqlite::{Connection, params};
use serde::Serialize;
use tempfile::NamedTempFile;

use super::failure::failure;
use super::{migrations, open};

const DOING: &str = "backing up the store";

/// What a copy is to say of itself, among its checkpoints.
#[derive(Debug, Clone)]
pub struct Mark<'a> {
    /// The checkpoint that says that it is a copy.
    pub name: &'a str,
    /// What that says.
    pub value: &'a str,
    /// What the names of checkpoints begin with that are true of the store alone.
    pub without: &'a [&'a str],
}

/// What a copy holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Held {
    /// How large the copy is.
    pub bytes: u64,
    /// Documents in the ledger.
    pub documents: u64,
    /// Those of them that failed.
    pub failed: u64,
    /// Messages that were queued.
    pub waiting: u64,
    /// Dead letters.
    pub dead: u64,
    /// Histories.
    pub histories: u64,
    /// Codes that a person has imported.
    pub imported: u64,
    /// Whether its schema is that of this program: one of an earlier program is left as it is.
    #[serde(skip)]
    pub is_current: bool,
}

/// Copies the store into a file that is not there yet, for its owner alone.
///
/// All of it is read in one transaction, which keeps no writer waiting. What was deleted is not copied, and what is copied is packed
/// tightly. A copy that was broken off stands under another name.
///
/// # Errors
/// When there is no such store, it cannot be read, or is a newer program's; when there is such a file already, or the copy cannot be
/// written, or is not whole.
pub fn back_up(file: &Path, to: &Path, mark: &Mark<'_>) -> Result<Held, StoreError> {
    let failed = |error| failure(file, DOING, error);
    let unwritten =
        |error: io::Error| StoreError::new(format!("{DOING} to {}", to.display()), error.to_string());
    if to.exists() {
        return Err(unwritten(io::Error::new(
            io::ErrorKind::AlreadyExists,
            "there is such a file: name another",
        )));
    }
    let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let part = tempfile::Builder::new().prefix("relay-backup-").suffix(".part").tempfile_in(folder);
    let part = part.map_err(unwritten)?;
    let source = open::whole_reader(file)?;
    let is_current = migrations::is_current(file, &source)?;
    source.execute("VACUUM INTO ?1", [&*part.path().to_string_lossy()]).map_err(failed)?;
    let held = marked(part.path(), mark).map_err(|error| failure(part.path(), DOING, error))?;
    let held = held.map_err(|damage| {
        StoreError::new(format!("{DOING} to {}", to.display()), format!("the copy is not whole: {damage}"))
    })?;
    let bytes = kept(part, to, folder).map_err(unwritten)?;
    Ok(Held { bytes, is_current, ..held })
}

/// Notes in the copy that it is one, and reads it through; an error in words where it is damaged.
fn marked(part: &Path, mark: &Mark<'_>) -> rusqlite::Result<Result<Held, String>> {
    let copy = Connection::open(part)?;
    // It goes to the disk as a whole, before it gets its name.
    copy.execute_batch(
        "PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF; PRAGMA cell_size_check = ON",
    )?;
    for prefix in mark.without {
        copy.execute("DELETE FROM checkpoints WHERE substr(name, 1, length(?1)) = ?1", [prefix])?;
    }
    copy.execute(
        "INSERT OR REPLACE INTO checkpoints (name, value, revision, fence) VALUES (?1, ?2, 1, 0)",
        params![mark.name, mark.value],
    )?;
    let found: String = copy.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    if found != "ok" {
        return Ok(Err(found));
    }
    let count = |of: &str| copy.query_row(&format!("SELECT count(*) FROM {of}"), [], |row| row.get(0));
    let is_there = |table: &str| {
        copy.query_row("SELECT count(*) FROM sqlite_master WHERE name = ?1", [table], |row| row.get(0))
    };
    let has_archive: u64 = is_there("archive")?;
    Ok(Ok(Held {
        bytes: 0,
        documents: count("ledger")?,
        failed: count("ledger WHERE failed_at IS NOT NULL")?,
        waiting: count("messages WHERE dead = 0")?,
        dead: count("messages WHERE dead = 1")?,
        histories: if has_archive > 0 { count("archive")? } else { 0 },
        imported: count("lookups WHERE expires_at IS NULL")?,
        is_current: false,
    }))
}

/// Gives the copy its name once all of it is on the disk, and tells how large it is.
fn kept(part: NamedTempFile, to: &Path, folder: &Path) -> io::Result<u64> {
    let file = File::open(part.path())?;
    file.sync_all()?;
    part.persist_noclobber(to).map_err(|error| error.error)?;
    File::open(folder)?.sync_all()?;
    Ok(file.metadata()?.len())
}
