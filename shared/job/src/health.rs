//! What a call to a source says of the source's health.

use relay_connector::{Class, Failure};
use relay_core::health::{Monitor, Part};

/// Tells how a call to a source went, and hands its answer on. Each try is told, because a source that is down is asked
/// again for minutes before the turn gives up.
///
/// # Errors
/// The call's own.
pub async fn told<T>(monitor: &Monitor, part: Part, called: Result<T, Failure>) -> Result<T, Failure> {
    match &called {
        Ok(_) => monitor.well(part).await,
        Err(failure) if is_of_the_source(&failure.class) => {
            let (class, code) = (failure.class.name(), failure.code.clone());
            monitor.failed(part, class, code, failure.in_full()).await;
        }
        Err(_) => {}
    }
    called
}

/// Whether a failure says something of the source, and not of the time that we had.
fn is_of_the_source(class: &Class) -> bool {
    matches!(
        class,
        Class::Retry { .. } | Class::Unknown | Class::Paused { .. } | Class::Refused | Class::Exists
    )
}
