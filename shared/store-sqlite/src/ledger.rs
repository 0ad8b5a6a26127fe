use std::collections::HashMap;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::{Sqlite, millis};
use relay_core::StoreError;
use relay_core::ledger::{Counts, Entry, EntryId, Ledger};

/// What the index of deliveries is over: SQLite takes it for what is the same letter by letter.
macro_rules! delivered_at {
    () => {
        "CASE WHEN json_valid(entry) THEN substr(json_extract(entry, '$.delivered.at'), 1, 19) END"
    };
}

#[async_trait]
impl Ledger for Sqlite {
    async fn read(&self, ids: &[EntryId]) -> Result<HashMap<EntryId, Entry>, StoreError> {
        let ids = ids.to_vec();
        let read = self.read_in("reading the ledger in", move |tx, _| {
            let mut statement =
                tx.prepare_cached("SELECT entry, revision FROM ledger WHERE flow = ?1 AND key = ?2")?;
            let mut entries = HashMap::with_capacity(ids.len());
            for id in ids {
                match statement.query_row(params![id.flow, id.key], decode).optional() {
                    Ok(Some(entry)) => _ = entries.insert(id, entry),
                    Ok(None) => {}
                    Err(rusqlite::Error::FromSqlConversionFailure(.., error)) => {
                        return Ok(Err(unreadable(id, &error.to_string())));
                    }
                    Err(error) => return Err(error),
                }
            }
            Ok(Ok(entries))
        });
        read.await?
    }

    async fn write(&self, entry: &Entry) -> Result<bool, StoreError> {
        // Should it ever fail, the value's panic fails this document alone.
        let text = serde_json::to_string(entry).unwrap_or_else(|_| serde_json::json!(entry).to_string());
        let (id, revision, numbers) = (entry.id.clone(), entry.revision, entry.numbers.all().to_vec());
        let (is_delivered, failed_at) =
            (entry.delivered.is_some(), entry.failed.as_ref().map(|failed| millis(failed.at)));
        self.write_in("writing the ledger in", move |tx, _| {
            let written = tx
                .prepare_cached(
                    "INSERT INTO ledger (flow, key, entry, delivered, failed_at, revision) VALUES (?1, ?2, ?3, ?4, ?5, 1)
                     ON CONFLICT (flow, key) DO UPDATE SET entry = excluded.entry, delivered = excluded.delivered,
                         failed_at = excluded.failed_at, revision = revision + 1
                     WHERE revision = ?6",
                )?
                .execute(params![id.flow, id.key, text, is_delivered, failed_at, revision])?;
            // An entry that retention has forgotten since it was read is written anew, with all that was known of it.
            if written == 1 && !numbers.is_empty() {
                let mut index = tx
                    .prepare_cached("INSERT OR IGNORE INTO numbers (number, flow, key) VALUES (?1, ?2, ?3)")?;
                for number in &numbers {
                    index.execute(params![number, id.flow, id.key])?;
                }
            }
            Ok(written == 1)
        })
        .await
    }

    async fn failed(
        &self,
        flow: Option<&str>,
        limit: usize,
        after: Option<&EntryId>,
    ) -> Result<Vec<Entry>, StoreError> {
        let (flow, after) = (flow.map(str::to_owned), after.cloned());
        self.scan_in("listing failures in", move |tx, _| {
            let after = match &after {
                None => Some((i64::MIN, String::new(), String::new())),
                Some(id) => failed_at(tx, id)?.map(|at| (at, id.flow.clone(), id.key.clone())),
            };
            // One that has failed no longer has no place in the list.
            let Some((at, after_flow, key)) = after else { return Ok(Vec::new()) };
            match &flow {
                None => tx.prepare(FAILED)?.query_map(params![at, after_flow, key, limit], decode)?.collect(),
                Some(flow) => {
                    let after = params![flow, at, after_flow, key, limit];
                    tx.prepare(FAILED_OF_FLOW)?.query_map(after, decode)?.collect()
                }
            }
        })
        .await
    }

    async fn find(&self, number: &str) -> Result<Vec<EntryId>, StoreError> {
        let number = number.to_owned();
        self.read_in("finding a number in", move |tx, _| {
            let mut statement =
                tx.prepare_cached("SELECT flow, key FROM numbers WHERE number = ?1 ORDER BY flow, key")?;
            let ids =
                statement.query_map([number], |row| Ok(EntryId { flow: row.get(0)?, key: row.get(1)? }))?;
            ids.collect()
        })
        .await
    }

    async fn list(
        &self,
        flow: Option<&str>,
        from: Option<&str>,
        limit: usize,
    ) -> Result<(Vec<Entry>, Option<String>), StoreError> {
        let after: Option<(String, String)> = from.and_then(|from| serde_json::from_str(from).ok());
        let (after_flow, key) = after.unwrap_or_default();
        let sql = match flow {
            Some(_) => {
                "SELECT entry, revision FROM ledger WHERE flow = ?1 AND key > ?2 ORDER BY key LIMIT ?3"
            }
            None => {
                "SELECT entry, revision FROM ledger WHERE (flow, key) > (?1, ?2) ORDER BY flow, key LIMIT ?3"
            }
        };
        let flow = flow.map_or(after_flow, str::to_owned);
        self.scan_in("listing the ledger in", move |tx, _| {
            let mut statement = tx.prepare_cached(sql)?;
            let entries: Vec<Entry> =
                statement.query_map(params![flow, key, limit], decode)?.collect::<rusqlite::Result<_>>()?;
            let last = entries.last().filter(|_| entries.len() == limit);
            let next = last.map(|last| serde_json::json!([last.id.flow, last.id.key]).to_string());
            Ok((entries, next))
        })
        .await
    }

