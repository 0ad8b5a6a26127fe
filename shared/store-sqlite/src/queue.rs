use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use rusqlite::{Transaction, params};

use super::{Sqlite, later, millis, time};
use relay_core::queue::{DEDUPLICATION_INTERVAL, Depth, MAX_VISIBILITY, Outgoing, Queue, Received};
use relay_core::{StoreError, System};

/// As many as SQS allows. The pusher counts attempts itself: a message received this often has never even been recorded.
const MAX_RECEIVES: u32 = 1_000;

#[async_trait]
impl Queue for Sqlite {
    async fn send(&self, system: System, messages: &[Outgoing]) -> Result<(), StoreError> {
        let messages = messages.to_vec();
        self.write_in("sending to the queue in", move |tx, now| {
            // One that ends later than any may was written by a clock that was ahead.
            tx.execute(
                "DELETE FROM deduplication WHERE expires_at <= ?1 OR expires_at > ?2",
                [millis(now), later(now, DEDUPLICATION_INTERVAL)],
            )?;
            messages.iter().try_for_each(|message| send_one(tx, now, system, message))
        })
        .await
    }

    async fn receive(
        &self,
        system: System,
        max: usize,
        visibility: Duration,
    ) -> Result<Vec<Received>, StoreError> {
        self.write_in("receiving from the queue in", move |tx, now| {
            let visible_at = later(now, visibility.min(MAX_VISIBILITY));
            let mut received = Vec::new();
            // Only those that are found are looked at: asking all messages at every receive would make a backlog's
            // working time grow with its square.
            for (id, receive_count) in find_visible(tx, now, system, max)? {
                if receive_count >= MAX_RECEIVES {
                    tx.execute("UPDATE messages SET dead = 1 WHERE id = ?1", [id])?;
                } else {
                    received.push(take_one(tx, id, visible_at)?);
                }
            }
            Ok(received)
        })
        .await
    }

    async fn delete(&self, system: System, receipts: &[String]) -> Result<(), StoreError> {
        let receipts = receipts.to_vec();
        self.write_in("deleting from the queue in", move |tx, _| {
            for receipt in &receipts {
                let (id, count) = parse_receipt(receipt);
                tx.execute(
                    "DELETE FROM messages WHERE queue = ?1 AND id = ?2 AND receive_count = ?3",
                    params![system.name(), id, count],
                )?;
            }
            Ok(())
        })
        .await
    }

    async fn delay(&self, system: System, receipt: &str, delay: Duration) -> Result<bool, StoreError> {
        let (id, count) = parse_receipt(receipt);
        self.write_in("delaying a message in", move |tx, now| {
            // A message whose visibility timeout has ended may be received by another at any moment.
            let changed = tx.execute(
                "UPDATE messages SET visible_at = ?4
                 WHERE queue = ?1 AND id = ?2 AND receive_count = ?3 AND visible_at > ?5 AND visible_at <= ?6",
                params![
                    system.name(),
                    id,
                    count,
                    later(now, delay.min(MAX_VISIBILITY)),
                    millis(now),
                    later(now, MAX_VISIBILITY)
                ],
            )?;
            Ok(changed == 1)
        })
        .await
    }

    async fn depth(&self, system: System) -> Result<Depth, StoreError> {
        self.scan_in("counting the queue in", move |tx, now| {
            tx.query_row(
                "SELECT count(*) FILTER (WHERE NOT in_flight), count(*) FILTER (WHERE in_flight),
                        min(visible_at) FILTER (WHERE in_flight),
                        (SELECT sent_at FROM messages WHERE queue = ?1 AND dead = 0 ORDER BY id LIMIT 1)
                 FROM (SELECT visible_at, receive_count > 0 AND visible_at > ?2 AND visible_at <= ?3 AS in_flight
                       FROM messages WHERE queue = ?1 AND dead = 0)",
                params![system.name(), millis(now), later(now, MAX_VISIBILITY)],
                |row| {
                    Ok(Depth {
                        waiting: row.get(0)?,
                        in_flight: row.get(1)?,
                        next_visible_at: row.get::<_, Option<i64>>(2)?.map(time),
                        oldest_sent_at: row.get::<_, Option<i64>>(3)?.map(time),
                    })
                },
            )
        })
        .await
    }

