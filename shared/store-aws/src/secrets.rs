//! One call of Secrets Manager.
//!
//! Source: <https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html>.

use std::sync::Arc;
use std::time::Duration;

use aws_sigv4::http_request::SigningSettings;
use aws_types::SdkConfig;
use aws_types::service_config::ServiceConfigKey;
use relay_core::clock::{Clock, timeout};
use serde_json::{Value, json};

use crate::http::HttpClient;
use crate::sign::{Refused, host, signed};

/// So often an answer that does not come, or is the service's own fault, is asked for.
const ATTEMPTS: u32 = 3;

/// For so long an answer is waited for where the configuration does not say.
const PATIENCE: Duration = Duration::from_secs(5);

/// The secrets of an account and region.
pub struct Secrets {
    /// Region, credentials and time-outs.
    pub config: SdkConfig,
    /// Carries the requests.
    pub http: Arc<dyn HttpClient>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

impl Secrets {
    /// The text of a secret, by its name or ARN; `None` for one that is binary.
    ///
    /// # Errors
    /// What the service refuses it with, or why there is no answer.
    pub async fn read(&self, id: &str) -> Result<Option<String>, Refused> {
        let mut attempt = 1;
        loop {
            match self.ask(id).await {
                Err((refused, may_pass)) if !may_pass || attempt == ATTEMPTS => return Err(refused),
                Err(_) => self.clock.sleep(Duration::from_millis(100) * attempt).await,
                Ok(answer) => return Ok(answer["SecretString"].as_str().map(str::to_owned)),
            }
            attempt += 1;
        }
    }

    /// Asks once; says of a refusal whether it may pass.
    async fn ask(&self, id: &str) -> Result<Value, (Refused, bool)> {
        let for_good = |why: Refused| (why, false);
        let mut request = http::Request::post(self.address())
            .header("content-type", "application/x-amz-json-1.1")
            .header("x-amz-target", "secretsmanager.GetSecretValue")
            .body(json!({ "SecretId": id }).to_string().into_bytes())
            .map_err(|why| for_good(Refused::because(&why)))?;
        let (settings, now) = (SigningSettings::default(), self.clock.now());
        signed(&self.config, "secretsmanager", settings, now, &mut request).await.map_err(for_good)?;
        let patience = self
            .config
            .timeout_config()
            .and_then(aws_types::sdk_config::TimeoutConfig::operation_attempt_timeout);
        let answer = self.http.send(request);
        let answer = timeout(self.clock.as_ref(), patience.unwrap_or(PATIENCE), answer).await;
        let answer = answer.map_err(|late| (Refused::because(&late), true))?;
        let answer = answer.map_err(|why| (Refused::because(&why), true))?;
        let (status, body) = (answer.status(), serde_json::from_slice(answer.body()).unwrap_or_default());
        if status.is_success() { Ok(body) } else { Err(refused(status, &body)) }
    }

    /// That of the region, unless the environment names another, for this service or for all.
    fn address(&self) -> String {
        let key = ServiceConfigKey::builder()
            .service_id("Secrets Manager")
            .env("AWS_ENDPOINT_URL")
            .profile("endpoint_url");
        let services = self.config.service_config();
        let own = key.build().ok().and_then(|key| services?.load_config(key));
        let named = own.or_else(|| self.config.endpoint_url().map(str::to_owned));
        named.unwrap_or_else(|| format!("https://{}/", host(&self.config, "secretsmanager")))
    }
}

/// What an answer that is no success says, and whether asking again may help.
fn refused(status: http::StatusCode, body: &Value) -> (Refused, bool) {
    let text = |name: &str| body[name].as_str();
    // `com.amazonaws.secretsmanager#ResourceNotFoundException`, or the last word of it alone.
    let code = text("__type").map(|code| code.rsplit('#').next().unwrap_or(code).to_owned());
    let said = text("message").or_else(|| text("Message")).map(str::to_owned);
    let said = said.unwrap_or_else(|| format!("Secrets Manager answered {status}"));
    let may_pass = status.is_server_error() || code.as_deref() == Some("ThrottlingException");
    (Refused { code, said }, may_pass)
}
