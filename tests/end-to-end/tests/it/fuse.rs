//! Kills a process between two steps: before or after any call of a port.
//!
//! A step that the fuse does not let pass never ends, as in a process that is gone; whoever runs the process drops it
//! then and starts another on the same file.

use std::collections::BTreeSet;
use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use relay_connector::{Request, Response, Transport, TransportError};
use relay_core::clock::{Clock as _, SystemClock};
use relay_core::{StoreError, Stores};
use relay_decorator::{Port, Side, decorate};
use tokio::sync::Notify;

pub(crate) struct Fuse {
    /// Steps that are still let through.
    left: AtomicU64,
    blown: Notify,
    refused: Mutex<BTreeSet<(Port, &'static str)>>,
    silent: Mutex<BTreeSet<(Port, &'static str)>>,
}

impl Fuse {
    pub(crate) fn unbreakable() -> Arc<Self> {
        Self::after(u64::MAX)
    }

    /// Lets so many steps through.
    pub(crate) fn after(steps: u64) -> Arc<Self> {
        let left = AtomicU64::new(steps);
        Arc::new(Self { left, blown: Notify::new(), refused: Mutex::default(), silent: Mutex::default() })
    }

    /// Runs a process's work; `None` when it was killed in the middle.
    pub(crate) async fn run<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            () = self.blown.notified() => None,
            done = work => Some(done),
        }
    }

    /// From now on the store refuses this operation, such as the queue's `send`.
    pub(crate) fn refuse(&self, port: Port, operation: &'static str) {
        self.refused.lock().unwrap().insert((port, operation));
    }

    /// From now on the store answers nothing to this operation, until the request's own limit ends it.
    pub(crate) fn silence(&self, port: Port, operation: &'static str) {
        self.silent.lock().unwrap().insert((port, operation));
    }

    /// The store takes everything again.
    pub(crate) fn refuse_nothing(&self) {
        self.refused.lock().unwrap().clear();
    }

    pub(crate) fn around_stores(self: &Arc<Self>, stores: &Stores) -> Stores {
        let fuse = self.clone();
        decorate(stores, move |side, call| {
            // To whoever sends, several targets at once are a send like another.
            let operation = if call.operation == "send_all" { "send" } else { call.operation };
            let (fuse, call) = (fuse.clone(), (call.port, operation));
            async move { fuse.store(side, call).await }
        })
    }

    pub(crate) fn around_transport(self: &Arc<Self>, inner: Arc<dyn Transport>) -> Arc<dyn Transport> {
        Arc::new(Fused { fuse: self.clone(), inner })
    }

    async fn step(&self) {
        let left = self.left.load(Ordering::Relaxed);
        if left == 0 {
            self.blown.notify_one();
            std::future::pending::<()>().await;
        }
        self.left.store(left - 1, Ordering::Relaxed);
    }

    /// What becomes of a call of the store.
    async fn store(&self, side: Side, call: (Port, &'static str)) -> Result<(), StoreError> {
        let (_, operation) = call;
        if side == Side::Before && self.refused.lock().unwrap().contains(&call) {
            return Err(StoreError::new(operation, "the store takes nothing now"));
        }
        if side == Side::Before && self.silent.lock().unwrap().contains(&call) {
            SystemClock.sleep(Duration::from_millis(4_500)).await;
            return Err(StoreError::new(operation, "the store does not answer"));
        }
        self.step().await;
        Ok(())
    }
}

struct Fused {
    fuse: Arc<Fuse>,
    inner: Arc<dyn Transport>,
}

#[async_trait]
impl Transport for Fused {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        self.fuse.step().await;
        let answer = self.inner.send(request).await;
        self.fuse.step().await;
        answer
    }
}
