//! Port: one budget of calls for each account of a vendor, whoever makes them.
//!
//! A vendor counts the calls of an account, and not those of a process. So permits come out of one [`Window`] for an account,
//! which all processes share: a few at a time, because each time is a write. A permit that is not used in time lapses, so
//! that the permits of a process that has died harm nobody for long.

mod window;

use std::num::NonZeroU32;
use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::StoreError;

pub use window::Window;

/// How many calls an account may make in any period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// So many calls.
    pub calls: NonZeroU32,
    /// In any time of this length.
    pub period: Duration,
    /// So many at once at most, where the vendor counts by seconds too.
    pub at_once: Option<NonZeroU32>,
}

/// What a call is for, the most urgent first: a backlog of one kind does not hold up the others, and none of them starves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Use {
    /// Reading, pulling, acknowledging, asking, logging in: what comes of it cannot be caught up later. A trade that is
    /// audited and shipped meanwhile is never seen.
    Read,
    /// Writing a document: it waits in its queue, and nothing is lost by that.
    Push,
    /// Writing a document that a person sends again.
    Replay,
    /// Reading what was long ago.
    Backfill,
    /// Comparing what both sides have.
    Reconcile,
}

/// Somebody wants to make calls.
#[derive(Debug, Clone)]
pub struct Ask {
    /// Who asks: a name that no other process bears.
    pub holder: String,
    /// What for.
    pub purpose: Use,
    /// How many: more than are given at once are not given.
    pub wanted: u32,
    /// What other calls wait in the same process.
    pub beside: Vec<Use>,
    /// How long ago the calls began that the permits of before were used for, and what for; those that are not told
    /// are free again.
    pub begun: Vec<(Duration, Use)>,
}

/// What comes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grant {
    /// So many calls may begin.
    Permits {
        /// How many.
        count: u32,
        /// Within this time.
        valid: Duration,
    },
    /// None may now: ask again after this time.
    Wait(Duration),
}

/// What of a budget is used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Used {
    /// Calls that have begun in the last minute, and permits for more.
    pub last_minute: u32,
    /// Calls that wait for a permit.
    pub waiting: u32,
}

/// The budgets.
#[async_trait]
pub trait Quotas: Send + Sync {
    /// Asks for permits out of the budget of that name.
    async fn ask(&self, name: &str, limit: Limit, ask: &Ask) -> Result<Grant, StoreError>;

    /// What of each budget is used. A name begins with the vendor's, and a slash.
    async fn used(&self) -> Result<Vec<(String, Used)>, StoreError>;
}
