//! Whether a target or a flow is paused, asked of the store once a minute.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use relay_core::clock::Clock;
use relay_core::pause::{self, Pause, Scope};
use relay_core::{Checkpoints, Outcome, StoreError, System, backoff};

/// For so long a target or a flow without a pause is taken to have none, because a read for every batch would grow with
/// the documents. A pause that another instance sets meanwhile is met again at the first call, and a person's within this
/// time.
const BELIEVED: Duration = Duration::from_secs(60);

/// What the turns come to that a pause leaves for later. A pause by a person says nothing of the target's health, nor of
/// our credentials: the documents' turns just come later, and at most half an hour passes before it is asked after again.
pub(crate) fn rest(pause: Pause, now: DateTime<Utc>) -> Outcome {
    let Pause { until, reason, by, .. } = pause;
    match by {
        None => Outcome::Paused { until, reason },
        Some(_) => {
            let left = until.map_or(backoff::LONGEST, |until| (until - now).to_std().unwrap_or_default());
            Outcome::Postponed { wait: left.min(backoff::LONGEST) }
        }
    }
}

/// The pauses of targets and flows.
pub(crate) struct Pauses {
    checkpoints: Arc<dyn Checkpoints>,
    clock: Arc<dyn Clock>,
    /// When each was seen without a pause, by the monotonic clock.
    running: Mutex<HashMap<String, Duration>>,
}

impl Pauses {
    pub(crate) fn new(checkpoints: Arc<dyn Checkpoints>, clock: Arc<dyn Clock>) -> Self {
        Self { checkpoints, clock, running: Mutex::default() }
    }

    /// The pause of a target or of a flow, if it is paused.
    pub(crate) async fn current(&self, scope: impl Into<Scope<'_>>) -> Result<Option<Pause>, StoreError> {
        let (scope, seen_at) = (scope.into(), self.clock.monotonic());
        let name = scope.to_string();
        if self.running().get(&name).is_some_and(|seen| seen_at < *seen + BELIEVED) {
            return Ok(None);
        }
        let pause = pause::current(self.checkpoints.as_ref(), scope, self.clock.now()).await?;
        if pause.is_none() {
            self.running().insert(name, seen_at);
        }
        Ok(pause)
    }

    /// A pause was met: the store is asked next time.
    pub(crate) fn met(&self, system: System) {
        self.running().remove(&Scope::Target(system).to_string());
    }

    fn running(&self) -> MutexGuard<'_, HashMap<String, Duration>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use relay_core::clock::SimulatedClock;
    use relay_store_sqlite::Sqlite;

    use super::*;

    #[tokio::test]
    async fn a_running_target_is_asked_after_once_a_minute_and_a_pause_is_not_forgotten() {
        let clock = Arc::new(SimulatedClock::starting_at(DateTime::UNIX_EPOCH));
        let folder = tempfile::tempdir().unwrap();
        let stores = Sqlite::open(&folder.path().join("relay.db"), clock.clone()).unwrap().stores();
        let pauses = Pauses::new(stores.checkpoints.clone(), clock.clone());
        let set = async || {
            let (why, now) = ("stopped".to_owned(), clock.now());
            pause::set(stores.checkpoints.as_ref(), System::new("kingdee"), None, why, now).await.unwrap()
        };
        assert_eq!(pauses.current(System::new("kingdee")).await.unwrap(), None);
        let pause = set().await;
        assert_eq!(
            pauses.current(System::new("kingdee")).await.unwrap(),
            None,
            "another instance's, as yet unseen"
        );
        pauses.met(System::new("kingdee"));
        assert_eq!(pauses.current(System::new("kingdee")).await.unwrap(), Some(pause.clone()));

        pause::end(stores.checkpoints.as_ref(), System::new("kingdee")).await.unwrap();
        assert_eq!(pauses.current(System::new("kingdee")).await.unwrap(), None, "an end is seen at once");
        let pause = set().await;
        clock.advance(BELIEVED);
        assert_eq!(pauses.current(System::new("kingdee")).await.unwrap(), Some(pause));
    }
}
