//! Adapter: all four ports in one SQLite file.
//!
//! The embedded default: what a newcomer starts with, what a small merchant stays on, and what tests run on. WAL, so
//! that `relay status` reads while `relay serve` writes; `synchronous = FULL`, because an order that was answered with
//! 0 must survive the power cut of the next moment.

mod checkpoints;
mod ledger;
mod lookups;
mod queue;

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use clock::Clock;
use rusqlite::{Connection, ErrorCode, TransactionBehavior};

use crate::{StoreError, Stores};

/// How long to wait for another program that writes to the file. Qince waits 5 seconds for the answer to a push.
const BUSY_TIMEOUT: Duration = Duration::from_secs(3);

/// What the file's `application_id` says: "ERPR". A file with another one is somebody else's database.
const APPLICATION_ID: i32 = 0x4552_5052;

const SCHEMA: &str = include_str!("schema.sql");

/// One SQLite file with everything in it.
#[derive(Clone)]
pub struct Sqlite {
    connection: Arc<Mutex<Connection>>,
    clock: Arc<dyn Clock>,
    file: PathBuf,
}

impl Sqlite {
    /// Opens the file, or creates it.
    ///
    /// # Errors
    /// When the file cannot be opened, is no database or another program's, cannot be written or is locked. The
    /// message names the file and the way out.
    pub fn open(file: &Path, clock: Arc<dyn Clock>) -> Result<Self, StoreError> {
        Self::connect(file).map(|connection| Self {
            connection: Arc::new(Mutex::new(connection)),
            clock,
            file: file.to_owned(),
        })
    }

    /// Opens a file that is there, and creates none: an empty store would say that all is well.
    ///
    /// # Errors
    /// As [`Sqlite::open`], and where there is no such file.
    pub fn open_existing(file: &Path, clock: Arc<dyn Clock>) -> Result<Self, StoreError> {
        if matches!(file.try_exists(), Ok(false)) {
            return Err(StoreError::new(
                format!(
                    "opening the store {}",
                    std::path::absolute(file).as_deref().unwrap_or(file).display()
                ),
                "there is no such file (does its folder exist?): go to the folder where `relay serve` was started, or \
                 name its store in RELAY_STORE; a new one is created by `relay serve` or `relay invoke`",
            ));
        }
        Self::open(file, clock)
    }

    /// The four ports, all in this file.
    #[must_use]
    pub fn stores(&self) -> Stores {
        let this = Arc::new(self.clone());
        Stores { queue: this.clone(), checkpoints: this.clone(), ledger: this.clone(), lookups: this }
    }

    fn connect(file: &Path) -> Result<Connection, StoreError> {
        let fail = |error: &rusqlite::Error| failure(file, "opening the store", error);
        create(file);
        let connection = Connection::open(file).map_err(|error| fail(&error))?;
        connection.busy_timeout(BUSY_TIMEOUT).map_err(|error| fail(&error))?;
        check_owner(file, &connection)?;
        connection
            .execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;")
            .map_err(|error| fail(&error))?;
        connection.execute_batch(SCHEMA).map_err(|error| fail(&error))?;
        Ok(connection)
    }

    /// Runs one transaction off the async threads.
    async fn run<T: Send + 'static>(
        &self,
        doing: &'static str,
        work: impl FnOnce(&rusqlite::Transaction<'_>, DateTime<Utc>) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (connection, now, file) = (self.connection.clone(), self.clock.now(), self.file.clone());
        let result = tokio::task::spawn_blocking(move || {
            // A panic in another transaction has rolled it back: the connection is as good as before.
            let mut connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
            // Immediate: two programs never both read and then both try to write.
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let value = work(&transaction, now)?;
            transaction.commit()?;
            Ok(value)
        })
        .await;
        match result {
            Ok(done) => done.map_err(|error| failure(&file, doing, &error)),
            Err(panicked) => Err(StoreError::new(doing, format!("a transaction panicked: {panicked}"))),
        }
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
    let inspect = || {
        rusqlite::Result::Ok((read("PRAGMA application_id")?, read("SELECT count(*) FROM sqlite_master")?))
    };
    let (id, tables) = inspect().map_err(|error| failure(file, "opening the store", &error))?;
    if id != APPLICATION_ID && tables > 0 {
        return Err(StoreError::new(
            format!("opening the store {}", file.display()),
            "the file is a database of another program: name another file in RELAY_STORE",
        ));
    }
    Ok(())
}

fn failure(file: &Path, doing: &str, error: &rusqlite::Error) -> StoreError {
    let way_out = match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            "another program has kept it locked for 3 s: stop that program (a copy tool? a second `relay`?) and try again"
        }
        Some(ErrorCode::ReadOnly) => {
            "it is read-only: give this user the right to write the file and its folder"
        }
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => {
            "it is not a (whole) SQLite database: name another file in RELAY_STORE, or restore this one from a backup"
        }
        Some(ErrorCode::CannotOpen) => {
            "it cannot be opened: does its folder exist, and may this user write there?"
        }
        Some(ErrorCode::DiskFull) => "the disk is full",
        _ => return StoreError::new(format!("{doing} {}", file.display()), error.to_string()),
    };
    StoreError::new(format!("{doing} {}", file.display()), format!("{way_out} ({error})"))
}

/// Times are stored as milliseconds since 1970, so that they compare as numbers.
fn millis(time: DateTime<Utc>) -> i64 {
    time.timestamp_millis()
}

fn time(millis: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(millis).unwrap_or_default()
}

fn later(now: DateTime<Utc>, wait: Duration) -> i64 {
    millis(now).saturating_add(i64::try_from(wait.as_millis()).unwrap_or(i64::MAX))
}
