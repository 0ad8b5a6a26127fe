//! A message that is no work item: a person is to look at it.

use relay_core::item::content_hash;
use relay_core::ledger::of_no_flow::UNREADABLE;
use relay_core::ledger::{self, EntryId, Failed};
use relay_core::{FailureClass, Listens as _, Outcome, Received, StoreError, System};
use serde_json::Value;

use super::LedgerWriter;

impl LedgerWriter {
    /// Records a message that is no work item, whole, for a person to look at.
    pub(crate) async fn unreadable(
        &self,
        system: System,
        message: &Received,
        reason: &str,
    ) -> Result<Outcome, StoreError> {
        let document = Value::from(message.body.as_str());
        let reason = format!("the message in the queue of {system} cannot be read: {reason}");
        let failed = Failed {
            version: None,
            version_kind: None,
            hash: content_hash(&document),
            class: FailureClass::Unreadable,
            code: None,
            message: reason.clone(),
            attempts: 0,
            document,
            received_at: message.sent_at,
            at: self.clock.now(),
            trace: message.id.clone(),
            replay: None,
            step: None,
            target_id: None,
            missing: Vec::new(),
        };
        let id = EntryId::new(UNREADABLE, &message.id);
        self.listeners.failed(&id, &failed).await?;
        ledger::record_failure(self.ledger.as_ref(), &id, &failed).await.inspect_err(|error| {
            tracing::error!(%error, message_id = message.id, "a message that is no work item waits for the store");
        })?;
        tracing::error!(message_id = message.id, "a message that is no work item was recorded as failed");
        Ok(Outcome::failed(FailureClass::Unreadable, reason))
    }
}
