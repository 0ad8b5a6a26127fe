//! The client, and what the answer to a request of it means.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use relay_connector::{
    Failure, Metered, Quota, Rejection, Request, Session, TokenKeeper, TokenStore, Transport,
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
    /// A client that shares its access token through `store`.
    #[must_use]
    pub fn new(
        settings: Settings,
        transport: Arc<dyn Transport>,
        clock: Arc<dyn Clock>,
        rng: Arc<dyn Rng>,
        store: Arc<dyn TokenStore>,
    ) -> Self {
        let quota = |calls: NonZeroU32, seconds, burst| {
            let burst = NonZeroU32::new(burst).unwrap_or(NonZeroU32::MIN);
            Quota::new(VENDOR, calls, Duration::from_secs(seconds), burst, clock.clone())
        };
        let pushes = settings.pushes_in_20_seconds;
        let push_quota = quota(pushes, 20, pushes.get() / 4);
        let token_quota = quota(TOKEN_CALLS, 60, 5);
        // The permanent code says which enterprise it is: with another code, the token of the former is not to be used.
        let code = settings.permanent_code.expose_secret();
        let account = [settings.base_url.as_str(), &settings.app_id, code];
        let keeper = TokenKeeper::new(VENDOR, &account, LONGEST_LIFE, store, clock.clone());
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
        answer.map_err(|mut rejection| {
            rejection.failure_mut().redact(|text| self.settings.redacted(text, token));
            rejection
        })
    }
}
