//! What every AWS client of the process shares: region, credentials, time-outs and one HTTP client.

use std::time::Duration;

use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use tokio::sync::OnceCell;

/// The configuration of the environment, loaded when it is first asked for.
pub(crate) async fn config() -> &'static SdkConfig {
    static CONFIG: OnceCell<SdkConfig> = OnceCell::const_new();
    CONFIG
        .get_or_init(|| async {
            // Pinned, so that an update of the SDK does not change time-outs and retries behind our back.
            let loader = aws_config::defaults(BehaviorVersion::v2026_01_12());
            let in_lambda = std::env::var_os("AWS_LAMBDA_FUNCTION_NAME").is_some();
            // An operator's line may be slow, and a person can wait.
            let loader = if in_lambda { loader.timeout_config(for_lambda()) } else { loader };
            loader.load().await
        })
        .await
}

/// Qince waits 5 seconds for the answer to a push, and AWS answers a request in hundredths of one. What takes longer is
/// most often a connection that did not survive the sandbox's sleep, so it pays to ask once more on a new one. Whatever
/// was not stored by the end is answered as such, and comes again.
fn for_lambda() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(1))
        .operation_attempt_timeout(Duration::from_secs(2))
        .operation_timeout(Duration::from_millis(4_500))
        .build()
}
