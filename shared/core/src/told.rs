//! What logs and metrics are told of an outcome.

use tracing::Level;

use crate::metric_name;
use crate::outcome::Outcome;
use crate::policy::{Consequences, Logged};

/// Counts an outcome under the name of its flow, or the one that stands in a flow's place.
pub fn count(flow: &str, consequences: &Consequences<'_>) {
    if let Some(outcome) = consequences.counted {
        metrics::counter!("documents", "flow" => metric_name(flow), "outcome" => outcome).increment(1);
    }
}

/// Logs an outcome, inside its document's span. The reason is left out where it holds the vendor's words.
pub fn log(outcome: &Outcome, consequences: &Consequences<'_>) {
    let Logged { level, message, error } = consequences.logged;
    let class = match outcome {
        Outcome::Failed { class, .. } => Some(class.code()),
        _ => None,
    };
    let wait_s = match outcome {
        Outcome::Retry { wait, .. } => Some(wait.as_secs()),
        _ => None,
    };
    let until = match outcome {
        Outcome::Paused { until, .. } => until.map(tracing::field::display),
        _ => None,
    };
    let name = outcome.name();
    match level {
        Level::ERROR => tracing::error!(outcome = name, class, wait_s, until, error, "{message}"),
        Level::WARN => tracing::warn!(outcome = name, class, wait_s, until, error, "{message}"),
        _ => tracing::info!(outcome = name, class, wait_s, until, error, "{message}"),
    }
}
