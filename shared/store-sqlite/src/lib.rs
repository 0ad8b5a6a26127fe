//! Adapter: all ports in one SQLite file.
//!
//! The embedded default: what a newcomer starts with, what a small merchant stays on, and what tests run on. WAL, so
//! that `relay status` reads while `relay serve` writes; `synchronous = FULL`, because an order that was answered with
//! 0 must survive the power cut of the next moment.
//!
//! | file | what for |
//! |---|---|
//! | `open` | connections: how they are opened, and what a file must be |
//! | `migrations` | brings the file of an earlier program up, step by step |
//! | `writer` | the one connection that writes: what has gathered is one transaction |
//! | `request` | what waits for the writer |
//! | `arrivals` | wakes who waits for what this process sends |
//! | `shared_text` | what messages of one send end with stands once |
//! | `blocking` | where work that blocks is done |
//! | `lane` | a connection that reads, used by one after the other |
//! | `retention`, `housekeeping` | how long what is done with is kept, and how it is forgotten |
//! | `health` | whether the file is still ours and whole; what was once found wrong stays known |
//! | `check` | reads the file through at the start |
//! | `backup` | a copy of the file while it is used |
//! | `wal` | keeps the write-ahead log small |
//! | `failure` | what an error of SQLite means, and the way out |

mod archive;
mod arrivals;
mod audit;
mod backup;
mod blocking;
mod check;
mod checkpoints;
mod dead_letters;
mod failure;
mod groups;
mod health;
mod housekeeping;
mod lane;
mod ledger;
mod look;
mod lookups;
mod migrations;
mod open;
mod queue;
mod quotas;
mod request;
mod retention;
mod shared_text;
mod steady_time;
mod wal;
mod writer;

use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use relay_core::archive::{Archive, Disabled};
use relay_core::clock::Clock;
use rusqlite::Connection;

use crate::arrivals::Arrivals;
use crate::blocking::Blocking;
use crate::health::Health;
use crate::lane::Lane;
use crate::steady_time::SteadyTime;
use crate::writer::Writer;
use relay_core::{StoreError, Stores};

pub use crate::backup::{Held, Mark, back_up};
pub use crate::housekeeping::Cleaned;
pub use crate::retention::Retention;

/// How a store is opened.
struct Opening {
    /// How long to wait for the check of the file.
    patience: Duration,
    blocking: Blocking,
}

impl Opening {
    fn of(patience: Duration) -> Self {
        Self { patience, blocking: Blocking::Threads }
    }
}

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
    writer: Arc<Writer>,
    health: Arc<Health>,
    time: SteadyTime,
    retention: Retention,
    blocking: Blocking,
    arrivals: Arrivals,
}

impl Sqlite {
    /// Opens the file, or creates it, and keeps what is done with for as long as is usual.
    ///
    /// # Errors
    /// As [`Sqlite::open_with`].
    pub fn open(file: &Path, clock: Arc<dyn Clock>) -> Result<Self, StoreError> {
        Self::open_with(file, clock, Retention::default())
    }

    /// Opens the file, or creates it. A file of an earlier program is brought up.
    ///
    /// # Errors
    /// When the file cannot be opened, is no database or another program's or a newer one's, is damaged, cannot be written
    /// or is locked. The message names the file and the way out.
    pub fn open_with(file: &Path, clock: Arc<dyn Clock>, retention: Retention) -> Result<Self, StoreError> {
        Self::open_as(file, clock, retention, Opening::of(check::PATIENCE))
    }

    /// Opens the file, or creates it, as a store that does all its work on the thread that asks, when it asks: for a
    /// simulation, in which one seed decides what comes first. A disk that is slow stops everything else there.
    ///
    /// # Errors
    /// As [`Sqlite::open_with`].
    pub fn open_inline(file: &Path, clock: Arc<dyn Clock>, retention: Retention) -> Result<Self, StoreError> {
        Self::open_as(file, clock, retention, Opening { patience: Duration::MAX, blocking: Blocking::Inline })
    }

    fn open_as(
        file: &Path,
        clock: Arc<dyn Clock>,
        retention: Retention,
        Opening { patience, blocking }: Opening,
    ) -> Result<Self, StoreError> {
        let writer = open::writer(file)?;
        let checker = open::reader(file)?;
        let [reader, scanner] =
            [open::reader(file)?, open::reader(file)?].map(|reader| Lane::of(reader, blocking));
        let health = Arc::new(Health::of(file)?);
        check::begin(checker, &health, patience, blocking)?;
        let time = SteadyTime::new(clock);
        let writer = Arc::new(Writer::new(writer, health.clone(), time.clone(), retention, blocking));
        let arrivals = Arrivals::default();
        Ok(Self { reader, scanner, writer, health, time, retention, blocking, arrivals })
    }

