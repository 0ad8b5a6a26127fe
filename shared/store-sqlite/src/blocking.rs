//! Where the work is done that blocks its thread: waiting for the disk, compressing.

use std::panic::{AssertUnwindSafe, catch_unwind};

use tokio::task::spawn_blocking;

/// Where a store's work is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Blocking {
    /// On tokio's threads for such work.
    Threads,
    /// On the thread that asks, at once: nothing else happens meanwhile, and no thread decides what comes first.
    Inline,
}

/// The work panicked. The hook for panics has printed where; what it was about may be a document, and is not repeated.
#[derive(Debug, thiserror::Error)]
#[error("this is a mistake in the program")]
pub(super) struct Panicked;

impl Blocking {
    /// Does some work, and waits for it. Who is dropped meanwhile has it done all the same.
    pub(super) async fn wait_for<T: Send + 'static>(
        self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Panicked> {
        match self {
            Self::Threads => spawn_blocking(work).await.map_err(|_| Panicked),
            Self::Inline => catch_unwind(AssertUnwindSafe(work)).map_err(|_| Panicked),
        }
    }

    /// Has some work done, sooner or later.
    pub(super) fn begin(self, work: impl FnOnce() + Send + 'static) {
        match self {
            Self::Threads => drop(spawn_blocking(work)),
            Self::Inline => work(),
        }
    }
}
