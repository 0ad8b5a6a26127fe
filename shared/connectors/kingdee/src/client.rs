//! The calls: under the quota, with a token, and what their answers mean.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use relay_connector::{
    Failure, Metered, OutOfTime, Pass, Quota, Rejection, Request, Session, TokenKeeper, TokenStore, Told,
    Transport, Use, count_failure,
};
use relay_core::clock::{Clock, Deadline};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;

use crate::session::{Account, LIFE};
use crate::settings::Settings;
use crate::{VENDOR, error};

/// A tenant of Kingdee.
pub struct Client {
    pub(crate) settings: Settings,
    pub(crate) clock: Arc<dyn Clock>,
    session: Session,
    transport: Metered,
    quota: Quota,
}

impl Client {
    /// A client that shares its access token through `store`.
    #[must_use]
    pub fn new(
        settings: Settings,
        transport: Arc<dyn Transport>,
        clock: Arc<dyn Clock>,
        store: Arc<dyn TokenStore>,
    ) -> Self {
        // Some calls at once, so that a few documents are done quickly; the more, the slower the others that follow.
        let burst = NonZeroU32::new(settings.calls_per_minute.get() / 6).unwrap_or(NonZeroU32::MIN);
        let quota =
            Quota::new(VENDOR, settings.calls_per_minute, Duration::from_secs(60), burst, clock.clone());
        let account_id = settings.account_id.as_deref().unwrap_or_default();
        let account = [settings.base_url.as_str(), &settings.client_id, &settings.username, account_id];
        let session = Session::new(TokenKeeper::new(VENDOR, &account, LIFE, store, clock.clone()));
        let transport = Metered::new(VENDOR, transport, clock.clone());
        Self { settings, clock, session, transport, quota }
    }

    /// A business call: once, and once more with a new token where the token was refused.
    pub(crate) async fn call(
        &self,
        path: &str,
        body: &Value,
        purpose: Use,
        deadline: Deadline,
    ) -> Result<Value, Failure> {
        self.called(path, body, purpose, deadline).await.inspect_err(count_failure)
    }

    async fn called(
        &self,
        path: &str,
        body: &Value,
        purpose: Use,
        deadline: Deadline,
    ) -> Result<Value, Failure> {
        let call = |pass| self.post(pass, path, body, purpose, deadline);
        self.session.with_token(self, deadline, call).await
    }

    async fn post(
        &self,
        pass: Pass<Account>,
        path: &str,
        body: &Value,
        purpose: Use,
        deadline: Deadline,
    ) -> Result<Value, Rejection> {
        let Pass { token, facts: account } = pass;
        let url = self.settings.endpoint(path, &[("access_token", token.expose_secret())]);
        let body = body.to_string();
        let told = Told {
            operation: path.to_owned(),
            parameters: Vec::new(),
            body: body.clone(),
            hidden: self.settings.hidden(&token),
        };
        let request = Request::post(url, "application/json", body.into_bytes())
            .told(told)
            .header("accountId", account.account_id)
            .header("groupName", account.group_name)
            .within(deadline);
        self.exchange(path, request, purpose, Some(&token)).await
    }

    /// One request under the quota, before its deadline, and what its answer means.
    pub(crate) async fn exchange(
        &self,
        operation: &str,
        request: Request,
        purpose: Use,
        token: Option<&SecretString>,
    ) -> Result<Value, Rejection> {
        let in_turn = self.quota.wait(purpose, request.deadline).await;
        in_turn.map_err(|OutOfTime| Rejection::Other(Failure::out_of_time(VENDOR, operation)))?;
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
