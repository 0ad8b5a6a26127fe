//! A failed document that a person edits before it is sent again: where the source cannot be corrected, or not in time.
//!
//! The edit stands in the document's entry, with what it was an edit of. So the same version that comes again from the source,
//! unchanged, does not take its place; a newer version does.

use relay_core::item::content_hash;
use relay_core::ledger::{self, Edit};
use relay_core::{Entry, EntryId, Failed, WorkItem};
use relay_job::work;
use serde_json::Value;

use crate::log::Did;
use crate::replay::Replayed;
use crate::{OperationError, Operations};

impl Operations<'_> {
    /// The newest failed version of a document, for a person to edit.
    ///
    /// # Errors
    /// A flow or a document that nobody knows, or that has not failed; a store that does not answer.
    pub async fn to_edit(&self, flow: &str, key: &str) -> Result<Value, OperationError> {
        Ok(newest(self.failed(flow, key).await?)?.document)
    }

    /// Sends what a person has made of a failed document through its flow.
    ///
    /// # Errors
    /// A document that has not failed, content that is no object or of another document, a flow without a file; a store that
    /// does not answer.
    pub async fn replay_edited(
        &self,
        flow: &str,
        key: &str,
        document: Value,
        reason: Option<&str>,
    ) -> Result<Replayed, OperationError> {
        let routed = self.flow_with_file(flow).await?;
        let failed = newest(self.failed(flow, key).await?)?;
        if !document.is_object() {
            return Err(OperationError::WrongEdit("it is no JSON object".to_owned()));
        }
        let found = routed.flow.key(&document);
        if found.as_ref().ok() != routed.flow.key(&failed.document).ok().as_ref() {
            let found = found.unwrap_or_else(|fault| fault.to_string());
            let why = format!("it is of another document ({found}), and the key tells documents apart");
            return Err(OperationError::WrongEdit(why));
        }
        let (of, to) = (content_hash(&failed.document), content_hash(&document));
        let (now, rng) = (self.clock.now(), self.rng.as_ref());
        let edit = Edit { of, to, by: self.by.clone(), at: now };
        let id = EntryId::new(flow, key);
        ledger::update(self.stores.ledger.as_ref(), &id, None, |entry| entry.edited = Some(edit.clone()))
            .await?;
        let mut item: WorkItem = work::item(&routed.flow, document, false, now, rng);
        item.key = key.to_owned();
        // The trace of what failed; received now, so that it comes after what the source has said of this version.
        item.trace.clone_from(&failed.trace);
        item.replay = Some(rng.uuid().to_string());
        let taken = self.intake().take(routed.system, std::slice::from_ref(&item)).await?;
        self.note(Did::of("replay --edit", format!("{flow} {key}")).because(reason)).await;
        let too_large = if taken.queued == 0 { vec![id] } else { Vec::new() };
        Ok(Replayed { sent: taken.queued, too_large, ..Replayed::default() })
    }
}

fn newest(entry: Entry) -> Result<Failed, OperationError> {
    let EntryId { flow, key } = entry.id.clone();
    let newest = entry.failures().max_by_key(|failed| failed.received_at).cloned();
    newest.ok_or(OperationError::NotFailed { flow, key })
}
