//! What an error of SQLite means, and the way out.

use std::path::Path;
use std::sync::Arc;

use rusqlite::{ErrorCode, ffi};

use relay_core::{StoreError, StoreErrorKind as Kind};

/// The way out where the path does not name the file any more that was opened.
pub(super) const GONE: &str = "the file was deleted, moved or replaced while it was in use, and nobody would read what is \
    written to it now: stop every `relay` on it, put it back together with its -wal file (or restore it from a backup), \
    and start again";

pub(super) const DAMAGED: &str = "it is not a (whole) SQLite database: name another file in RELAY_STORE, or restore this \
    one from a backup (what is left of it: `sqlite3 FILE .recover`)";

const FULL: &str = "the disk is full: make room, and what was refused can come again";

const UNWRITABLE: &str = "the system takes no more of it: is the disk full, or is a quota or a limit on the size of files \
    (`ulimit -f`) reached?";

const CUT_OFF: &str = "it is shorter than it must be: it was cut off, or it is new and the -wal file beside it is of a store \
    that was deleted. Restore it from a backup, or take the -wal and -shm files away too";

const BAD_DISK: &str = "the disk does not give back what was written: look at the system's log, and restore the file \
    from a backup on a disk that is sound";

pub(super) fn failure(file: &Path, doing: &str, error: impl Into<Arc<rusqlite::Error>>) -> StoreError {
    let (doing, error) = (format!("{doing} {}", file.display()), error.into());
    let failure = match meaning(&error) {
        Some((kind, way_out)) => StoreError::new(doing, format!("{way_out} ({error})")).of_kind(kind),
        None => StoreError::new(doing, error.to_string()),
    };
    failure.caused_by(error)
}

fn meaning(error: &rusqlite::Error) -> Option<(Kind, &'static str)> {
    Some(match error.sqlite_error_code()? {
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => (
            Kind::Busy,
            "another program has kept it locked for 3 s: stop that program (a copy tool? a second `relay`?) and try again",
        ),
        ErrorCode::ReadOnly => {
            (Kind::Denied, "it is read-only: give this user the right to write the file and its folder")
        }
        ErrorCode::CannotOpen => {
            (Kind::Denied, "it cannot be opened: does its folder exist, and may this user write there?")
        }
        ErrorCode::NotADatabase => (Kind::Foreign, DAMAGED),
        ErrorCode::DatabaseCorrupt => (Kind::Corrupt, DAMAGED),
        ErrorCode::DiskFull => (Kind::Full, FULL),
        ErrorCode::SystemIoFailure => return of_disk(error),
        _ => return None,
    })
}

/// SQLite calls only ENOSPC a full disk: a quota and a limit on file sizes are failed writes to it. A write that failed
/// was rolled back, so that it says nothing of what stands in the file; a read that failed does.
fn of_disk(error: &rusqlite::Error) -> Option<(Kind, &'static str)> {
    match error.sqlite_error()?.extended_code {
        ffi::SQLITE_IOERR_WRITE | ffi::SQLITE_IOERR_SHMSIZE => Some((Kind::Full, UNWRITABLE)),
        ffi::SQLITE_IOERR_SHORT_READ => Some((Kind::Corrupt, CUT_OFF)),
        ffi::SQLITE_IOERR_READ | ffi::SQLITE_IOERR_DATA | ffi::SQLITE_IOERR_CORRUPTFS => {
            Some((Kind::Corrupt, BAD_DISK))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(code: i32) -> Kind {
        let error = rusqlite::Error::SqliteFailure(ffi::Error::new(code), None);
        failure(Path::new("relay.db"), "writing", error).kind
    }

    #[test]
    fn a_disk_without_room_is_no_damage() {
        for code in [ffi::SQLITE_FULL, ffi::SQLITE_IOERR_WRITE, ffi::SQLITE_IOERR_SHMSIZE] {
            assert_eq!(kind(code), Kind::Full, "{code}");
        }
        assert_eq!(kind(ffi::SQLITE_IOERR_FSYNC), Kind::Other);
    }

    #[test]
    fn what_sqlite_said_is_there_for_programs_and_printed_once() {
        let error = rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_FULL), None);
        let said = error.to_string();
        let failure = failure(Path::new("relay.db"), "writing", error);
        assert_eq!(failure.to_string().matches(&said).count(), 1, "{failure}");
        let cause = failure.cause.as_deref().and_then(|cause| cause.downcast_ref::<rusqlite::Error>());
        assert_eq!(cause.and_then(rusqlite::Error::sqlite_error_code), Some(ErrorCode::DiskFull));
        assert!(std::error::Error::source(&failure).is_none());
    }

    #[test]
    fn what_cannot_be_read_is_damage() {
        for code in [ffi::SQLITE_CORRUPT, ffi::SQLITE_CORRUPT_INDEX, ffi::SQLITE_IOERR_READ] {
            assert_eq!(kind(code), Kind::Corrupt, "{code}");
        }
    }
}
