//! The app-token: fetched with the key and secret that the tenant's authorisation gives out, kept with its address.
//!
//! The secret rotates every day, and the token with it. So neither the secret nor its signature is kept: whoever needs a
//! new token asks for both anew.

use std::collections::BTreeMap;
use std::fmt;

use chrono::TimeDelta;
use relay_connector::{Class, Failure, OutOfTime, Rejection, Token, Use, lenient};
use relay_core::clock::Deadline;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::V2;
use crate::client::Client;
use crate::settings::{Auth, Settings};
use crate::{VENDOR, error, sign};

const AUTHORIZE: &str = "jdyconnector/app_management/push_app_authorize";
const APP_TOKEN: &str = "jdyconnector/app_management/kingdee_auth_token";

/// A day, less the time that a call may take.
pub(crate) const LIFE: TimeDelta = TimeDelta::minutes(24 * 60 - 10);

/// A token, or the authorisations of an instance, are some KiB at most.
const LARGEST_ANSWER: usize = 1024 * 1024;

/// The application in an account set, as the headers of every call name it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct App {
    /// Where the gateway sends what is for this account set: `X-GW-Router-Addr`.
    pub(super) domain: String,
    outer_instance_id: String,
    account_id: Option<String>,
}

/// One authorisation.
struct Authorisation {
    app_key: String,
    app_secret: SecretString,
    domain: Option<String>,
    account: Option<String>,
}

pub(super) async fn log_in(v2: &V2, client: &Client, deadline: Deadline) -> Result<Token, Rejection> {
    let Auth::V2 { outer_instance_id } = &client.settings.auth else {
        return Err(Rejection::Other(failure(AUTHORIZE, "the settings are those of V1")));
    };
    let (authorisation, data) = match token_of(v2, client, outer_instance_id, deadline).await {
        // The secret has rotated between the two steps.
        Err(rejection) if error::says_key_refused(rejection.failure()) => {
            token_of(v2, client, outer_instance_id, deadline).await?
        }
        given => given?,
    };
    let of = |names: [&str; 3]| names.iter().find_map(|name| lenient::field(&data, name));
    let value = of(["app-token", "app_token", "appToken"]).ok_or_else(|| {
        Rejection::Other(failure(APP_TOKEN, "the answer holds no app-token: check KINGDEE_BASE_URL"))
    })?;
    let domain = authorisation.domain.or_else(|| lenient::field(&data, "domain")).ok_or_else(|| {
        Rejection::Other(failure(
            AUTHORIZE,
            "neither the authorisation nor the token tells the address (domain)",
        ))
    })?;
    let account_id = client.settings.account_id.clone();
    let app = App { domain, outer_instance_id: outer_instance_id.clone(), account_id };
    let facts = serde_json::to_string(&app)
        .map_err(|error| Rejection::Other(failure(APP_TOKEN, error.to_string())))?;
    tracing::info!(vendor = VENDOR, domain = app.domain, "fetched an app-token");
    Ok(Token { value: value.into(), facts, expires_at: client.clock.now() + LIFE })
}

/// Both steps: the authorisation, and the token that its secret gives out. The permit for the second is waited for before
/// the first, so that the secret is as fresh as can be.
async fn token_of(
    v2: &V2,
    client: &Client,
    outer_instance_id: &str,
    deadline: Deadline,
) -> Result<(Authorisation, Value), Rejection> {
    let in_turn = v2.token_calls.wait(Use::Read, deadline).await;
    in_turn.map_err(|OutOfTime| Rejection::Other(Failure::out_of_time(VENDOR, APP_TOKEN)))?;
    let authorisation = authorised(v2, client, outer_instance_id, deadline).await?;
    let data = app_token(v2, client, &authorisation, deadline).await?;
    Ok((authorisation, data))
}

/// What came with a token.
///
/// # Errors
/// Where it is not for the instance and the account set that the settings name.
pub(super) fn app(settings: &Settings, facts: &str) -> Result<App, Failure> {
    let Auth::V2 { outer_instance_id } = &settings.auth else {
        return Err(failure(APP_TOKEN, "the settings are those of V1"));
    };
    let app: Option<App> = serde_json::from_str(facts).ok();
    let is_ours =
        |app: &App| app.outer_instance_id == *outer_instance_id && app.account_id == settings.account_id;
    app.filter(is_ours).ok_or_else(|| failure(APP_TOKEN, "the stored token is for another account"))
}

