//! The process's one HTTP client: it loads the root certificates, so that there is one.

use std::sync::{Arc, OnceLock};

use relay_connector::{HttpTransport, Transport};

/// The client, made when it is first asked for.
pub(crate) fn client() -> Arc<dyn Transport> {
    static CLIENT: OnceLock<Arc<dyn Transport>> = OnceLock::new();
    CLIENT.get_or_init(|| Arc::new(HttpTransport::new())).clone()
}

/// The same for the archive on AWS.
#[cfg(feature = "aws")]
pub(crate) struct ForAws;

#[cfg(feature = "aws")]
#[async_trait::async_trait]
impl relay_store_aws::HttpClient for ForAws {
    async fn send(&self, request: http::Request<Vec<u8>>) -> Result<(u16, Vec<u8>), String> {
        let (head, body) = request.into_parts();
        let url = head.uri.to_string().parse().map_err(|error| format!("{}: {error}", head.uri))?;
        let text = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
            Some((name.as_str().to_owned().into(), value.to_str().ok()?.to_owned()))
        };
        let headers = head.headers.iter().filter_map(text).collect();
        let request = relay_connector::Request {
            method: head.method,
            headers,
            body,
            ..relay_connector::Request::get(url)
        };
        let response = client().send(request).await.map_err(|error| error.to_string())?;
        Ok((response.status, response.body))
    }
}
