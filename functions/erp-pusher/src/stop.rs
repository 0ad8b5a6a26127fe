//! What ends a document's turn before all of its phases are done.

use relay_connector::Failure;
use relay_core::{FailureClass, Outcome, StoreError};

/// What ends a document's turn before all of its phases are done.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Stop {
    /// It is clear what became of it.
    #[error("{}", .0.name())]
    Ended(Outcome),
    /// A call to the target has failed: what that means depends on its tries so far.
    #[error(transparent)]
    Call(#[from] Failure),
    /// A store does not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Stop {
    /// It fails, without having been sent.
    pub(crate) fn failed(class: FailureClass, message: impl Into<String>) -> Self {
        Self::Ended(Outcome::failed(class, message))
    }
}
