//! Whether the file is still the one that was opened, and whole.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use super::failure::{DAMAGED, GONE, failure};
use relay_core::{StoreError, StoreErrorKind};

/// What the clones of a store know of its file. What was once found wrong stays known: nothing is read or written any
/// more, so that a push is answered with 1 rather than with a 0 that nobody would keep.
pub(super) struct Health {
    file: PathBuf,
    parts: [Part; 3],
    /// A file that stands beside the store from when damage was found until a check finds none: other programs, and this
    /// one when it starts again, believe the store only after they have read all of it.
    suspicion: PathBuf,
    /// What is wrong, in words and as a kind.
    wrong: OnceLock<(StoreErrorKind, String)>,
}

/// A file as it was when the store was opened. Its path is looked at and never opened: closing it again would drop the
/// locks that this process holds on it.
struct Part {
    path: PathBuf,
    device: u64,
    inode: u64,
}

impl Health {
    /// Of a file whose connections have just been opened, and have read: the files beside it are there by then.
    pub(super) fn of(file: &Path) -> Result<Self, StoreError> {
        let look = || {
            // SQLite keeps them beside the file that a symbolic link points at.
            let real = file.canonicalize()?.into_os_string();
            let beside = |suffix: &str| {
                let mut path = real.clone();
                path.push(suffix);
                PathBuf::from(path)
            };
            let parts = [file.to_owned(), beside("-wal"), beside("-shm")];
            let [file, wal, shm] = parts.map(Part::at);
            std::io::Result::Ok(([file?, wal?, shm?], beside("-damaged")))
        };
        let (parts, suspicion) = look().map_err(|error| {
            let doing = format!("opening the store {}", file.display());
            StoreError::new(doing, format!("its files cannot be looked at: {error}"))
        })?;
        Ok(Self { file: file.to_owned(), parts, suspicion, wrong: OnceLock::new() })
    }

    /// The write-ahead log.
    pub(super) fn wal(&self) -> &Path {
        &self.parts[1].path
    }

    /// Whether nothing was found wrong so far.
    pub(super) fn still_well(&self, doing: &str) -> Result<(), StoreError> {
        match self.wrong.get() {
            None => Ok(()),
            Some((kind, reason)) => Err(self.error(doing, reason).of_kind(*kind)),
        }
    }

    /// Whether the paths still name the files that are open: what is written to others is lost with this process.
    pub(super) fn still_ours(&self, doing: &str) -> Result<(), StoreError> {
        for part in &self.parts {
            match part.is_there() {
                Ok(true) => {}
                Ok(false) => {
                    let reason = format!("{}: {GONE}", part.path.display());
                    return Err(self.found(doing, StoreErrorKind::Gone, reason));
                }
                Err(error) => {
                    let reason = format!("{} cannot be looked at: {error}", part.path.display());
                    return Err(self.error(doing, &reason));
                }
            }
        }
        Ok(())
    }

    /// What an error of SQLite means.
    pub(super) fn met(&self, doing: &str, error: impl Into<Arc<rusqlite::Error>>) -> StoreError {
        let met = failure(&self.file, doing, error);
        match met.kind {
            StoreErrorKind::Corrupt | StoreErrorKind::Foreign => {
                StoreError { cause: met.cause, ..self.found(doing, met.kind, met.reason) }
            }
            _ => met,
        }
    }

    /// What kind of failure an error of SQLite is; nothing is noted.
    pub(super) fn meaning(&self, error: &Arc<rusqlite::Error>) -> StoreErrorKind {
        failure(&self.file, "", error.clone()).kind
    }

    /// Notes damage that the check has found.
    pub(super) fn damaged(&self, doing: &str, found: &str) -> StoreError {
        self.found(doing, StoreErrorKind::Corrupt, format!("{DAMAGED} ({found})"))
    }

    /// Whether damage was found before, by whomever.
    pub(super) fn is_suspect(&self) -> bool {
        self.suspicion.exists()
    }

    /// Ends the suspicion: all of the file was read, and it is whole.
    pub(super) fn is_whole(&self) {
        // What is not there need not be taken away; what cannot be is only read through once more.
        _ = fs::remove_file(&self.suspicion);
    }

    fn found(&self, doing: &str, kind: StoreErrorKind, reason: String) -> StoreError {
        let error = self.error(doing, &reason).of_kind(kind);
        if kind == StoreErrorKind::Corrupt {
            // Where it cannot be written, others find the damage by themselves, if later.
            _ = fs::write(&self.suspicion, format!("{error}\n"));
        }
        if self.wrong.set((kind, reason)).is_ok() {
            tracing::error!(%error, "the store takes nothing any more");
        }
        error
    }

    fn error(&self, doing: &str, reason: &str) -> StoreError {
        StoreError::new(format!("{doing} {}", self.file.display()), reason)
    }
}

impl Part {
    fn at(path: PathBuf) -> std::io::Result<Self> {
        let found = path.metadata()?;
        Ok(Self { path, device: found.dev(), inode: found.ino() })
    }

    fn is_there(&self) -> std::io::Result<bool> {
        match self.path.metadata() {
            Ok(found) => Ok(found.dev() == self.device && found.ino() == self.inode),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }
}
