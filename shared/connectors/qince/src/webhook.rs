//! 推送 (the push) as the receiver sees it.

use std::sync::Arc;

use relay_connector::{PushRefused, PushRequest, Verified, Webhook};
use relay_core::clock::Clock;

use crate::catalog::{self, DIRECT_ORDER};
use crate::push::{DataSource, Push};
use crate::settings::Settings;

/// What the paths of its pushes begin with.
pub(crate) const PREFIX: &str = "/qince/";

/// What the kind of a record ends with that was made over the open API.
const BY_API: &str = "@api";

/// What a push is kept under where no flow takes it: its business type, and whether it may be an echo of ours.
fn kind(data_type: String, source: DataSource) -> String {
    match source {
        DataSource::Biz => data_type,
        DataSource::Api => data_type + BY_API,
    }
}

/// The business type and the source of a kind.
pub(crate) fn of_kind(kind: &str) -> (&str, DataSource) {
    kind.strip_suffix(BY_API).map_or((kind, DataSource::Biz), |data_type| (data_type, DataSource::Api))
}

/// What a flow may ask of a push: `params = { dataSource = "biz" }` leaves out the echo of what we have written.
pub(crate) fn params(source: DataSource) -> Vec<(String, String)> {
    let source = match source {
        DataSource::Biz => "biz",
        DataSource::Api => "api",
    };
    vec![(catalog::DATA_SOURCE.to_owned(), source.to_owned())]
}

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
        let is_an_order = self.settings.takes(&push.data_type);
        Ok(Verified {
            document: match is_an_order {
                true => Some(catalog::direct_order()),
                false => catalog::of_data_type(&push.data_type),
            },
            params: params(push.data_source),
            id: push.document_id(),
            kind: kind(push.data_type, push.data_source),
            msg_id: push.msg_id,
            data: push.document,
        })
    }

    fn unrouted(&self, push: &Verified) -> String {
        format!(
            "no flow takes Qince's `{}`: add a flow that reads it ({}) and replay; if it is a direct order, add the type to \
             QINCE_DATA_TYPES; otherwise stop the push in Qince",
            push.kind,
            push.document.map_or(DIRECT_ORDER, |document| document.name)
        )
    }
}
