//! A range that is read beside the watermark: for a flow that came late, or for days of which something is missing.
//!
//! It is a poll like any other, under names of its own: its lease, its watermark and its health stand beside the flow's, so
//! that the flow goes on being polled, and one that was stopped goes on where it stood. Its calls are the last to get a
//! permit. Its documents are marked as replays: they come out of order, let new ones go first, and the target is asked for
//! each before it is sent.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use relay_connector::Role;
use relay_connector::quota::at_most;
use relay_core::clock::Deadline;
use relay_core::health::Monitor;
use relay_core::quota::Use;
use relay_core::{Checkpoint, Checkpoints, Lease, StoreError};
use relay_job::watermark;
use serde::{Deserialize, Serialize};

use crate::poll::{Poller, Progress};
use crate::report::Report;
use crate::{TradePoller, window};

/// What names of checkpoints and leases begin with.
const BESIDE: &str = "backfill/";

/// A range of last-modified times, closed at both ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Range {
    /// From then.
    pub from: DateTime<Utc>,
    /// Until then.
    pub to: DateTime<Utc>,
}

impl TradePoller {
    /// Reads a range for a flow, beside its watermark. One that was broken off and is asked for again goes on where it stood.
    ///
    /// # Errors
    /// A flow that is none or is not read by windows, a range that is none or that ends too late for the vendor to show all of
    /// it, a store that does not answer. What the vendor refuses stands in the report.
    pub async fn backfill(&self, flow: &str, range: Range, progress: Progress<'_>) -> anyhow::Result<Report> {
        let (query, routed) = self.named(flow)?;
        let document = query.document;
        anyhow::ensure!(
            document.role == Role::Windowed,
            "`{flow}` reads {}, which has no times to read from: `relay rewind` has it read as a whole",
            document.name
        );
        anyhow::ensure!(range.from < range.to, "the range ends before it begins");
        let (source, _) = self.poller.source(query)?;
        let now = source.time(query).now().unwrap_or(self.poller.clock.now());
        anyhow::ensure!(
            range.to <= window::horizon(now),
            "the range ends too late: the vendor may not show the last minute yet"
        );
        let beside = self.poller.beside(range);
        let note = format!("range/{flow}");
        let checkpoints = beside.checkpoints.as_ref();
        let before = checkpoints.get(&note).await?;
        let known = before.as_ref().and_then(|it| serde_json::from_str::<Range>(&it.value).ok());
        if known != Some(range) {
            checkpoints.remove(&watermark::checkpoint_name(flow)).await?;
            let revision = before.map(|before| before.revision);
            checkpoints.put(&note, &serde_json::to_string(&range)?, revision, None).await?;
        }
        let flows = std::slice::from_ref(routed);
        let read = at_most(Use::Backfill, beside.poll(query, flows, Deadline::NONE, progress));
        let report = read.await.pop().context("the flow was not read")?;
        if report.error.is_none() && report.caught_up {
            for name in [watermark::checkpoint_name(flow), note, format!("health/poll/{flow}")] {
                checkpoints.remove(&name).await?;
            }
        }
        Ok(report)
    }
}

impl Poller {
    /// A poller of a range, under names of its own.
    fn beside(&self, range: Range) -> Self {
        let checkpoints: Arc<dyn Checkpoints> = Arc::new(Beside(self.checkpoints.clone()));
        Self {
            connections: self.connections.clone(),
            start: range.from,
            until: Some(range.to),
            intake: self.intake.clone(),
            health: Arc::new(Monitor::new(checkpoints.clone(), self.clock.clone())),
            checkpoints,
            clock: self.clock.clone(),
            rng: self.rng.clone(),
            credential_check: self.credential_check.clone(),
        }
    }
}

/// Checkpoints and leases under other names.
struct Beside(Arc<dyn Checkpoints>);

impl Beside {
    fn name(name: &str) -> String {
        format!("{BESIDE}{name}")
    }

    /// A lease as the store knows it.
    fn lease(lease: &Lease) -> Lease {
        Lease { name: Self::name(&lease.name), ..lease.clone() }
    }
}

#[async_trait]
impl Checkpoints for Beside {
    async fn get(&self, name: &str) -> Result<Option<Checkpoint>, StoreError> {
        self.0.get(&Self::name(name)).await
    }

    async fn put(
        &self,
        name: &str,
        value: &str,
        expected: Option<u64>,
        lease: Option<&Lease>,
    ) -> Result<bool, StoreError> {
        let lease = lease.map(Self::lease);
        self.0.put(&Self::name(name), value, expected, lease.as_ref()).await
    }

    async fn remove(&self, name: &str) -> Result<(), StoreError> {
        self.0.remove(&Self::name(name)).await
    }

    async fn acquire(&self, name: &str, owner: &str, ttl: Duration) -> Result<Option<Lease>, StoreError> {
        let lease = self.0.acquire(&Self::name(name), owner, ttl).await?;
        Ok(lease.map(|lease| Lease { name: name.to_owned(), ..lease }))
    }

    async fn release(&self, lease: &Lease) -> Result<(), StoreError> {
        self.0.release(&Self::lease(lease)).await
    }

    async fn list(&self, prefix: &str) -> Result<Vec<(String, Checkpoint)>, StoreError> {
        let listed = self.0.list(&Self::name(prefix)).await?;
        let own = |(name, checkpoint): (String, Checkpoint)| {
            Some((name.strip_prefix(BESIDE)?.to_owned(), checkpoint))
        };
        Ok(listed.into_iter().filter_map(own).collect())
    }
}
