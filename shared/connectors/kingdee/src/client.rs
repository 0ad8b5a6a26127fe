//! The calls: under the quota, with a token, and what their answers mean.

use std::sync::Arc;
use std::time::Duration;

use relay_connector::{
    Failure, Metered, OutOfTime, Pass, Quota, Rejection, Request, Session, Surroundings, TokenKeeper, Told,
    Transport as _, Use, count_failure,
};
use relay_core::clock::{Clock, Deadline};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;

use crate::directory::Directories;
use crate::session::{Account, LIFE};
use crate::settings::Settings;
use crate::{VENDOR, error};

const MINUTE: Duration = Duration::from_secs(60);

/// A tenant of Kingdee.
pub struct Client {
    pub(crate) settings: Settings,
    pub(crate) clock: Arc<dyn Clock>,
    session: Session,
    transport: Metered,
    pub(crate) quota: Quota,
    pub(crate) directories: Directories,
}

impl Client {
    /// A client of that account.
    #[must_use]
    pub fn new(settings: Settings, surroundings: &Surroundings) -> Self {
        let Surroundings { transport, clock, tokens, .. } = surroundings.clone();
        let account_id = settings.account_id.as_deref().unwrap_or_default();
        let account = [settings.base_url.as_str(), &settings.client_id, &settings.username, account_id];
        let quota = Quota::new(VENDOR, &account, settings.calls_per_minute, MINUTE, surroundings);
        let session = Session::new(TokenKeeper::new(VENDOR, &account, LIFE, tokens, clock.clone()));
        let transport = Metered::new(VENDOR, transport, clock.clone());
        Self { settings, clock, session, transport, quota, directories: Directories::default() }
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
        answer.map_err(|rejection| rejection.hiding(|text| self.settings.redacted(text, token)))
    }
}