    async fn delivered(
        &self,
        flow: Option<&str>,
        (since, until): (DateTime<Utc>, DateTime<Utc>),
        from: Option<&str>,
        limit: usize,
    ) -> Result<(Vec<Entry>, Option<String>), StoreError> {
        let flow = flow.map(str::to_owned);
        // After whatever begins in the last second.
        let end = || (second(until), AFTER_ALL.to_owned(), String::new());
        let (at, after_flow, key) = from.and_then(|from| serde_json::from_str(from).ok()).unwrap_or_else(end);
        let (entries, next) = self
            .scan_in("listing what was delivered in", move |tx, _| {
                let parameters = params![second(since), at, after_flow, key, flow, limit];
                let entries: Vec<Entry> =
                    tx.prepare(DELIVERED)?.query_map(parameters, decode)?.collect::<rusqlite::Result<_>>()?;
                let place = |entry: &Entry| Some((second(entry.delivered.as_ref()?.at), entry.id.clone()));
                let next = entries.last().filter(|_| entries.len() == limit).and_then(place);
                Ok((entries, next))
            })
            .await?;
        let next = next.map(|(at, id)| serde_json::json!([at, id.flow, id.key]).to_string());
        // The index goes by whole seconds.
        let is_within = |entry: &Entry| {
            entry.delivered.as_ref().is_some_and(|delivered| since <= delivered.at && delivered.at <= until)
        };
        Ok((entries.into_iter().filter(is_within).collect(), next))
    }

    async fn finds_by_time(&self) -> Result<bool, StoreError> {
        Ok(true)
    }

    async fn counts(&self) -> Result<Counts, StoreError> {
        self.scan_in("counting the ledger in", |tx, _| {
            let mut statement = tx.prepare("SELECT flow, delivered, failed FROM ledger_counts")?;
            let mut rows = statement.query([])?;
            let (mut delivered, mut failed) = (HashMap::new(), HashMap::new());
            while let Some(row) = rows.next()? {
                let flow: String = row.get(0)?;
                delivered.insert(flow.clone(), row.get(1)?);
                failed.insert(flow, row.get(2)?);
            }
            Ok(Counts { delivered: Some(delivered), failed })
        })
        .await
    }
}

/// Each list has an index in its own order, so that a page costs as much as it holds.
const FAILED: &str = "SELECT entry, revision FROM ledger INDEXED BY ledger_failed
    WHERE failed_at IS NOT NULL AND (failed_at, flow, key) > (?1, ?2, ?3) ORDER BY failed_at, flow, key LIMIT ?4";

const FAILED_OF_FLOW: &str = "SELECT entry, revision FROM ledger INDEXED BY ledger_failed_by_flow
    WHERE flow = ?1 AND failed_at IS NOT NULL AND failed_at >= ?2 AND (failed_at, flow, key) > (?2, ?3, ?4)
    ORDER BY failed_at, key LIMIT ?5";

/// The latest first, and of a flow where one is named: the others are passed over in the index.
const DELIVERED: &str = concat!(
    "SELECT entry, revision FROM ledger INDEXED BY ledger_delivered WHERE delivered AND ",
    delivered_at!(),
    " BETWEEN ?1 AND ?2 AND (",
    delivered_at!(),
    ", flow, key) < (?2, ?3, ?4) AND (?5 IS NULL OR flow = ?5) ORDER BY ",
    delivered_at!(),
    " DESC, flow DESC, key DESC LIMIT ?6"
);

/// A name that comes after those of all flows.
const AFTER_ALL: &str = "\u{10ffff}";

/// A time as the index of deliveries has it.
fn second(time: DateTime<Utc>) -> String {
    time.format("%Y-%m-%dT%H:%M:%S").to_string()
}

/// The place of an entry in the list of failures, if it stands there.
fn failed_at(connection: &Connection, id: &EntryId) -> rusqlite::Result<Option<i64>> {
    let found = connection
        .prepare_cached("SELECT failed_at FROM ledger WHERE flow = ?1 AND key = ?2")?
        .query_row([&id.flow, &id.key], |row| row.get::<_, Option<i64>>(0))
        .optional()?;
    Ok(found.flatten())
}

fn unreadable(id: EntryId, why: &str) -> StoreError {
    let doing = format!("reading the ledger's entry of {} {}", id.flow, id.key);
    StoreError { unreadable: Some(id), ..StoreError::new(doing, format!("it holds no entry: {why}")) }
}

fn decode(row: &rusqlite::Row<'_>) -> rusqlite::Result<Entry> {
    let text: String = row.get(0)?;
    let mut entry: Entry = serde_json::from_str(&text).map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(0, Type::Text, relay_core::codec::reason(&error).into())
    })?;
    entry.revision = row.get(1)?;
    Ok(entry)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::migrations::in_memory;

    #[test]
    fn a_page_of_a_list_is_found_by_its_place_and_sorts_nothing() {
        let connection = in_memory();
        for (sql, parameters) in [(FAILED, 4), (FAILED_OF_FLOW, 5), (DELIVERED, 6)] {
            let mut plan = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
            let parameters = rusqlite::params_from_iter(vec![0; parameters]);
            let steps = plan.query_map(parameters, |row| row.get::<_, String>("detail")).unwrap();
            let steps: Vec<_> = steps.map(Result::unwrap).collect();
            assert!(steps.iter().all(|step| step.starts_with("SEARCH")), "{steps:?}");
        }
    }
}
