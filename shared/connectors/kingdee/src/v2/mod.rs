//! V2: an app-token, every call signed, `errcode` 0 for success, lists by `GET`.
//!
//! Vendor pages: `open.jdy.com/#/files/api/detail`. The signature is in [`crate::sign`].

pub(crate) mod catalog;
mod envelope;
mod form;
pub(crate) mod session;

pub(crate) use envelope::names;

use std::borrow::Cow;
use std::num::NonZeroU32;
use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use relay_connector::{Document, Failure, Pass, Quota, Rejection, Request, Response, Surroundings, Token};
use relay_core::clock::{Deadline, Rng};
use relay_core::ordered;
use secrecy::ExposeSecret as _;
use serde_json::Value;

use crate::client::{Client, MINUTE};
use crate::version::{Answer, Endpoint, Form, Version};
use crate::{VENDOR, sign};

/// The second interface.
pub(crate) struct V2 {
    /// The call that gives a token out is taken twice a minute, whatever else is taken.
    token_calls: Quota,
    rng: Arc<dyn Rng>,
}

impl V2 {
    const TOKEN_CALLS: NonZeroU32 = NonZeroU32::MIN.saturating_add(1);

    /// For the account that these words name.
    pub(crate) fn new(account: &[&str], surroundings: &Surroundings) -> Self {
        let account = [account, &["app-token"]].concat();
        let token_calls = Quota::new(VENDOR, &account, Self::TOKEN_CALLS, MINUTE, surroundings);
        Self { token_calls, rng: surroundings.rng.clone() }
    }
}

#[async_trait]
impl Version for V2 {
    fn documents(&self) -> &'static [Document] {
        catalog::documents()
    }

    fn endpoint(&self, document: &str) -> Option<Endpoint> {
        catalog::endpoint(document)
    }

    fn credentials(&self) -> &'static str {
        "KINGDEE_CLIENT_ID, KINGDEE_CLIENT_SECRET and KINGDEE_OUTER_INSTANCE_ID"
    }

    async fn log_in(&self, client: &Client, deadline: Deadline) -> Result<Token, Rejection> {
        session::log_in(self, client, deadline).await
    }

    fn accepts(&self, client: &Client, facts: &str) -> Result<(), Failure> {
        session::app(&client.settings, facts).map(drop)
    }

    fn request(
        &self,
        client: &Client,
        pass: &Pass<String>,
        path: &'static str,
        form: Form<'_>,
        now: DateTime<Utc>,
    ) -> Result<Request, Failure> {
        let app = session::app(&client.settings, &pass.facts)?;
        let request = match form {
            Form::Question(parameters) => {
                let query = form::query(parameters);
                let query = ordered::map(query.iter().map(|(name, value)| (name.as_str(), value.as_str())));
                self.signed(client, http::Method::GET, path, &query, None, now)?
            }
            Form::Order(body) => {
                self.signed(client, http::Method::POST, path, &Default::default(), Some(body), now)?
            }
        };
        let request = request.header("app-token", pass.token.expose_secret());
        Ok(request.header("X-GW-Router-Addr", app.domain))
    }

    fn answer(&self, response: &Response) -> Option<Answer> {
        envelope::read(response)
    }

    fn material_detail(&self) -> &'static str {
        "jdy/v2/bd/material_detail"
    }

    fn page_size(&self) -> &'static str {
        "page_size"
    }

    fn saved_as<'a>(&self, document: &Document, body: &'a Value) -> Result<Cow<'a, Value>, String> {
        form::saved(document, body).map(Cow::Owned)
    }

    fn saved_id(&self, data: &Value) -> Option<String> {
        envelope::saved_id(data)
    }

    fn can_search(&self, text: &str) -> Result<(), String> {
        let unsignable = text.chars().find(|character| sign::is_ambiguous(*character));
        unsignable.map_or(Ok(()), |character| {
            Err(format!(
                "`{text}` holds {character:?}, which Kingdee's clients sign differently, so that it cannot be \
                 searched for: use a number without it"
            ))
        })
    }
}

impl V2 {
    /// A request with its signature, and without what a token gives.
    fn signed(
        &self,
        client: &Client,
        method: http::Method,
        path: &str,
        query: &std::collections::BTreeMap<&str, &str>,
        body: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<Request, Failure> {
        let settings = &client.settings;
        let [first, second, third, fourth, ..] = self.rng.bytes();
        // A positive number.
        let nonce = (u32::from_be_bytes([first, second, third, fourth]) >> 1 | 1).to_string();
        let timestamp = now.timestamp_millis().to_string();
        let text = sign::string_to_sign(method.as_str(), &format!("/{path}"), query, &nonce, &timestamp);
        let text = text.map_err(|ambiguous| {
            let class = relay_connector::Class::Refused;
            Failure::new(VENDOR, path, class, None, ambiguous.to_string())
        })?;
        let signature = sign::signature(&settings.client_secret, &text);
        let url =
            settings.endpoint(path, &query.iter().map(|(name, value)| (*name, *value)).collect::<Vec<_>>());
        let body = body.unwrap_or_default().as_bytes().to_vec();
        let request = Request { method, ..Request::post(url, "application/json", body) };
        Ok(request
            .header("X-Api-ClientID", &settings.client_id)
            .header("X-Api-Auth-Version", "2.0")
            .header("X-Api-TimeStamp", timestamp)
            .header("X-Api-SignHeaders", "X-Api-TimeStamp,X-Api-Nonce")
            .header("X-Api-Nonce", nonce)
            .header("X-Api-Signature", signature))
    }
}
