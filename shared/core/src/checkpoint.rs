//! Port: small named values that are moved by compare-and-set, and leases with fencing numbers.
//!
//! A watermark moves only under a lease. Each time a lease changes hands its fence grows, and a checkpoint refuses
//! a write under an older fence than the last one it took: a holder that was paused for too long moves nothing.

use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::StoreError;

/// A stored value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The value, JSON text by convention.
    pub value: String,
    /// Grows by one with every write.
    pub revision: u64,
}

/// The right to do something alone, for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// What it is a lease of.
    pub name: String,
    /// Who holds it.
    pub owner: String,
    /// Grows each time the lease changes hands.
    pub fence: u64,
    /// When it ends by itself.
    pub until: DateTime<Utc>,
}

/// Named values and leases.
#[async_trait]
pub trait Checkpoints: Send + Sync {
    /// Reads a value.
    async fn get(&self, name: &str) -> Result<Option<Checkpoint>, StoreError>;

    /// Writes a value if its revision is still `expected` (`None`: if there is none yet) and no newer lease than
    /// `lease` has written it. `false` means that somebody else was first: read again.
    async fn put(
        &self,
        name: &str,
        value: &str,
        expected: Option<u64>,
        lease: Option<&Lease>,
    ) -> Result<bool, StoreError>;

    /// Forgets a value.
    async fn remove(&self, name: &str) -> Result<(), StoreError>;

    /// Takes a lease, or renews it for the same owner; `None` while another holds it.
    async fn acquire(&self, name: &str, owner: &str, ttl: Duration) -> Result<Option<Lease>, StoreError>;

    /// Gives a lease back before it ends. A lease that has been lost already is left alone.
    async fn release(&self, lease: &Lease) -> Result<(), StoreError>;

    /// All values whose names begin with `prefix`.
    async fn list(&self, prefix: &str) -> Result<Vec<(String, Checkpoint)>, StoreError>;
}
