//! The V1 access token and the account that the calls book into: fetched together, kept together.

use std::fmt;

use chrono::TimeDelta;
use relay_connector::{Class, Failure, Rejection, Request, Token, Use, lenient};
use relay_core::clock::Deadline;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::VENDOR;
use crate::client::Client;
use crate::settings::{Auth, Settings};

const ACCESS_TOKEN: &str = "auth/user/access_token";
const ACCOUNT_GROUP: &str = "jdy/sys/accountGroup";

/// The token's life is not documented; an hour is what is known to work, less the time that a call may take.
pub(crate) const LIFE: TimeDelta = TimeDelta::minutes(55);

/// A token, or the account sets of a user, are some KiB at most.
const LARGEST_ANSWER: usize = 1024 * 1024;

/// The account set (账套) of the tenant, as the headers of every call name it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Account {
    pub(super) account_id: String,
    pub(super) group_name: String,
    /// Whether the user has no other: only then may it be taken without `KINGDEE_ACCOUNT_ID`.
    #[serde(default)]
    is_only: bool,
}

pub(super) async fn log_in(client: &Client, deadline: Deadline) -> Result<Token, Rejection> {
    let value = access_token(client, deadline).await?;
    let account = fetched_account(client, &value, deadline).await?;
    let facts = serde_json::to_string(&account)
        .map_err(|error| Rejection::Other(failure(ACCOUNT_GROUP, error.to_string())))?;
    tracing::info!(vendor = VENDOR, account_id = account.account_id, "fetched an access token");
    Ok(Token { value, facts, expires_at: client.clock.now() + LIFE })
}

/// The account set that came with a token.
///
/// # Errors
/// Where it is not the one that the settings ask for.
pub(super) fn account(settings: &Settings, facts: &str) -> Result<Account, Failure> {
    let account: Option<Account> = serde_json::from_str(facts).ok();
    account.filter(|account| account.is_ours(settings)).ok_or_else(|| no_account(settings, &[]))
}

async fn access_token(client: &Client, deadline: Deadline) -> Result<SecretString, Rejection> {
    let settings = &client.settings;
    let Auth::V1 { username, password } = &settings.auth else {
        return Err(Rejection::Other(failure(ACCESS_TOKEN, "the settings are those of V2")));
    };
    let query = [
        ("client_id", settings.client_id.as_str()),
        ("client_secret", settings.client_secret.expose_secret()),
        ("username", username.as_str()),
        ("password", password.expose_secret()),
    ];
    let url = settings.endpoint(ACCESS_TOKEN, &query);
    let request = |_| Ok(Request::get(url.clone()).within(deadline).answer_up_to(LARGEST_ANSWER));
    let data = client.exchange(ACCESS_TOKEN, Use::Read, deadline, request, &[]).await?;
    let token = lenient::field(&data, "access_token").map(SecretString::from);
    token.ok_or_else(|| {
        let message = "the answer holds no access_token: check KINGDEE_BASE_URL";
        Rejection::Other(failure(ACCESS_TOKEN, message))
    })
}

async fn fetched_account(
    client: &Client,
    token: &SecretString,
    deadline: Deadline,
) -> Result<Account, Rejection> {
    let url = client.settings.endpoint(ACCOUNT_GROUP, &[("access_token", token.expose_secret())]);
    let request = |_| {
        let request = Request::post(url.clone(), "application/json", b"{}".to_vec());
        Ok(request.within(deadline).answer_up_to(LARGEST_ANSWER))
    };
    let hidden = std::slice::from_ref(token);
    let accounts = accounts(client.exchange(ACCOUNT_GROUP, Use::Read, deadline, request, hidden).await?);
    let ours = accounts.iter().find(|account| account.is_ours(&client.settings)).cloned();
    ours.ok_or_else(|| Rejection::Other(no_account(&client.settings, &accounts)))
}

impl Account {
    /// Whether it is the account set that the settings ask for. Of several, none is taken unasked: its bills would stand
    /// in the wrong books.
    fn is_ours(&self, settings: &Settings) -> bool {
        match settings.account_id.as_deref() {
            Some(wanted) => wanted.trim() == self.account_id,
            None => self.is_only,
        }
    }
}

fn no_account(settings: &Settings, accounts: &[Account]) -> Failure {
    let listed: Vec<_> = accounts.iter().map(ToString::to_string).collect();
    let listed = listed.join(", ");
    let message = match &settings.account_id {
        Some(wanted) => {
            format!("the user has no account set {wanted}, but [{listed}]: mend KINGDEE_ACCOUNT_ID")
        }
        None if accounts.is_empty() => {
            "the user has no account set: give KINGDEE_USERNAME access to one".to_owned()
        }
        None => format!(
            "the user has {} account sets: set KINGDEE_ACCOUNT_ID to the one to book into, of [{listed}]",
            accounts.len()
        ),
    };
    failure(ACCOUNT_GROUP, message)
}

/// Number and name, as a person chooses by them.
impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { account_id, group_name, .. } = self;
        if group_name.is_empty() { f.write_str(account_id) } else { write!(f, "{account_id} ({group_name})") }
    }
}

fn failure(operation: &str, message: impl Into<String>) -> Failure {
    Failure::in_our_words(VENDOR, operation, Class::Paused { until: None }, None, message)
}

/// The accounts of all services, whether a level came as a list or as its single element.
fn accounts(services: Value) -> Vec<Account> {
    let mut accounts: Vec<Account> = lenient::listed(services)
        .into_iter()
        .flat_map(|mut service| match service.get_mut("accountGroups").map(Value::take) {
            Some(groups) => lenient::listed(groups),
            None => vec![service],
        })
        .filter_map(|group| {
            let account_id = lenient::field(&group, "accountId")?;
            let group_name = lenient::field(&group, "groupName").unwrap_or_default();
            Some(Account { account_id, group_name, is_only: false })
        })
        .collect();
    let is_only = accounts.windows(2).all(|pair| pair[0].account_id == pair[1].account_id);
    accounts.iter_mut().for_each(|account| account.is_only = is_only);
    accounts
}
