//! Dead letters: messages that were received too often stay in the table of messages, and take no part in anything.

use chrono::{DateTime, Utc};
use relay_core::{DeadLetter, System};
use rusqlite::{Connection, params};

use super::shared_text::BODY;
use super::{millis, time};

/// Buries a message. From now on `visible_at` is when it died.
pub(super) fn bury(connection: &Connection, id: i64, now: DateTime<Utc>) -> rusqlite::Result<()> {
    connection
        .execute("UPDATE messages SET dead = 1, visible_at = ?2 WHERE id = ?1", [id, millis(now)])
        .map(drop)
}

/// Those of a queue after an id, in the order they were sent.
pub(super) fn list(
    connection: &Connection,
    system: System,
    limit: usize,
    after: i64,
) -> rusqlite::Result<Vec<DeadLetter>> {
    connection
        .prepare(&format!(
            "SELECT id, group_id, {BODY}, receive_count, sent_at FROM messages
             WHERE queue = ?1 AND dead = 1 AND id > ?2 ORDER BY id LIMIT ?3",
        ))?
        .query_map(params![system.name(), after, limit], |row| {
            Ok(DeadLetter {
                id: row.get::<_, i64>(0)?.to_string(),
                group: row.get(1)?,
                body: row.get(2)?,
                receive_count: row.get(3)?,
                sent_at: time(row.get(4)?),
            })
        })?
        .collect()
}

/// Sends those with these ids anew, or all, in the order they were first sent. Each gets another id, as if it had been sent
/// now, so that no receipt of its former life fits it.
pub(super) fn redrive(
    connection: &Connection,
    now: DateTime<Utc>,
    system: System,
    ids: Option<&[i64]>,
) -> rusqlite::Result<u64> {
    let found = connection
        .prepare("SELECT id FROM messages WHERE queue = ?1 AND dead = 1 ORDER BY id")?
        .query_map([system.name()], |row| row.get(0))?
        .collect::<rusqlite::Result<Vec<i64>>>()?;
    let mut moved = 0;
    for id in found.into_iter().filter(|id| ids.is_none_or(|ids| ids.contains(id))) {
        connection
            .prepare_cached(
                "INSERT INTO messages (queue, group_id, body, shared_id, sent_at, visible_at)
                 SELECT queue, group_id, body, shared_id, ?2, ?2 FROM messages WHERE id = ?1",
            )?
            .execute([id, millis(now)])?;
        connection.prepare_cached("DELETE FROM messages WHERE id = ?1")?.execute([id])?;
        moved += 1;
    }
    Ok(moved)
}
