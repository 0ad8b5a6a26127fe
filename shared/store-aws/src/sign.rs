//! Requests that the SDK signs and the process's one HTTP client carries, for services of which one call or two are needed: the
//! SDK's own client of a service would make the archive of each function larger.

use std::time::SystemTime;

use aws_credential_types::provider::ProvideCredentials as _;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_types::SdkConfig;
use chrono::{DateTime, Utc};

/// What a service answered, where it was no success.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The service's code, such as `NoSuchKey`, where it names one.
    pub code: Option<String>,
    /// What was said, without the request.
    pub said: String,
}

impl Refused {
    pub(crate) fn because(why: &dyn ToString) -> Self {
        Self { code: None, said: why.to_string() }
    }
}

/// The host of a service in the configuration's region: `s3` or `bucket.s3`.
pub(crate) fn host(config: &SdkConfig, service: &str) -> String {
    let region = region(config);
    let suffix = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
    format!("{service}.{region}.{suffix}")
}

fn region(config: &SdkConfig) -> String {
    config.region().map(ToString::to_string).unwrap_or_default()
}

/// Signs a request to a service.
pub(crate) async fn signed(
    config: &SdkConfig,
    service: &str,
    settings: SigningSettings,
    now: DateTime<Utc>,
    request: &mut http::Request<Vec<u8>>,
) -> Result<(), Refused> {
    let provider =
        config.credentials_provider().ok_or_else(|| Refused::because(&"there are no credentials"))?;
    let credentials = provider.provide_credentials().await.map_err(|why| Refused::because(&why))?;
    let identity = credentials.into();
    let region = region(config);
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region(&region)
        .name(service)
        .time(SystemTime::from(now))
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
