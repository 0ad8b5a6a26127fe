//! Looks into a queue without receiving.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use relay_core::queue::{LOOKED_AT, Seen};
use relay_core::{System, codec, item};
use rusqlite::{Connection, Row, params};

use super::shared_text::BODY;
use super::time;

/// Counts the messages that are not done by the flow that their bodies begin with, unless they are too many.
pub(super) fn by_flow(
    connection: &Connection,
    system: System,
) -> rusqlite::Result<Option<HashMap<String, u64>>> {
    // What bodies have in common is their end: what they begin with stands in the row.
    let mut statement = connection.prepare_cached(
        "SELECT body FROM messages INDEXED BY messages_in_order WHERE queue = ?1 AND dead = 0 ORDER BY id LIMIT ?2",
    )?;
    let mut rows = statement.query(params![system.name(), LOOKED_AT + 1])?;
    let (mut flows, mut count) = (HashMap::new(), 0);
    while let Some(row) = rows.next()? {
        count += 1;
        let body = row.get_ref(0)?.as_bytes().ok().and_then(|body| std::str::from_utf8(body).ok());
        if let Some(flow) = body.and_then(item::flow_of) {
            *flows.entry(flow).or_default() += 1;
        }
    }
    Ok((count <= LOOKED_AT).then_some(flows))
}

/// The messages of a group that are not done, in their order.
pub(super) fn of_group(
    connection: &Connection,
    system: System,
    group: &str,
    in_flight: impl Fn(i64) -> Option<DateTime<Utc>>,
) -> rusqlite::Result<Vec<Seen>> {
    connection
        .prepare_cached(&format!(
            "SELECT {BODY}, receive_count, sent_at, visible_at,
                 (SELECT count(*) FROM messages AS other WHERE other.queue = ?1 AND other.dead = 0 AND other.id < message.id)
             FROM messages AS message WHERE queue = ?1 AND dead = 0 AND group_id = ?2 ORDER BY id",
        ))?
        .query_map([system.name(), group], |row| seen(row, row.get(4)?, &in_flight))?
        .collect()
}

/// Those of the first messages whose bodies hold a text.
pub(super) fn holding(
    connection: &Connection,
    system: System,
    text: &str,
    in_flight: impl Fn(i64) -> Option<DateTime<Utc>>,
) -> rusqlite::Result<Vec<Seen>> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {BODY}, receive_count, sent_at, visible_at FROM messages INDEXED BY messages_in_order
         WHERE queue = ?1 AND dead = 0 ORDER BY id LIMIT ?2",
    ))?;
    let mut rows = statement.query(params![system.name(), LOOKED_AT])?;
    let (mut found, mut before) = (Vec::new(), 0);
    while let Some(row) = rows.next()? {
        let body = row.get_ref(0)?.as_str()?;
        // One that is packed holds it out of sight.
        if body.contains(text)
            || (!body.starts_with('{') && codec::unpack(body).is_ok_and(|body| body.contains(text)))
        {
            found.push(seen(row, before, &in_flight)?);
        }
        before += 1;
    }
    Ok(found)
}

fn seen(
    row: &Row<'_>,
    before: u64,
    in_flight: &impl Fn(i64) -> Option<DateTime<Utc>>,
) -> rusqlite::Result<Seen> {
    let receive_count = row.get(1)?;
    Ok(Seen {
        body: row.get(0)?,
        receive_count,
        sent_at: time(row.get(2)?),
        // One that nobody has received waits for no time.
        in_flight_until: in_flight(row.get(3)?).filter(|_| receive_count > 0),
        before,
    })
}
