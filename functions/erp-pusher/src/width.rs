//! How many documents are under way to a target at once.
//!
//! A target whose state is not known gets one document; each that it takes allows one more, so that the number doubles
//! with every answer time, up to what its quota lets through. One that fails or halts is met by few again.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use relay_core::System;
use relay_core::policy::{Consequences, TargetHealth};
use tokio::sync::Notify;

/// More are never under way at once, of one process.
pub(crate) const MOST: usize = 100;

/// The widths of all targets.
#[derive(Default)]
pub(crate) struct Widths(Mutex<BTreeMap<System, Arc<Width>>>);

/// How many documents may be under way to one target, and how many are.
pub(crate) struct Width {
    state: Mutex<State>,
    moved: Notify,
}

struct State {
    allowed: usize,
    under_way: usize,
}

/// A document is under way until this is dropped.
pub(crate) struct UnderWay<'a>(&'a Width);

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.state().under_way -= 1;
        self.0.moved.notify_waiters();
    }
}

impl Widths {
    /// The width of a target, for as long as the process lives.
    pub(crate) fn of(&self, system: System) -> Arc<Width> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(system).or_default().clone()
    }
}

impl Default for Width {
    fn default() -> Self {
        Self { state: Mutex::new(State { allowed: 1, under_way: 0 }), moved: Notify::new() }
    }
}

impl Width {
    /// Waits until one more may be under way.
    pub(crate) async fn begin(&self) -> UnderWay<'_> {
        loop {
            // Made before the look, so that no move between the two is missed.
            let moved = self.moved.notified();
            if let Some(begun) = self.try_begin() {
                return begun;
            }
            moved.await;
        }
    }

    fn try_begin(&self) -> Option<UnderWay<'_>> {
        let mut state = self.state();
        let may_begin = state.under_way < state.allowed;
        state.under_way += usize::from(may_begin);
        may_begin.then(|| UnderWay(self))
    }

    /// How many more may be under way now.
    pub(crate) fn room(&self) -> usize {
        let state = self.state();
        state.allowed.saturating_sub(state.under_way)
    }

    /// Learns from what became of a document.
    pub(crate) fn learn(&self, consequences: &Consequences<'_>) {
        let mut state = self.state();
        state.allowed = match consequences.target {
            _ if consequences.rest.is_some() => 1,
            Some(TargetHealth::Well) => (state.allowed + 1).min(MOST),
            Some(TargetHealth::Failing { .. }) => (state.allowed / 2).max(1),
            None => return,
        };
        drop(state);
        self.moved.notify_waiters();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
