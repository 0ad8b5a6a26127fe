//! A scripted ShareCRM: logs everybody in, and answers the pushes in the order of the script.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use relay_connector::{Request, Response, Surroundings, Transport, TransportError};
use relay_core::clock::{SeededRng, SimulatedClock};
use relay_sharecrm::{Client, Settings};
use serde_json::Value;

pub(crate) type Answer = Result<Response, TransportError>;

/// The vendor's answer with that body.
pub(crate) fn says(status: u16, file: &str) -> Answer {
    Ok(Response::new(status, bytes(file)))
}

/// An answer that has only a code.
pub(crate) fn code(code: i32) -> Answer {
    Ok(Response::new(200, format!(r#"{{"errorCode":{code},"errorMessage":"why"}}"#)))
}

pub(crate) fn payload(file: &str) -> String {
    String::from_utf8(bytes(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

fn bytes(file: &str) -> Vec<u8> {
    let path = format!("{}/tests/payloads/{file}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

pub(crate) fn document() -> Value {
    serde_json::from_str(&payload("document.json")).unwrap()
}

pub(crate) struct ShareCrm {
    /// The answers to the token call: the last one is repeated.
    tokens: Mutex<VecDeque<Answer>>,
    answers: Mutex<VecDeque<Answer>>,
    sent: Mutex<Vec<(DateTime<Utc>, Request)>>,
    pub(crate) clock: Arc<SimulatedClock>,
}

impl ShareCrm {
    pub(crate) fn answering(answers: impl IntoIterator<Item = Answer>) -> Self {
        let start = DateTime::parse_from_rfc3339("2026-11-22T20:00:00Z").unwrap().to_utc();
        Self {
            tokens: Mutex::new([says(200, "token.json"), says(200, "token_renewed.json")].into()),
            answers: Mutex::new(answers.into_iter().collect()),
            sent: Mutex::default(),
            clock: Arc::new(SimulatedClock::starting_at(start)),
        }
    }

    pub(crate) fn with_tokens(mut self, tokens: impl IntoIterator<Item = Answer>) -> Self {
        self.tokens = Mutex::new(tokens.into_iter().collect());
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
        sent.iter()
            .map(|(_, request)| request)
            .filter(|request| request.url.path().ends_with(path))
            .cloned()
            .collect()
    }

    /// When the requests with that path were sent.
    pub(crate) fn times_of(&self, path: &str) -> Vec<DateTime<Utc>> {
        let sent = self.sent.lock().unwrap();
        sent.iter().filter(|(_, request)| request.url.path().ends_with(path)).map(|(time, _)| *time).collect()
    }
}

#[async_trait]
impl Transport for ShareCrm {
    async fn send(&self, request: Request) -> Answer {
        // Lets concurrent callers overlap, as a real wait would.
        tokio::task::yield_now().await;
        let path = request.url.path().to_owned();
        self.sent.lock().unwrap().push((relay_core::clock::Clock::now(&*self.clock), request));
        if path.ends_with("/oauth2.0/token") {
            let mut tokens = self.tokens.lock().unwrap();
            return if tokens.len() > 1 { tokens.pop_front().unwrap() } else { tokens[0].clone() };
        }
        let answer = self.answers.lock().unwrap().pop_front();
        answer.unwrap_or_else(|| panic!("the script has no answer for {path}"))
    }
}

pub(crate) fn settings() -> Settings {
    Settings {
        base_url: "https://open.sharecrm.test".parse().unwrap(),
        app_id: "FSAID_1".into(),
        app_secret: "app-s3cret".into(),
        permanent_code: "permanent-c0de".into(),
        user_id: "1000".into(),
        extra_headers: vec![("token".into(), "console-t0ken".into())],
        max_body_bytes: 1024,
        pushes_in_20_seconds: 80.try_into().unwrap(),
    }
}

pub(crate) fn header<'a>(request: &'a Request, name: &str) -> Option<&'a str> {
    request.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

pub(crate) fn body(request: &Request) -> Value {
    serde_json::from_slice(&request.body).unwrap()
}
