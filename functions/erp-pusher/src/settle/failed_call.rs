use std::time::Duration;

use relay_connector::{Class, Failure};
use relay_core::clock::Rng;
use relay_core::life::Step;
use relay_core::{FailureClass, Outcome, RetryCause, backoff};

use crate::work::Work;

/// How long a target is given to show what it may have done.
const UNKNOWN_WAIT: Duration = Duration::from_secs(5);

/// What a call to the target that failed means for its document.
pub(crate) fn meaning(failure: Failure, work: &Work<'_>, rng: &dyn Rng) -> Outcome {
    tracing::warn!(%failure, "the call failed");
    let message = failure.in_full();
    let again = |at_least, cause, message| {
        let wait = backoff::wait(work.tries() + 1, at_least, rng);
        Outcome::Retry { wait, message, cause }
    };
    match failure.class {
        Class::Refused => Outcome::failed_try(FailureClass::Refused, failure.code, message),
        Class::Closed { .. } => {
            // A bill that is there stays on its day, whatever the flow says of new ones.
            let way_out = match work.step.as_ref().map(|at| at.step) {
                Some(Step::Unaudit | Step::Delete) => {
                    ", or let the flow take it back on an open day (changes, when_cancelled or withdrawn = \"offset\")"
                }
                Some(Step::Submit | Step::Audit) => "",
                Some(Step::Save) | None => ", or let the flow move it (closed_period = \"next_open_day\")",
            };
            let message =
                format!("{message}; the books of its day are closed: open the period and replay it{way_out}");
            Outcome::failed_try(FailureClass::Refused, failure.code, message)
        }
        Class::Exists => {
            let message =
                format!("{message}; what is there may be another version of it: compare it by hand");
            Outcome::failed_try(FailureClass::Changed, failure.code, message)
        }
        Class::Paused { until } => Outcome::Paused { until, reason: message },
        Class::Retry { after: Some(after) } => again(after, RetryCause::TargetLimits, message),
        Class::Retry { after: None } => again(Duration::ZERO, RetryCause::Target, message),
        Class::NotYet { after } => again(after, RetryCause::NotYet, message),
        Class::OutOfTime => Outcome::AT_ONCE,
        Class::Unknown => again(UNKNOWN_WAIT, RetryCause::AnswerLost, message),
    }
}
