//! Forgets what is kept no longer, a few rows at a time.
//!
//! The thread that writes does it between two transactions, so that a push waits for one step at the most. A step that has
//! found as much as it may take is soon followed by the next; otherwise there is one a second, driven by writes: `relay
//! serve` looks at its queues every second, which is one.
//!
//! What is kept for days is forgotten up to a day late: it goes by a time that the clock showed a day ago. A clock that is
//! set ahead by mistake would otherwise take the guard of every document with it, and all dead letters.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use relay_core::queue::{DEDUPLICATION_INTERVAL, RETENTION};
use relay_core::{Entry, audit};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::retention::Retention;
use super::{earlier, later, millis, time};

pub(super) const DOING: &str = "cleaning up";

/// How many rows of each kind a step looks at: about a millisecond of work for each kind.
const ROWS: usize = 200;

/// How many free pages are left in the file for what comes next: 1 MiB of pages of 8 KiB. Giving back what is needed again the next moment
/// would cost a write twice.
const RESERVE: usize = 128;

/// How many pages a step gives back to the file system at most: 256 KiB. A write that comes meanwhile waits for this one step.
const PAGES: usize = 32;

/// How many such steps follow each other at most, while nobody waits: 4 MiB, and with [`SOON`] 40 MiB a second.
pub(super) const STEPS: usize = 16;

/// How often a step is tried.
const EVERY: Duration = Duration::from_secs(1);

/// How soon after a step that has left something.
const SOON: Duration = Duration::from_millis(100);

/// How often the ledger is looked through: what may be forgotten is 400 days old, and a day does not matter.
const BETWEEN_WALKS: TimeDelta = TimeDelta::days(1);

/// What a step has done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cleaned {
    /// Rows that were forgotten.
    pub rows: usize,
    /// Whether there may be more to do.
    pub has_more: bool,
}

impl Cleaned {
    pub(super) fn and(self, other: Self) -> Self {
        Self { rows: self.rows + other.rows, has_more: self.has_more || other.has_more }
    }
}

/// When the next step is due, by monotonic time.
#[derive(Debug, Default)]
pub(super) struct Pace {
    next: Duration,
}

impl Pace {
    pub(super) fn is_time(&self, now: Duration) -> bool {
        now >= self.next
    }

    pub(super) fn note(&mut self, now: Duration, cleaned: Cleaned) {
        self.next = now + if cleaned.has_more { SOON } else { EVERY };
    }
}

/// One step.
pub(super) fn clean(
    connection: &Connection,
    now: DateTime<Utc>,
    retention: &Retention,
) -> rusqlite::Result<Cleaned> {
    let walk = Walk::go_on(connection, now)?;
    let mut cleaned = forget(connection, &SHORT_LIVED.map(|(sql, kept)| (sql, later(now, kept))))?;
    if let Some(believed) = walk.believed_time {
        let due = [
            (DEAD_LETTERS, earlier(believed, RETENTION)),
            (HISTORY, earlier(believed, retention.history)),
            (AUDIT, earlier(believed, audit::KEPT)),
        ];
        cleaned = cleaned.and(forget(connection, &due)?);
    }
    Ok(cleaned.and(walk.step(connection, retention.ledger)?))
}

/// What lives for hours at most, and what was written with a longer life by a clock that was ahead.
const SHORT_LIVED: [(&str, Duration); 3] = [
    (
        "DELETE FROM deduplication WHERE (queue, id) IN
             (SELECT queue, id FROM deduplication WHERE expires_at <= ?1 ORDER BY expires_at LIMIT ?2)",
        Duration::ZERO,
    ),
    (
        "DELETE FROM deduplication WHERE (queue, id) IN
             (SELECT queue, id FROM deduplication WHERE expires_at > ?1 ORDER BY expires_at LIMIT ?2)",
        DEDUPLICATION_INTERVAL,
    ),
    (
        "DELETE FROM lookups WHERE (lookup, code) IN
             (SELECT lookup, code FROM lookups WHERE expires_at <= ?1 ORDER BY expires_at LIMIT ?2)",
        Duration::ZERO,
    ),
];

const DEAD_LETTERS: &str = "DELETE FROM messages WHERE id IN
    (SELECT id FROM messages WHERE dead = 1 AND visible_at <= ?1 ORDER BY visible_at LIMIT ?2)";

const AUDIT: &str =
    "DELETE FROM audit WHERE id IN (SELECT id FROM audit WHERE at <= ?1 ORDER BY at LIMIT ?2)";

const HISTORY: &str =
    "DELETE FROM archive WHERE id IN (SELECT id FROM archive WHERE at <= ?1 ORDER BY at LIMIT ?2)";

fn forget(connection: &Connection, due: &[(&str, i64)]) -> rusqlite::Result<Cleaned> {
    due.iter().try_fold(Cleaned::default(), |cleaned, (sql, time)| {
        let rows = connection.prepare_cached(sql)?.execute(params![time, ROWS])?;
        Ok(cleaned.and(Cleaned { rows, has_more: rows == ROWS }))
    })
}

