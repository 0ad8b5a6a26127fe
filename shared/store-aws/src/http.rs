//! How requests to AWS are carried: by the client that the whole process has.
//!
//! The SDK's own client would stand beside it as a second stack of HTTP and TLS, with HTTP/2 in it, which neither queues
//! nor tables speak: 0.3 MB of a function's archive.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use relay_core::clock::{SystemClock, timeout};

/// Carries one HTTP request and reads the whole answer.
#[async_trait]
pub trait HttpClient: Send + Sync {
    /// Sends a request.
    ///
    /// # Errors
    /// Why there is no answer, in words.
    async fn send(&self, request: http::Request<Vec<u8>>) -> Result<http::Response<Vec<u8>>, String>;
}

/// The same for the SDK, whose time-outs stay. That for connecting is the client's own; where nobody is there, as at the
/// address that tells a machine's credentials on EC2 alone, the one for an answer ends it.
#[must_use]
pub fn for_sdk(http: Arc<dyn HttpClient>) -> SharedHttpClient {
    http_client_fn(move |settings, _| {
        SharedHttpConnector::new(Connector { http: http.clone(), patience: settings.read_timeout() })
    })
}

struct Connector {
    http: Arc<dyn HttpClient>,
    patience: Option<Duration>,
}

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Connector")
    }
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (http, patience) = (self.http.clone(), self.patience.unwrap_or(Duration::MAX));
        HttpConnectorFuture::new(async move {
            let answer = timeout(&SystemClock, patience, http.send(buffered(request)?)).await;
            let answer = answer.map_err(|late| ConnectorError::timeout(late.into()))?;
            // Whatever kept the answer away, the SDK may ask again: each request here is safe to repeat.
            let answer = answer.map_err(|why| ConnectorError::io(why.into()))?.map(Into::into);
            HttpResponse::try_from(answer).map_err(|why| ConnectorError::other(why.into(), None))
        })
    }
}

fn buffered(request: HttpRequest) -> Result<http::Request<Vec<u8>>, ConnectorError> {
    let streamed = || ConnectorError::user("a body that is streamed".into());
    let body = request.body().bytes().ok_or_else(streamed)?.to_vec();
    let request = request.try_into_http1x().map_err(|why| ConnectorError::user(why.into()))?;
    Ok(request.map(|_| body))
}
