//! `relay serve` says each minute that it runs, how many calls it has made and what it has counted, so that whoever asks from
//! elsewhere knows.

use std::fs;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use relay_core::health::Monitor;
use relay_operations::calls;
use relay_operations::status::{Program, SAYS_EVERY};

use crate::supervise::Supervisor;

/// Where Linux tells the machine's name.
const HOST: &str = "/proc/sys/kernel/hostname";

/// This program, which runs since then.
pub(crate) fn this(since: DateTime<Utc>) -> Program {
    let host = fs::read_to_string(HOST).ok().or_else(|| std::env::var("HOSTNAME").ok());
    Program {
        host: host.map_or_else(|| "localhost".to_owned(), |host| host.trim().to_owned()),
        process: std::process::id(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        since,
        seen: since,
    }
}

/// Says so again and again. What came in a burst is told although nothing comes after it.
pub(crate) async fn says_so(supervisor: Supervisor, program: Program, counts: Arc<Monitor>) {
    let turn = || async {
        let (checkpoints, now) = (supervisor.checkpoints.as_ref(), supervisor.clock.now());
        program.says_so(checkpoints, now).await?;
        calls::keep(checkpoints, now).await?;
        counts.flush().await;
        Ok(SAYS_EVERY)
    };
    supervisor.keep("alive", turn).await;
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use relay_core::clock::{Clock as _, SimulatedClock};
    use relay_core::tally::{self, Counted};
    use tokio::sync::watch;

    use super::*;

    #[tokio::test]
    async fn what_came_in_a_burst_is_told_within_a_minute_although_nothing_comes_after_it() {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(SimulatedClock::starting_at(DateTime::UNIX_EPOCH));
        let store = format!("sqlite:{}", folder.path().join("relay.db").display());
        let settings = [("RELAY_STORE".to_owned(), store)].into_iter().collect();
        let checkpoints = relay_host::stores::open(&settings, clock.clone()).await.unwrap().checkpoints;
        let counts = Arc::new(Monitor::new(checkpoints.clone(), clock.clone()));
        for _ in 0..30 {
            counts.count("orders", Counted { read: 1, delivered: 0 }).await;
        }
        let (stop, stopped) = watch::channel(false);
        let supervisor = Supervisor { clock: clock.clone(), checkpoints: checkpoints.clone(), stopped };
        let told = async {
            let mut read = 0;
            // The store takes its time to write, and none of it passes by this clock.
            for _ in 0..100_000 {
                clock.sleep(Duration::from_millis(1)).await;
                read = tally::read(checkpoints.as_ref(), "orders", clock.now()).await.unwrap().all.read;
                if read == 30 {
                    break;
                }
            }
            stop.send_replace(true);
            read
        };
        assert_eq!(tokio::join!(says_so(supervisor, this(clock.now()), counts), told).1, 30);
    }
}
