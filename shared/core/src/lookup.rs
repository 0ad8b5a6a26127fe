//! Port: what is known of codes: ids of the targets, and the tables of a tenant. A material's id is asked for once and not per
//! line.

use std::collections::HashMap;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::{EntryId, StoreError, UnknownCode};

/// What is known of a code.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LookupRow {
    /// The table.
    pub table: String,
    /// The code.
    pub code: String,
    /// The target's id of it; in a table of the tenant the whole row, as JSON.
    pub id: String,
    /// Until when it is believed; `None`: for good.
    pub expires_at: Option<DateTime<Utc>>,
}

/// A document that waits for a code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiter {
    /// The document.
    pub document: EntryId,
    /// Since when.
    pub since: DateTime<Utc>,
}

/// What is known of codes, with expiry, and who waits for what is not.
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

    /// Remembers ids by code for good, beside what the table holds.
    async fn put_all(&self, table: &str, ids: &[(String, String)]) -> Result<(), StoreError>;

    /// Has a table hold these ids by code, and nothing else. On DynamoDB another process may see it half changed; after an
    /// error it is to be done again.
    async fn replace(&self, table: &str, ids: &[(String, String)]) -> Result<(), StoreError>;

    /// Everything that has not expired, of one table or of all, by table and code.
    async fn list(&self, table: Option<&str>) -> Result<Vec<LookupRow>, StoreError>;

    /// Forgets an id.
    async fn remove(&self, table: &str, code: &str) -> Result<(), StoreError>;

    /// Notes that a document waits for a code, durably; one that waits already does so since now.
    async fn wait(&self, code: &UnknownCode, document: &EntryId) -> Result<(), StoreError>;

    /// The documents that wait for a code, in an order of the store's own: at most `limit`, after that document.
    async fn waiting(
        &self,
        code: &UnknownCode,
        after: Option<&EntryId>,
        limit: usize,
    ) -> Result<Vec<Waiter>, StoreError>;

    /// Notes that documents wait for a code no longer.
    async fn release(&self, code: &UnknownCode, documents: &[EntryId]) -> Result<(), StoreError>;
}
