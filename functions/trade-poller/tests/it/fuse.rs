//! Stores that refuse one flow's messages, or whose process is killed at a step.

use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use relay_core::{StoreError, Stores, WorkItem};
use relay_decorator::{Call, Carries, Side, decorate};
use tokio::sync::Notify;

pub(crate) struct Fuse {
    /// Steps that are still let through.
    left: AtomicU64,
    blown: Notify,
    /// The flow whose messages the queue does not take.
    pub(crate) refused: Mutex<Option<&'static str>>,
}

impl Fuse {
    /// Lets so many steps through: each call of a port has one before it and one after.
    pub(crate) fn after(steps: u64) -> Arc<Self> {
        Arc::new(Self { left: AtomicU64::new(steps), blown: Notify::new(), refused: Mutex::default() })
    }

    pub(crate) fn unbreakable() -> Arc<Self> {
        Self::after(u64::MAX)
    }

    pub(crate) fn around(self: &Arc<Self>, stores: &Stores) -> Stores {
        let fuse = self.clone();
        decorate(stores, move |side, call| {
            let (fuse, is_refused) = (fuse.clone(), side == Side::Before && fuse.refuses(call));
            async move {
                if is_refused {
                    return Err(StoreError::new("sending", "it takes nothing"));
                }
                fuse.step().await;
                Ok(())
            }
        })
    }

    fn refuses(&self, call: &Call<'_>) -> bool {
        let Carries::Messages([first, ..]) = call.carries else { return false };
        let flow = WorkItem::decode(&first.body).unwrap().flow;
        self.refused.lock().unwrap().is_some_and(|refused| refused == flow)
    }

    /// Runs work until the fuse blows; `None` where it did.
    pub(crate) async fn run<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            () = self.blown.notified() => None,
            done = work => Some(done),
        }
    }

    async fn step(&self) {
        let left = self.left.load(Ordering::Relaxed);
        if left == 0 {
            self.blown.notify_one();
            std::future::pending::<()>().await;
        }
        self.left.store(left - 1, Ordering::Relaxed);
    }
}