/// The one authorisation that is to be used.
async fn authorised(
    v2: &V2,
    client: &Client,
    outer_instance_id: &str,
    deadline: Deadline,
) -> Result<Authorisation, Rejection> {
    let query = BTreeMap::from([("outerInstanceId", outer_instance_id)]);
    let request = |now| {
        let request = v2.signed(client, http::Method::POST, AUTHORIZE, &query, None, now)?;
        Ok(request.within(deadline).answer_up_to(LARGEST_ANSWER))
    };
    let data = client.exchange(AUTHORIZE, Use::Read, deadline, request, &[]).await?;
    let given: Vec<_> = lenient::listed(data).iter().filter_map(authorisation).collect();
    let wanted = client.settings.account_id.as_deref().map(str::trim);
    let named = |one: &Authorisation| wanted.is_none_or(|wanted| one.is_called(wanted));
    // Some answers name no account set: then the only one is the one.
    let is_only = given.len() == 1 && given.iter().all(|one| one.account.is_none());
    let accounts: Vec<_> = given.iter().map(ToString::to_string).collect();
    let mut ours = given.into_iter().filter(|one| is_only || named(one));
    match (ours.next(), ours.next()) {
        (Some(one), None) => Ok(one),
        (None, _) if accounts.is_empty() => Err(Rejection::Other(failure(
            AUTHORIZE,
            "no account set has authorised the application (status 1): let the tenant's administrator do so, or mend \
             KINGDEE_OUTER_INSTANCE_ID",
        ))),
        _ => Err(Rejection::Other(failure(
            AUTHORIZE,
            format!(
                "the instance has the account sets [{}]: set KINGDEE_ACCOUNT_ID to the one to book into (its number, or \
                 its app key where the vendor tells no number)",
                accounts.join(", ")
            ),
        ))),
    }
}

impl Authorisation {
    /// Whether `KINGDEE_ACCOUNT_ID` means this one.
    fn is_called(&self, wanted: &str) -> bool {
        self.account.as_deref() == Some(wanted) || self.app_key == wanted
    }
}

/// What a person chooses it by.
impl fmt::Display for Authorisation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.account {
            Some(account) => f.write_str(account),
            None => write!(f, "app key {}", self.app_key),
        }
    }
}

/// An authorisation that holds: one with status 1, or without any.
fn authorisation(value: &Value) -> Option<Authorisation> {
    let of = |names: &[&str]| names.iter().find_map(|name| lenient::field(value, name));
    if lenient::flag(value, "status") == Some(false) {
        return None;
    }
    Some(Authorisation {
        app_key: of(&["appKey", "app_key"])?,
        app_secret: of(&["appSecret", "app_secret"])?.into(),
        domain: of(&["domain"]),
        account: of(&["accountId", "account_id"]),
    })
}

async fn app_token(
    v2: &V2,
    client: &Client,
    authorisation: &Authorisation,
    deadline: Deadline,
) -> Result<Value, Rejection> {
    let Authorisation { app_key, app_secret, .. } = authorisation;
    let app_signature = sign::signature(app_secret, app_key);
    let hidden = [app_secret.clone(), app_signature.as_str().into(), sign::encoded(&app_signature).into()];
    let query = BTreeMap::from([("app_key", app_key.as_str()), ("app_signature", app_signature.as_str())]);
    let request = |now| {
        let request = v2.signed(client, http::Method::GET, APP_TOKEN, &query, None, now)?;
        Ok(request.within(deadline).answer_up_to(LARGEST_ANSWER))
    };
    client.exchange(APP_TOKEN, Use::Read, deadline, request, &hidden).await
}

fn failure(operation: &str, message: impl Into<String>) -> Failure {
    Failure::in_our_words(VENDOR, operation, Class::Paused { until: None }, None, message)
}
