//! One process alone goes along with a pool: several would queue and acknowledge the same rows, and each of these
//! acknowledgements is a call of the source's quota.

use std::time::Duration;

use relay_core::clock::{Clock, Deadline};
use relay_core::{Checkpoints, Lease, StoreError};

/// Whoever goes along says so anew: a process that was killed holds the others up no longer than this.
const LASTS: Duration = Duration::from_secs(20);

/// How long before that.
const RENEWED: Duration = Duration::from_secs(10);

/// How often those who stand by look whether somebody still goes along.
const LOOK: Duration = Duration::from_secs(5);

/// This process's part in a pool.
pub(crate) struct Along<'a> {
    pub(crate) checkpoints: &'a dyn Checkpoints,
    pub(crate) clock: &'a dyn Clock,
    /// Names the process.
    pub(crate) owner: &'a str,
    /// The pool.
    pub(crate) pool: &'a str,
    /// The lease, and when it was taken or renewed last, by monotonic time.
    pub(crate) held: Option<(Lease, Duration)>,
}

impl Along<'_> {
    /// Whether no other process goes along: this one does from here on, for a while.
    pub(crate) async fn is_the_one(&mut self) -> Result<bool, StoreError> {
        let now = self.clock.monotonic();
        if self.held.as_ref().is_none_or(|(_, since)| now >= *since + RENEWED) {
            let lease = self.checkpoints.acquire(&format!("along/{}", self.pool), self.owner, LASTS).await?;
            self.held = lease.map(|lease| (lease, now));
        }
        Ok(self.held.is_some())
    }

    /// Stands by while another process goes along. `false`: it still does, and the time is over.
    pub(crate) async fn stand_by(&mut self, until: Deadline) -> Result<bool, StoreError> {
        while !self.is_the_one().await? {
            if until.is_over(self.clock) {
                return Ok(false);
            }
            self.clock.sleep(LOOK).await;
        }
        Ok(true)
    }

    /// Goes along no more.
    pub(crate) async fn end(&mut self) {
        if let Some((lease, _)) = self.held.take()
            && let Err(error) = self.checkpoints.release(&lease).await
        {
            tracing::warn!(%error, pool = self.pool, "the lease of the pool ends by itself");
        }
    }
}
