//! Tasks that are kept going, each with a fate of its own.
//!
//! A task is a turn that is repeated until the program stops. A turn that fails or panics harms no other task: it is
//! begun anew after a back-off of the task's own, and `health/task/<task>` among the checkpoints says so until a turn is well.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures::FutureExt as _;
use relay_core::clock::Clock;
use relay_core::{Checkpoints, StoreError};
use relay_job::conditions::Condition;
use relay_operations::status::NEXT;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

/// The wait after a first failure; it doubles with each that follows.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(120);

/// A turn that went on for so long before it failed was well until then: the back-off begins anew.
const WELL_AFTER: Duration = Duration::from_secs(300);

/// A turn that is so far off is told.
const TOLD: Duration = Duration::from_secs(60);

/// What the checkpoints begin with that say why a task does not go on.
const HEALTH: &str = "health/task/";

/// Tells the tasks when to stop.
pub(crate) type Stop = watch::Receiver<bool>;

/// What keeps a task going.
#[derive(Clone)]
pub(crate) struct Supervisor {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) checkpoints: Arc<dyn Checkpoints>,
    pub(crate) stopped: Stop,
}

/// Why a task does not go on, as `health/task/<task>` tells it while that is so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Trouble {
    /// Since when no turn was well.
    pub(crate) since: DateTime<Utc>,
    /// When this error was first met.
    pub(crate) at: DateTime<Utc>,
    /// What the turn failed with.
    pub(crate) error: String,
}

impl Supervisor {
    /// Repeats a turn until the program stops. A turn answers how long until the next.
    pub(crate) async fn keep<T>(&self, task: &str, turn: impl Fn() -> T)
    where
        T: Future<Output = anyhow::Result<Duration>>,
    {
        let (mut failures, mut trouble) = (0, None);
        // What a former process met is over.
        self.is_well(task).await;
        while !*self.stopped.borrow() {
            let began = self.clock.now();
            let wait = match caught(async { turn().await }).await {
                Ok(wait) => {
                    if failures > 0 {
                        tracing::info!(task, failures, "the task goes on");
                        self.is_well(task).await;
                        (failures, trouble) = (0, None);
                    }
                    if wait >= TOLD {
                        self.tell_next(task, wait).await;
                    }
                    wait
                }
                Err(error) => {
                    let lasted = (self.clock.now() - began).to_std().unwrap_or_default();
                    failures = if lasted >= WELL_AFTER { 1 } else { failures + 1 };
                    let wait = back_off(failures);
                    let error = format!("{error:#}");
                    tracing::error!(task, failures, error, next_try_s = wait.as_secs(), "the task failed");
                    metrics::counter!("task_failures", "task" => task.to_owned()).increment(1);
                    self.note(task, &mut trouble, error).await;
                    wait
                }
            };
            self.sleep(wait).await;
        }
    }

    /// Waits until the program stops.
    pub(crate) async fn until_stopped(&self) {
        // An error means that whoever would say so is gone: that is a stop too.
        _ = self.stopped.clone().wait_for(|stopped| *stopped).await;
    }

    /// Whether the program goes on.
    pub(crate) fn goes_on(&self) -> bool {
        !*self.stopped.borrow()
    }

    /// Takes back what was noted of a task.
    pub(crate) async fn is_well(&self, task: &str) {
        if let Err(error) = self.checkpoints.remove(&checkpoint(task)).await {
            tracing::debug!(task, %error, "that the task is well cannot be noted");
        }
    }

    /// Notes when the next turn is, for `relay status`.
    async fn tell_next(&self, task: &str, wait: Duration) {
        let name = format!("{NEXT}{task}");
        let value = serde_json::json!(self.clock.now() + wait).to_string();
        let noted = async {
            let revision = self.checkpoints.get(&name).await?.map(|checkpoint| checkpoint.revision);
            self.checkpoints.put(&name, &value, revision, None).await
        };
        if let Err(error) = noted.await {
            tracing::debug!(task, %error, "when the next turn is cannot be noted");
        }
    }

    /// The tasks that do not go on, as conditions: only `relay serve` has tasks.
    pub(crate) async fn conditions(&self) -> Result<Vec<Condition>, StoreError> {
        let noted = self.checkpoints.list(HEALTH).await?;
        let stopped = noted.into_iter().filter_map(|(name, noted)| {
            let task = name.strip_prefix(HEALTH)?.to_owned();
            let trouble: Trouble = serde_json::from_str(&noted.value).ok()?;
            let message = "a task of `relay serve` does not go on".to_owned();
            let (since, action, page) = (Some(trouble.since), "relay status".to_owned(), "/");
            Some(Condition { kind: "task", of: task, since, message, action, page })
        });
        Ok(stopped.collect())
    }

    async fn sleep(&self, wait: Duration) {
        tokio::select! {
            () = self.clock.sleep(wait) => {}
            () = self.until_stopped() => {}
        }
    }

    /// Notes what a turn failed with, once for as long as it fails with the same.
    async fn note(&self, task: &str, known: &mut Option<Trouble>, error: String) {
        if known.as_ref().is_some_and(|known| known.error == error) {
            return;
        }
        let at = self.clock.now();
        let since = known.as_ref().map_or(at, |known| known.since);
        let trouble = Trouble { since, at, error };
        match self.write(task, &trouble).await {
            Ok(()) => *known = Some(trouble),
            // The store may be what the task failed for: noted with a later failure.
            Err(error) => tracing::debug!(task, %error, "that the task failed cannot be noted"),
        }
    }

