//! The cases, by what they are about.

pub(crate) mod clocks;
pub(crate) mod deadlines;
pub(crate) mod lost;
pub(crate) mod pools;
pub(crate) mod quotas;
pub(crate) mod reading;
pub(crate) mod refusals;
pub(crate) mod secrets;
pub(crate) mod tokens;
pub(crate) mod webhooks;

use relay_connector::{Class, Failure};

/// The class of a failure, by name; nothing where there is none.
fn class<T>(outcome: &Result<T, Failure>) -> &'static str {
    outcome.as_ref().err().map_or("none", |failure| failure.class.name())
}

fn is_paused<T>(outcome: &Result<T, Failure>) -> bool {
    matches!(outcome, Err(Failure { class: Class::Paused { .. }, .. }))
}
