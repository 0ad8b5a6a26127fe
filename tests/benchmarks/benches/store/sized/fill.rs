//! A file with so many messages and entries, and the keys of the entries.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use relay_core::clock::{Clock as _, SystemClock};
use relay_core::{Entry, EntryId};
use relay_store_sqlite::Sqlite;
use rusqlite::{Connection, params};

use super::{FLOW, KINGDEE};
use crate::accepting::message;
use crate::reading::delivered;

/// Numbers that follow each other, strewn over all that there are: SQLite's have a sign, so that half of them are left.
pub(super) fn scattered(n: u32) -> u64 {
    (u64::from(n) + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 1
}

/// The key of the nth of so many entries: they stand evenly spread.
pub(super) fn key(n: u64, entries: u64) -> String {
    format!("{:016x}", n * spacing(entries))
}

/// Even, so that a key that is odd is new.
fn spacing(entries: u64) -> u64 {
    (u64::MAX / 2 / entries) & !1
}

pub(super) fn entry(id: EntryId) -> Entry {
    let mut entry = Entry::new(id);
    entry.deliver(delivered(SystemClock.now()), None);
    entry
}

/// A file with so many messages and entries.
pub(super) fn fill(file: &Path, backlog: u64, entries: u64) -> anyhow::Result<()> {
    drop(Sqlite::open(file, Arc::new(SystemClock))?);
    let connection = Connection::open(file)?;
    connection.execute_batch("PRAGMA synchronous = OFF")?;
    fill_queue(&connection, backlog)?;
    // A third comes between the others later, which splits pages as documents that come in any order do.
    fill_ledger(&connection, entries, "n % 3 <> 1")?;
    fill_ledger(&connection, entries, "n % 3 = 1")?;
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    fs::File::open(file)?.sync_all()?;
    Ok(())
}

/// How many rows are filled in at once.
const STEP: u64 = 100_000;

fn fill_queue(connection: &Connection, backlog: u64) -> anyhow::Result<()> {
    let body = message("").body;
    for from in (0..backlog).step_by(usize::try_from(STEP)?) {
        connection.execute(
            "WITH RECURSIVE numbers (n) AS (SELECT ?1 UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < ?2)
             INSERT INTO messages (queue, group_id, body, sent_at, visible_at)
             SELECT ?3, printf('%064x', n), ?4, ?5, ?5 FROM numbers",
            params![
                from,
                (from + STEP).min(backlog),
                KINGDEE.name(),
                body,
                SystemClock.now().timestamp_millis()
            ],
        )?;
    }
    Ok(())
}

fn fill_ledger(connection: &Connection, entries: u64, which: &str) -> anyhow::Result<()> {
    const KEY: &str = "0123456789abcdef";
    let entry = serde_json::json!(entry(EntryId::new(FLOW, KEY))).to_string();
    let mut insert = connection.prepare(&format!(
        "WITH RECURSIVE numbers (n) AS (SELECT ?1 UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < ?2)
         INSERT INTO ledger SELECT ?3, key, replace(?4, ?5, key), 1, NULL, 1
         FROM (SELECT printf('%016x', n * ?6) AS key FROM numbers WHERE {which})"
    ))?;
    for from in (0..entries).step_by(usize::try_from(STEP)?) {
        insert.execute(params![from, (from + STEP).min(entries), FLOW, entry, KEY, spacing(entries)])?;
    }
    Ok(())
}