    async fn write(&self, task: &str, trouble: &Trouble) -> Result<(), StoreError> {
        let name = checkpoint(task);
        let value = serde_json::json!(trouble).to_string();
        let revision = self.checkpoints.get(&name).await?.map(|checkpoint| checkpoint.revision);
        // Whoever was first has said the same: a task runs once in a process.
        self.checkpoints.put(&name, &value, revision, None).await.map(drop)
    }
}

fn checkpoint(task: &str) -> String {
    format!("{HEALTH}{task}")
}

fn back_off(failures: u32) -> Duration {
    FIRST_WAIT.saturating_mul(1 << failures.saturating_sub(1).min(16)).min(LONGEST_WAIT)
}

/// A panic fails the turn and nothing else.
async fn caught<T>(turn: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    let done = AssertUnwindSafe(turn).catch_unwind().await;
    done.unwrap_or_else(|_| {
        let place =
            relay_host::logs::place_of_panic().unwrap_or_else(|| "a place that is not known".to_owned());
        Err(anyhow::anyhow!("a mistake in the program: a panic at {place}"))
    })
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use relay_core::clock::SimulatedClock;
    use relay_host::Settings;

    use super::*;

    const START: DateTime<Utc> = DateTime::UNIX_EPOCH;

    struct Stage {
        supervisor: Supervisor,
        stop: watch::Sender<bool>,
        clock: Arc<SimulatedClock>,
        _folder: tempfile::TempDir,
    }

    impl Stage {
        async fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let clock = Arc::new(SimulatedClock::starting_at(START));
            let store = format!("sqlite:{}", folder.path().join("relay.db").display());
            let settings: Settings = [("RELAY_STORE".to_owned(), store)].into_iter().collect();
            let stores = relay_host::stores::open(&settings, clock.clone()).await.unwrap();
            let (stop, stopped) = watch::channel(false);
            let supervisor = Supervisor { clock: clock.clone(), checkpoints: stores.checkpoints, stopped };
            Self { supervisor, stop, clock, _folder: folder }
        }

        fn seconds(&self) -> i64 {
            (self.clock.now() - START).num_seconds()
        }

        async fn health(&self) -> Vec<(String, Trouble)> {
            let noted = self.supervisor.checkpoints.list("health/task/").await.unwrap();
            noted.into_iter().map(|(name, it)| (name, serde_json::from_str(&it.value).unwrap())).collect()
        }

        /// What each turn of a task does, until the last, which stops the program; answers when each began.
        async fn run(&self, turns: &[fn() -> anyhow::Result<Duration>]) -> Vec<i64> {
            let began = std::sync::Mutex::new(Vec::new());
            let turn = || async {
                let place = {
                    let mut began = began.lock().unwrap();
                    began.push(self.seconds());
                    began.len() - 1
                };
                if place + 1 == turns.len() {
                    self.stop.send_replace(true);
                }
                turns[place]()
            };
            self.supervisor.keep("poller", turn).await;
            began.into_inner().unwrap()
        }
    }

    fn well() -> anyhow::Result<Duration> {
        Ok(Duration::from_secs(300))
    }

    fn panics() -> anyhow::Result<Duration> {
        panic!("13912345678")
    }

    fn fails() -> anyhow::Result<Duration> {
        anyhow::bail!("the store is locked")
    }

    #[tokio::test]
    async fn a_turn_that_panics_or_fails_is_begun_anew_ever_later_and_at_once_after_a_good_one() {
        let stage = Stage::new().await;
        let began = stage.run(&[panics, fails, panics, well, fails, well]).await;
        assert_eq!(began, [0, 1, 3, 7, 307, 308]);
        let many: Vec<_> = (1..=12).map(|failures| back_off(failures).as_secs()).collect();
        assert_eq!(many, [1, 2, 4, 8, 16, 32, 64, 120, 120, 120, 120, 120]);
        assert_eq!(back_off(u32::MAX), LONGEST_WAIT);
    }

    #[tokio::test]
    async fn what_a_task_fails_with_stands_in_the_checkpoints_until_it_is_well() {
        let stage = Stage::new().await;
        stage.run(&[fails, fails, panics]).await;
        let health = stage.health().await;
        let [(name, trouble)] = &health[..] else { panic!("{health:?}") };
        assert_eq!(name, "health/task/poller");
        assert_eq!((trouble.since, trouble.at), (START, START + Duration::from_secs(3)));
        assert!(trouble.error.contains("panic") && !trouble.error.contains("139"), "{trouble:?}");

        stage.stop.send_replace(false);
        stage.run(&[fails, well]).await;
        assert_eq!(stage.health().await, []);
    }

    #[tokio::test]
    async fn a_task_that_panics_takes_no_other_down() {
        let stage = Stage::new().await;
        let turns = AtomicU32::new(0);
        let steady = || async {
            if turns.fetch_add(1, Ordering::Relaxed) == 9 {
                stage.stop.send_replace(true);
            }
            Ok(Duration::from_secs(1))
        };
        let broken = || async { panics() };
        futures::join!(stage.supervisor.keep("syncer", broken), stage.supervisor.keep("webhook", steady));
        assert_eq!(turns.into_inner(), 10);
    }
}