/// A walk through the ledger.
struct Walk {
    /// By which what is due is told; `None` on the first day of a file.
    believed_time: Option<DateTime<Utc>>,
    /// After which entry it goes on; `None` where it is over and the next is not due.
    place: Option<(String, String)>,
}

impl Walk {
    /// The walk that goes on, or begins now.
    fn go_on(connection: &Connection, now: DateTime<Utc>) -> rusqlite::Result<Self> {
        let last = connection
            .prepare_cached("SELECT began_at, believed_time, flow, key FROM ledger_walk")?
            .query_row([], |row| {
                let place = row.get::<_, Option<String>>(2)?.zip(row.get::<_, Option<String>>(3)?);
                let believed_time = row.get::<_, Option<i64>>(1)?.map(time);
                Ok((time(row.get(0)?), Self { believed_time, place }))
            })
            .optional()?;
        // One that began in the future was begun by a clock that was ahead.
        let is_due = |began_at: DateTime<Utc>| began_at > now || began_at <= now - BETWEEN_WALKS;
        let believed_time = match last {
            Some((began_at, walk)) if walk.place.is_some() || !is_due(began_at) => return Ok(walk),
            Some((began_at, _)) => Some(began_at.min(now)),
            None => None,
        };
        connection.execute("DELETE FROM ledger_walk", [])?;
        connection.execute(
            "INSERT INTO ledger_walk (began_at, believed_time) VALUES (?1, ?2)",
            params![millis(now), believed_time.map(millis)],
        )?;
        Ok(Self { believed_time, place: Some((String::new(), String::new())) })
    }

    /// Looks at the next entries, and forgets those whose time has come.
    fn step(self, connection: &Connection, kept: Duration) -> rusqlite::Result<Cleaned> {
        let Some((flow, key)) = self.place else { return Ok(Cleaned::default()) };
        let page: Vec<(String, String, Option<String>)> = connection
            .prepare_cached(
                "SELECT flow, key, iif(delivered AND failed_at IS NULL, entry, NULL) FROM ledger
                 WHERE (flow, key) > (?1, ?2) ORDER BY flow, key LIMIT ?3",
            )?
            .query_map(params![flow, key, ROWS], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
            .collect::<rusqlite::Result<_>>()?;
        let is_last = page.len() < ROWS;
        let place = page.last().filter(|_| !is_last).map(|(flow, key, _)| (flow, key)).unzip();
        connection
            .prepare_cached("UPDATE ledger_walk SET flow = ?1, key = ?2")?
            .execute(params![place.0, place.1])?;
        let due = self.believed_time.map(|time| earlier(time, kept));
        let mut forget = connection.prepare_cached("DELETE FROM ledger WHERE flow = ?1 AND key = ?2")?;
        let mut forget_number =
            connection.prepare_cached("DELETE FROM numbers WHERE number = ?1 AND flow = ?2 AND key = ?3")?;
        let mut rows = 0;
        for (flow, key, entry) in &page {
            let over = entry.as_deref().zip(due).and_then(|(entry, due)| over(entry, due));
            let Some(mut entry) = over else { continue };
            rows += forget.execute([flow, key])?;
            // Those of the target were indexed for entries too that name no numbers themselves.
            entry.found_by(&[]);
            for number in entry.numbers.all() {
                forget_number.execute([number, flow, key])?;
            }
        }
        Ok(Cleaned { rows, has_more: !is_last })
    }
}

/// An entry that only says that a document was delivered, and not after `due`. What cannot be read stays for a person.
fn over(entry: &str, due: i64) -> Option<Entry> {
    let entry = serde_json::from_str::<Entry>(entry).ok()?;
    let is_old = entry.delivered.as_ref().is_some_and(|delivered| millis(delivered.at) <= due);
    (entry.is_only_delivered() && is_old).then_some(entry)
}

/// Gives some free pages back to the file system; a file that cannot shrink keeps them for what comes next. Each is taken from
/// the file's end, and what stands there moves into a free one, so that it costs a write of either.
pub(super) fn give_back(connection: &Connection) -> rusqlite::Result<Cleaned> {
    let read = |sql: &str| connection.prepare_cached(sql)?.query_row([], |row| row.get::<_, usize>(0));
    let is_incremental = read("PRAGMA auto_vacuum")? == 2;
    let free = read("PRAGMA freelist_count")?.saturating_sub(RESERVE);
    if !is_incremental || free == 0 {
        return Ok(Cleaned::default());
    }
    // Each row that is read of it gives back one page.
    let mut statement = connection.prepare(&format!("PRAGMA incremental_vacuum({})", free.min(PAGES)))?;
    let mut pages = statement.query([])?;
    while pages.next()?.is_some() {}
    Ok(Cleaned { rows: 0, has_more: free > PAGES })
}
