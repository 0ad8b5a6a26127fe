//! Queue and ledger that say of a push that it is not stored, so that its source delivers it again.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use relay_core::ledger::Counts;
use relay_core::queue::{DeadLetter, Depth};
use relay_core::{Entry, EntryId, Ledger, Outgoing, Queue, Received, StoreError, System};

/// Why nothing of a push is stored.
const DRY: &str = "this is a dry run: nothing is stored, and the push is to be delivered again";

/// A port that says of all that is to be stored that it is not.
pub(super) struct Unstored<P>(pub(super) P);

fn dry() -> StoreError {
    StoreError::new("storing a push", DRY)
}

#[async_trait]
impl Queue for Unstored<Arc<dyn Queue>> {
    /// What is to be shown is kept; whoever sends it learns that it is not stored.
    async fn send(&self, system: System, messages: &[Outgoing]) -> Result<(), StoreError> {
        self.0.send(system, messages).await?;
        Err(dry())
    }

    async fn send_all(&self, messages: &[(System, Vec<Outgoing>)]) -> Result<(), StoreError> {
        self.0.send_all(messages).await?;
        Err(dry())
    }

    async fn receive(
        &self,
        system: System,
        max: usize,
        visibility: Duration,
    ) -> Result<Vec<Received>, StoreError> {
        self.0.receive(system, max, visibility).await
    }

    async fn delete(&self, system: System, receipts: &[String]) -> Result<(), StoreError> {
        self.0.delete(system, receipts).await
    }

    async fn delay(&self, system: System, receipt: &str, delay: Duration) -> Result<bool, StoreError> {
        self.0.delay(system, receipt, delay).await
    }

    async fn depth(&self, system: System) -> Result<Depth, StoreError> {
        self.0.depth(system).await
    }

    async fn dead(&self, system: System) -> Result<u64, StoreError> {
        self.0.dead(system).await
    }

    async fn dead_letters(
        &self,
        system: System,
        limit: usize,
        after: Option<&str>,
    ) -> Result<Vec<DeadLetter>, StoreError> {
        self.0.dead_letters(system, limit, after).await
    }

    async fn redrive(&self, system: System, ids: Option<&[String]>) -> Result<u64, StoreError> {
        self.0.redrive(system, ids).await
    }
}

#[async_trait]
impl Ledger for Unstored<Arc<dyn Ledger>> {
    async fn read(&self, ids: &[EntryId]) -> Result<HashMap<EntryId, Entry>, StoreError> {
        self.0.read(ids).await
    }

    async fn write(&self, _entry: &Entry) -> Result<bool, StoreError> {
        Err(dry())
    }

    async fn failed(
        &self,
        flow: Option<&str>,
        limit: usize,
        after: Option<&EntryId>,
    ) -> Result<Vec<Entry>, StoreError> {
        self.0.failed(flow, limit, after).await
    }

    async fn find(&self, number: &str) -> Result<Vec<EntryId>, StoreError> {
        self.0.find(number).await
    }

    async fn list(
        &self,
        flow: Option<&str>,
        from: Option<&str>,
        limit: usize,
    ) -> Result<(Vec<Entry>, Option<String>), StoreError> {
        self.0.list(flow, from, limit).await
    }

    async fn delivered(
        &self,
        flow: Option<&str>,
        span: (DateTime<Utc>, DateTime<Utc>),
        from: Option<&str>,
        limit: usize,
    ) -> Result<(Vec<Entry>, Option<String>), StoreError> {
        self.0.delivered(flow, span, from, limit).await
    }

    async fn finds_by_time(&self) -> Result<bool, StoreError> {
        self.0.finds_by_time().await
    }

    async fn counts(&self) -> Result<Counts, StoreError> {
        self.0.counts().await
    }
}
