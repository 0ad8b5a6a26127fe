//! What this process has sent to the queues, told to who waits for it there.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use relay_core::System;
use tokio::sync::Notify;

/// The queues that something has arrived in.
#[derive(Clone, Default)]
pub(super) struct Arrivals(Arc<Mutex<BTreeMap<System, Arc<Notify>>>>);

impl Arrivals {
    /// Something has: who waits is woken, and otherwise who waits next.
    pub(super) fn tell(&self, system: System) {
        self.of(system).notify_one();
    }

    /// Waits until something has arrived since the last wait.
    pub(super) async fn next(&self, system: System) {
        self.of(system).notified().await;
    }

    fn of(&self, system: System) -> Arc<Notify> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(system).or_default().clone()
    }
}
