//! Kills a process between two steps: before or after any call of a port.
//!
//! A step that the fuse does not let pass never ends, as in a process that is gone; whoever runs the process drops it
//! then and starts another on the same file.

use std::collections::{BTreeSet, HashMap};
use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use relay_connector::{Request, Response, Transport, TransportError};
use relay_core::ledger::Counts;
use relay_core::{
    Checkpoint, Checkpoints, DeadLetter, Depth, Entry, EntryId, Lease, Ledger, Lookups, Outgoing, Queue,
    Received, StoreError, Stores, System,
};
use tokio::sync::Notify;
use tokio::time::timeout;

pub(crate) struct Fuse {
    /// Steps that are still let through.
    left: AtomicU64,
    blown: Notify,
    refused: Mutex<BTreeSet<&'static str>>,
    silent: Mutex<BTreeSet<&'static str>>,
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

    /// From now on the store refuses this operation, such as `send`.
    pub(crate) fn refuse(&self, operation: &'static str) {
        self.refused.lock().unwrap().insert(operation);
    }

    /// From now on the store answers nothing to this operation, until the request's own limit ends it.
    pub(crate) fn silence(&self, operation: &'static str) {
        self.silent.lock().unwrap().insert(operation);
    }

    /// The store takes everything again.
    pub(crate) fn refuse_nothing(&self) {
        self.refused.lock().unwrap().clear();
    }

    pub(crate) fn around_stores(self: &Arc<Self>, stores: &Stores) -> Stores {
        let around = Arc::new(Fused { fuse: self.clone(), inner: stores.clone() });
        Stores {
            queue: around.clone(),
            checkpoints: around.clone(),
            ledger: around.clone(),
            lookups: around,
            archive: stores.archive.clone(),
        }
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

    async fn around<T>(&self, call: impl Future<Output = T>) -> T {
        self.step().await;
        let answer = call.await;
        self.step().await;
        answer
    }

    async fn store<T>(
        &self,
        operation: &'static str,
        call: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        if self.refused.lock().unwrap().contains(operation) {
            return Err(StoreError::new(operation, "the store takes nothing now"));
        }
        if self.silent.lock().unwrap().contains(operation) {
            _ = timeout(Duration::from_millis(4_500), std::future::pending::<()>()).await;
            return Err(StoreError::new(operation, "the store does not answer"));
        }
        self.around(call).await
    }
}

struct Fused<T> {
    fuse: Arc<Fuse>,
    inner: T,
}

#[async_trait]
impl Transport for Fused<Arc<dyn Transport>> {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        self.fuse.around(self.inner.send(request)).await
    }
}

#[async_trait]
impl Queue for Fused<Stores> {
    async fn send(&self, system: System, messages: &[Outgoing]) -> Result<(), StoreError> {
        self.fuse.store("send", self.inner.queue.send(system, messages)).await
    }

    async fn receive(
        &self,
        system: System,
        max: usize,
        visibility: Duration,
    ) -> Result<Vec<Received>, StoreError> {
        self.fuse.store("receive", self.inner.queue.receive(system, max, visibility)).await
    }

    async fn delete(&self, system: System, receipts: &[String]) -> Result<(), StoreError> {
        self.fuse.store("delete", self.inner.queue.delete(system, receipts)).await
    }

    async fn delay(&self, system: System, receipt: &str, delay: Duration) -> Result<bool, StoreError> {
        self.fuse.store("delay", self.inner.queue.delay(system, receipt, delay)).await
    }

    async fn depth(&self, system: System) -> Result<Depth, StoreError> {
        self.fuse.store("depth", self.inner.queue.depth(system)).await
    }

    async fn dead(&self, system: System) -> Result<u64, StoreError> {
        self.fuse.store("dead", self.inner.queue.dead(system)).await
    }

    async fn send_all(&self, messages: &[(System, Vec<Outgoing>)]) -> Result<(), StoreError> {
        self.fuse.store("send", self.inner.queue.send_all(messages)).await
    }

    async fn dead_letters(
        &self,
        system: System,
        limit: usize,
        after: Option<&str>,
    ) -> Result<Vec<DeadLetter>, StoreError> {
        self.fuse.store("dead_letters", self.inner.queue.dead_letters(system, limit, after)).await
    }

    async fn redrive(&self, system: System, ids: Option<&[String]>) -> Result<u64, StoreError> {
        self.fuse.store("redrive", self.inner.queue.redrive(system, ids)).await
    }
}

#[async_trait]
impl Checkpoints for Fused<Stores> {
    async fn get(&self, name: &str) -> Result<Option<Checkpoint>, StoreError> {
        self.fuse.store("get", self.inner.checkpoints.get(name)).await
    }

    async fn put(
        &self,
        name: &str,
        value: &str,
        expected: Option<u64>,
        lease: Option<&Lease>,
    ) -> Result<bool, StoreError> {
        self.fuse.store("put", self.inner.checkpoints.put(name, value, expected, lease)).await
    }

    async fn remove(&self, name: &str) -> Result<(), StoreError> {
        self.fuse.store("remove", self.inner.checkpoints.remove(name)).await
    }

    async fn acquire(&self, name: &str, owner: &str, ttl: Duration) -> Result<Option<Lease>, StoreError> {
        self.fuse.store("acquire", self.inner.checkpoints.acquire(name, owner, ttl)).await
    }

    async fn release(&self, lease: &Lease) -> Result<(), StoreError> {
        self.fuse.store("release", self.inner.checkpoints.release(lease)).await
    }

    async fn list(&self, prefix: &str) -> Result<Vec<(String, Checkpoint)>, StoreError> {
        self.fuse.store("list", self.inner.checkpoints.list(prefix)).await
    }
}

#[async_trait]
impl Ledger for Fused<Stores> {
    async fn read(&self, ids: &[EntryId]) -> Result<HashMap<EntryId, Entry>, StoreError> {
        self.fuse.store("read", self.inner.ledger.read(ids)).await
    }

    async fn write(&self, entry: &Entry) -> Result<bool, StoreError> {
        self.fuse.store("write", self.inner.ledger.write(entry)).await
    }

    async fn failed(
        &self,
        flow: Option<&str>,
        limit: usize,
        after: Option<&EntryId>,
    ) -> Result<Vec<Entry>, StoreError> {
        self.fuse.store("failed", self.inner.ledger.failed(flow, limit, after)).await
    }

    async fn counts(&self) -> Result<Counts, StoreError> {
        self.fuse.store("counts", self.inner.ledger.counts()).await
    }
}

#[async_trait]
impl Lookups for Fused<Stores> {
    async fn get(&self, codes: &[(String, String)]) -> Result<HashMap<(String, String), String>, StoreError> {
        self.fuse.store("get look-ups", self.inner.lookups.get(codes)).await
    }

    async fn put(
        &self,
        table: &str,
        code: &str,
        id: &str,
        expires_at: Option<DateTime<Utc>>,
    ) -> Result<(), StoreError> {
        self.fuse.store("put look-up", self.inner.lookups.put(table, code, id, expires_at)).await
    }

    async fn remove(&self, table: &str, code: &str) -> Result<(), StoreError> {
        self.fuse.store("remove look-up", self.inner.lookups.remove(table, code)).await
    }
}
