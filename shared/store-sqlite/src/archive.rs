//! The archive's rows: what one batch has to say of one document, compressed together.

use std::collections::BTreeMap;
use std::io::{self, Read as _, Write as _};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;
use relay_core::archive::{Archive, Listed, Record};
use relay_core::clock::Rng;
use relay_core::{EntryId, StoreError};
use rusqlite::params;

use super::{Sqlite, earlier, millis};

const WRITING: &str = "writing the archive in";

/// The history of a trade, 9.6 KB of text, is 2.5 KB at this level in 42 µs. At the usual one it is 2.2 KB in 75 µs, and at the
/// fastest 3.0 KB in 22 µs.
const LEVEL: Compression = Compression::new(2);

/// The archive in a store's file.
pub(super) struct Rows {
    pub(super) store: Sqlite,
    /// How long records are kept.
    pub(super) kept: Duration,
}

/// A row to be written: its records as JSON, or packed.
struct Row<T> {
    id: EntryId,
    at: DateTime<Utc>,
    records: T,
}

#[async_trait]
impl Archive for Rows {
    fn location(&self, _now: DateTime<Utc>, _rng: &dyn Rng) -> Option<String> {
        None
    }

    async fn write(&self, _location: Option<&str>, records: &[Record]) -> Result<(), StoreError> {
        if records.is_empty() {
            return Ok(());
        }
        let unpackable =
            |error: io::Error| StoreError::new(WRITING, format!("a record cannot be packed: {error}"));
        let rows = rows(records).map_err(unpackable)?;
        // Off the async threads: a document of a megabyte takes tens of milliseconds to compress.
        let packed = self.store.blocking.wait_for(move || pack(rows)).await;
        let rows = packed
            .map_err(|panicked| StoreError::new(WRITING, format!("packing panicked: {panicked}")))?
            .map_err(unpackable)?;
        self.store
            .write_in(WRITING, move |connection, _| {
                let mut insert = connection
                    .prepare_cached("INSERT INTO archive (flow, key, at, records) VALUES (?1, ?2, ?3, ?4)")?;
                rows.iter().try_for_each(|row| {
                    insert.execute(params![row.id.flow, row.id.key, millis(row.at), row.records]).map(drop)
                })
            })
            .await
    }

    async fn read(&self, id: &EntryId, _locations: &[String]) -> Result<Vec<Record>, StoreError> {
        let (wanted, kept) = (id.clone(), self.kept);
        let packed: Vec<Vec<u8>> = self
            .store
            .read_in("reading the archive in", move |connection, now| {
                // What is due to be forgotten is forgotten already, whenever it is cleaned up.
                connection
                    .prepare_cached(
                        "SELECT records FROM archive WHERE flow = ?1 AND key = ?2 AND at > ?3 ORDER BY at, id",
                    )?
                    .query_map(params![wanted.flow, wanted.key, earlier(now, kept)], |row| row.get(0))?
                    .collect()
            })
            .await?;
        let mut records = Vec::new();
        for packed in packed {
            records.extend(unpacked(&packed, id)?);
        }
        records.sort_by_key(|record: &Record| record.at);
        Ok(records)
    }

    async fn between(
        &self,
        flow: Option<&str>,
        (since, until): (DateTime<Utc>, DateTime<Utc>),
        from: Option<&str>,
        limit: usize,
    ) -> Result<Option<Listed>, StoreError> {
        let (flow, kept) = (flow.map(str::to_owned), self.kept);
        let end = || (millis(until), i64::MAX);
        let (at, id) = from.and_then(|from| serde_json::from_str(from).ok()).unwrap_or_else(end);
        let rows: Vec<Found> = self
            .store
            .scan_in("listing the archive in", move |tx, now| {
                let since = millis(since).max(earlier(now, kept) + 1);
                let found = |row: &rusqlite::Row<'_>| {
                    let of = EntryId { flow: row.get(2)?, key: row.get(3)? };
                    Ok(Found { id: row.get(0)?, at: row.get(1)?, of, records: row.get(4)? })
                };
                tx.prepare_cached(BETWEEN)?.query_map(params![since, at, id, flow, limit], found)?.collect()
            })
            .await?;
        let next = rows.last().filter(|_| rows.len() == limit);
        let next = next.map(|last| serde_json::json!([last.at, last.id]).to_string());
        let histories = rows.iter().map(|row| unpacked(&row.records, &row.of));
        Ok(Some((histories.collect::<Result<_, _>>()?, next)))
    }
}

/// A row that was found by its time.
struct Found {
    id: i64,
    at: i64,
    of: EntryId,
    records: Vec<u8>,
}

/// By the index of times alone, the latest first.
const BETWEEN: &str = "SELECT id, at, flow, key, records FROM archive INDEXED BY archive_by_age
    WHERE at >= ?1 AND (at, id) < (?2, ?3) AND (?4 IS NULL OR flow = ?4) ORDER BY at DESC, id DESC LIMIT ?5";

fn unpacked(packed: &[u8], id: &EntryId) -> Result<Vec<Record>, StoreError> {
    unpack(packed).map_err(|why| {
        let doing = format!("reading the archive of {} {}", id.flow, id.key);
        StoreError::new(doing, format!("it holds what is no record: {why}"))
    })
}

/// One row for each document, with the records in the order they were handed in.
fn rows(records: &[Record]) -> io::Result<Vec<Row<String>>> {
    let mut documents: BTreeMap<&EntryId, Vec<&Record>> = BTreeMap::new();
    for record in records {
        documents.entry(&record.id).or_default().push(record);
    }
    let rows = documents.into_iter().filter_map(|(id, records)| {
        let at = records.iter().map(|record| record.at).max()?;
        let text = serde_json::to_string(&records).map_err(io::Error::from);
        Some(text.map(|records| Row { id: id.clone(), at, records }))
    });
    rows.collect()
}

/// The rows with their records compressed, one after the other by what one compressor takes.
fn pack(rows: Vec<Row<String>>) -> io::Result<Vec<Row<Vec<u8>>>> {
    let mut encoder = ZlibEncoder::new(Vec::new(), LEVEL);
    let packed = rows.into_iter().map(|Row { id, at, records }| {
        encoder.write_all(records.as_bytes())?;
        Ok(Row { id, at, records: encoder.reset(Vec::new())? })
    });
    packed.collect()
}

fn unpack(packed: &[u8]) -> Result<Vec<Record>, String> {
    let mut text = String::new();
    ZlibDecoder::new(packed).read_to_string(&mut text).map_err(|error| error.to_string())?;
    serde_json::from_str(&text).map_err(|error| relay_core::codec::reason(&error))
}
