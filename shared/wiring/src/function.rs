//! What the four functions have in common for whoever runs them: Lambda, or a person.

use std::future::Future;

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::Wiring;

/// A function: built once, then given one event after the other.
pub trait Function: Sized + Send + Sync {
    /// Builds it.
    ///
    /// # Errors
    /// Settings that are missing or malformed.
    fn wire(wiring: &Wiring) -> anyhow::Result<Self>;

    /// Works one event, beginning nothing after the deadline. The same event may be handed over again.
    ///
    /// # Errors
    /// An event of another kind, or what kept the function from its work.
    fn handle(
        &self,
        event: Value,
        deadline: Option<DateTime<Utc>>,
    ) -> impl Future<Output = anyhow::Result<Value>>;
}
