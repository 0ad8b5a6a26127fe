use async_trait::async_trait;
use chrono::{DateTime, Utc};
use relay_core::audit::{Action, Audit};
use relay_core::{StoreError, codec};
use rusqlite::params;
use rusqlite::types::Type;

use super::{Sqlite, millis};

#[async_trait]
impl Audit for Sqlite {
    async fn note(&self, action: &Action) -> Result<(), StoreError> {
        let (at, text) = (millis(action.at), serde_json::json!(action).to_string());
        self.write_in("noting an action in", move |tx, _| {
            let mut insert = tx.prepare_cached("INSERT INTO audit (at, action) VALUES (?1, ?2)")?;
            insert.execute(params![at, text]).map(drop)
        })
        .await
    }

    async fn actions(&self, since: Option<DateTime<Utc>>, limit: usize) -> Result<Vec<Action>, StoreError> {
        let since = since.map_or(i64::MIN, millis);
        self.read_in("listing actions in", move |tx, _| {
            let mut statement = tx.prepare_cached(
                "SELECT action FROM audit WHERE at >= ?1 ORDER BY at DESC, id DESC LIMIT ?2",
            )?;
            let actions = statement.query_map(params![since, limit], |row| {
                let text: String = row.get(0)?;
                serde_json::from_str(&text).map_err(|error| {
                    rusqlite::Error::FromSqlConversionFailure(0, Type::Text, codec::reason(&error).into())
                })
            })?;
            actions.collect()
        })
        .await
    }
}
