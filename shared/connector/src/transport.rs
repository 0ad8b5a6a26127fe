//! One HTTP request and its answer, as a port.

use std::borrow::Cow;
use std::fmt;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use relay_core::clock::Deadline;
use url::Url;

use crate::record::Told;

/// The most that is read of an answer, unless the request says otherwise: a page of 100 trades has some MiB at worst, and
/// what is read of it takes several times as much memory.
const LARGEST_ANSWER: usize = 16 * 1024 * 1024;

/// A request to a vendor. Its `Debug` shows method, host and path only: queries, headers and bodies carry
/// secrets and personal data.
#[derive(Clone)]
pub struct Request {
    /// The method.
    pub method: http::Method,
    /// The whole address, query included.
    pub url: Url,
    /// Headers, `content-type` included.
    pub headers: Vec<(Cow<'static, str>, String)>,
    /// The body's bytes; empty for none.
    pub body: Vec<u8>,
    /// It is not sent after that.
    pub deadline: Deadline,
    /// The most bytes that are read of the answer's body.
    pub largest_answer: usize,
    /// What the archive may be told of it; `None`: nothing.
    pub told: Option<Told>,
}

impl Request {
    /// A `POST` of a body of that content type.
    #[must_use]
    pub fn post(url: Url, content_type: &str, body: Vec<u8>) -> Self {
        let headers = vec![("content-type".into(), content_type.to_owned())];
        Self { method: http::Method::POST, headers, body, ..Self::get(url) }
    }

    /// A `GET`.
    #[must_use]
    pub fn get(url: Url) -> Self {
        Self {
            method: http::Method::GET,
            url,
            headers: Vec::new(),
            body: Vec::new(),
            deadline: Deadline::NONE,
            largest_answer: LARGEST_ANSWER,
            told: None,
        }
    }

    /// The same request, of which the archive may be told this.
    #[must_use]
    pub fn told(self, told: Told) -> Self {
        Self { told: Some(told), ..self }
    }

    /// The same request, which is not to be sent after the deadline.
    #[must_use]
    pub fn within(self, deadline: Deadline) -> Self {
        Self { deadline, ..self }
    }

    /// The same request, of whose answer's body no more than so many bytes are read.
    #[must_use]
    pub fn answer_up_to(self, largest_answer: usize) -> Self {
        Self { largest_answer, ..self }
    }

    /// The request with one more header.
    #[must_use]
    pub fn header(mut self, name: impl Into<Cow<'static, str>>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = self.url.host_str().unwrap_or_default();
        write!(f, "{} {host}{} ({} bytes)", self.method, self.url.path(), self.body.len())
    }
}

/// A vendor's answer, whatever its status.
#[derive(Clone)]
pub struct Response {
    /// The HTTP status. Vendors say 200 for errors, so this decides little.
    pub status: u16,
    /// The body's bytes.
    pub body: Vec<u8>,
    /// The header `Date`: the vendor's time when it made the answer, in whole seconds.
    pub date: Option<DateTime<Utc>>,
    /// The header `Content-Type`.
    pub content_type: Option<String>,
}

impl Response {
    /// An answer of that status and body, whose headers say nothing.
    pub fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self { status, body: body.into(), date: None, content_type: None }
    }

    /// The same answer with what its headers say, as far as they can be read.
    #[must_use]
    pub fn with_headers(self, headers: &http::HeaderMap) -> Self {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let date = text(http::header::DATE).and_then(|date| DateTime::parse_from_rfc2822(date).ok());
        Self {
            date: date.map(|date| date.to_utc()),
            content_type: text(http::header::CONTENT_TYPE).map(str::to_owned),
            ..self
        }
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "status {} ({} bytes)", self.status, self.body.len())
    }
}

/// Why there is no answer. The messages hold no URL.
#[derive(Debug, Clone, thiserror::Error)]
pub enum TransportError {
    /// The request's deadline was over before it was sent.
    #[error("there was no time left to send it")]
    OutOfTime,
    /// The request never left: the vendor has done nothing.
    #[error("no connection: {0}")]
    NotSent(String),
    /// The request left and no whole answer came back: the vendor may have done the work.
    #[error("no answer: {0}")]
    Lost(String),
    /// An answer came that is larger than the request allows, and was not read to its end.
    #[error(
        "the answer is larger than {} MiB: the vendor's are not, so look at what stands between, and at the base URL",
        limit.div_ceil(1024 * 1024)
    )]
    TooLarge {
        /// What the request allows.
        limit: usize,
    },
}

/// Carries requests to a vendor.
#[async_trait]
pub trait Transport: Send + Sync {
    /// Sends one request and reads the whole answer, as far as the request allows.
    async fn send(&self, request: Request) -> Result<Response, TransportError>;
}
