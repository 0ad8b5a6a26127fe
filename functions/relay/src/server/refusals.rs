use std::collections::BTreeMap;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use relay_core::clock::Clock;

/// What was turned away is told at most this often.
const TELL_EVERY: Duration = Duration::from_secs(10);

/// Why a connection was closed, or its request not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Reason {
    /// Its head did not come in time.
    SlowHead,
    /// It owed us a request, and others wanted its place.
    Crowded,
    /// The process can open no more files.
    NoFiles,
    /// Its body did not come in time.
    SlowBody,
    /// Its body broke off.
    BrokenOff,
    /// There was no room for its body.
    NoRoom,
    /// Its body was still coming, and others wanted the room that it took.
    Stalled,
}

impl Reason {
    fn told(self) -> &'static str {
        match self {
            Self::SlowHead => "the head of a request did not come in time",
            Self::Crowded => "too many connections: one that had not sent its request was closed",
            Self::NoFiles => "no more files can be opened: raise the limit of open files (ulimit -n)",
            Self::SlowBody => "a push came too slowly",
            Self::BrokenOff => "a push broke off",
            Self::NoRoom => "too many large pushes at once: one was refused",
            Self::Stalled => "too many large pushes at once: one that was still coming was closed",
        }
    }
}

/// Counts what is turned away. A flood of it makes one line per reason every ten seconds.
pub(super) struct Refusals {
    clock: Arc<dyn Clock>,
    counts: Mutex<Counts>,
}

#[derive(Default)]
struct Counts {
    untold: BTreeMap<Reason, u64>,
    /// By the monotonic clock.
    told_at: Option<Duration>,
}

impl Refusals {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, counts: Mutex::default() }
    }

    pub(super) fn count(&self, reason: Reason) {
        metrics::counter!("connections_refused", "reason" => reason.told()).increment(1);
        *self.counts().untold.entry(reason).or_default() += 1;
    }

    /// Logs what was counted, unless that was done a moment ago.
    pub(super) fn tell(&self) {
        let now = self.clock.monotonic();
        let is_due = self.counts().told_at.is_none_or(|told_at| now.saturating_sub(told_at) >= TELL_EVERY);
        if is_due {
            self.tell_all();
        }
    }

    /// Logs what was counted.
    pub(super) fn tell_all(&self) {
        let untold = mem::take(&mut self.counts().untold);
        if untold.is_empty() {
            return;
        }
        for (reason, count) in untold {
            tracing::warn!(reason = reason.told(), count, "connections were refused");
        }
        self.counts().told_at = Some(self.clock.monotonic());
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
