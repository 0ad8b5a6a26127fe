//! A receiver that answers in the order of a script, and remembers what it was sent.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use chrono::DateTime;
use relay_connector::{
    Class, Connection, Connector as _, Delivery, Document, Failure, Request, Response, Settings,
    Surroundings, Transport, TransportError,
};
use relay_core::clock::{Deadline, SeededRng, SimulatedClock};
use relay_http::Http;
use serde_json::Value;

pub(crate) const SECRET: &str = "never-to-be-shown";

pub(crate) type Answer = Result<Response, TransportError>;

pub(crate) fn settings(values: &[(&str, &str)]) -> Settings {
    values.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// Everything that can be set, but for what a test sets otherwise.
pub(crate) fn all(more: &[(&str, &str)]) -> Settings {
    let usual = settings(&[
        ("HTTP_POST_URL", "https://receiver.test/in?tenant=7"),
        ("HTTP_POST_HEADERS", "x-api-key: never-to-be-shown, x-plain: 1"),
        ("HTTP_POST_SECRET", SECRET),
        ("HTTP_WECOM_KEY", "never-to-be-shown"),
        ("HTTP_DINGTALK_TOKEN", "never-to-be-shown"),
        ("HTTP_DINGTALK_SECRET", "SECsimulated0123"),
        ("HTTP_FEISHU_TOKEN", "never-to-be-shown"),
        ("HTTP_FEISHU_SECRET", "feishu-simulated"),
        ("HTTP_WEBHOOK_SECRETS", "simulated-secret,密钥"),
    ]);
    settings(more).or(usual)
}

pub(crate) fn document(name: &str) -> &'static Document {
    Http.documents().iter().find(|document| document.name == name).unwrap()
}

pub(crate) struct Receiver {
    answers: Mutex<VecDeque<Answer>>,
    sent: Mutex<Vec<Request>>,
    pub(crate) clock: Arc<SimulatedClock>,
}

impl Receiver {
    pub(crate) fn answering(answers: impl IntoIterator<Item = Answer>) -> Arc<Self> {
        let start = DateTime::from_timestamp(1_700_000_000, 0).unwrap();
        Arc::new(Self {
            answers: Mutex::new(answers.into_iter().collect()),
            sent: Mutex::default(),
            clock: Arc::new(SimulatedClock::starting_at(start)),
        })
    }

    pub(crate) fn connected(self: &Arc<Self>, settings: &Settings) -> Arc<dyn Connection> {
        let rng = Arc::new(SeededRng::new(1));
        let surroundings = Surroundings::unshared(self.clone(), self.clock.clone(), rng);
        Http.connect(settings, &surroundings).unwrap()
    }

    pub(crate) fn sent(&self) -> Vec<Request> {
        self.sent.lock().unwrap().clone()
    }
}

#[async_trait]
impl Transport for Receiver {
    async fn send(&self, request: Request) -> Answer {
        self.sent.lock().unwrap().push(request);
        self.answers.lock().unwrap().pop_front().unwrap_or_else(|| panic!("the script has ended"))
    }
}

/// Delivers one document, and gives what came of it and what was sent.
pub(crate) async fn delivered(
    settings: &Settings,
    name: &str,
    body: &Value,
    params: &[(String, String)],
    answer: Answer,
) -> (Result<Option<String>, Failure>, Request) {
    let receiver = Receiver::answering([answer]);
    let connection = receiver.connected(settings);
    let delivery = Delivery::of(document(name), params, body);
    let result = connection.target().unwrap().deliver(&[delivery], Deadline::NONE).await.remove(0);
    (result, receiver.sent().remove(0))
}

/// The class of what an answer comes to.
pub(crate) async fn class(name: &str, body: &Value, answer: Answer) -> Result<(), Class> {
    delivered(&all(&[]), name, body, &[], answer).await.0.map(drop).map_err(|failure| failure.class)
}

pub(crate) fn says(status: u16, body: &str) -> Answer {
    Ok(Response::new(status, body))
}

pub(crate) fn header<'a>(request: &'a Request, name: &str) -> Option<&'a str> {
    request.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}
