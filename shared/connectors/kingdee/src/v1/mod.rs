//! V1: an access token of a user, no signature, every call a `POST`, two levels of success.
//!
//! Vendor: the SDK 精斗云 星辰 For Python 1.0, and `cloud.kingdee.com/help/document/detail?item=248&doc=1648`.

pub(crate) mod catalog;
mod envelope;
pub(crate) mod session;

use std::borrow::Cow;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use relay_connector::{Document, Failure, Pass, Rejection, Request, Response, Token};
use relay_core::clock::Deadline;
use secrecy::ExposeSecret as _;
use serde_json::Value;

use crate::client::Client;
use crate::version::{Answer, Endpoint, Form, Version};
use envelope::Envelope;

/// The first interface.
pub(crate) struct V1;

#[async_trait]
impl Version for V1 {
    fn documents(&self) -> &'static [Document] {
        catalog::documents()
    }

    fn endpoint(&self, document: &str) -> Option<Endpoint> {
        catalog::endpoint(document)
    }

    fn credentials(&self) -> &'static str {
        "KINGDEE_CLIENT_ID, KINGDEE_CLIENT_SECRET, KINGDEE_USERNAME and KINGDEE_PASSWORD"
    }

    async fn log_in(&self, client: &Client, deadline: Deadline) -> Result<Token, Rejection> {
        session::log_in(client, deadline).await
    }

    fn accepts(&self, client: &Client, facts: &str) -> Result<(), Failure> {
        session::account(&client.settings, facts).map(drop)
    }

    fn request(
        &self,
        client: &Client,
        pass: &Pass<String>,
        path: &'static str,
        form: Form<'_>,
        _now: DateTime<Utc>,
    ) -> Result<Request, Failure> {
        let account = session::account(&client.settings, &pass.facts)?;
        let url = client.settings.endpoint(path, &[("access_token", pass.token.expose_secret())]);
        let body = match form {
            Form::Question(parameters) => Value::Object(parameters.clone()).to_string(),
            Form::Order(body) => body.to_owned(),
        };
        Ok(Request::post(url, "application/json", body.into_bytes())
            .header("accountId", account.account_id)
            .header("groupName", account.group_name))
    }

    fn answer(&self, response: &Response) -> Option<Answer> {
        Envelope::parse(response).map(Envelope::into_answer)
    }

    fn material_detail(&self) -> &'static str {
        "jdy/basedata/material_detail"
    }

    fn page_size(&self) -> &'static str {
        "pagesize"
    }

    fn saved_as<'a>(&self, _document: &Document, body: &'a Value) -> Result<Cow<'a, Value>, String> {
        Ok(Cow::Borrowed(body))
    }

    fn saved_id(&self, data: &Value) -> Option<String> {
        envelope::saved_id(data)
    }

    fn can_search(&self, _text: &str) -> Result<(), String> {
        Ok(())
    }
}