    async fn dead(&self, system: System) -> Result<u64, StoreError> {
        self.scan_in("counting the dead letters in", move |tx, _| {
            tx.query_row(
                "SELECT count(*) FROM messages WHERE queue = ?1 AND dead = 1",
                [system.name()],
                |row| row.get(0),
            )
        })
        .await
    }
}

fn send_one(
    tx: &Transaction<'_>,
    now: DateTime<Utc>,
    system: System,
    message: &Outgoing,
) -> rusqlite::Result<()> {
    let fresh = tx.execute(
        "INSERT INTO deduplication (queue, id, expires_at) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
        params![system.name(), message.deduplication, later(now, DEDUPLICATION_INTERVAL)],
    )?;
    if fresh == 1 {
        tx.prepare_cached(
            "INSERT INTO messages (queue, group_id, body, sent_at, visible_at) VALUES (?1, ?2, ?3, ?4, ?4)",
        )?
        .execute(params![system.name(), message.group, message.body, millis(now)])?;
    }
    Ok(())
}

/// The oldest visible messages of groups that have none in flight.
///
/// A clock that was set back must not hold messages up for as long: one that nobody has received yet waits for no time,
/// and one that would be invisible for longer than any may be was received by a clock that was ahead.
///
/// The index is named because SQLite would choose another, and sort the whole backlog to find its first ten: 900
/// messages a second out of 10,000, where 7,800 came out of 1,000.
const FIND_VISIBLE: &str = "SELECT id, receive_count FROM messages AS message INDEXED BY messages_in_order
    WHERE queue = ?1 AND dead = 0 AND (visible_at <= ?2 OR receive_count = 0 OR visible_at > ?4) AND NOT EXISTS (
        SELECT 1 FROM messages AS other
        WHERE other.queue = ?1 AND other.dead = 0 AND other.group_id = message.group_id AND other.receive_count > 0
            AND other.visible_at > ?2 AND other.visible_at <= ?4)
    ORDER BY id LIMIT ?3";

/// Ids of messages to receive, with how often each has been received.
fn find_visible(
    tx: &Transaction<'_>,
    now: DateTime<Utc>,
    system: System,
    max: usize,
) -> rusqlite::Result<Vec<(i64, u32)>> {
    tx.prepare_cached(FIND_VISIBLE)?
        .query_map(params![system.name(), millis(now), max, later(now, MAX_VISIBILITY)], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?
        .collect()
}

fn take_one(tx: &Transaction<'_>, id: i64, visible_at: i64) -> rusqlite::Result<Received> {
    tx.prepare_cached(
        "UPDATE messages SET visible_at = ?2, receive_count = receive_count + 1 WHERE id = ?1
         RETURNING group_id, body, receive_count, sent_at",
    )?
    .query_row(params![id, visible_at], |row| {
        let receive_count: u32 = row.get(2)?;
        Ok(Received {
            id: id.to_string(),
            receipt: format!("{id}/{receive_count}"),
            group: row.get(0)?,
            body: row.get(1)?,
            receive_count,
            sent_at: time(row.get(3)?),
        })
    })
}

/// A receipt is of one receive: the count lapses with the next. One that is not ours matches no message.
fn parse_receipt(receipt: &str) -> (i64, u32) {
    let parsed =
        receipt.split_once('/').and_then(|(id, count)| Some((id.parse().ok()?, count.parse().ok()?)));
    parsed.unwrap_or((-1, 0))
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::*;

    #[test]
    fn finding_the_next_messages_sorts_no_backlog() {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(crate::open::SCHEMA).unwrap();
        let mut plan = connection.prepare(&format!("EXPLAIN QUERY PLAN {FIND_VISIBLE}")).unwrap();
        let steps =
            plan.query_map(params!["kingdee", 0, 10, 10], |row| row.get::<_, String>("detail")).unwrap();
        let steps: Vec<_> = steps.map(Result::unwrap).collect();
        assert!(!steps.iter().any(|step| step.contains("TEMP B-TREE")), "{steps:?}");
    }
}
