//! Working the queues until they are empty.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures::future::try_join_all;
use indicatif::{ProgressBar, ProgressStyle};
use relay_core::pause::{self, Pause, Scope};
use relay_core::policy::{self, Receive};
use relay_core::{StoreError, System};
use relay_erp_pusher::{ErpPusher, Idle, Turn, Worker};
use relay_host::Wiring;

use crate::language::{self, said};
use crate::tally::Tally;

/// A longer wait is cut into pieces, so that what comes in meanwhile is worked.
const LONGEST_SLEEP: Duration = Duration::from_secs(5);

/// What draining came to.
pub(crate) struct Drained {
    pub(crate) tally: Tally,
    /// The targets that are paused; their messages wait.
    pub(crate) paused: BTreeMap<System, Pause>,
    /// The flows that are paused, where messages are left that may be theirs.
    pub(crate) paused_flows: BTreeMap<String, Pause>,
}

impl Drained {
    /// Whether nothing rests.
    pub(crate) fn is_all_done(&self) -> bool {
        self.paused.is_empty() && self.paused_flows.is_empty()
    }
}

/// Why one queue is not worked any more.
enum End {
    Empty,
    Paused(Pause),
    /// What is left is of flows that are paused, or was put away by others.
    FlowsPaused(BTreeMap<String, Pause>),
}

/// Works every queue until it is empty or what is left is paused, all of them at the same time.
pub(crate) async fn drain(pusher: &ErpPusher, wiring: &Wiring) -> Result<Drained, StoreError> {
    let workers = pusher.workers();
    let progress = Progress::new();
    let ends = loop {
        let before = progress.done();
        let ends = try_join_all(workers.iter().map(|worker| drain_one(worker, wiring, &progress))).await?;
        // What the last queue has delivered may have been told to one that was empty by then.
        if progress.done() == before {
            break ends;
        }
    };
    let (mut paused, mut paused_flows) = (BTreeMap::new(), BTreeMap::new());
    for (worker, end) in workers.iter().zip(ends) {
        match end {
            End::Empty => {}
            End::Paused(pause) => _ = paused.insert(worker.system(), pause),
            End::FlowsPaused(flows) => paused_flows.extend(flows),
        }
    }
    Ok(Drained { tally: progress.finish(), paused, paused_flows })
}

async fn drain_one(worker: &Worker, wiring: &Wiring, progress: &Progress) -> Result<End, StoreError> {
    let backing_off = BackingOff::default();
    loop {
        let told = |turns: &[Turn]| {
            backing_off.note(turns, wiring.clock.now());
            progress.count(turns);
        };
        match worker.work_through(&|| true, &told).await? {
            Idle::Paused(pause) => return Ok(End::Paused(pause)),
            Idle::NotLooked => {}
            Idle::Nothing { wait: None } => return Ok(End::Empty),
            Idle::Nothing { wait: Some(wait) } => {
                let paused = paused_flows(wiring, worker.system()).await?;
                // A message of a paused flow comes up each half hour until the flow is resumed: it is not waited for.
                if !paused.is_empty() && backing_off.is_over(&paused) {
                    return Ok(End::FlowsPaused(paused));
                }
                progress.waiting(worker.system(), wait);
                // At least a moment: a wait of nothing would spin.
                wiring.clock.sleep(wait.clamp(Duration::from_millis(10), LONGEST_SLEEP)).await;
            }
        }
    }
}

/// The flows of a target that are paused.
async fn paused_flows(wiring: &Wiring, system: System) -> Result<BTreeMap<String, Pause>, StoreError> {
    let mut paused = BTreeMap::new();
    let (checkpoints, now) = (wiring.stores.checkpoints.as_ref(), wiring.clock.now());
    for routed in wiring.flows.iter().filter(|routed| routed.system == system) {
        let flow = routed.flow.name();
        let pause = pause::current(checkpoints, Scope::Flow(flow), now).await?;
        paused.extend(pause.map(|pause| (flow.to_owned(), pause)));
    }
    Ok(paused)
}

/// The messages that this drain has put away, each with its flow.
#[derive(Default)]
struct BackingOff(Mutex<HashMap<String, String>>);

impl BackingOff {
    fn note(&self, turns: &[Turn], now: DateTime<Utc>) {
        let mut put_away = self.put_away();
        for turn in turns {
            let id = &turn.message.received.id;
            match policy::of(&turn.outcome, Receive::first(now)).again {
                Some(_) => _ = put_away.insert(id.clone(), turn.flow().to_owned()),
                None => _ = put_away.remove(id),
            }
        }
    }

    /// Whether nothing is waited for but what is of these flows.
    fn is_over(&self, paused: &BTreeMap<String, Pause>) -> bool {
        self.put_away().values().all(|flow| paused.contains_key(flow))
    }

    fn put_away(&self) -> MutexGuard<'_, HashMap<String, String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
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
        if let Ok(style) = ProgressStyle::with_template(language::current().says(
            "{spinner} 已处理 {pos} 张,{elapsed} {msg}",
            "{spinner} {pos} documents done in {elapsed} {msg}",
        )) {
            bar.set_style(style);
        }
        Self { tally: Mutex::default(), bar }
    }

    fn count(&self, turns: &[Turn]) {
        let mut tally = self.tally.lock().unwrap_or_else(PoisonError::into_inner);
        tally.count(turns);
        self.bar.set_position(read(&tally));
        self.bar.set_message("");
    }

    /// How many turns there were.
    fn done(&self) -> u64 {
        read(&self.tally.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn waiting(&self, system: System, wait: Duration) {
        if self.bar.is_hidden() && wait > LONGEST_SLEEP {
            // Nobody watches a bar: the log tells why nothing seems to happen.
            tracing::warn!(%system, wait_s = wait.as_secs(), "waiting for messages in flight or in back-off");
        }
        self.bar.set_message(said!("({system} 等 {} 秒)", "({system} waits {} s)", wait.as_secs()));
        self.bar.tick();
    }

    fn finish(self) -> Tally {
        self.bar.finish_and_clear();
        self.tally.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

fn read(tally: &Tally) -> u64 {
    tally.flows.values().map(|flow| flow.read).sum()
}
