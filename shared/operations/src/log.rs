//! The audit trail: who has done what, to what, when and why.

use chrono::{DateTime, Utc};
use relay_core::Action;

use crate::{OperationError, Operations};

/// So many actions are looked through for a text: what people do in a year.
const LOOKED_THROUGH: usize = 20_000;

impl Operations<'_> {
    /// The last actions, newest first: those that hold a text, a person's name or a document's key say, where one is named.
    ///
    /// # Errors
    /// A store that does not answer, or a stack without the table for them.
    pub async fn actions(
        &self,
        since: Option<DateTime<Utc>>,
        about: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Action>, OperationError> {
        let Some(about) = about else { return Ok(self.stores.audit.actions(since, limit).await?) };
        let holds = |text: &str| text.contains(about);
        let is_about = |action: &Action| {
            [&action.by, &action.did, &action.to].into_iter().any(|text| holds(text))
                || action.reason.as_deref().is_some_and(holds)
        };
        let actions = self.stores.audit.actions(since, LOOKED_THROUGH).await?;
        Ok(actions.into_iter().filter(is_about).take(limit).collect())
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
