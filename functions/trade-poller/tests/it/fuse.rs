//! Queue and checkpoints that refuse, or whose process is killed at a step.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use relay_core::{
    Checkpoint, Checkpoints, Depth, Lease, Outgoing, Queue, Received, StoreError, Stores, System,
};
use tokio::sync::Notify;

/// What happens at every write.
pub(crate) struct Fuse {
    inner: Stores,
    left: AtomicI64,
    burnt: Notify,
    /// The queue that takes nothing.
    pub(crate) refused: Mutex<Option<System>>,
}

impl Fuse {
    /// Burns at the write after so many.
    pub(crate) fn after(writes: i64, inner: Stores) -> Arc<Self> {
        Arc::new(Self {
            inner,
            left: AtomicI64::new(writes),
            burnt: Notify::new(),
            refused: Mutex::default(),
        })
    }

    pub(crate) fn unbreakable(inner: Stores) -> Arc<Self> {
        Self::after(i64::MAX, inner)
    }

    pub(crate) fn stores(self: &Arc<Self>) -> Stores {
        Stores { queue: self.clone(), checkpoints: self.clone(), ..self.inner.clone() }
    }

    /// Runs work until the fuse burns; `None` where it did.
    pub(crate) async fn run<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            () = self.burnt.notified() => None,
            done = work => Some(done),
        }
    }

    /// A write that is the last is done; whoever made it never hears of it.
    async fn step(&self) {
        if self.left.fetch_sub(1, Ordering::Relaxed) <= 0 {
            self.burnt.notify_one();
            std::future::pending::<()>().await;
        }
    }
}

#[async_trait]
impl Queue for Fuse {
    async fn send(&self, system: System, messages: &[Outgoing]) -> Result<(), StoreError> {
        if *self.refused.lock().unwrap() == Some(system) {
            return Err(StoreError::new("sending", "it takes nothing"));
        }
        self.step().await;
        self.inner.queue.send(system, messages).await?;
        self.step().await;
        Ok(())
    }

    async fn receive(
        &self,
        system: System,
        max: usize,
        visibility: Duration,
    ) -> Result<Vec<Received>, StoreError> {
        self.inner.queue.receive(system, max, visibility).await
    }

    async fn delete(&self, system: System, receipts: &[String]) -> Result<(), StoreError> {
        self.inner.queue.delete(system, receipts).await
    }

    async fn delay(&self, system: System, receipt: &str, delay: Duration) -> Result<bool, StoreError> {
        self.inner.queue.delay(system, receipt, delay).await
    }

    async fn depth(&self, system: System) -> Result<Depth, StoreError> {
        self.inner.queue.depth(system).await
    }

    async fn dead(&self, system: System) -> Result<u64, StoreError> {
        self.inner.queue.dead(system).await
    }
}

#[async_trait]
impl Checkpoints for Fuse {
    async fn get(&self, name: &str) -> Result<Option<Checkpoint>, StoreError> {
        self.inner.checkpoints.get(name).await
    }

    async fn put(
        &self,
        name: &str,
        value: &str,
        expected: Option<u64>,
        lease: Option<&Lease>,
    ) -> Result<bool, StoreError> {
        self.step().await;
        let written = self.inner.checkpoints.put(name, value, expected, lease).await?;
        self.step().await;
        Ok(written)
    }

    async fn remove(&self, name: &str) -> Result<(), StoreError> {
        self.inner.checkpoints.remove(name).await
    }

    async fn acquire(&self, name: &str, owner: &str, ttl: Duration) -> Result<Option<Lease>, StoreError> {
        self.step().await;
        let lease = self.inner.checkpoints.acquire(name, owner, ttl).await?;
        self.step().await;
        Ok(lease)
    }

    async fn release(&self, lease: &Lease) -> Result<(), StoreError> {
        self.step().await;
        self.inner.checkpoints.release(lease).await
    }

    async fn list(&self, prefix: &str) -> Result<Vec<(String, Checkpoint)>, StoreError> {
        self.inner.checkpoints.list(prefix).await
    }
}
