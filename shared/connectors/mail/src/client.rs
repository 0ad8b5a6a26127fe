//! The client: one call, and what its answer means.

use std::sync::Arc;
use std::time::Duration;

use relay_connector::{Class, Delivery, Failure, Metered, OutOfTime, Quota, Surroundings, Transport as _};
use relay_core::clock::Deadline;

use crate::request::Letter;
use crate::settings::Settings;
use crate::{VENDOR, error, request};

const MINUTE: Duration = Duration::from_secs(60);
/// The only call.
pub(crate) const OPERATION: &str = "send";

/// Sends mails by one mail server.
pub struct Client {
    server: Option<Server>,
}

struct Server {
    settings: Settings,
    transport: Metered,
    quota: Arc<Quota>,
}

impl Client {
    /// A client for these settings; without any it sends nothing.
    #[must_use]
    pub fn new(settings: Option<Settings>, surroundings: &Surroundings) -> Self {
        let server = settings.map(|settings| {
            let Surroundings { transport, clock, .. } = surroundings.clone();
            let user = settings.login.as_ref().map_or("", |(user, _)| user);
            let account = [settings.server.as_str(), user];
            let quota = Arc::new(Quota::new(VENDOR, &account, settings.per_minute, MINUTE, surroundings));
            Server { transport: Metered::new(VENDOR, transport, clock), quota, settings }
        });
        Self { server }
    }

    /// Sends one mail, and gives its Message-ID.
    ///
    /// # Errors
    /// What the reply means. Paused, without a call, where no mail server is set any more.
    pub async fn send(&self, delivery: &Delivery<'_>, deadline: Deadline) -> Result<String, Failure> {
        let Some(Server { settings, transport, quota }) = &self.server else {
            let message = "its settings are not there: see MAIL_ in docs/settings.md";
            let class = Class::Paused { until: None };
            return Err(Failure::in_our_words(VENDOR, OPERATION, class, None, message));
        };
        let in_turn = quota.wait(delivery.purpose, deadline).await;
        in_turn.map_err(|OutOfTime| Failure::out_of_time(VENDOR, OPERATION))?;
        let letter = Letter::of(settings, delivery);
        let request = request::send(settings, &letter).within(deadline);
        let answer = match transport.send(request).await {
            Ok(response) => error::reply(OPERATION, &response),
            Err(error) => Err(Failure::transport(VENDOR, OPERATION, &error)),
        };
        answer.map(|()| letter.message_id).map_err(|failure| failure.hiding(|text| settings.redacted(text)))
    }

    /// The quota that mails go by.
    pub(crate) fn quota(&self) -> Option<&Quota> {
        self.server.as_ref().map(|server| &*server.quota)
    }
}
