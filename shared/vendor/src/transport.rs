//! One HTTP request and its answer, as a port.

use std::borrow::Cow;
use std::fmt;

use async_trait::async_trait;
use url::Url;

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
}

impl Request {
    /// A `POST` of a body of that content type.
    #[must_use]
    pub fn post(url: Url, content_type: &str, body: Vec<u8>) -> Self {
        let headers = vec![("content-type".into(), content_type.to_owned())];
        Self { method: http::Method::POST, url, headers, body }
    }

    /// A `GET`.
    #[must_use]
    pub fn get(url: Url) -> Self {
        Self { method: http::Method::GET, url, headers: Vec::new(), body: Vec::new() }
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
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "status {} ({} bytes)", self.status, self.body.len())
    }
}

/// Why there is no answer. The messages hold no URL.
#[derive(Debug, Clone, thiserror::Error)]
pub enum TransportError {
    /// The request never left: the vendor has done nothing.
    #[error("no connection: {0}")]
    NotSent(String),
    /// The request left and no whole answer came back: the vendor may have done the work.
    #[error("no answer: {0}")]
    Lost(String),
}

/// Carries requests to a vendor.
#[async_trait]
pub trait Transport: Send + Sync {
    /// Sends one request and reads the whole answer.
    async fn send(&self, request: Request) -> Result<Response, TransportError>;
}
