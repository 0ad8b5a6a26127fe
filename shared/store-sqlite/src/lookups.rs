use std::collections::HashMap;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::{Sqlite, later, millis, time};
use relay_core::{LookupRow, Lookups, StoreError};

/// No answer of a target's is remembered for longer: one that would be was written by a clock that was ahead.
const LONGEST_REMEMBERED: Duration = Duration::from_secs(86_400);

#[async_trait]
impl Lookups for Sqlite {
    async fn get(&self, codes: &[(String, String)]) -> Result<HashMap<(String, String), String>, StoreError> {
        let codes = codes.to_vec();
        self.read_in("reading look-ups in", move |tx, now| {
            let mut statement = tx.prepare_cached(
                "SELECT id FROM lookups WHERE lookup = ?1 AND code = ?2
                 AND (expires_at IS NULL OR expires_at > ?3 AND expires_at <= ?4)",
            )?;
            let mut ids = HashMap::with_capacity(codes.len());
            for (table, code) in codes {
                let found = statement
                    .query_row(params![table, code, millis(now), later(now, LONGEST_REMEMBERED)], |row| {
                        row.get(0)
                    })
                    .optional()?;
                if let Some(id) = found {
                    ids.insert((table, code), id);
                }
            }
            Ok(ids)
        })
        .await
    }

    async fn put(
        &self,
        table: &str,
        code: &str,
        id: &str,
        expires_at: Option<DateTime<Utc>>,
    ) -> Result<(), StoreError> {
        let (table, code, id) = (table.to_owned(), code.to_owned(), id.to_owned());
        self.write_in("writing a look-up in", move |tx, _| {
            tx.prepare_cached(
                "INSERT OR REPLACE INTO lookups (lookup, code, id, expires_at) VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute(params![table, code, id, expires_at.map(millis)])
            .map(drop)
        })
        .await
    }

    async fn put_all(&self, table: &str, ids: &[(String, String)]) -> Result<(), StoreError> {
        let (table, ids) = (table.to_owned(), ids.to_vec());
        self.write_in("writing look-ups in", move |tx, _| insert(tx, &table, &ids)).await
    }

    async fn replace(&self, table: &str, ids: &[(String, String)]) -> Result<(), StoreError> {
        let (table, ids) = (table.to_owned(), ids.to_vec());
        self.write_in("replacing look-ups in", move |tx, _| {
            tx.prepare_cached("DELETE FROM lookups WHERE lookup = ?1")?.execute([&table])?;
            insert(tx, &table, &ids)
        })
        .await
    }

    async fn list(&self, table: Option<&str>) -> Result<Vec<LookupRow>, StoreError> {
        let table = table.map(str::to_owned);
        self.read_in("listing look-ups in", move |tx, now| {
            let mut statement = tx.prepare_cached(
                "SELECT lookup, code, id, expires_at FROM lookups WHERE (?1 IS NULL OR lookup = ?1)
                 AND (expires_at IS NULL OR expires_at > ?2 AND expires_at <= ?3) ORDER BY lookup, code",
            )?;
            let rows =
                statement.query_map(params![table, millis(now), later(now, LONGEST_REMEMBERED)], |row| {
                    let expires_at = row.get::<_, Option<i64>>(3)?.map(time);
                    Ok(LookupRow { table: row.get(0)?, code: row.get(1)?, id: row.get(2)?, expires_at })
                })?;
            rows.collect()
        })
        .await
    }

    async fn remove(&self, table: &str, code: &str) -> Result<(), StoreError> {
        let (table, code) = (table.to_owned(), code.to_owned());
        self.write_in("removing a look-up in", move |tx, _| {
            tx.prepare_cached("DELETE FROM lookups WHERE lookup = ?1 AND code = ?2")?
                .execute(params![table, code])
                .map(drop)
        })
        .await
    }
}

fn insert(connection: &Connection, table: &str, ids: &[(String, String)]) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(
        "INSERT OR REPLACE INTO lookups (lookup, code, id, expires_at) VALUES (?1, ?2, ?3, NULL)",
    )?;
    ids.iter().try_for_each(|(code, id)| statement.execute(params![table, code, id]).map(drop))
}
