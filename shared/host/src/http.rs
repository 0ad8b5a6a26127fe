//! The process's one HTTP client: it loads the root certificates, so that there is one.

use std::sync::{Arc, OnceLock};

use relay_connector::{HttpTransport, Transport};

/// The client, for vendors.
pub(crate) fn client() -> Arc<dyn Transport> {
    shared()
}

/// Made when it is first asked for.
fn shared() -> Arc<HttpTransport> {
    static CLIENT: OnceLock<Arc<HttpTransport>> = OnceLock::new();
    CLIENT.get_or_init(Arc::default).clone()
}

/// The same for AWS.
#[cfg(feature = "aws")]
pub(crate) struct ForAws;

#[cfg(feature = "aws")]
#[async_trait::async_trait]
impl relay_store_aws::HttpClient for ForAws {
    async fn send(&self, request: http::Request<Vec<u8>>) -> Result<http::Response<Vec<u8>>, String> {
        shared().exchange(request).await.map_err(|error| error.to_string())
    }
}
