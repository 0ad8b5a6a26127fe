//! A transport that answers from a script and keeps what it was sent.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::path::Path;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use relay_connector::{
    Delivery, Document, Failure, Page, PageOf, Query, Request, Response, Span, Surroundings, Target as _,
    Transport, TransportError, Windows as _,
};
use relay_core::clock::{Deadline, SimulatedClock, SystemRng};
use relay_wangdian::{Client, DirectSettings, QimenSettings, Route, Settings, endpoint};
use serde_json::Value;
use url::Url;

pub(crate) const SECRET: &str = "direct-secret-5c1d";
pub(crate) const QIMEN_SECRET: &str = "qimen-secret-77aa";

type Answer = Result<Response, TransportError>;

#[derive(Default)]
pub(crate) struct Script {
    answers: Mutex<Vec<Answer>>,
    requests: Mutex<Vec<Request>>,
}

#[async_trait]
impl Transport for Script {
    async fn send(&self, request: Request) -> Answer {
        self.requests.lock().unwrap().push(request);
        let mut answers = self.answers.lock().unwrap();
        assert!(!answers.is_empty(), "a call that the script does not expect");
        answers.remove(0)
    }
}

impl Script {
    pub(crate) fn answering(answers: Vec<Answer>) -> Self {
        Self { answers: Mutex::new(answers), ..Self::default() }
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }
}

/// A client and the script behind it.
pub(crate) struct Bench {
    pub(crate) client: Client,
    pub(crate) clock: Arc<SimulatedClock>,
    script: Arc<Script>,
}

impl Bench {
    pub(crate) fn new(answers: Vec<Answer>) -> Self {
        Self::with(settings(), answers)
    }

    pub(crate) fn with(settings: Settings, answers: Vec<Answer>) -> Self {
        let script = Arc::new(Script::answering(answers));
        let clock = Arc::new(SimulatedClock::starting_at(time("2022-11-01T02:00:00Z")));
        let surroundings = Surroundings::unshared(script.clone(), clock.clone(), Arc::new(SystemRng));
        let client = Client::new(settings, &surroundings);
        Self { client, clock, script }
    }

    /// The same at 21:00 in China, when stock is counted.
    pub(crate) fn by_night(self) -> Self {
        self.clock.set(time("2022-11-01T13:00:00Z"));
        self
    }

    /// Delivers one document.
    pub(crate) async fn push(
        &self,
        name: &str,
        params: &[(String, String)],
        body: &Value,
    ) -> Result<Option<String>, Failure> {
        let mut outcomes = self.push_all(name, params, std::slice::from_ref(body)).await;
        assert_eq!(outcomes.len(), 1);
        outcomes.remove(0)
    }

    /// Delivers documents of one kind together.
    pub(crate) async fn push_all(
        &self,
        name: &str,
        params: &[(String, String)],
        bodies: &[Value],
    ) -> Vec<Result<Option<String>, Failure>> {
        let document = document(name);
        let batch: Vec<_> = bodies.iter().map(|body| Delivery::of(document, params, body)).collect();
        self.client.deliver(&batch, Deadline::NONE).await
    }

    /// Reads a page of a window of that query.
    pub(crate) async fn window(&self, query: &Query, span: Span, page: PageOf) -> Result<Page, Failure> {
        self.client.window(query, span, page, Deadline::NONE).await
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.script.requests()
    }

    /// The forms that were sent, decoded as a server would.
    pub(crate) fn forms(&self) -> Vec<BTreeMap<String, String>> {
        self.requests().iter().map(form).collect()
    }
}

pub(crate) fn settings() -> Settings {
    Settings {
        sid: "test2".to_owned(),
        direct: Some(DirectSettings {
            base_url: url("https://api.wangdian.cn/openapi2"),
            appkey: "test2-xx".to_owned(),
            appsecret: SECRET.into(),
        }),
        qimen: Some(QimenSettings {
            base_url: url("https://hu3cgwt0tc.api.taobao.com/router/qm"),
            app_key: "23456789".to_owned(),
            app_secret: QIMEN_SECRET.into(),
            target_app_key: "21363512".to_owned(),
        }),
        calls_per_minute: NonZeroU32::new(50).unwrap(),
    }
}

pub(crate) fn document(name: &str) -> &'static Document {
    endpoint(name).unwrap().document
}

pub(crate) fn query(name: &str, route: Route, params: Vec<(String, String)>) -> Query {
    Query { document: document(name), route: Some(route.name().to_owned()), params }
}

pub(crate) fn first_page() -> PageOf {
    PageOf { number: 0, size: 100 }
}

/// An hour, as the vendor writes it: both ends are closed.
pub(crate) fn hour() -> Span {
    Span { start: time("2022-11-01T01:00:00Z"), end: time("2022-11-01T01:59:59Z") }
}

pub(crate) fn form(request: &Request) -> BTreeMap<String, String> {
    form_urlencoded::parse(&request.body).into_owned().collect()
}

pub(crate) fn payload(name: &str) -> Answer {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/payloads").join(name);
    answer(200, std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
}

pub(crate) fn answer(status: u16, body: impl Into<Vec<u8>>) -> Answer {
    Ok(Response::new(status, body.into()))
}

pub(crate) fn params(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

pub(crate) fn time(text: &str) -> DateTime<Utc> {
    DateTime::parse_from_rfc3339(text).unwrap().to_utc()
}

pub(crate) fn url(text: &str) -> Url {
    Url::parse(text).unwrap()
}