    /// Opens a file that is there, and creates none: an empty store would say that all is well.
    ///
    /// # Errors
    /// As [`Sqlite::open`], and where there is no such file or nothing in it.
    pub fn open_existing(file: &Path, clock: Arc<dyn Clock>) -> Result<Self, StoreError> {
        Self::open_existing_with(file, clock, Retention::default())
    }

    /// Opens a file that is there, and creates none.
    ///
    /// # Errors
    /// As [`Sqlite::open_existing`].
    pub fn open_existing_with(
        file: &Path,
        clock: Arc<dyn Clock>,
        retention: Retention,
    ) -> Result<Self, StoreError> {
        let absent = match file.metadata() {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                "there is no such file (does its folder exist?)"
            }
            // A disk that was full, or a copy that was broken off, leaves one like this.
            Ok(about) if about.len() == 0 => "the file is empty: no store, or one that was cut off",
            _ => return Self::open_as(file, clock, retention, Opening::of(check::SHORT_PATIENCE)),
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

    /// The ports, all in this file.
    #[must_use]
    pub fn stores(&self) -> Stores {
        let this = Arc::new(self.clone());
        let archive: Arc<dyn Archive> = match self.retention.history {
            Duration::ZERO => Arc::new(Disabled),
            kept => Arc::new(archive::Rows { store: self.clone(), kept }),
        };
        Stores {
            queue: this.clone(),
            checkpoints: this.clone(),
            ledger: this.clone(),
            lookups: this.clone(),
            archive,
            quotas: this.clone(),
            groups: this.clone(),
            audit: this,
        }
    }

    /// Forgets all that is kept no longer, in small steps with others' writes in between. Without this call it happens by
    /// and by, as the store is written to.
    ///
    /// # Errors
    /// When the store cannot be written: what was forgotten until then stays so.
    pub async fn housekeeping(&self) -> Result<Cleaned, StoreError> {
        let retention = self.retention;
        let clean = move |connection: &Connection, now| housekeeping::clean(connection, now, &retention);
        let cleaned = self.in_steps(clean).await?;
        Ok(cleaned.and(self.in_steps(|connection, _| housekeeping::give_back(connection)).await?))
    }

    /// Does some work step by step, until there is no more of it.
    async fn in_steps(
        &self,
        step: impl Fn(&Connection, DateTime<Utc>) -> rusqlite::Result<Cleaned> + Copy + Send + 'static,
    ) -> Result<Cleaned, StoreError> {
        let mut all = Cleaned::default();
        loop {
            let cleaned = self.write_in(housekeeping::DOING, step).await?;
            all.rows += cleaned.rows;
            if !cleaned.has_more {
                return Ok(all);
            }
        }
    }

    /// Writes in one transaction. `Ok` means: durable, in the file that the path names.
    async fn write_in<T: Send + 'static>(
        &self,
        doing: &'static str,
        work: impl FnMut(&Connection, DateTime<Utc>) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.health.still_well(doing)?;
        self.writer.ask(doing, work).await
    }

    /// Reads what is found by its key.
    async fn read_in<T: Send + 'static>(
        &self,
        doing: &'static str,
        work: impl FnOnce(&Connection, DateTime<Utc>) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.turn(&self.reader, doing, work).await
    }

    /// Reads through much of the file.
    async fn scan_in<T: Send + 'static>(
        &self,
        doing: &'static str,
        work: impl FnOnce(&Connection, DateTime<Utc>) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.turn(&self.scanner, doing, work).await
    }

    async fn turn<T: Send + 'static>(
        &self,
        lane: &Lane,
        doing: &'static str,
        work: impl FnOnce(&Connection, DateTime<Utc>) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.health.still_well(doing)?;
        let time = self.time.clone();
        let turn = lane.turn(move |connection| {
            let transaction = connection.transaction()?;
            let now = time.now(&transaction)?;
            let value = work(&transaction, now)?;
            transaction.commit()?;
            Ok(value)
        });
        let done = turn
            .await
            .map_err(|panicked| StoreError::new(doing, format!("a transaction panicked: {panicked}")))?;
        let value = done.map_err(|error: rusqlite::Error| self.health.met(doing, error))?;
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

fn earlier(now: DateTime<Utc>, wait: Duration) -> i64 {
    millis(now).saturating_sub(i64::try_from(wait.as_millis()).unwrap_or(i64::MAX))
}
