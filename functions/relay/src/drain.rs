//! Working the queues until they are empty.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use futures::future::try_join_all;
use indicatif::{ProgressBar, ProgressStyle};
use relay_core::clock::Clock;
use relay_core::pause::Pause;
use relay_core::{StoreError, System};
use relay_erp_pusher::{ErpPusher, Worker, worker::Worked};

use crate::tally::Tally;

/// A longer wait is cut into pieces, so that what comes in meanwhile is worked.
const LONGEST_SLEEP: Duration = Duration::from_secs(5);

/// What draining came to.
pub(crate) struct Drained {
    pub(crate) tally: Tally,
    /// The targets that are paused; their messages wait.
    pub(crate) paused: BTreeMap<System, Pause>,
}

/// Works every queue until it is empty or its target is paused, all of them at the same time.
pub(crate) async fn drain(pusher: &ErpPusher, clock: &dyn Clock) -> Result<Drained, StoreError> {
    let workers = pusher.workers();
    let progress = Progress::new();
    let paused = try_join_all(workers.iter().map(|worker| drain_one(worker, clock, &progress))).await?;
    let paused = workers.iter().map(Worker::system).zip(paused);
    Ok(Drained {
        paused: paused.filter_map(|(system, pause)| Some((system, pause?))).collect(),
        tally: progress.finish(),
    })
}

async fn drain_one(
    worker: &Worker,
    clock: &dyn Clock,
    progress: &Progress,
) -> Result<Option<Pause>, StoreError> {
    loop {
        match worker.work(&|| true).await? {
            Worked::Batch(turns) => progress.count(&turns),
            Worked::Paused(pause) => return Ok(Some(pause)),
            Worked::Nothing { wait: None } => return Ok(None),
            Worked::Nothing { wait: Some(wait) } => {
                progress.waiting(worker.system(), wait);
                // At least a moment: a wait of nothing would spin.
                clock.sleep(wait.clamp(Duration::from_millis(10), LONGEST_SLEEP)).await;
            }
        }
    }
}

/// The tally, shown while it grows where somebody watches.
struct Progress {
    tally: Mutex<Tally>,
    bar: ProgressBar,
}

impl Progress {
    fn new() -> Self {
        let bar = ProgressBar::new_spinner();
        if let Ok(style) = ProgressStyle::with_template("{spinner} {pos} documents done in {elapsed} {msg}") {
            bar.set_style(style);
        }
        Self { tally: Mutex::default(), bar }
    }

    fn count(&self, turns: &[relay_erp_pusher::Turn]) {
        let mut tally = self.tally.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        tally.count(turns);
        self.bar.set_position(tally.flows.values().map(|flow| flow.read).sum());
        self.bar.set_message("");
    }

    fn waiting(&self, system: System, wait: Duration) {
        if self.bar.is_hidden() && wait > LONGEST_SLEEP {
            // Nobody watches a bar: the log tells why nothing seems to happen.
            tracing::warn!(%system, wait_s = wait.as_secs(), "waiting for messages in flight or in back-off");
        }
        self.bar.set_message(format!("({system} waits {} s)", wait.as_secs()));
        self.bar.tick();
    }

    fn finish(self) -> Tally {
        self.bar.finish_and_clear();
        self.tally.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
