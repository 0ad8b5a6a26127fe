//! Two calls of S3: put and get. The SDK signs them, and the process's one HTTP client carries them: the SDK's own client
//! of S3 would add 1.1 MB to the archive of each function.
//!
//! Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html>, `API_GetObject.html`.

use std::sync::Arc;
use std::time::SystemTime;

use aws_credential_types::provider::ProvideCredentials as _;
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SigningSettings,
    UriPathNormalizationMode, sign,
};
use aws_sigv4::sign::v4;
use aws_types::SdkConfig;
use relay_core::clock::Clock;

use crate::http::HttpClient;

/// One bucket.
#[derive(Clone)]
pub(crate) struct Bucket {
    pub(crate) config: SdkConfig,
    pub(crate) name: String,
    pub(crate) http: Arc<dyn HttpClient>,
    pub(crate) clock: Arc<dyn Clock>,
}

/// What S3 answered, where it was no success.
pub(crate) struct Refused {
    /// The service's code, such as `NoSuchKey`, where it names one.
    pub(crate) code: Option<String>,
    /// What was said, without the request.
    pub(crate) said: String,
}

impl Refused {
    fn because(why: &dyn ToString) -> Self {
        Self { code: None, said: why.to_string() }
    }

    fn answered(status: u16, body: &[u8]) -> Self {
        let text = String::from_utf8_lossy(body);
        let code = text.split_once("<Code>").and_then(|(_, rest)| rest.split_once("</Code>"));
        let code = code.map(|(code, _)| code.to_owned());
        let said = format!("S3 answered {status} {}", code.as_deref().unwrap_or("without a code"));
        Self { code, said }
    }
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
        if status.is_success() { Ok(body) } else { Err(Refused::answered(status.as_u16(), &body)) }
    }

    /// A stand-in of AWS has one address for all buckets.
    fn url(&self, key: &str) -> String {
        let name = &self.name;
        if let Some(endpoint) = self.config.endpoint_url() {
            return format!("{}/{name}/{key}", endpoint.trim_end_matches('/'));
        }
        let region = self.region();
        let suffix = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
        format!("https://{name}.s3.{region}.{suffix}/{key}")
    }

    fn region(&self) -> String {
        self.config.region().map(ToString::to_string).unwrap_or_default()
    }

    async fn sign(&self, request: &mut http::Request<Vec<u8>>) -> Result<(), Refused> {
        let provider = self
            .config
            .credentials_provider()
            .ok_or_else(|| Refused::because(&"there are no credentials"))?;
        let credentials = provider.provide_credentials().await.map_err(|why| Refused::because(&why))?;
        let identity = credentials.into();
        let mut settings = SigningSettings::default();
        settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
        // S3 differs from the other services: a path is signed as it is sent.
        settings.percent_encoding_mode = PercentEncodingMode::Single;
        settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
        let region = self.region();
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(&region)
            .name("s3")
            .time(SystemTime::from(self.clock.now()))
            .settings(settings)
            .build()
            .map_err(|why| Refused::because(&why))?
            .into();
        let instructions = {
            let headers = request.headers().iter();
            let headers = headers.filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
            let (method, uri) = (request.method().as_str(), request.uri().to_string());
            let signable = SignableRequest::new(method, uri, headers, SignableBody::Bytes(request.body()));
            let signable = signable.map_err(|why| Refused::because(&why))?;
            sign(signable, &parameters).map_err(|why| Refused::because(&why))?.into_parts().0
        };
        instructions.apply_to_request_http1x(request);
        Ok(())
    }
}
