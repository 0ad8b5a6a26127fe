//! What the ledger is told of a document's acknowledgement to its source.

use relay_core::item::content_hash;
use relay_core::ledger::{self, EntryId, Failed};
use relay_core::policy::News;
use relay_core::{FailureClass, StoreError, VersionKind, WorkItem};
use relay_job::listeners::{Failure, Told};

use super::LedgerWriter;

impl LedgerWriter {
    /// Records that the source does not take the acknowledgement of a document that is done with.
    pub(crate) async fn unacknowledged(
        &self,
        item: &WorkItem,
        kind: Option<VersionKind>,
        message: &str,
    ) -> Result<(), StoreError> {
        let hash = content_hash(&item.document);
        let id = EntryId::new(&item.flow, &item.key);
        let failed = Failed {
            version: item.version.clone(),
            version_kind: kind,
            hash,
            class: FailureClass::Acknowledgement,
            code: None,
            message: message.to_owned(),
            attempts: 1,
            document: item.document.clone(),
            received_at: item.received_at,
            at: self.clock.now(),
            trace: item.trace.clone(),
            replay: item.replay.clone(),
            step: None,
            target_id: None,
            missing: Vec::new(),
        };
        let failure = Failure { class: &FailureClass::Acknowledgement, code: None, message };
        let news = News::Failed;
        let told = Told {
            item,
            kind,
            news,
            document: None,
            id: None,
            number: None,
            step: None,
            failure: Some(failure),
        };
        self.listeners.tell(told).await?;
        ledger::update(self.ledger.as_ref(), &id, None, |entry| entry.stand(failed.clone())).await
    }

    /// Records that the source has taken the acknowledgement after all.
    pub(crate) async fn acknowledged(&self, id: EntryId, item: &WorkItem) -> Result<(), StoreError> {
        let hash = content_hash(&item.document);
        ledger::update(self.ledger.as_ref(), &id, None, |entry| {
            entry.clear(&FailureClass::Acknowledgement, &hash);
        })
        .await
    }
}
