//! A scripted Kingdee: logs everybody in, and answers the other calls in the order of the script.

use std::collections::VecDeque;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use chrono::DateTime;
use relay_connector::{Request, Response, Surroundings, Transport, TransportError};
use relay_core::clock::{SeededRng, SimulatedClock};
use relay_kingdee::settings::Auth;
use relay_kingdee::{Client, Settings};
use serde_json::Value;

pub(crate) type Answer = Result<Response, TransportError>;

/// The vendor's answer with that body.
pub(crate) fn says(status: u16, file: &str) -> Answer {
    Ok(Response::new(status, bytes(file)))
}

pub(crate) fn payload(file: &str) -> String {
    String::from_utf8(bytes(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

fn bytes(file: &str) -> Vec<u8> {
    let path = format!("{}/tests/payloads/{file}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

pub(crate) fn order() -> Value {
    serde_json::from_str(&payload("order.json")).unwrap()
}

pub(crate) struct Kingdee {
    /// The answers to the token call: the last one is repeated.
    tokens: Mutex<VecDeque<Answer>>,
    accounts: Answer,
    answers: Mutex<VecDeque<Answer>>,
    sent: Mutex<Vec<Request>>,
    pub(crate) clock: Arc<SimulatedClock>,
}

impl Kingdee {
    pub(crate) fn answering(answers: impl IntoIterator<Item = Answer>) -> Self {
        let start = DateTime::from_timestamp(1_700_000_000, 0).unwrap();
        Self {
            tokens: Mutex::new(
                [says(200, "access_token.json"), says(200, "access_token_renewed.json")].into(),
            ),
            accounts: says(200, "account_group.json"),
            answers: Mutex::new(answers.into_iter().collect()),
            sent: Mutex::default(),
            clock: Arc::new(SimulatedClock::starting_at(start)),
        }
    }

    pub(crate) fn with_tokens(mut self, tokens: impl IntoIterator<Item = Answer>) -> Self {
        self.tokens = Mutex::new(tokens.into_iter().collect());
        self
    }

    pub(crate) fn with_accounts(mut self, accounts: Answer) -> Self {
        self.accounts = accounts;
        self
    }

    pub(crate) fn client(self: &Arc<Self>) -> Client {
        self.client_of(settings())
    }

    pub(crate) fn client_of(self: &Arc<Self>, settings: Settings) -> Client {
        Client::new(settings, &self.surroundings())
    }

    pub(crate) fn surroundings(self: &Arc<Self>) -> Surroundings {
        Surroundings::unshared(self.clone(), self.clock.clone(), Arc::new(SeededRng::new(1)))
    }

    /// The requests whose path ends so, in order.
    pub(crate) fn sent_to(&self, path: &str) -> Vec<Request> {
        let sent = self.sent.lock().unwrap();
        sent.iter().filter(|request| request.url.path().ends_with(path)).cloned().collect()
    }
}

#[async_trait]
impl Transport for Kingdee {
    async fn send(&self, request: Request) -> Answer {
        // Lets concurrent callers overlap, as a real wait would.
        tokio::task::yield_now().await;
        let path = request.url.path().to_owned();
        self.sent.lock().unwrap().push(request);
        if path.ends_with("/auth/user/access_token") {
            let mut tokens = self.tokens.lock().unwrap();
            return if tokens.len() > 1 { tokens.pop_front().unwrap() } else { tokens[0].clone() };
        }
        if path.ends_with("/jdy/sys/accountGroup") {
            return self.accounts.clone();
        }
        let answer = self.answers.lock().unwrap().pop_front();
        answer.unwrap_or_else(|| panic!("the script has no answer for {path}"))
    }
}

pub(crate) fn settings() -> Settings {
    Settings {
        base_url: "https://kingdee.test/gateway/".parse().unwrap(),
        client_id: "200421".into(),
        client_secret: "s3cret/client".into(),
        auth: Auth::V1 { username: "用户 1".into(), password: "p@ss word".into() },
        account_id: Some("1001".into()),
        calls_per_minute: NonZeroU32::new(60).unwrap(),
        edits: false,
    }
}

pub(crate) fn header<'a>(request: &'a Request, name: &str) -> Option<&'a str> {
    request.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

pub(crate) fn body(request: &Request) -> Value {
    serde_json::from_slice(&request.body).unwrap()
}
