use std::collections::HashMap;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, params};

use super::shared_text::{BODY, End};
use super::{Sqlite, dead_letters, later, look, millis, time};
use relay_core::queue::{
    DEDUPLICATION_INTERVAL, Depth, MAX_VISIBILITY, Outgoing, Place, Queue, Received, Seen, Sought,
};
use relay_core::{DeadLetter, StoreError, System};

/// As many as SQS allows. The pusher counts attempts itself: a message received this often has never even been recorded.
const MAX_RECEIVES: u32 = 1_000;

#[async_trait]
impl Queue for Sqlite {
    async fn send(&self, system: System, messages: &[Outgoing]) -> Result<(), StoreError> {
        self.send_in_one(vec![(system, messages.to_vec())]).await
    }

    async fn send_all(&self, messages: &[(System, Vec<Outgoing>)]) -> Result<(), StoreError> {
        self.send_in_one(messages.to_vec()).await
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
                    dead_letters::bury(tx, id, now)?;
                } else {
                    received.push(take_one(tx, system, id, visible_at)?);
                }
            }
            Ok(received)
        })
        .await
    }

    async fn arrives(&self, system: System) {
        self.arrivals.next(system).await;
    }

    async fn delete(&self, system: System, receipts: &[String]) -> Result<(), StoreError> {
        let receipts = receipts.to_vec();
        self.write_in("deleting from the queue in", move |tx, _| {
            for receipt in &receipts {
                let (id, count) = parse_receipt(receipt);
                tx.prepare_cached(
                    "DELETE FROM messages WHERE queue = ?1 AND id = ?2 AND receive_count = ?3",
                )?
                .execute(params![system.name(), id, count])?;
            }
            Ok(())
        })
        .await
    }

    async fn delay(&self, system: System, receipt: &str, delay: Duration) -> Result<bool, StoreError> {
        let (id, count) = parse_receipt(receipt);
        self.write_in("delaying a message in", move |tx, now| {
            // A message whose visibility timeout has ended may be received by another at any moment.
            let changed = tx.prepare_cached("UPDATE messages SET visible_at = ?4
                 WHERE queue = ?1 AND id = ?2 AND receive_count = ?3 AND visible_at > ?5 AND visible_at <= ?6")?.execute(params![
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
        let steady = self.time.clone();
        self.scan_in("counting the queue in", move |tx, now| {
            // Those in flight are few and have an index of their own; the others are counted by theirs alone.
            tx.prepare_cached("SELECT count(*), min(visible_at),
                        (SELECT count(*) FROM messages WHERE queue = ?1 AND dead = 0),
                        (SELECT sent_at FROM messages WHERE queue = ?1 AND dead = 0 ORDER BY id LIMIT 1)
                 FROM messages INDEXED BY messages_in_flight
                 WHERE queue = ?1 AND dead = 0 AND receive_count > 0 AND visible_at > ?2 AND visible_at <= ?3")?.query_row(params![system.name(), millis(now), later(now, MAX_VISIBILITY)],
                |row| {
                    let (in_flight, all): (u64, u64) = (row.get(0)?, row.get(2)?);
                    Ok(Depth {
                        waiting: all - in_flight,
                        in_flight,
                        next_visible_at: row.get::<_, Option<i64>>(1)?.map(|moment| steady.by_clock(time(moment), now)),
                        oldest_sent_at: row.get::<_, Option<i64>>(3)?.map(time),
                    })
                },
            )
        })
        .await
    }

    async fn by_flow(&self, system: System) -> Result<Option<HashMap<String, u64>>, StoreError> {
        self.scan_in("counting the queue by flow in", move |tx, _| look::by_flow(tx, system)).await
    }

    async fn seek(&self, system: System, sought: Sought<'_>) -> Result<Option<Vec<Seen>>, StoreError> {
        let steady = self.time.clone();
        let in_flight = move |visible_at: i64, now: DateTime<Utc>| {
            let is = visible_at > millis(now) && visible_at <= later(now, MAX_VISIBILITY);
            is.then(|| steady.by_clock(time(visible_at), now))
        };
        let found = match sought {
            Sought::Group(group) => {
                let group = group.to_owned();
                self.read_in("looking into the queue in", move |tx, now| {
                    look::of_group(tx, system, &group, |visible_at| in_flight(visible_at, now))
                })
                .await?
            }
            Sought::Text(text) => {
                let text = text.to_owned();
                self.scan_in("looking into the queue in", move |tx, now| {
                    look::holding(tx, system, &text, |visible_at| in_flight(visible_at, now))
                })
                .await?
            }
        };
        Ok(Some(found))
    }

    async fn dead(&self, system: System) -> Result<u64, StoreError> {
        self.scan_in("counting the dead letters in", move |tx, _| {
            tx.prepare_cached("SELECT count(*) FROM messages WHERE queue = ?1 AND dead = 1")?
                .query_row([system.name()], |row| row.get(0))
        })
        .await
    }

    async fn dead_letters(
        &self,
        system: System,
        limit: usize,
        after: Option<&str>,
    ) -> Result<Vec<DeadLetter>, StoreError> {
        // What is no id of ours stands nowhere in the list.
        let after = after.map_or(0, |id| id.parse().unwrap_or(i64::MAX));
        self.scan_in("listing the dead letters in", move |tx, _| dead_letters::list(tx, system, limit, after))
            .await
    }

    async fn redrive(&self, system: System, ids: Option<&[String]>) -> Result<u64, StoreError> {
        let ids = ids.map(|ids| ids.iter().filter_map(|id| id.parse().ok()).collect::<Vec<i64>>());
        self.write_in("redriving the dead letters in", move |tx, now| {
            dead_letters::redrive(tx, now, system, ids.as_deref())
        })
        .await
    }
}

impl Sqlite {
    async fn send_in_one(&self, messages: Vec<(System, Vec<Outgoing>)>) -> Result<(), StoreError> {
        let systems: Vec<_> = messages.iter().map(|(system, _)| *system).collect();
        self.write_in("sending to the queue in", move |tx, now| {
            let all: Vec<_> =
                messages.iter().flat_map(|(system, of)| of.iter().map(|one| (*system, one))).collect();
            let mut end: Option<End<'_>> = None;
            for (place, (system, message)) in all.iter().enumerate() {
                if end.as_ref().is_none_or(|end| end.before(&message.body).is_none()) {
                    end = all.get(place + 1).and_then(|(_, next)| End::of(&message.body, &next.body));
                }
                if is_fresh(tx, now, *system, message)? {
                    store(tx, now, *system, message, end.as_mut())?;
                }
            }
            Ok(())
        })
        .await?;
        systems.into_iter().for_each(|system| self.arrivals.tell(system));
        Ok(())
    }
}

/// Whether a message is none that was sent before.
fn is_fresh(
    tx: &Connection,
    now: DateTime<Utc>,
    system: System,
    message: &Outgoing,
) -> rusqlite::Result<bool> {
    let expires_at = later(now, DEDUPLICATION_INTERVAL);
    // An id that has expired is as good as none, and so is one that ends later than any may: it was written by a clock
    // that was ahead.
    let fresh = tx
        .prepare_cached(
            "INSERT INTO deduplication (queue, id, expires_at) VALUES (?1, ?2, ?3)
             ON CONFLICT DO UPDATE SET expires_at = excluded.expires_at
             WHERE expires_at <= ?4 OR expires_at > excluded.expires_at",
        )?
        .execute(params![system.name(), message.deduplication, expires_at, millis(now)])?;
    Ok(fresh == 1)
}

/// Stores a message, whole or without the end that it shares with others.
fn store(
    tx: &Connection,
    now: DateTime<Utc>,
    system: System,
    message: &Outgoing,
    end: Option<&mut End<'_>>,
) -> rusqlite::Result<()> {
    let body = ValueRef::from(message.body.as_str());
    let (body, shared_id) = match end.and_then(|end| Some((end.before(&message.body)?, end))) {
        Some((head, end)) => (ValueRef::Blob(head.as_bytes()), Some(end.id(tx)?)),
        None => (body, None),
    };
    tx.prepare_cached(
        "INSERT INTO messages (queue, group_id, body, shared_id, sent_at, visible_at) VALUES (?1, ?2, ?3, ?4, ?5, ?5)",
    )?
    .execute(params![system.name(), message.group, ToSqlOutput::Borrowed(body), shared_id, millis(now)])
    .map(drop)
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
    tx: &Connection,
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

fn take_one(tx: &Connection, system: System, id: i64, visible_at: i64) -> rusqlite::Result<Received> {
    tx.prepare_cached(&format!(
        "UPDATE messages SET visible_at = ?2, receive_count = receive_count + 1 WHERE id = ?1
         RETURNING group_id, {BODY}, receive_count, sent_at",
    ))?
    .query_row(params![id, visible_at], |row| {
        let receive_count: u32 = row.get(2)?;
        Ok(Received {
            id: id.to_string(),
            receipt: format!("{id}/{receive_count}"),
            group: row.get(0)?,
            body: row.get(1)?,
            receive_count,
            sent_at: time(row.get(3)?),
            place: u128::try_from(id).ok().map(|number| Place::new(system.name(), number)),
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
    use super::*;
    use crate::migrations::in_memory;

    #[test]
    fn finding_the_next_messages_sorts_no_backlog() {
        let connection = in_memory();
        let mut plan = connection.prepare(&format!("EXPLAIN QUERY PLAN {FIND_VISIBLE}")).unwrap();
        let steps =
            plan.query_map(params!["kingdee", 0, 10, 10], |row| row.get::<_, String>("detail")).unwrap();
        let steps: Vec<_> = steps.map(Result::unwrap).collect();
        assert!(!steps.iter().any(|step| step.contains("TEMP B-TREE")), "{steps:?}");
    }

    #[test]
    fn messages_in_flight_are_passed_over_in_the_index() {
        let connection = in_memory();
        let mut program = connection.prepare(&format!("EXPLAIN {FIND_VISIBLE}")).unwrap();
        let steps = program.query_map(params!["kingdee", 0, 10, 10], |row| {
            Ok((row.get::<_, String>("opcode")?, row.get::<_, i64>("p1")?, row.get("p2")?, row.get("p3")?))
        });
        let steps: Vec<(String, i64, i64, i64)> = steps.unwrap().map(Result::unwrap).collect();
        let (.., table) = steps.iter().find(|(what, ..)| what == "DeferredSeek").unwrap();
        let columns: Vec<_> = steps
            .iter()
            .filter(|(what, of, ..)| what == "Column" && of == table)
            .map(|step| step.2)
            .collect();
        let group: i64 = connection
            .query_row("SELECT cid FROM pragma_table_info('messages') WHERE name = 'group_id'", [], |row| {
                row.get(0)
            })
            .unwrap();
        assert_eq!(columns, [group], "only the group of one that is visible is looked up");
    }
}
