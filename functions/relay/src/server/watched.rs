//! What whoever watches the process asks: `/healthz`, `/readyz` and `/metrics`.
//!
//! They stand at the address of the webhooks. What is beyond the machine is given the webhooks' paths alone, by its proxy.

use std::sync::Mutex;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use relay_core::clock::timeout;
use relay_host::Wiring;

use crate::commands::operations;

/// How long a store may take to answer before the process counts as not ready.
const PATIENCE: Duration = Duration::from_secs(3);

/// What was counted is told again for so long: counting reads the ledger.
const COUNTED: Duration = Duration::from_secs(10);

/// What is asked.
#[derive(Clone, Copy)]
pub(super) enum Asked {
    /// Whether the process runs.
    Health,
    /// Whether it does its work.
    Ready,
    /// How much stands where.
    Metrics,
}

impl Asked {
    /// What a request asks, if it is one of these.
    pub(super) fn of<B>(request: &Request<B>) -> Option<Self> {
        let asked = match request.uri().path() {
            "/healthz" => Self::Health,
            "/readyz" => Self::Ready,
            "/metrics" => Self::Metrics,
            _ => return None,
        };
        [Method::GET, Method::HEAD].contains(request.method()).then_some(asked)
    }
}

/// The process, as it is watched.
pub(crate) struct Watched {
    wiring: Wiring,
    counted: Mutex<Option<(Duration, String)>>,
}

impl Watched {
    /// What this process works on.
    pub(crate) fn new(wiring: &Wiring) -> Self {
        Self { wiring: wiring.with_settings(wiring.settings.clone()), counted: Mutex::default() }
    }

    pub(super) async fn answer(&self, asked: Asked) -> Response<Full<Bytes>> {
        let answer = match asked {
            Asked::Health => Ok("ok\n".to_owned()),
            Asked::Ready => self.ready().await,
            Asked::Metrics => self.metrics().await,
        };
        let (status, text) = match answer {
            Ok(text) => (StatusCode::OK, text),
            Err(why) => (StatusCode::SERVICE_UNAVAILABLE, format!("{why}\n")),
        };
        let mut response = Response::new(Full::from(text));
        *response.status_mut() = status;
        let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
        response.headers_mut().insert(CONTENT_TYPE, kind);
        response
    }

    /// Whether the store answers and every task goes on. A vendor that is down makes nothing unready: its documents wait.
    async fn ready(&self) -> Result<String, String> {
        let operations = operations(&self.wiring);
        let stopped = timeout(self.wiring.clock.as_ref(), PATIENCE, operations.stopped_tasks()).await;
        let stopped = stopped.map_err(|_| "the store does not answer".to_owned())?;
        let stopped = stopped.map_err(|error| format!("the store does not answer: {error}"))?;
        // What a task failed with may hold a vendor's words.
        let names: Vec<_> = stopped.keys().map(String::as_str).collect();
        if names.is_empty() {
            Ok("ready\n".to_owned())
        } else {
            Err(format!("not going on: {}", names.join(", ")))
        }
    }

    async fn metrics(&self) -> Result<String, String> {
        let now = self.wiring.clock.monotonic();
        let counted = self.counted.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
        if let Some((_, text)) = counted.filter(|(at, _)| now.saturating_sub(*at) < COUNTED) {
            return Ok(text);
        }
        let status = operations(&self.wiring).status().await.map_err(|error| error.to_string())?;
        let text = status.metrics(self.wiring.clock.now());
        *self.counted.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some((now, text.clone()));
        Ok(text)
    }
}
