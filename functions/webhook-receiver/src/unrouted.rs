//! Pushes that no flow takes, and pushes that cannot be read: the ledger keeps both, for a person and for a replay.

use relay_connector::{Kept, PushRefused, Verified};
use relay_core::item::content_hash;
use relay_core::ledger::of_no_flow::{unreadable, unrouted};
use relay_core::{EntryId, Failed, FailureClass, StoreError, System};
use serde_json::Value;

use crate::receive::Receiver;

impl Receiver {
    /// A proved push that nothing takes is kept where a person sees it: a flow for it may come later.
    pub(crate) async fn keep_unrouted(
        &self,
        system: System,
        told: String,
        push: Verified,
    ) -> Result<(), StoreError> {
        let key = format!("{}/{}", push.kind, push.id);
        self.keep(EntryId::new(unrouted(system), key), FailureClass::Unrouted, told, push.data, push.msg_id)
            .await
    }

    /// A push whose sender is proved is the vendor's, whatever is in it: its data is kept too, although the answer is
    /// that it failed. Qince delivers it again for ten days, perhaps mended, and then no more. `false` where the ledger
    /// did not take it.
    pub(crate) async fn keep_unreadable(&self, system: System, error: &PushRefused) -> bool {
        let Some(Kept { id, data }) = &error.kept else { return true };
        let (document, msg_id) = (Value::from(data.as_str()), &error.msg_id);
        let hash = content_hash(&document);
        let key = [id, msg_id, &hash].into_iter().find(|key| !key.is_empty()).unwrap_or(&hash);
        let id = EntryId::new(unreadable(system), key);
        let kept = self
            .in_time(self.keep(id, FailureClass::Unreadable, error.message.clone(), document, msg_id.clone()))
            .await;
        if let Err(error) = &kept {
            tracing::error!(msg_id, %error, "an unreadable push could not be kept: it will be delivered again");
        }
        kept.is_ok()
    }

    async fn keep(
        &self,
        id: EntryId,
        class: FailureClass,
        message: String,
        document: Value,
        trace: String,
    ) -> Result<(), StoreError> {
        let now = self.clock.now();
        let failed = Failed {
            version: None,
            version_kind: None,
            hash: content_hash(&document),
            class,
            code: None,
            message,
            attempts: 0,
            document,
            received_at: now,
            at: now,
            trace,
            replay: None,
            step: None,
            target_id: None,
            missing: Vec::new(),
        };
        self.intake.fail(&id, &failed).await.map(drop)
    }
}
