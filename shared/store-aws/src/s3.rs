//! Two calls of S3: put and get. The SDK's own client of it would add 1.1 MB to the archive of each function.
//!
//! Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html>, `API_GetObject.html`.

use std::sync::Arc;

use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SigningSettings, UriPathNormalizationMode,
};
use aws_types::SdkConfig;
use relay_core::clock::Clock;

use crate::http::HttpClient;
use crate::sign::{Refused, host, signed};

/// One bucket.
#[derive(Clone)]
pub(crate) struct Bucket {
    pub(crate) config: SdkConfig,
    pub(crate) name: String,
    pub(crate) http: Arc<dyn HttpClient>,
    pub(crate) clock: Arc<dyn Clock>,
}

fn refused(status: u16, body: &[u8]) -> Refused {
    let text = String::from_utf8_lossy(body);
    let code = text.split_once("<Code>").and_then(|(_, rest)| rest.split_once("</Code>"));
    let code = code.map(|(code, _)| code.to_owned());
    let said = format!("S3 answered {status} {}", code.as_deref().unwrap_or("without a code"));
    Refused { code, said }
}

impl Bucket {
    pub(crate) async fn put(&self, key: &str, body: Vec<u8>) -> Result<(), Refused> {
        let request = http::Request::put(self.url(key)).header("content-type", "application/json");
        let request =
            request.header("content-encoding", "gzip").body(body).map_err(|why| Refused::because(&why))?;
        self.call(request).await.map(drop)
    }

    pub(crate) async fn get(&self, key: &str) -> Result<Vec<u8>, Refused> {
        let request =
            http::Request::get(self.url(key)).body(Vec::new()).map_err(|why| Refused::because(&why))?;
        self.call(request).await
    }

    async fn call(&self, mut request: http::Request<Vec<u8>>) -> Result<Vec<u8>, Refused> {
        self.sign(&mut request).await?;
        let answer = self.http.send(request).await.map_err(|why| Refused::because(&why))?;
        let (status, body) = (answer.status(), answer.into_body());
        if status.is_success() { Ok(body) } else { Err(refused(status.as_u16(), &body)) }
    }

    /// A stand-in of AWS has one address for all buckets.
    fn url(&self, key: &str) -> String {
        let name = &self.name;
        if let Some(endpoint) = self.config.endpoint_url() {
            return format!("{}/{name}/{key}", endpoint.trim_end_matches('/'));
        }
        format!("https://{name}.{}/{key}", host(&self.config, "s3"))
    }

    async fn sign(&self, request: &mut http::Request<Vec<u8>>) -> Result<(), Refused> {
        let mut settings = SigningSettings::default();
        settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
        // S3 differs from the other services: a path is signed as it is sent.
        settings.percent_encoding_mode = PercentEncodingMode::Single;
        settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
        signed(&self.config, "s3", settings, self.clock.now(), request).await
    }
}
