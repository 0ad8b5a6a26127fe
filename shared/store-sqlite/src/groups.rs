use async_trait::async_trait;
use chrono::{DateTime, Utc};
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension as _, params};
use serde::de::DeserializeOwned;

use super::{Sqlite, earlier, millis, time};
use relay_core::groups::{Contribution, GroupId, Groups, Open, Seal};
use relay_core::{EntryId, StoreError, codec};

#[async_trait]
impl Groups for Sqlite {
    async fn put(&self, group: &GroupId, contribution: &Contribution) -> Result<bool, StoreError> {
        let (id, here) = (group.clone(), Row::of(contribution));
        let left = Row::of(&contribution.left());
        self.write_in("writing a group's member in", move |tx, now| {
            let former = group_of(tx, &id.flow, &here.key)?.filter(|former| *former != id.group);
            if let Some(former) = former
                && !put(tx, &GroupId::new(id.flow.as_str(), former), &left, now)?
            {
                return Ok(false);
            }
            let is_put = put(tx, &id, &here, now)?;
            if is_put {
                tx.prepare_cached(
                    "INSERT OR REPLACE INTO group_documents (flow, key, name) VALUES (?1, ?2, ?3)",
                )?
                .execute(params![id.flow, here.key, id.group])?;
            }
            Ok(is_put)
        })
        .await
    }

    async fn group_of(&self, document: &EntryId) -> Result<Option<GroupId>, StoreError> {
        let EntryId { flow, key } = document.clone();
        self.read_in("reading a document's group in", move |tx, _| {
            Ok(group_of(tx, &flow, &key)?.map(|name| GroupId::new(flow, name)))
        })
        .await
    }

    async fn members(
        &self,
        group: &GroupId,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Contribution>, StoreError> {
        let (id, after) = (group.clone(), after.map(str::to_owned));
        self.scan_in("reading a group in", move |tx, _| {
            let sql = "SELECT contribution FROM group_members WHERE flow = ?1 AND name = ?2
                       AND (?3 IS NULL OR key > ?3) ORDER BY key LIMIT ?4";
            let mut statement = tx.prepare_cached(sql)?;
            statement.query_map(params![id.flow, id.group, after, limit], |row| decode(row, 0))?.collect()
        })
        .await
    }

    async fn open(&self, flow: &str) -> Result<Vec<Open>, StoreError> {
        let flow = flow.to_owned();
        self.read_in("listing open groups in", move |tx, _| {
            let sql = "SELECT name, since, asked, came FROM group_open WHERE flow = ?1 ORDER BY name";
            let mut statement = tx.prepare_cached(sql)?;
            let open = |row: &rusqlite::Row<'_>| {
                let id = GroupId::new(flow.as_str(), row.get::<_, String>(0)?);
                Ok(Open { id, since: time(row.get(1)?), asked: row.get(2)?, stamp: row.get(3)? })
            };
            statement.query_map([&flow], open)?.collect()
        })
        .await
    }

    async fn ask(&self, group: &GroupId) -> Result<(), StoreError> {
        let id = group.clone();
        self.write_in("asking for a group to be closed in", move |tx, now| open(tx, &id, now, true)).await
    }

    async fn looked(&self, open: &Open) -> Result<(), StoreError> {
        let open = open.clone();
        self.write_in("noting a closed group in", move |tx, now| {
            let Open { id: GroupId { flow, group }, stamp, asked, .. } = &open;
            tx.prepare_cached("DELETE FROM group_open WHERE flow = ?1 AND name = ?2 AND came = ?3")?
                .execute(params![flow, group, stamp])?;
            // Who has asked meanwhile asks for what has come meanwhile.
            let sql =
                "UPDATE group_open SET since = ?3, asked = iif(asked = ?4, 0, asked) WHERE flow = ?1 AND name = ?2";
            tx.prepare_cached(sql)?.execute(params![flow, group, millis(now), asked]).map(drop)
        })
        .await
    }

    async fn seals(&self, group: &GroupId) -> Result<Vec<Seal>, StoreError> {
        let id = group.clone();
        self.read_in("reading the seals of a group in", move |tx, _| {
            let sql = "SELECT seal, queued FROM group_seals WHERE flow = ?1 AND name = ?2 ORDER BY number";
            let mut statement = tx.prepare_cached(sql)?;
            let seal = |row: &rusqlite::Row<'_>| Ok(Seal { is_queued: row.get(1)?, ..decode(row, 0)? });
            let lapsed = tx
                .prepare_cached("SELECT number, at FROM group_lapsed WHERE flow = ?1 AND name = ?2")?
                .query_row([&id.flow, &id.group], |row| Ok(Seal::lapsed(row.get(0)?, time(row.get(1)?))))
                .optional()?;
            let seals = statement.query_map([&id.flow, &id.group], seal)?;
            lapsed.into_iter().map(Ok).chain(seals).collect()
        })
        .await
    }

    async fn seal(&self, group: &GroupId, seal: &Seal) -> Result<bool, StoreError> {
        let (id, number, at) = (group.clone(), seal.number, millis(seal.at));
        let text = codec::pack(serde_json::json!(seal).to_string());
        self.write_in("sealing a group in", move |tx, _| {
            let sql = "INSERT OR IGNORE INTO group_seals (flow, name, number, at, queued, seal) VALUES (?1, ?2, ?3, ?4, 0, ?5)";
            let written = tx.prepare_cached(sql)?.execute(params![id.flow, id.group, number, at, text])?;
            Ok(written == 1)
        })
        .await
    }

