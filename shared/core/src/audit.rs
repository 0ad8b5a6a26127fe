//! Port: what people have done with an installation, for whoever asks later who it was, and why.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::StoreError;

/// How long an action is remembered.
pub const KEPT: std::time::Duration = std::time::Duration::from_secs(400 * 86_400);

/// Something that a person has done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Action {
    /// When.
    pub at: DateTime<Utc>,
    /// Who.
    pub by: String,
    /// The command, such as `pause` or `lookups import`.
    pub did: String,
    /// To what: a flow, a target, a document, a table.
    pub to: String,
    /// How many documents or rows it was done to, where it is counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
    /// Why, and what else is to be said of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What people have done. An action is noted and never changed.
#[async_trait]
pub trait Audit: Send + Sync {
    /// Notes an action.
    async fn note(&self, action: &Action) -> Result<(), StoreError>;

    /// The last actions, newest first, at most `limit`, not before `since`.
    async fn actions(&self, since: Option<DateTime<Utc>>, limit: usize) -> Result<Vec<Action>, StoreError>;
}
