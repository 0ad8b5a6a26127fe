//! The client, and what the answer to a request of it means.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use relay_connector::{
    Failure, Metered, Quota, Rejection, Request, Session, Surroundings, TokenKeeper, Transport as _,
};
use relay_core::clock::{Clock, Rng};
use secrecy::{ExposeSecret as _, SecretString};

use crate::envelope::Envelope;
use crate::session::LONGEST_LIFE;
use crate::settings::Settings;
use crate::{VENDOR, error};

/// What the vendor allows in a minute.
const TOKEN_CALLS: NonZeroU32 = NonZeroU32::new(10).unwrap();

/// An enterprise in ShareCRM.
pub struct Client {
    pub(crate) settings: Settings,
    pub(crate) session: Session,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) rng: Arc<dyn Rng>,
    pub(crate) token_quota: Quota,
    pub(crate) push_quota: Quota,
    transport: Metered,
}

impl Client {
    /// A client of that enterprise.
    #[must_use]
    pub fn new(settings: Settings, surroundings: &Surroundings) -> Self {
        let Surroundings { transport, clock, rng, tokens, .. } = surroundings.clone();
        // The permanent code says which enterprise it is: with another code, the token of the former is not to be used.
        let code = settings.permanent_code.expose_secret();
        let account = [settings.base_url.as_str(), &settings.app_id, code];
        let quota = |counted, calls, seconds| {
            let [url, app, code] = account;
            Quota::new(VENDOR, &[url, app, code, counted], calls, Duration::from_secs(seconds), surroundings)
        };
        let push_quota = quota("pushes", settings.pushes_in_20_seconds, 20);
        let token_quota = quota("tokens", TOKEN_CALLS, 60);
        let keeper = TokenKeeper::new(VENDOR, &account, LONGEST_LIFE, tokens, clock.clone());
        let session = Session::new(keeper);
        let transport = Metered::new(VENDOR, transport, clock.clone());
        Self { settings, session, clock, rng, token_quota, push_quota, transport }
    }

    /// One request, and what its answer means.
    pub(crate) async fn exchange(
        &self,
        operation: &str,
        request: Request,
        token: Option<&SecretString>,
    ) -> Result<Envelope, Rejection> {
        let answer = match self.transport.send(request).await {
            Ok(response) => error::read(operation, &response, self.clock.now()),
            Err(error) => Err(Rejection::Other(Failure::transport(VENDOR, operation, &error))),
        };
        answer.map_err(|rejection| rejection.hiding(|text| self.settings.redacted(text, token)))
    }
}
