//! What every adapter of the ports must do. The suite knows the ports only: an adapter joins with a `Ports` of its own.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot set itself up fails")]

mod checkpoints;
mod intake;
mod ledger;
mod lookups;
mod pauses;
mod queue;
mod sqlite_file;

use std::sync::Arc;
use std::time::Duration;

use chrono::DateTime;
use clock::SimulatedClock;
use pipeline::Stores;
use pipeline::sqlite::Sqlite;

/// An adapter under test, and the clock it goes by.
struct Ports {
    stores: Stores,
    clock: Arc<SimulatedClock>,
    _folder: tempfile::TempDir,
}

impl Ports {
    fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock =
            Arc::new(SimulatedClock::starting_at(DateTime::from_timestamp(1_700_000_000, 0).unwrap()));
        let stores = Sqlite::open(&folder.path().join("relay.db"), clock.clone()).unwrap().stores();
        Self { stores, clock, _folder: folder }
    }

    fn wait(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }
}
