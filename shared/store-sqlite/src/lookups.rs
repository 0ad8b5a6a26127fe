use std::collections::HashMap;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::{Sqlite, later, millis, time};
use relay_core::{EntryId, LookupRow, Lookups, StoreError, UnknownCode, Waiter};

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

    async fn wait(&self, code: &UnknownCode, document: &EntryId) -> Result<(), StoreError> {
        let (UnknownCode { table, code }, EntryId { flow, key }) = (code.clone(), document.clone());
        self.write_in("noting what waits for a code in", move |tx, now| {
            let sql =
                "INSERT OR REPLACE INTO waiting (lookup, code, flow, key, since) VALUES (?1, ?2, ?3, ?4, ?5)";
            tx.prepare_cached(sql)?.execute(params![table, code, flow, key, millis(now)]).map(drop)
        })
        .await
    }

    async fn waiting(
        &self,
        code: &UnknownCode,
        after: Option<&EntryId>,
        limit: usize,
    ) -> Result<Vec<Waiter>, StoreError> {
        let (UnknownCode { table, code }, after) = (code.clone(), after.cloned());
        let EntryId { flow, key } = after.unwrap_or_else(|| EntryId::new("", ""));
        self.read_in("reading what waits for a code in", move |tx, _| {
            let sql = "SELECT flow, key, since FROM waiting WHERE lookup = ?1 AND code = ?2 AND (flow, key) > (?3, ?4)
                       ORDER BY flow, key LIMIT ?5";
            let mut statement = tx.prepare_cached(sql)?;
            let waiter = |row: &rusqlite::Row<'_>| {
                let document = EntryId::new(row.get::<_, String>(0)?, row.get::<_, String>(1)?);
                Ok(Waiter { document, since: time(row.get(2)?) })
            };
            statement.query_map(params![table, code, flow, key, limit], waiter)?.collect()
        })
        .await
    }

    async fn release(&self, code: &UnknownCode, documents: &[EntryId]) -> Result<(), StoreError> {
        let (UnknownCode { table, code }, documents) = (code.clone(), documents.to_vec());
        self.write_in("noting what waits for a code no longer in", move |tx, _| {
            let sql = "DELETE FROM waiting WHERE lookup = ?1 AND code = ?2 AND flow = ?3 AND key = ?4";
            let mut statement = tx.prepare_cached(sql)?;
            let mut gone = documents.iter().map(|EntryId { flow, key }| params_of(&table, &code, flow, key));
            gone.try_for_each(|params| statement.execute(params).map(drop))
        })
        .await
    }
}

fn params_of<'a>(table: &'a str, code: &'a str, flow: &'a str, key: &'a str) -> [&'a str; 4] {
    [table, code, flow, key]
}

fn insert(connection: &Connection, table: &str, ids: &[(String, String)]) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(
        "INSERT OR REPLACE INTO lookups (lookup, code, id, expires_at) VALUES (?1, ?2, ?3, NULL)",
    )?;
    ids.iter().try_for_each(|(code, id)| statement.execute(params![table, code, id]).map(drop))
}
