//! Failures whose document a person has meanwhile made in the target, asked for at once.

use relay_core::clock::Clock;
use relay_reconcile::Tolerances;

pub use relay_reconcile::recheck::{Closed, Rechecked};

use crate::explain::Connect;
use crate::log::Did;
use crate::which::Which;
use crate::{OperationError, Operations};

impl Operations<'_> {
    /// Asks the targets for the documents that failed, at most `limit`, and closes those that are there.
    ///
    /// # Errors
    /// A flow or a cause that nobody knows; a store that does not answer. A target that does not answer ends its questions.
    pub async fn recheck(
        &self,
        which: &Which,
        limit: usize,
        connect: Connect<'_>,
    ) -> Result<Rechecked, OperationError> {
        let (entries, nothing) = (self.failures_of(which).await?, Tolerances::default());
        let clock: &dyn Clock = self.clock.as_ref();
        let (rechecked, _) = self.reconciler(connect, &nothing, clock).recheck(entries, limit).await?;
        if !rechecked.closed.is_empty() {
            let done =
                Did { by: Some(relay_reconcile::recheck::BY), ..Did::of("settle", "what is in its target") };
            self.note(done.times(rechecked.closed.len() as u64)).await;
        }
        Ok(rechecked)
    }
}
