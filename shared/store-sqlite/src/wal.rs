//! Keeps the write-ahead log small.
//!
//! SQLite writes the log back into the file after every 1,000 pages and begins it anew, unless somebody reads: then it
//! grows, and stays as large as it was. So it is cut as soon as no reader needs it any more. `relay serve` looks at its
//! queues every second, which is a write, so that it is cut without new documents too.

use std::path::PathBuf;
use std::time::Duration;

use rusqlite::Connection;

use super::health::Health;
use super::open::BUSY_TIMEOUT;

/// What the log may keep, in bytes: twice what it grows to while nobody reads.
pub(super) const LIMIT: u64 = 16 * 1024 * 1024;

/// A log of this size is told of: somebody reads on and on, or the disk takes nothing.
const ALARMING: u64 = 256 * 1024 * 1024;

/// How often it is tried.
const EVERY: Duration = Duration::from_secs(1);

/// How long a try may keep writers waiting for readers to end.
pub(super) const PATIENCE: Duration = Duration::from_millis(20);

/// The write-ahead log of an open store.
pub(super) struct Wal {
    path: PathBuf,
    /// The last try, by monotonic time.
    tried: Option<Duration>,
    /// The size that was told of.
    told: u64,
}

impl Wal {
    pub(super) fn of(health: &Health) -> Self {
        Self { path: health.wal().to_owned(), tried: None, told: 0 }
    }

    /// Whether it is time to try: it is too large, or no disk space was left for it.
    pub(super) fn wants_shrinking(&mut self, is_full: bool, now: Duration) -> bool {
        if !is_full && self.bytes() <= LIMIT {
            return false;
        }
        let is_time = self.tried.is_none_or(|last| now >= last + EVERY);
        if is_time {
            self.tried = Some(now);
        }
        is_time
    }

    /// Writes the log back into the file and cuts it, as far as readers allow. Not being able to is no error: what it
    /// holds is safe.
    pub(super) fn shrink(&mut self, connection: &Connection) {
        let cut = || {
            connection.busy_timeout(PATIENCE)?;
            connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, bool>(0))
        };
        let cut = cut();
        let restored = connection.busy_timeout(BUSY_TIMEOUT);
        if let Err(error) = cut.and(restored) {
            tracing::warn!(%error, "the write-ahead log could not be written back");
        }
        self.tell_of_size();
    }

    fn tell_of_size(&mut self) {
        let bytes = self.bytes();
        if bytes < ALARMING {
            self.told = 0;
        } else if bytes >= self.told.saturating_mul(2) {
            self.told = bytes;
            tracing::warn!(
                file = %self.path.display(),
                bytes,
                "the write-ahead log grows: another program reads the store without an end (a shell, a copy tool?)"
            );
        }
    }

    fn bytes(&self) -> u64 {
        self.path.metadata().map_or(0, |found| found.len())
    }
}
