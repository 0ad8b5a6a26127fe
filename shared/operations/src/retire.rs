//! Flows whose file was taken away for good.

use relay_core::pause::{self, Scope};
use relay_core::registry;
use relay_job::active_flows;

use crate::error::Unknown;
use crate::{OperationError, Operations};

impl Operations<'_> {
    /// Lets go of a flow whose file was taken away: what comes for it is not kept any more, what has failed stays in the
    /// ledger.
    ///
    /// # Errors
    /// A flow that has a file, or that nobody knows; a store that does not answer.
    pub async fn retire(&self, flow: &str) -> Result<(), OperationError> {
        if let Some(routed) = self.flows.named(flow) {
            return Err(OperationError::HasFile { flow: flow.to_owned(), file: routed.file.clone() });
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
        Ok(())
    }
}
