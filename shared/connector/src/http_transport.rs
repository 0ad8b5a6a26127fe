use std::error::Error as _;
use std::mem;
use std::sync::OnceLock;
use std::time::Duration;

use async_trait::async_trait;

use crate::transport::{Request, Response, Transport, TransportError};

/// Requests over HTTP(S). Have one per process: each has a connection pool and the root certificates of its own.
///
/// The client behind it is built at the first request: reading the roots takes 4 ms of processor time, which a function
/// that finds nothing to do, and the start of any other, need not spend.
#[derive(Debug)]
pub struct HttpTransport {
    client: OnceLock<reqwest::Client>,
    retry: Duration,
}

/// How long an answer may take, to its last byte: twice the read time-out of WDT's own SDK, because a lost answer costs
/// more than a late one. A call that is begun just before a deadline ends so much after it: Lambda's deadlines leave more.
const PATIENCE: Duration = Duration::from_secs(30);

/// The room that an answer is given at first, at most: a page of 100 trades has 600 KB.
const ROOM: usize = 1024 * 1024;

impl Default for HttpTransport {
    fn default() -> Self {
        Self::patient_for(PATIENCE)
    }
}

impl HttpTransport {
    /// Nothing is opened or read yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The same, with so much patience for each answer.
    #[must_use]
    pub fn patient_for(retry: Duration) -> Self {
        Self { client: OnceLock::new(), retry }
    }

    /// One request as it is and the answer with all that it says, for what is no vendor. No limit is set to its size: AWS
    /// has its own.
    ///
    /// # Errors
    /// Why there is no answer.
    pub async fn exchange(
        &self,
        request: http::Request<Vec<u8>>,
    ) -> Result<http::Response<Vec<u8>>, TransportError> {
        let request = reqwest::Request::try_from(request).map_err(transport_error)?;
        self.answer(request, usize::MAX).await
    }

    async fn answer(
        &self,
        request: reqwest::Request,
        largest: usize,
    ) -> Result<http::Response<Vec<u8>>, TransportError> {
        let client = self.client().map_err(not_built)?;
        let mut response = client.execute(request).await.map_err(transport_error)?;
        let mut answer = http::Response::new(read(&mut response, largest).await?);
        *answer.status_mut() = response.status();
        *answer.headers_mut() = mem::take(response.headers_mut());
        Ok(answer)
    }

    fn client(&self) -> Result<&reqwest::Client, reqwest::Error> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let client = build(self.retry)?;
        Ok(self.client.get_or_init(|| client))
    }
}

/// A client that gives up connecting after 5 s.
#[expect(clippy::disallowed_methods, reason = "the one place that builds the process's HTTP client")]
fn build(retry: Duration) -> Result<reqwest::Client, reqwest::Error> {
    // The process's one source of cryptography. Where it has been named already, it is this one.
    _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .connect_timeout(Duration::from_secs(5))
        .timeout(retry)
        // Shorter than servers keep a connection that nobody uses, and than a sandbox may lie frozen: on one that is dead
        // by now a request gets lost, or is silent for 30 s, and nobody knows whether it arrived.
        .pool_idle_timeout(Duration::from_secs(10))
        // A redirect means a wrong host (ShareCRM answers 302 with a page), never another try.
        .redirect(reqwest::redirect::Policy::none())
        // A request that was sent is never sent again behind our back: it may have done its work.
        .retry(reqwest::retry::never())
        .build()
}

#[async_trait]
impl Transport for HttpTransport {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        let client = self.client().map_err(not_built)?;
        let mut builder = client.request(request.method, request.url).body(request.body);
        for (name, value) in request.headers {
            builder = builder.header(name.as_ref(), value);
        }
        let (largest, request) = (request.largest_answer, builder.build().map_err(transport_error)?);
        let (head, body) = self.answer(request, largest).await?.into_parts();
        Ok(Response::new(head.status.as_u16(), body).with_headers(&head.headers))
    }
}

/// Reads a body piece by piece, and no further than `limit`: whatever a broken gateway sends, the memory stays.
async fn read(response: &mut reqwest::Response, limit: usize) -> Result<Vec<u8>, TransportError> {
    let length = response.content_length();
    if length.is_some_and(|length| length > limit as u64) {
        return Err(TransportError::TooLarge { limit });
    }
    // Room for what is told to come, as far as an answer is usually long.
    let room = length.and_then(|length| usize::try_from(length).ok()).unwrap_or_default();
    let mut body = Vec::with_capacity(room.min(ROOM));
    while let Some(piece) = response.chunk().await.map_err(|error| TransportError::Lost(reason(error)))? {
        if body.len() + piece.len() > limit {
            return Err(TransportError::TooLarge { limit });
        }
        body.extend_from_slice(&piece);
    }
    Ok(body)
}

/// A client cannot be built where the machine has no certificates to know vendors by, such as an image without any.
fn not_built(error: reqwest::Error) -> TransportError {
    let way_out = "install the system's CA certificates (the package ca-certificates), or name a file of them in SSL_CERT_FILE";
    TransportError::NotSent(format!("{}: {way_out}", reason(error)))
}

fn transport_error(error: reqwest::Error) -> TransportError {
    if error.is_connect() || error.is_builder() {
        TransportError::NotSent(reason(error))
    } else {
        TransportError::Lost(reason(error))
    }
}

/// The innermost cause, without the URL: Kingdee's token call carries the password in it.
fn reason(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut reason = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        reason = inner.to_string();
        cause = inner.source();
    }
    if error.is_timeout() { format!("timed out ({reason})") } else { reason }
}
