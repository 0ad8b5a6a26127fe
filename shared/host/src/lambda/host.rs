//! One function with its settings.
//!
//! A vendor that refuses our credentials, or a push whose digest does not fit, may mean that a secret has been rotated.
//! Then the host reads the secret again, builds the function anew where something has changed, and hands it the same
//! event once more: whoever rotates a secret restarts nothing and loses no push.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use anyhow::anyhow;
use futures::FutureExt as _;
use relay_core::clock::{Clock, Deadline, timeout};
use relay_core::pause;
use relay_job::{Invocation, Job};
use serde_json::Value;

use crate::secret::{self, with_secret};
use crate::{SecretSource, Settings, Wiring};

/// Anybody can send a wrong digest: more often than this the secret is not read again. Nor much less often: a push under
/// a new secret that comes so soon after a stranger's is refused, and Qince brings it again the next night only.
const BETWEEN_READS: Duration = Duration::from_secs(10);

/// How long reading the secret again may take: Qince waits 5 seconds for its answer, and storing may take 3 of them.
const READ_PATIENCE: Duration = Duration::from_millis(1_500);

/// A function, and what it takes to build it anew.
pub struct Host<F> {
    environment: Settings,
    secrets: Arc<dyn SecretSource>,
    wiring: Wiring,
    function: F,
    /// When the secret was last read, by the monotonic clock.
    read_at: Option<Duration>,
}

impl<F: Job> Host<F> {
    /// Hosts a function that is built of `wiring`, whose settings are those of `environment` and its secret.
    ///
    /// # Errors
    /// Settings that are missing or malformed.
    pub fn new(
        environment: Settings,
        secrets: Arc<dyn SecretSource>,
        wiring: Wiring,
    ) -> anyhow::Result<Self> {
        let function = wiring.build::<F>()?;
        Ok(Self { environment, secrets, wiring, function, read_at: None })
    }

    /// Works one event; once more where that was in vain for settings that have changed since.
    ///
    /// # Errors
    /// What the function fails with.
    pub async fn invoke(&mut self, event: Value, deadline: Deadline) -> anyhow::Result<Value> {
        // A check that is due from the event before, which came too soon after another.
        self.refresh().await;
        let mut handled = self.turn(event.clone(), Invocation::first(deadline)).await;
        if self.refresh().await {
            // What the first turn sent may have arrived, whatever it came to.
            handled = self.turn(event, Invocation::repeated(deadline)).await;
        }
        let handled = handled?;
        caught(async { Ok(self.function.answer(handled).await) }).await
    }

    /// The process's clock.
    pub fn clock(&self) -> Arc<dyn Clock> {
        self.wiring.clock.clone()
    }

    async fn turn(&self, event: Value, occasion: Invocation) -> anyhow::Result<F::Handled> {
        // On the heap: it holds what a whole batch needs, and would take up a thread's stack in a debug build.
        caught(Box::pin(self.function.handle(event, occasion))).await
    }

    /// Reads the settings again where a check of them is due, and tells whether they have changed.
    async fn refresh(&mut self) -> bool {
        let now = self.wiring.clock.monotonic();
        let is_soon = self.read_at.is_some_and(|read_at| now < read_at + BETWEEN_READS);
        if !self.wiring.credential_check.stands() || is_soon || secret::id(&self.environment).is_none() {
            return false;
        }
        self.read_at = Some(now);
        let read = with_secret(&self.environment, self.secrets.as_ref());
        match timeout(self.wiring.clock.as_ref(), READ_PATIENCE, read).await {
            Ok(Ok(settings)) => self.take(settings).await,
            Ok(Err(error)) => {
                tracing::error!(%error, "the secret cannot be read again");
                false
            }
            Err(_) => {
                tracing::warn!("the secret did not come in time");
                false
            }
        }
    }

    async fn take(&mut self, settings: Settings) -> bool {
        self.wiring.credential_check.settle();
        if settings == self.wiring.settings {
            tracing::warn!("credentials are refused, and the secret has not changed");
            return false;
        }
        let wiring = self.wiring.with_settings(settings);
        match wiring.build::<F>() {
            Ok(function) => (self.wiring, self.function) = (wiring, function),
            Err(error) => {
                tracing::error!(error = format!("{error:#}"), "the secret has changed, and cannot be used");
                return false;
            }
        }
        tracing::info!("the secret has changed: going on with its new settings");
        let (checkpoints, now) = (self.wiring.stores.checkpoints.as_ref(), self.wiring.clock.now());
        if let Err(error) = pause::end_guesses(checkpoints, relay_connectors::targets(), now).await {
            tracing::warn!(%error, "pauses for the former credentials last until their time is up");
        }
        true
    }
}

/// A panic fails the event and not the sandbox.
async fn caught<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    let done = AssertUnwindSafe(work).catch_unwind().await;
    done.unwrap_or_else(|_| Err(anyhow!("a panic, whose place the log tells")))
}
