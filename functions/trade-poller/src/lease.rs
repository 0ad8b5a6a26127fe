use std::time::Duration;

use relay_core::clock::{Clock, Deadline};
use relay_core::{Checkpoints, Lease, StoreError};

/// How long a poller may be silent before another takes over. Short, because a poller that was killed gives nothing
/// back; taking over from one that is merely slow does no harm, for the fence keeps its hands off the watermark.
const TTL: Duration = Duration::from_secs(90);

/// A lease is renewed when this much of it is gone: once a window as a rule, more often while a vendor is slow.
const RENEW_AFTER: Duration = Duration::from_secs(30);

const BETWEEN_TRIES: Duration = Duration::from_secs(5);

/// A lease that is kept while its holder works.
pub(crate) struct HeldLease<'a> {
    checkpoints: &'a dyn Checkpoints,
    clock: &'a dyn Clock,
    lease: Lease,
    /// Since when it is held: by the clock that nobody sets, for the lease's end may be moved by one that somebody does.
    since: Duration,
}

/// Until when a run waits for leases that a dead process may have left: for all that it takes together.
pub(crate) fn patience(clock: &dyn Clock, deadline: Deadline) -> Deadline {
    Deadline::within(clock, TTL + BETWEEN_TRIES).or_sooner(deadline)
}

impl<'a> HeldLease<'a> {
    /// Takes the lease, waiting for one that a dead process may have left; `None` when `patience` is over before it is
    /// given back. One that is free is taken in any case.
    pub(crate) async fn acquire(
        checkpoints: &'a dyn Checkpoints,
        clock: &'a dyn Clock,
        name: &str,
        owner: &str,
        patience: Deadline,
    ) -> Result<Option<Self>, StoreError> {
        loop {
            let since = clock.monotonic();
            if let Some(lease) = checkpoints.acquire(name, owner, TTL).await? {
                return Ok(Some(Self { checkpoints, clock, lease, since }));
            }
            if !patience.allows(clock, BETWEEN_TRIES) {
                return Ok(None);
            }
            tracing::warn!(lease = name, "waiting for another run, or for the lease of one that was killed");
            clock.sleep(BETWEEN_TRIES).await;
        }
    }

    /// The lease as it is now.
    pub(crate) fn current(&self) -> &Lease {
        &self.lease
    }

    /// By its own end, or by the time that has gone by: whichever says so first.
    fn is_due(&self) -> bool {
        let left = (self.lease.until - self.clock.now()).to_std().unwrap_or_default();
        left + RENEW_AFTER <= TTL || self.clock.monotonic() >= self.since + RENEW_AFTER
    }

    /// Renews the lease when it is due.
    pub(crate) async fn keep(&mut self) -> Result<(), StoreError> {
        if !self.is_due() {
            return Ok(());
        }
        let since = self.clock.monotonic();
        match self.checkpoints.acquire(&self.lease.name, &self.lease.owner, TTL).await? {
            // One that has run out while a vendor made us wait is taken anew; nobody had it in between.
            Some(renewed) if renewed.fence <= self.lease.fence + 1 => {
                (self.lease, self.since) = (renewed, since);
                Ok(())
            }
            _ => Err(StoreError::new(
                format!("keeping the lease {}", self.lease.name),
                "another run has taken over this flow: this one stops",
            )),
        }
    }

    pub(crate) async fn release(self) -> Result<(), StoreError> {
        self.checkpoints.release(&self.lease).await
    }
}
