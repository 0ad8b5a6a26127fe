//! The audit trail: who has done what, to what, when and why.

use chrono::{DateTime, Utc};
use relay_core::Action;

use crate::{OperationError, Operations};

impl Operations<'_> {
    /// The last actions, newest first.
    ///
    /// # Errors
    /// A store that does not answer, or a stack without the table for them.
    pub async fn actions(
        &self,
        since: Option<DateTime<Utc>>,
        limit: usize,
    ) -> Result<Vec<Action>, OperationError> {
        Ok(self.stores.audit.actions(since, limit).await?)
    }

    /// Notes what has been done, by whoever asks unless another is named. What is done stays done: where it cannot be noted,
    /// the log says so.
    pub async fn note(&self, did: Did<'_>) {
        let Did { by, did, to, count, reason } = did;
        let action = Action {
            at: self.clock.now(),
            by: by.unwrap_or(&self.by).to_owned(),
            did: did.to_owned(),
            to,
            count,
            reason,
        };
        if let Err(error) = self.stores.audit.note(&action).await {
            tracing::warn!(%error, did, by = action.by, to = action.to, "what was done is not in the audit trail");
        }
    }
}

/// Something that has been done.
#[derive(Debug, Clone, Default)]
pub struct Did<'a> {
    /// Who, where that is not whoever asks.
    pub by: Option<&'a str>,
    /// The command.
    pub did: &'a str,
    /// To what.
    pub to: String,
    /// To how many documents or rows.
    pub count: Option<u64>,
    /// Why, and what else is to be said of it.
    pub reason: Option<String>,
}

impl<'a> Did<'a> {
    /// That was done to that.
    pub fn of(did: &'a str, to: impl Into<String>) -> Self {
        Self { did, to: to.into(), ..Self::default() }
    }

    /// To so many.
    #[must_use]
    pub fn times(self, count: u64) -> Self {
        Self { count: Some(count), ..self }
    }

    /// For that reason.
    #[must_use]
    pub fn because(self, reason: Option<impl Into<String>>) -> Self {
        Self { reason: reason.map(Into::into), ..self }
    }
}
