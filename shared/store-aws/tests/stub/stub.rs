//! An AWS that answers as it is told, and remembers what it was asked.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_sqs::config::retry::RetryConfig;
use aws_sdk_sqs::config::{BehaviorVersion, Credentials, Region, SharedCredentialsProvider};
use aws_types::SdkConfig;
use chrono::DateTime;
use http::{Request, Response};
use relay_core::clock::{SeededRng, SimulatedClock};
use relay_core::{AwsNames, AwsQueue, Stores, System};
use relay_store_aws::{Aws, HttpClient, Secrets, for_sdk};
use serde_json::{Value, json};

/// What is answered to a request.
type Answer = Box<dyn FnOnce(&Value) -> (u16, Value) + Send>;

/// What was asked: the operation, such as `SendMessageBatch`, and its parameters.
type Asked = (String, Value);

#[derive(Default)]
struct Script {
    answers: VecDeque<Answer>,
    asked: Vec<Asked>,
}

/// The ports on such an AWS.
pub(crate) struct Stub {
    pub(crate) stores: Stores,
    pub(crate) clock: Arc<SimulatedClock>,
    script: Arc<Mutex<Script>>,
}

impl Stub {
    /// Its secrets.
    pub(crate) fn secrets(&self) -> Secrets {
        let http: Arc<dyn HttpClient> = Arc::new(Scripted(self.script.clone()));
        Secrets { config: config(http.clone()), http, clock: self.clock.clone() }
    }

    /// One that gives these answers, one after the other.
    pub(crate) fn answering(answers: impl IntoIterator<Item = Answer>) -> Self {
        let script = Script { answers: answers.into_iter().collect(), asked: Vec::new() };
        let script = Arc::new(Mutex::new(script));
        let clock = Arc::new(SimulatedClock::starting_at(DateTime::UNIX_EPOCH));
        Self { stores: stores_over(Arc::new(Scripted(script.clone())), clock.clone()), clock, script }
    }

    /// Adds an answer.
    pub(crate) fn then(&self, answer: Answer) {
        self.script.lock().unwrap().answers.push_back(answer);
    }

    /// What it was asked so far. Every answer must have been given.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        let script = self.script.lock().unwrap();
        assert_eq!(script.answers.len(), 0, "answers that nobody asked for");
        script.asked.clone()
    }
}

struct Scripted(Arc<Mutex<Script>>);

#[async_trait]
impl HttpClient for Scripted {
    async fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, String> {
        let target = request.headers()["x-amz-target"].to_str().unwrap();
        let operation = target.rsplit('.').next().unwrap().to_owned();
        let body: Value = serde_json::from_slice(request.body()).unwrap();
        let mut script = self.0.lock().unwrap();
        // A request that nobody expects is refused in a way that is not repeated, and stands in what was asked.
        let answer = script.answers.pop_front().unwrap_or_else(|| refused("Unexpected", "no answer is left"));
        let (status, answer) = answer(&body);
        script.asked.push((operation, body));
        let text = answer.as_str().map_or_else(|| answer.to_string(), str::to_owned);
        Ok(Response::builder().status(status).body(text.into_bytes()).unwrap())
    }
}

/// The ports on an AWS that is not there.
pub(crate) fn stores_of_nobody() -> Stores {
    stores_over(Arc::new(Nobody), Arc::new(SimulatedClock::starting_at(DateTime::UNIX_EPOCH)))
}

fn stores_over(http: Arc<dyn HttpClient>, clock: Arc<SimulatedClock>) -> Stores {
    let queue = |system: &str| format!("http://aws/000000000000/relay-{system}.fifo");
    let names = AwsNames {
        checkpoint_table: "relay-checkpoints".to_owned(),
        ledger_table: "relay-ledger".to_owned(),
        lookup_table: "relay-lookups".to_owned(),
        group_table: "relay-groups".to_owned(),
        operator_table: Some("relay-operators".to_owned()),
        has_number_index: true,
        ledger_kept: Duration::from_secs(400 * 86_400),
        archive: None,
        queues: [
            ("kingdee", "KINGDEE_QUEUE_URL"),
            ("sharecrm", "SHARECRM_QUEUE_URL"),
            ("wangdian", "WDT_QUEUE_URL"),
        ]
        .map(|(system, setting)| {
            (System::new(system), AwsQueue { setting: setting.to_owned(), url: queue(system) })
        })
        .into(),
    };
    Aws::new(&config(http.clone()), names, http, clock, Arc::new(SeededRng::new(1))).stores()
}

fn config(http: Arc<dyn HttpClient>) -> SdkConfig {
    let credentials = Credentials::new("test", "test", None, None, "test");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .retry_config(RetryConfig::standard().with_initial_backoff(Duration::from_millis(1)))
        .http_client(for_sdk(http))
        .endpoint_url("http://aws")
        .region(Region::new("us-east-1"))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .build()
}

/// 200, with this.
pub(crate) fn ok(answer: Value) -> Answer {
    Box::new(move |_| (200, answer))
}

/// 400, with this code and message.
pub(crate) fn refused(code: &str, message: &str) -> Answer {
    let answer = json!({ "__type": format!("com.amazonaws#{code}"), "message": message });
    Box::new(move |_| (400, answer))
}

/// An answer that gets lost after the request was carried out.
pub(crate) fn lost() -> Answer {
    Box::new(|_| (500, json!({ "__type": "InternalServerError", "message": "lost" })))
}

/// The condition of a write does not hold; this stands there instead.
pub(crate) fn unfulfilled(found: impl FnOnce(&Value) -> Value + Send + 'static) -> Answer {
    Box::new(|asked| {
        let found = found(asked);
        (400, json!({ "__type": "ConditionalCheckFailedException", "message": "no", "Item": found }))
    })
}

struct Nobody;

#[async_trait]
impl HttpClient for Nobody {
    async fn send(&self, _: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, String> {
        Err("connection refused".to_owned())
    }
}
