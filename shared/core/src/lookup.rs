//! Port: ids of the targets by our codes, so that a material's id is asked for once and not per line.

use std::collections::HashMap;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::StoreError;

/// Ids of the targets by our codes, with expiry.
#[async_trait]
pub trait Lookups: Send + Sync {
    /// The ids that are known of `(table, code)` and have not expired.
    async fn get(&self, codes: &[(String, String)]) -> Result<HashMap<(String, String), String>, StoreError>;

    /// Remembers an id until `expires_at`; without it, for good (a person's import).
    async fn put(
        &self,
        table: &str,
        code: &str,
        id: &str,
        expires_at: Option<DateTime<Utc>>,
    ) -> Result<(), StoreError>;

    /// Forgets an id.
    async fn remove(&self, table: &str, code: &str) -> Result<(), StoreError>;
}
