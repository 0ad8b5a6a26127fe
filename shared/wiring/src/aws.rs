//! What every AWS client of the process shares: region, credentials, time-outs and one HTTP client.

use aws_config::{BehaviorVersion, SdkConfig};
use tokio::sync::OnceCell;

/// The configuration of the environment, loaded when it is first asked for.
pub(crate) async fn config() -> &'static SdkConfig {
    static CONFIG: OnceCell<SdkConfig> = OnceCell::const_new();
    // Pinned, so that an update of the SDK does not change time-outs and retries behind our back.
    CONFIG.get_or_init(|| aws_config::load_defaults(BehaviorVersion::v2026_01_12())).await
}
