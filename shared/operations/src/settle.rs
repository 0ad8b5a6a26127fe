//! A failed document that a person has dealt with by hand. It keeps its place in the ledger by that: an older version is
//! not sent over what the person has entered, and a newer one asks a person.

use chrono::{DateTime, Utc};
use relay_core::{Entry, EntryId, ledger};
use serde::Serialize;

use crate::log::Did;
use crate::which::Which;
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
        let settled = self.settle_entry(self.failed(flow, key).await?, reason, by).await?;
        let done = Did { by: Some(by), ..Did::of("settle", format!("{flow} {key}")) };
        self.note(done.because(reason)).await;
        Ok(settled)
    }

    /// Notes of each of these documents, as they were read, who has dealt with it by hand. One that somebody else has dealt
    /// with meanwhile is left out.
    ///
    /// # Errors
    /// A flow or a cause that nobody knows; a store that does not answer: some may be settled then.
    pub async fn settle_all(
        &self,
        which: &Which,
        reason: &str,
        by: &str,
    ) -> Result<Vec<SettledByHand>, OperationError> {
        let mut settled = Vec::new();
        let mut failed = None;
        for entry in self.failures_of(which).await? {
            match self.settle_entry(entry, Some(reason), by).await {
                Ok(done) => settled.push(done),
                Err(OperationError::NotFailedAnyMore { .. }) => {}
                Err(error) => {
                    failed = Some(error);
                    break;
                }
            }
        }
        let done = Did { by: Some(by), ..Did::of("settle", which.told()) };
        self.note(done.times(settled.len() as u64).because(Some(reason))).await;
        failed.map_or(Ok(settled), Err)
    }

    async fn settle_entry(
        &self,
        entry: Entry,
        reason: Option<&str>,
        by: &str,
    ) -> Result<SettledByHand, OperationError> {
        let (id, at) = (entry.id.clone(), self.clock.now());
        if !ledger::settle(self.stores.ledger.as_ref(), entry, by, reason, at).await? {
            return Err(OperationError::NotFailedAnyMore { flow: id.flow, key: id.key });
        }
        Ok(SettledByHand { id, by: by.to_owned(), reason: reason.map(str::to_owned), at })
    }
}
