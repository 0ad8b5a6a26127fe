//! A failed document that a person has dealt with by hand. It keeps its place in the ledger by that: an older version is
//! not sent over what the person has entered, and a newer one asks a person.

use chrono::{DateTime, Utc};
use relay_core::{Entry, EntryId, Failed, ledger};
use serde::Serialize;

use crate::{OperationError, Operations};

/// What was noted of a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SettledByHand {
    /// The document.
    #[serde(rename = "settled")]
    pub id: EntryId,
    /// Who has dealt with it.
    pub by: String,
    /// What was done, and why.
    pub reason: Option<String>,
    /// When that was noted.
    pub at: DateTime<Utc>,
}

impl Operations<'_> {
    /// Notes who has dealt with a document by hand, when and why.
    ///
    /// # Errors
    /// A flow or a document that nobody knows, or that has not failed; a store that does not answer.
    pub async fn settle(
        &self,
        flow: &str,
        key: &str,
        reason: Option<&str>,
        by: &str,
    ) -> Result<SettledByHand, OperationError> {
        let Entry { id, failed, beside, .. } = self.failed(flow, key).await?;
        let seen: Vec<Failed> = failed.into_iter().chain(beside).collect();
        let at = self.clock.now();
        let settle = |entry: &mut Entry| entry.settle(&seen, by, reason, at);
        if !ledger::update(self.stores.ledger.as_ref(), &id, None, settle).await? {
            return Err(OperationError::NotFailedAnyMore { flow: id.flow, key: id.key });
        }
        Ok(SettledByHand { id, by: by.to_owned(), reason: reason.map(str::to_owned), at })
    }
}
