use std::collections::HashMap;

use async_trait::async_trait;
use rusqlite::types::Type;
use rusqlite::{OptionalExtension as _, params};

use super::{Sqlite, millis};
use relay_core::StoreError;
use relay_core::ledger::{Counts, Entry, EntryId, Ledger};

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
        let entry = entry.clone();
        self.write_in("writing the ledger in", move |tx, _| {
            let text = serde_json::json!(entry).to_string();
            let failed_at = entry.failed.as_ref().map(|failed| millis(failed.at));
            let written = tx
                .prepare_cached(
                    "INSERT INTO ledger (flow, key, entry, delivered, failed_at, revision) VALUES (?1, ?2, ?3, ?4, ?5, 1)
                     ON CONFLICT (flow, key) DO UPDATE SET entry = excluded.entry, delivered = excluded.delivered,
                         failed_at = excluded.failed_at, revision = revision + 1
                     WHERE revision = ?6",
                )?
                .execute(params![
                    entry.id.flow,
                    entry.id.key,
                    text,
                    entry.delivered.is_some(),
                    failed_at,
                    entry.revision
                ])?;
            // An insert of what others expect to exist would resurrect an entry; there is no deletion, so none can.
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
            let after = after.map(|id| (id.flow, id.key)).unzip();
            tx.prepare(
                "SELECT entry, revision FROM ledger AS entry
                 WHERE failed_at IS NOT NULL AND (?1 IS NULL OR flow = ?1) AND (?2 IS NULL OR (failed_at, flow, key) >
                     (SELECT failed_at, flow, key FROM ledger AS last WHERE last.flow = ?2 AND last.key = ?3))
                 ORDER BY failed_at, flow, key LIMIT ?4",
            )?
            .query_map(params![flow, after.0, after.1, limit], decode)?
            .collect()
        })
        .await
    }

    async fn counts(&self) -> Result<Counts, StoreError> {
        self.scan_in("counting the ledger in", |tx, _| {
            let mut statement =
                tx.prepare("SELECT flow, sum(delivered), count(failed_at) FROM ledger GROUP BY flow")?;
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
