//! What every adapter of the ports must do. The suite knows the ports only: an adapter joins with a `Ports` of its own.
//!
//! It runs on SQLite. On a local AWS it runs with `tests/local-aws/run`, or by hand with
//! `PORTS_ADAPTER=aws AWS_ENDPOINT_URL=… CLOCK_FILE=… cargo test -p port-suite --test ports -- --test-threads 1`
//! beside a `tests/local-aws/ministack.py` that goes by the same file.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot set itself up fails"
)]

mod archive;
mod audit;
mod checkpoints;
mod closing;
mod dead_letters;
mod deliveries;
mod flow_names;
mod groups;
mod health;
mod intake;
mod jobs;
mod ledger;
mod listeners;
mod local_aws;
mod lookups;
mod numbers;
mod pauses;
mod queue;
mod quotas;
mod tally;
mod waits;

use std::sync::Arc;
use std::time::Duration;

use chrono::DateTime;
use relay_core::Stores;
use relay_core::clock::SimulatedClock;
use relay_store_sqlite::Sqlite;

use jobs::Fuse;

/// An adapter under test, and the clock it goes by.
struct Ports {
    stores: Stores,
    clock: Arc<SimulatedClock>,
    /// The same stores as another process has them, which a fuse ends in the midst of what it does there.
    of_another: Box<dyn Fn(&Fuse) -> Stores>,
    /// What the adapter's own clock is moved by, where it has one.
    on_wait: Box<dyn Fn(Duration)>,
}

impl Ports {
    /// The adapter that `PORTS_ADAPTER` names, with nothing in it.
    async fn open() -> Self {
        match std::env::var("PORTS_ADAPTER").as_deref() {
            Err(_) | Ok("sqlite") => Self::sqlite(),
            Ok("aws") => local_aws::open().await,
            Ok(other) => panic!("PORTS_ADAPTER is `{other}`: this build has no such adapter"),
        }
    }

    fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock =
            Arc::new(SimulatedClock::starting_at(DateTime::from_timestamp(1_700_000_000, 0).unwrap()));
        let stores = Sqlite::open(&folder.path().join("relay.db"), clock.clone()).unwrap().stores();
        // Holds the folder for as long as the ports are used.
        let on_wait = Box::new(move |_| assert!(folder.path().exists()));
        let same = stores.clone();
        Self { stores, clock, of_another: Box::new(move |fuse| fuse.around(&same)), on_wait }
    }

    fn wait(&self, seconds: u64) {
        let duration = Duration::from_secs(seconds);
        (self.on_wait)(duration);
        self.clock.advance(duration);
    }
}
