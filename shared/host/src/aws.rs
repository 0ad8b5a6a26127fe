//! What every AWS client of the process shares: region, credentials, time-outs and one HTTP client.

use std::sync::Arc;

use aws_types::SdkConfig;
use relay_store_aws::config::{BehaviorVersion, SharedHttpClient};
use tokio::sync::OnceCell;

use crate::http::ForAws;

/// The configuration of the environment, loaded when it is first asked for.
pub(crate) async fn config() -> &'static SdkConfig {
    static CONFIG: OnceCell<SdkConfig> = OnceCell::const_new();
    CONFIG.get_or_init(load).await
}

/// Pinned, so that an update of the SDK does not change time-outs and retries behind our back.
fn behavior() -> BehaviorVersion {
    BehaviorVersion::v2026_01_12()
}

fn http() -> SharedHttpClient {
    relay_store_aws::for_sdk(Arc::new(ForAws))
}

/// For a person: every way to sign in that the AWS command line knows. An operator's line may be slow, and a person can
/// wait, so the client's own time-outs are the only ones.
#[cfg(feature = "aws-sign-in")]
async fn load() -> SdkConfig {
    aws_config::defaults(behavior()).http_client(http()).load().await
}

/// For a function: what Lambda puts into the environment. `aws-config` would look for profiles and roles that a sandbox
/// does not have, and makes the program a megabyte larger.
#[cfg(not(feature = "aws-sign-in"))]
async fn load() -> SdkConfig {
    in_lambda::config()
}

#[cfg(not(feature = "aws-sign-in"))]
mod in_lambda {
    use std::env;
    use std::time::Duration;

    use aws_types::SdkConfig;
    use aws_types::service_config::{LoadServiceConfig, ServiceConfigKey};
    use relay_store_aws::config::timeout::TimeoutConfig;
    use relay_store_aws::config::{Credentials, Region, SharedCredentialsProvider};

    pub(super) fn config() -> SdkConfig {
        let config = SdkConfig::builder()
            .behavior_version(super::behavior())
            .http_client(super::http())
            .region(text("AWS_REGION").or_else(|| text("AWS_DEFAULT_REGION")).map(Region::new))
            .timeout_config(timeouts())
            .service_config(Environment);
        let config = match credentials() {
            Some(credentials) => config.credentials_provider(SharedCredentialsProvider::new(credentials)),
            None => config,
        };
        match text("AWS_ENDPOINT_URL") {
            Some(endpoint) => config.endpoint_url(endpoint).build(),
            None => config.build(),
        }
    }

    /// They last as long as the sandbox does.
    fn credentials() -> Option<Credentials> {
        let (id, secret) = (text("AWS_ACCESS_KEY_ID")?, text("AWS_SECRET_ACCESS_KEY")?);
        Some(Credentials::new(id, secret, text("AWS_SESSION_TOKEN"), None, "environment"))
    }

    /// Qince waits 5 seconds for the answer to a push, and AWS answers a request in hundredths of one. What takes longer
    /// is most often a connection that did not survive the sandbox's sleep, so it pays to ask once more on a new one.
    /// Whatever was not stored by the end is answered as such, and comes again.
    fn timeouts() -> TimeoutConfig {
        TimeoutConfig::builder()
            .operation_attempt_timeout(Duration::from_secs(2))
            .operation_timeout(Duration::from_millis(4_500))
            .build()
    }

    /// What is set for one service alone, such as `AWS_ENDPOINT_URL_SQS`.
    #[derive(Debug)]
    struct Environment;

    impl LoadServiceConfig for Environment {
        fn load_config(&self, key: ServiceConfigKey<'_>) -> Option<String> {
            let service = key.service_id().to_uppercase().replace([' ', '-'], "_");
            text(&format!("{}_{service}", key.env()))
        }
    }

    fn text(name: &str) -> Option<String> {
        env::var(name).ok().filter(|value| !value.is_empty())
    }
}
