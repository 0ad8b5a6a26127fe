//! Flows whose file was taken away for good.

use relay_core::pause::{self, Scope};
use relay_core::{not_yet, registry, tally};
use relay_job::active_flows;

use crate::error::Unknown;
use crate::log::Did;
use crate::{OperationError, Operations};

impl Operations<'_> {
    /// Lets go of a flow whose file was taken away: what comes for it is not kept any more, what has failed stays in the
    /// ledger.
    ///
    /// # Errors
    /// A flow that has a file, or that nobody knows; a store that does not answer.
    pub async fn retire(&self, flow: &str) -> Result<(), OperationError> {
        let broken = self.flows.broken_named(flow).map(|broken| &broken.file);
        if let Some(file) = self.flows.named(flow).map(|routed| &routed.file).or(broken) {
            return Err(OperationError::HasFile { flow: flow.to_owned(), file: file.clone() });
        }
        let checkpoints = self.stores.checkpoints.as_ref();
        let absent = active_flows::absent(&registry::read(checkpoints).await?, self.flows);
        if !absent.contains_key(flow) {
            let unknown = Unknown::new(flow, absent.keys().map(String::as_str));
            return Err(OperationError::NoAbsentFlow(unknown));
        }
        registry::change(checkpoints, |flows| drop(flows.remove(flow))).await?;
        // A flow of that name that comes later begins without it.
        pause::end(checkpoints, Scope::Flow(flow)).await?;
        tally::forget(checkpoints, flow).await?;
        not_yet::forget(checkpoints, flow).await?;
        self.note(Did::of("flows retire", flow)).await;
        Ok(())
    }
}
