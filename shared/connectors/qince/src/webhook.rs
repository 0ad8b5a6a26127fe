//! 推送 (the push) as the receiver sees it.

use std::sync::Arc;

use relay_connector::{Connection, PushRefused, PushRequest, Verified, Webhook};
use relay_core::clock::Clock;

use crate::catalog::{self, DIRECT_ORDER};
use crate::push::Push;
use crate::settings::Settings;

/// What the paths of its pushes begin with.
pub(crate) const PREFIX: &str = "/qince/";

/// The pushes of one enterprise.
pub struct Pushes {
    settings: Settings,
    clock: Arc<dyn Clock>,
}

impl Pushes {
    /// Verifies pushes by these settings, and their age by this clock.
    #[must_use]
    pub fn new(settings: Settings, clock: Arc<dyn Clock>) -> Self {
        Self { settings, clock }
    }
}

impl Connection for Pushes {
    fn webhook(&self) -> Option<&dyn Webhook> {
        Some(self)
    }
}

impl Webhook for Pushes {
    fn prefix(&self) -> &'static str {
        PREFIX
    }

    fn max_body_bytes(&self) -> usize {
        self.settings.max_body_bytes
    }

    fn verify(&self, request: &PushRequest<'_>) -> Result<Verified, PushRefused> {
        let push = Push::parse(request.header("content-type"), request.body, &self.settings)?;
        let push = push.verify(&self.settings)?;
        push.is_recent(&self.settings, self.clock.now())?;
        Ok(Verified {
            document: self.settings.takes(&push.data_type).then(catalog::direct_order),
            params: Vec::new(),
            id: push.document_id(),
            kind: push.data_type,
            msg_id: push.msg_id,
            data: push.document,
        })
    }

    fn unrouted(&self, push: &Verified) -> String {
        format!(
            "no flow takes Qince's `{}`: if it is a direct order, add the type to QINCE_DATA_TYPES (and a flow that reads \
             {DIRECT_ORDER}, if there is none) and replay; otherwise stop the push in Qince",
            push.kind
        )
    }
}
