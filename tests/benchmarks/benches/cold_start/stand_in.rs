//! The Lambda runtime API and Secrets Manager, as far as a start needs them.

#![expect(clippy::disallowed_methods, reason = "a benchmark times by the machine's own time")]

use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::bail;
use axum::Router;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::IntoResponse as _;
use axum::routing::{any, get, post};
use relay_host::settings::declared::is_secret;
use serde_json::{Map, Value, json};
use tokio::net::TcpListener;

/// Answers functions that start.
pub(crate) struct StandIn {
    address: SocketAddr,
    events: Receiver<Event>,
}

enum Event {
    /// A function asked for work.
    Asked(Instant),
    /// A function could not start.
    Failed(String),
}

impl StandIn {
    /// Listens on a thread of its own.
    pub(crate) fn start() -> anyhow::Result<Self> {
        let (events, received) = mpsc::channel();
        let (bound, address) = mpsc::channel();
        thread::spawn(move || -> anyhow::Result<()> {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(async {
                let listener = TcpListener::bind("127.0.0.1:0").await?;
                bound.send(listener.local_addr()?)?;
                Ok(axum::serve(listener, routes(events)).await?)
            })
        });
        Ok(Self { address: address.recv()?, events: received })
    }

    /// What Lambda and the stack give a function.
    pub(crate) fn environment(&self, function: &str) -> Vec<(String, String)> {
        let address = self.address.to_string();
        let endpoint = format!("http://{address}");
        let queue = format!("{endpoint}/000000000000/queue.fifo");
        let flows = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/flows");
        let own = [
            ("AWS_LAMBDA_RUNTIME_API", address.as_str()),
            ("AWS_LAMBDA_FUNCTION_NAME", function),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
            ("AWS_REGION", "ap-southeast-1"),
            ("AWS_ACCESS_KEY_ID", "access"),
            ("AWS_SECRET_ACCESS_KEY", "secret"),
            ("AWS_ENDPOINT_URL", &endpoint),
            ("RELAY_STORE", "aws"),
            ("RELAY_SECRET_ID", "erp-relay"),
            ("RELAY_FLOWS_DIR", flows),
            ("CHECKPOINT_TABLE", "checkpoints"),
            ("LEDGER_TABLE", "ledger"),
            ("LOOKUP_TABLE", "lookups"),
            ("GROUP_TABLE", "groups"),
        ];
        let queues = relay_connectors::queues().map(|(_, name)| (format!("{name}_QUEUE_URL"), queue.clone()));
        let plain = relay_simulators::settings().into_iter().filter(|(name, _)| !is_secret(name));
        let own = plain.chain(own).map(|(name, value)| (name.to_owned(), value.to_owned()));
        own.chain(queues).collect()
    }

    /// Forgets what earlier functions did.
    pub(crate) fn forget(&self) {
        while self.events.try_recv().is_ok() {}
    }

    /// Waits for a function to ask for work.
    pub(crate) fn asked_for_work(&self) -> anyhow::Result<Instant> {
        match self.events.recv_timeout(Duration::from_secs(10)) {
            Ok(Event::Asked(at)) => Ok(at),
            Ok(Event::Failed(error)) => bail!("it could not start: {error}"),
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => bail!("it is silent"),
        }
    }
}

fn routes(events: mpsc::Sender<Event>) -> Router {
    let events = std::sync::Arc::new(Mutex::new(events));
    let tell = move |event| {
        if let Ok(events) = events.lock() {
            _ = events.send(event);
        }
    };
    let asked = {
        let tell = tell.clone();
        move || {
            tell(Event::Asked(Instant::now()));
            // There is no work.
            std::future::pending::<StatusCode>()
        }
    };
    let failed = move |body: String| {
        tell(Event::Failed(body));
        async { StatusCode::ACCEPTED }
    };
    Router::new()
        .route("/2018-06-01/runtime/invocation/next", get(asked))
        .route("/2018-06-01/runtime/init/error", post(failed))
        .fallback(any(secret))
}

/// GetSecretValue; a start asks AWS for nothing else.
async fn secret(request: Request) -> axum::response::Response {
    let target = request.headers().get("x-amz-target").and_then(|target| target.to_str().ok());
    if target != Some("secretsmanager.GetSecretValue") {
        return StatusCode::NOT_FOUND.into_response();
    }
    let secrets = relay_simulators::settings().into_iter().filter(|(name, _)| is_secret(name));
    let secrets: Map<_, _> = secrets.map(|(name, value)| (name.to_owned(), Value::from(value))).collect();
    let answer = json!({
        "ARN": "arn:aws:secretsmanager:ap-southeast-1:000000000000:secret:erp-relay-AbCdEf",
        "Name": "erp-relay",
        "VersionId": "00000000-0000-0000-0000-000000000000",
        "SecretString": Value::Object(secrets).to_string(),
    });
    ([("content-type", "application/x-amz-json-1.1")], answer.to_string()).into_response()
}
