//! Adapter: all four ports in one SQLite file.
//!
//! The embedded default: what a newcomer starts with, what a small merchant stays on, and what tests run on. WAL, so
//! that `relay status` reads while `relay serve` writes; `synchronous = FULL`, because an order that was answered with
//! 0 must survive the power cut of the next moment.
//!
//! | file | what for |
//! |---|---|
//! | `open` | connections: how they are opened, and what a file must be |
//! | `lane` | one connection, used by one after the other |
//! | `health` | whether the file is still ours and whole; what was once found wrong stays known |
//! | `check` | reads the file through at the start |
//! | `wal` | keeps the write-ahead log small |
//! | `failure` | what an error of SQLite means, and the way out |

mod check;
mod checkpoints;
mod failure;
mod health;
mod lane;
mod ledger;
mod lookups;
mod open;
mod queue;
mod wal;

use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use relay_core::clock::{Clock, SteadyClock};
use rusqlite::{Transaction, TransactionBehavior};

use crate::health::Health;
use crate::lane::Lane;
use crate::wal::Wal;
use relay_core::{StoreError, StoreErrorKind, Stores};

/// One SQLite file with everything in it.
///
/// Reads never wait for writes, and short reads never wait for long ones: each kind has a connection of its own, which
/// sees everything that was committed before the read began.
#[derive(Clone)]
pub struct Sqlite {
    /// Reads what is found by its key.
    reader: Lane,
    /// Reads through much of the file: lists and counts, which take seconds where the ledger is large.
    scanner: Lane,
    writer: Lane,
    wal: Arc<Wal>,
    health: Arc<Health>,
    clock: Arc<dyn Clock>,
}

impl Sqlite {
    /// Opens the file, or creates it.
    ///
    /// # Errors
    /// When the file cannot be opened, is no database or another program's, is damaged, cannot be written or is locked.
    /// The message names the file and the way out.
    pub fn open(file: &Path, clock: Arc<dyn Clock>) -> Result<Self, StoreError> {
        let writer = open::writer(file)?;
        let checker = open::reader(file)?;
        let [reader, scanner] = [open::reader(file)?, open::reader(file)?].map(Lane::of);
        let health = Arc::new(Health::of(file)?);
        check::begin(checker, &health)?;
        let wal = Arc::new(Wal::of(&health));
        // What waits in the store is not to wait longer because somebody sets the machine's clock back.
        let clock = Arc::new(SteadyClock::new(clock));
        Ok(Self { reader, scanner, writer: Lane::of(writer), wal, health, clock })
    }

    /// Opens a file that is there, and creates none: an empty store would say that all is well.
    ///
    /// # Errors
    /// As [`Sqlite::open`], and where there is no such file or nothing in it.
    pub fn open_existing(file: &Path, clock: Arc<dyn Clock>) -> Result<Self, StoreError> {
        let absent = match file.metadata() {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                "there is no such file (does its folder exist?)"
            }
            // A disk that was full, or a copy that was broken off, leaves one like this.
            Ok(about) if about.len() == 0 => "the file is empty: no store, or one that was cut off",
            _ => return Self::open(file, clock),
        };
        let file = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
        Err(StoreError::new(
            format!("opening the store {}", file.display()),
            format!(
                "{absent}: go to the folder where `relay serve` was started, or name its store in RELAY_STORE; a new one \
                 is created by `relay serve` or `relay invoke`"
            ),
        ))
    }

    /// The four ports, all in this file.
    #[must_use]
    pub fn stores(&self) -> Stores {
        let this = Arc::new(self.clone());
        Stores { queue: this.clone(), checkpoints: this.clone(), ledger: this.clone(), lookups: this }
    }

    /// Writes in one transaction. `Ok` means: durable, in the file that the path names.
    async fn write_in<T: Send + 'static>(
        &self,
        doing: &'static str,
        work: impl FnOnce(&Transaction<'_>, DateTime<Utc>) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        // Immediate: two programs never both read and then both try to write.
        let written = self.turn(&self.writer, doing, TransactionBehavior::Immediate, work).await;
        let is_full = matches!(&written, Err(error) if error.kind == StoreErrorKind::Full);
        if self.wal.wants_shrinking(is_full, self.clock.monotonic()) {
            // After the answer: a push does not wait for it.
            let (writer, wal) = (self.writer.clone(), self.wal.clone());
            tokio::spawn(async move { writer.turn(move |connection| wal.shrink(connection)).await });
        }
        written
    }

    /// Reads what is found by its key.
    async fn read_in<T: Send + 'static>(
        &self,
        doing: &'static str,
        work: impl FnOnce(&Transaction<'_>, DateTime<Utc>) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.turn(&self.reader, doing, TransactionBehavior::Deferred, work).await
    }

    /// Reads through much of the file.
    async fn scan_in<T: Send + 'static>(
        &self,
        doing: &'static str,
        work: impl FnOnce(&Transaction<'_>, DateTime<Utc>) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.turn(&self.scanner, doing, TransactionBehavior::Deferred, work).await
    }

    async fn turn<T: Send + 'static>(
        &self,
        lane: &Lane,
        doing: &'static str,
        behavior: TransactionBehavior,
        work: impl FnOnce(&Transaction<'_>, DateTime<Utc>) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.health.still_well(doing)?;
        let clock = self.clock.clone();
        let turn = lane.turn(move |connection| {
            let transaction = connection.transaction_with_behavior(behavior)?;
            let value = work(&transaction, clock.now())?;
            transaction.commit()?;
            Ok(value)
        });
        let done = turn
            .await
            .map_err(|panicked| StoreError::new(doing, format!("a transaction panicked: {panicked}")))?;
        let value = done.map_err(|error| self.health.met(doing, &error))?;
        // After the commit, so that a file that was taken away in its midst is noticed too.
        self.health.still_ours(doing)?;
        Ok(value)
    }
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