    async fn queued(&self, group: &GroupId, seal: &Seal) -> Result<(), StoreError> {
        let (id, number) = (group.clone(), seal.number);
        self.write_in("noting the bills of a group in", move |tx, _| {
            let sql = "UPDATE group_seals SET queued = 1 WHERE flow = ?1 AND name = ?2 AND number = ?3";
            tx.prepare_cached(sql)?.execute(params![id.flow, id.group, number]).map(drop)
        })
        .await
    }

    async fn lapse(&self, flow: &str) -> Result<bool, StoreError> {
        let (flow, kept) = (flow.to_owned(), self.retention.ledger);
        self.write_in("forgetting groups in", move |tx, now| {
            let groups: Vec<String> = tx
                .prepare_cached(QUIET)?
                .query_map(params![flow, earlier(now, kept), AT_ONCE], |row| row.get(0))?
                .collect::<rusqlite::Result<_>>()?;
            for name in &groups {
                for sql in FORGET {
                    tx.prepare_cached(sql)?.execute([&flow, name])?;
                }
            }
            Ok(groups.len() == AT_ONCE)
        })
        .await
    }

    async fn sealed(&self, flow: &str, limit: usize) -> Result<Vec<(GroupId, DateTime<Utc>)>, StoreError> {
        let flow = flow.to_owned();
        self.scan_in("listing sealed groups in", move |tx, _| {
            let sql = "SELECT name, at FROM group_seals WHERE flow = ?1 AND number = 1 ORDER BY at DESC, name LIMIT ?2";
            let mut statement = tx.prepare_cached(sql)?;
            let group = |row: &rusqlite::Row<'_>| {
                Ok((GroupId::new(flow.as_str(), row.get::<_, String>(0)?), time(row.get(1)?)))
            };
            statement.query_map(params![flow, limit], group)?.collect()
        })
        .await
    }
}

/// So many groups are forgotten at once.
const AT_ONCE: usize = 5;

/// Groups of a flow all of whose bills were queued before some time, and to which nothing has come since.
const QUIET: &str = "SELECT name FROM group_seals AS first WHERE flow = ?1 AND number = 1 AND at <= ?2
    AND NOT EXISTS (SELECT 1 FROM group_seals AS other WHERE other.flow = first.flow AND other.name = first.name
                    AND (other.at > ?2 OR NOT other.queued))
    AND NOT EXISTS (SELECT 1 FROM group_open AS open WHERE open.flow = first.flow AND open.name = first.name)
    ORDER BY at LIMIT ?3";

/// All that is known of a group, but for the number of its last seal.
const FORGET: [&str; 4] = [
    "INSERT OR REPLACE INTO group_lapsed (flow, name, number, at)
         SELECT flow, name, max(number), max(at) FROM group_seals WHERE flow = ?1 AND name = ?2",
    "DELETE FROM group_documents WHERE flow = ?1 AND name = ?2
         AND key IN (SELECT key FROM group_members WHERE flow = ?1 AND name = ?2)",
    "DELETE FROM group_members WHERE flow = ?1 AND name = ?2",
    "DELETE FROM group_seals WHERE flow = ?1 AND name = ?2",
];

/// What a document brings into a group, as it is stored.
struct Row {
    key: String,
    received_at: i64,
    text: String,
}

impl Row {
    fn of(contribution: &Contribution) -> Self {
        let text = codec::pack(serde_json::json!(contribution).to_string());
        Self { key: contribution.key.clone(), received_at: millis(contribution.received_at), text }
    }
}

fn group_of(tx: &Connection, flow: &str, key: &str) -> rusqlite::Result<Option<String>> {
    let mut statement = tx.prepare_cached("SELECT name FROM group_documents WHERE flow = ?1 AND key = ?2")?;
    statement.query_row([flow, key], |row| row.get(0)).optional()
}

/// Puts a document into a group, unless a later one of it is there.
fn put(tx: &Connection, id: &GroupId, row: &Row, now: DateTime<Utc>) -> rusqlite::Result<bool> {
    let written = tx
        .prepare_cached(
            "INSERT INTO group_members (flow, name, key, received_at, contribution) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (flow, name, key) DO UPDATE SET received_at = excluded.received_at,
                 contribution = excluded.contribution WHERE received_at <= excluded.received_at",
        )?
        .execute(params![id.flow, id.group, row.key, row.received_at, row.text])?;
    if written == 1 {
        open(tx, id, now, false)?;
    }
    Ok(written == 1)
}

/// Something has come that no seal may hold, or a person asks for what has come. `came` is another one each time, also of a group
/// that was closed meanwhile: whoever has read it before that would take a number that begins anew for what has come since.
fn open(tx: &Connection, id: &GroupId, now: DateTime<Utc>, is_asked: bool) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "INSERT INTO group_open (flow, name, since, came, asked)
         VALUES (?1, ?2, ?3, random() & 9223372036854775807, iif(?4, random() & 9223372036854775807 | 1, 0))
         ON CONFLICT (flow, name) DO UPDATE SET came = excluded.came, asked = iif(excluded.asked, excluded.asked, asked)",
    )?
    .execute(params![id.flow, id.group, millis(now), is_asked])
    .map(drop)
}

fn decode<T: DeserializeOwned>(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<T> {
    let unreadable =
        |reason: String| rusqlite::Error::FromSqlConversionFailure(column, Type::Text, reason.into());
    let text = codec::unpack(&row.get::<_, String>(column)?).map_err(unreadable)?;
    serde_json::from_str(&text).map_err(|error| unreadable(codec::reason(&error)))
}
