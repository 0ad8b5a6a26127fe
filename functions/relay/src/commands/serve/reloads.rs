//! What tells a running program to stop, or to take its flow files anew.

use std::sync::Arc;
use std::time::Duration;

use relay_core::Checkpoints;
use relay_core::clock::Clock;
use relay_host::Wiring;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::commands::flows::reload;

/// How often it is looked whether somebody wants the flow files to be taken anew.
const ASKED_EVERY: Duration = Duration::from_secs(1);

/// Whoever wants the flow files to be taken anew, beside SIGHUP.
pub(super) struct Reloads {
    checkpoints: Arc<dyn Checkpoints>,
    clock: Arc<dyn Clock>,
    /// The last that was seen.
    seen: Option<String>,
}

impl Reloads {
    pub(super) async fn of(wiring: &Wiring) -> Self {
        let checkpoints = wiring.stores.checkpoints.clone();
        // What was asked of a program before this one is done with: it has read the files just now.
        let seen = reload::asked(checkpoints.as_ref()).await.ok().flatten().map(|asking| asking.id);
        Self { checkpoints, clock: wiring.clock.clone(), seen }
    }

    /// Waits for the next.
    pub(super) async fn next(&mut self) -> String {
        loop {
            self.clock.sleep(ASKED_EVERY).await;
            // A store that does not answer is told by those who work on it.
            let Ok(Some(asking)) = reload::asked(self.checkpoints.as_ref()).await else { continue };
            if self.seen.as_ref() != Some(&asking.id) {
                self.seen = Some(asking.id.clone());
                return asking.id;
            }
        }
    }

    pub(super) async fn answer(&self, id: Option<String>, error: Option<&anyhow::Error>) {
        let Some(id) = id else { return };
        let answer = reload::Answer { id, error: error.map(|error| format!("{error:#}")) };
        if let Err(error) = reload::answer(self.checkpoints.as_ref(), &answer).await {
            tracing::warn!(%error, "whoever wanted the flow files to be taken anew cannot be answered");
        }
    }
}

/// The signals that stop the program, or have it take its flow files anew, from the first moment on.
pub(crate) struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
}

impl Signals {
    pub(crate) fn heard() -> anyhow::Result<Self> {
        let (terminate, interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        Ok(Self { terminate, interrupt, hangup: signal(SignalKind::hangup())? })
    }

    pub(crate) async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }

    /// What the program is to do at the next of either kind.
    pub(super) async fn stops(&mut self) -> bool {
        tokio::select! {
            _ = self.terminate.recv() => true,
            _ = self.interrupt.recv() => true,
            _ = self.hangup.recv() => false,
        }
    }
}
