//! The calls: under the quota, with a token, and what their answers mean.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use relay_connector::{
    Class, Failure, LogIn, Metered, OutOfTime, Pass, Quota, Rejection, Request, Session, Surroundings, Token,
    TokenKeeper, Told, Transport as _, Use, VendorTime, count_failure,
};
use relay_core::clock::{Clock, Deadline};
use relay_core::codec;
use secrecy::SecretString;
use serde_json::Value;

use crate::directory::Directories;
use crate::settings::{Auth, Settings};
use crate::version::{Call, Content, Form, Version};
use crate::{VENDOR, error, v1, v2};

pub(crate) const MINUTE: Duration = Duration::from_secs(60);

/// A tenant of Kingdee, over either interface.
pub struct Client {
    pub(crate) settings: Settings,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) version: Box<dyn Version>,
    pub(crate) quota: Quota,
    pub(crate) directories: Directories,
    pub(crate) time: VendorTime,
    session: Session,
    transport: Metered,
}

impl Client {
    /// A client of that account.
    #[must_use]
    pub fn new(settings: Settings, surroundings: &Surroundings) -> Self {
        let Surroundings { transport, clock, tokens, .. } = surroundings.clone();
        let account = settings.account();
        let (version, longest_life): (Box<dyn Version>, _) = match settings.auth {
            Auth::V1 { .. } => (Box::new(v1::V1), v1::session::LIFE),
            Auth::V2 { .. } => (Box::new(v2::V2::new(&account, surroundings)), v2::session::LIFE),
        };
        let quota = Quota::new(VENDOR, &account, settings.calls_per_minute, MINUTE, surroundings);
        let session = Session::new(TokenKeeper::new(VENDOR, &account, longest_life, tokens, clock.clone()));
        let transport = Metered::new(VENDOR, transport, clock.clone());
        let time = VendorTime::new(VENDOR, clock.clone());
        let directories = Directories::default();
        Self { settings, clock, version, quota, directories, time, session, transport }
    }

    /// A business call: once, and once more with a new token where the token was refused.
    pub(crate) async fn call(
        &self,
        call: Call<'_>,
        purpose: Use,
        deadline: Deadline,
    ) -> Result<Value, Failure> {
        let called = self.session.with_token(self, deadline, |pass| self.made(pass, call, purpose, deadline));
        called.await.inspect_err(count_failure)
    }

    async fn made(
        &self,
        pass: Pass<String>,
        call: Call<'_>,
        purpose: Use,
        deadline: Deadline,
    ) -> Result<Value, Rejection> {
        let (parameters, body) = match call.content {
            Content::Question(parameters) => (told(parameters), String::new()),
            Content::Order(body) => (Vec::new(), codec::json(body)),
        };
        let form = match call.content {
            Content::Question(parameters) => Form::Question(parameters),
            Content::Order(_) => Form::Order(&body),
        };
        let hidden = [pass.token.clone()];
        let build = |now| {
            let told = Told {
                operation: call.path.to_owned(),
                parameters: parameters.clone(),
                body: body.clone(),
                hidden: self.settings.hidden(&hidden),
            };
            let request = self.version.request(self, &pass, call.path, form, now)?;
            Ok(request.told(told).within(deadline))
        };
        self.exchange(call.path, purpose, deadline, build, &hidden).await
    }

    /// One request under the quota, before its deadline, and what its answer means: built for the time by which it is
    /// signed. One that may have been refused for our clock is made once more by the vendor's.
    pub(crate) async fn exchange(
        &self,
        operation: &str,
        purpose: Use,
        deadline: Deadline,
        build: impl Fn(DateTime<Utc>) -> Result<Request, Failure>,
        hidden: &[SecretString],
    ) -> Result<Value, Rejection> {
        let is_of_us = |rejection: &Rejection| matches!(rejection.failure().class, Class::Paused { .. });
        let call = |correction| self.exchange_by(correction, operation, purpose, deadline, &build);
        self.time
            .signed(is_of_us, call)
            .await
            .map_err(|rejection| rejection.hiding(|text| self.settings.redacted(text, hidden)))
    }

    async fn exchange_by(
        &self,
        correction: TimeDelta,
        operation: &str,
        purpose: Use,
        deadline: Deadline,
        build: impl Fn(DateTime<Utc>) -> Result<Request, Failure>,
    ) -> Result<Value, Rejection> {
        let in_turn = self.quota.wait(purpose, deadline).await;
        in_turn.map_err(|OutOfTime| Rejection::Other(Failure::out_of_time(VENDOR, operation)))?;
        // The signature holds the time, which must be that of the sending.
        let request = build(self.clock.now() + correction).map_err(Rejection::Other)?;
        let began = self.clock.monotonic();
        let response = match self.transport.send(request).await {
            Ok(response) => response,
            Err(error) => return Err(Rejection::Other(Failure::transport(VENDOR, operation, &error))),
        };
        let answer = self.version.answer(&response);
        // A page of something that stands between may bear any time.
        if answer.is_some() {
            self.time.note(began, response.date);
        }
        error::read(operation, &response, answer, self)
    }
}

/// Parameters as the archive shows them.
fn told(parameters: &serde_json::Map<String, Value>) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    parameters.iter().map(|(name, value)| (name.clone(), text(value))).collect()
}

/// What comes with a token is each interface's own, as JSON.
#[async_trait]
impl LogIn for Client {
    type Facts = String;

    async fn log_in(&self, deadline: Deadline) -> Result<Token, Failure> {
        let token = self.version.log_in(self, deadline).await;
        token.map_err(|rejection| error::credentials(rejection.into_failure(), self.version.credentials()))
    }

    /// Nothing is booked with a token that another version wrote, or that is for another account set.
    fn facts(&self, token: &Token) -> Result<String, Failure> {
        self.version.accepts(self, &token.facts).map(|()| token.facts.clone())
    }
}
