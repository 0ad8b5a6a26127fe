//! Ports that count what a bill would count, and pass everything on.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use relay_core::ledger::Counts;
use relay_core::{
    Checkpoint, Checkpoints, DeadLetter, Depth, Entry, EntryId, Lease, Ledger, Lookups, Outgoing, Queue,
    Received, StoreError, Stores, System,
};

/// As many messages as SQS takes in one request.
const SEND_BATCH: usize = 10;

/// As many bytes as DynamoDB writes for one unit.
const WRITE_UNIT: usize = 1_024;

pub(crate) struct Counting {
    inner: Stores,
    counted: Mutex<BTreeMap<&'static str, u64>>,
}

impl Counting {
    pub(crate) fn around(stores: &Stores) -> Arc<Self> {
        Arc::new(Self { inner: stores.clone(), counted: Mutex::default() })
    }

    pub(crate) fn stores(self: &Arc<Self>) -> Stores {
        let this = self.clone();
        Stores {
            queue: this.clone(),
            checkpoints: this.clone(),
            ledger: this.clone(),
            lookups: this,
            archive: self.inner.archive.clone(),
        }
    }

    pub(crate) fn add(&self, what: &'static str, count: usize) {
        *self.counted.lock().unwrap().entry(what).or_default() += count as u64;
    }

    pub(crate) fn counted(&self) -> BTreeMap<&'static str, u64> {
        self.counted.lock().unwrap().clone()
    }
}

#[async_trait]
impl Queue for Counting {
    async fn send(&self, system: System, messages: &[Outgoing]) -> Result<(), StoreError> {
        self.add("queue sends", messages.len().div_ceil(SEND_BATCH));
        self.inner.queue.send(system, messages).await
    }

    async fn receive(
        &self,
        system: System,
        max: usize,
        visibility: Duration,
    ) -> Result<Vec<Received>, StoreError> {
        self.add("queue receives", 1);
        self.inner.queue.receive(system, max, visibility).await
    }

    async fn delete(&self, system: System, receipts: &[String]) -> Result<(), StoreError> {
        self.add("queue deletes", 1);
        self.inner.queue.delete(system, receipts).await
    }

    async fn delay(&self, system: System, receipt: &str, delay: Duration) -> Result<bool, StoreError> {
        self.add("queue delays", 1);
        self.inner.queue.delay(system, receipt, delay).await
    }

    async fn depth(&self, system: System) -> Result<Depth, StoreError> {
        self.add("queue depths", 1);
        self.inner.queue.depth(system).await
    }

    async fn dead(&self, system: System) -> Result<u64, StoreError> {
        self.add("queue depths", 1);
        self.inner.queue.dead(system).await
    }

    async fn send_all(&self, messages: &[(System, Vec<Outgoing>)]) -> Result<(), StoreError> {
        let sends = messages.iter().map(|(_, messages)| messages.len().div_ceil(SEND_BATCH)).sum();
        self.add("queue sends", sends);
        self.inner.queue.send_all(messages).await
    }

    async fn dead_letters(
        &self,
        system: System,
        limit: usize,
        after: Option<&str>,
    ) -> Result<Vec<DeadLetter>, StoreError> {
        self.add("queue dead letters", 1);
        self.inner.queue.dead_letters(system, limit, after).await
    }

    async fn redrive(&self, system: System, ids: Option<&[String]>) -> Result<u64, StoreError> {
        self.add("queue dead letters", 1);
        self.inner.queue.redrive(system, ids).await
    }
}

#[async_trait]
impl Checkpoints for Counting {
    async fn get(&self, name: &str) -> Result<Option<Checkpoint>, StoreError> {
        self.add("checkpoint reads", 1);
        self.inner.checkpoints.get(name).await
    }

    async fn put(
        &self,
        name: &str,
        value: &str,
        expected: Option<u64>,
        lease: Option<&Lease>,
    ) -> Result<bool, StoreError> {
        self.add("checkpoint writes", 1);
        self.inner.checkpoints.put(name, value, expected, lease).await
    }

    async fn remove(&self, name: &str) -> Result<(), StoreError> {
        self.add("checkpoint writes", 1);
        self.inner.checkpoints.remove(name).await
    }

    async fn acquire(&self, name: &str, owner: &str, ttl: Duration) -> Result<Option<Lease>, StoreError> {
        self.add("checkpoint writes", 1);
        self.inner.checkpoints.acquire(name, owner, ttl).await
    }

    async fn release(&self, lease: &Lease) -> Result<(), StoreError> {
        self.add("checkpoint writes", 1);
        self.inner.checkpoints.release(lease).await
    }

    async fn list(&self, prefix: &str) -> Result<Vec<(String, Checkpoint)>, StoreError> {
        self.add("checkpoint reads", 1);
        self.inner.checkpoints.list(prefix).await
    }
}

#[async_trait]
impl Ledger for Counting {
    async fn read(&self, ids: &[EntryId]) -> Result<HashMap<EntryId, Entry>, StoreError> {
        self.add("ledger reads", 1);
        self.inner.ledger.read(ids).await
    }

    async fn write(&self, entry: &Entry) -> Result<bool, StoreError> {
        self.add("ledger write units", serde_json::json!(entry).to_string().len().div_ceil(WRITE_UNIT));
        self.inner.ledger.write(entry).await
    }

    async fn failed(
        &self,
        flow: Option<&str>,
        limit: usize,
        after: Option<&EntryId>,
    ) -> Result<Vec<Entry>, StoreError> {
        self.add("ledger reads", 1);
        self.inner.ledger.failed(flow, limit, after).await
    }

    async fn counts(&self) -> Result<Counts, StoreError> {
        self.add("ledger reads", 1);
        self.inner.ledger.counts().await
    }
}

#[async_trait]
impl Lookups for Counting {
    async fn get(&self, codes: &[(String, String)]) -> Result<HashMap<(String, String), String>, StoreError> {
        self.add("look-up reads", 1);
        self.inner.lookups.get(codes).await
    }

    async fn put(
        &self,
        table: &str,
        code: &str,
        id: &str,
        expires_at: Option<DateTime<Utc>>,
    ) -> Result<(), StoreError> {
        self.add("look-up writes", 1);
        self.inner.lookups.put(table, code, id, expires_at).await
    }

    async fn remove(&self, table: &str, code: &str) -> Result<(), StoreError> {
        self.add("look-up writes", 1);
        self.inner.lookups.remove(table, code).await
    }
}
