//! How a target is doing, as a batch shows it.

use relay_core::System;
use relay_core::health::{Monitor, Part};

use crate::outcome::{Outcome, Turn};

/// Tells whether the target takes documents. A batch of which it has answered for one document shows that it does, and
/// one that came to no call shows nothing.
pub(crate) async fn tell(monitor: &Monitor, system: System, turns: &[Turn]) {
    let part = Part::Target(system);
    let outcomes = || turns.iter().map(|turn| &turn.outcome);
    if outcomes().any(has_arrived) {
        monitor.well(part).await;
    } else if let Some((class, message)) = outcomes().find_map(trouble) {
        monitor.failed(part, class, None, message.to_owned()).await;
    }
}

fn has_arrived(outcome: &Outcome) -> bool {
    match outcome {
        Outcome::Delivered { .. } | Outcome::Found { .. } => true,
        // It has judged the document, so it is there.
        Outcome::Failed { class, .. } => class == "refused",
        _ => false,
    }
}

fn trouble(outcome: &Outcome) -> Option<(&'static str, &str)> {
    match outcome {
        Outcome::Retry { message, .. } => Some(("retry", message)),
        Outcome::Paused { reason, .. } => Some(("paused", reason)),
        _ => None,
    }
}
