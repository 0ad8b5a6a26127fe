//! Logs: spans with names, keys and numbers; never a body, a name, a phone, an address or a secret.

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::Subscriber;

fn filter(default: &str) -> EnvFilter {
    EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(default))
}

/// JSON on standard output, where Lambda picks it up. A second call changes nothing.
pub fn for_lambda() {
    // Lambda stamps the time itself.
    let logs =
        Subscriber::builder().json().flatten_event(true).without_time().with_env_filter(filter("info"));
    _ = tracing::subscriber::set_global_default(logs.finish());
}

/// Text on standard error, so that standard output is the command's answer alone. A second call changes nothing.
pub fn for_terminal(default: &str) {
    let logs = Subscriber::builder()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false)
        .with_env_filter(filter(default));
    _ = tracing::subscriber::set_global_default(logs.finish());
}
