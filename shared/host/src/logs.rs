//! Logs: spans with names, keys and numbers; never a body, a name, a phone, an address or a secret.

use std::cell::RefCell;
use std::env;
use std::io::{self, IsTerminal as _};
use std::panic;

use tracing::{Level, Metadata, Subscriber};
use tracing_subscriber::filter::{FilterExt as _, LevelFilter, Targets, filter_fn};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::{Filter, Layer as _, SubscriberExt as _};
use tracing_subscriber::{Registry, fmt};

/// The crates whose lines are known to hold nothing private, at any level.
const OURS: [&str; 18] = [
    "catalog",
    "clock",
    "divisions",
    "erp_pusher",
    "kingdee",
    "lambda",
    "mapping",
    "pipeline",
    "qince",
    "relay",
    "sharecrm",
    "simulators",
    "stock_syncer",
    "trade_poller",
    "vendor",
    "wangdian",
    "webhook_receiver",
    "wiring",
];

/// Where the Lambda runtime logs what a function fails with, which the function's host has logged by then.
const REPEATER: &str = "lambda_runtime::layers::panic";

/// Logs to standard output, where Lambda picks them up. A second call changes nothing.
pub fn for_lambda() {
    let asked = env::var("AWS_LAMBDA_LOG_LEVEL").unwrap_or_default().to_lowercase();
    let level = match asked.as_str() {
        "" => "info",
        "fatal" => "error",
        level => level,
    };
    _ = tracing::subscriber::set_global_default(lambda_lines(filter(level), io::stdout));
    log_panics();
}

/// Writes logs as Lambda takes them: one JSON object a line, with `timestamp` and `level`.
pub fn lambda_lines(
    filter: Targets,
    writer: impl for<'a> MakeWriter<'a> + Send + Sync + 'static,
) -> impl Subscriber + Send + Sync {
    let lines = fmt::layer().json().flatten_event(true).with_writer(writer);
    Registry::default().with(lines.with_filter(capped(filter)))
}

/// Text on standard error, so that standard output is the command's answer alone. A second call changes nothing.
pub fn for_terminal(default: &str) {
    let lines = fmt::layer()
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        .with_target(false)
        // Where standard error is closed there is nobody to tell that a line could not be written, and trying to panics.
        .log_internal_errors(false)
        .with_filter(capped(filter(default)));
    _ = tracing::subscriber::set_global_default(Registry::default().with(lines));
    log_panics();
}

/// What `RUST_LOG` says, as `info` or `warn,erp_pusher=debug`. Without the regular expressions that `EnvFilter` knows for
/// fields of spans: they make a function 0.3 MB larger.
fn filter(default: &str) -> Targets {
    let asked = env::var("RUST_LOG").ok().and_then(|text| text.parse().ok());
    asked.or_else(|| default.parse().ok()).unwrap_or_default()
}

/// The filter, less what other crates say below a warning: HTTP and AWS clients trace headers, signatures and bodies,
/// and no setting of ours is to bring them out.
fn capped<S>(filter: Targets) -> impl Filter<S>
where
    S: Subscriber + for<'a> tracing_subscriber::registry::LookupSpan<'a>,
{
    let harmless = |about: &Metadata<'_>| {
        let is_loud = *about.level() <= Level::WARN && about.target() != REPEATER;
        is_loud || is_ours(about.target())
    };
    filter.and(filter_fn(harmless).with_max_level_hint(LevelFilter::TRACE))
}

fn is_ours(target: &str) -> bool {
    OURS.contains(&target.split("::").next().unwrap_or_default())
}

thread_local! {
    /// Where the last panic of this thread was.
    static PLACE_OF_PANIC: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// A panic's own words may quote the document that it was about: only its place is told.
fn log_panics() {
    panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        tracing::error!(place, "a panic, which is a mistake in the program");
        PLACE_OF_PANIC.set(place);
    }));
}

/// Where the panic was that this thread has just caught, for whoever tells of it.
#[must_use]
pub fn place_of_panic() -> Option<String> {
    PLACE_OF_PANIC.take()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn every_crate_of_ours_is_heard_and_no_other() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        for folder in ["functions", "shared"] {
            for entry in root.join(folder).read_dir().unwrap() {
                let path = entry.unwrap().path();
                let name = path.file_name().unwrap().to_string_lossy().replace('-', "_");
                assert!(is_ours(&name) || !path.join("Cargo.toml").exists(), "{name} is not in the list");
            }
        }
        assert!(is_ours("erp_pusher::document"));
        for other in
            ["lambda_runtime::layers", "aws_smithy_runtime::client", "hyper", "h2::codec", "reqwest", ""]
        {
            assert!(!is_ours(other), "{other}");
        }
    }
}
