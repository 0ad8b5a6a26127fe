use std::time::Duration;

use async_trait::async_trait;
use rusqlite::{OptionalExtension as _, params};

use super::{Sqlite, later, millis, time};
use relay_core::StoreError;
use relay_core::checkpoint::{Checkpoint, Checkpoints, Lease};

#[async_trait]
impl Checkpoints for Sqlite {
    async fn get(&self, name: &str) -> Result<Option<Checkpoint>, StoreError> {
        let name = name.to_owned();
        self.read_in("reading a checkpoint in", move |tx, _| {
            tx.prepare_cached("SELECT value, revision FROM checkpoints WHERE name = ?1")?
                .query_row([&name], |row| Ok(Checkpoint { value: row.get(0)?, revision: row.get(1)? }))
                .optional()
        })
        .await
    }

    async fn put(
        &self,
        name: &str,
        value: &str,
        expected: Option<u64>,
        lease: Option<&Lease>,
    ) -> Result<bool, StoreError> {
        let (name, value, fence) = (name.to_owned(), value.to_owned(), lease.map_or(0, |lease| lease.fence));
        self.write_in("writing a checkpoint in", move |tx, _| {
            let written = match expected {
                None => tx.prepare_cached("INSERT INTO checkpoints (name, value, revision, fence) VALUES (?1, ?2, 1, ?3) ON CONFLICT DO NOTHING")?.execute(params![name, value, fence],
                )?,
                Some(revision) => tx.prepare_cached("UPDATE checkpoints SET value = ?2, revision = revision + 1, fence = max(fence, ?3)
                     WHERE name = ?1 AND revision = ?4 AND (?3 = 0 OR fence <= ?3)")?.execute(params![name, value, fence, revision],
                )?,
            };
            Ok(written == 1)
        })
        .await
    }

    async fn remove(&self, name: &str) -> Result<(), StoreError> {
        let name = name.to_owned();
        self.write_in("removing a checkpoint in", move |tx, _| {
            tx.prepare_cached("DELETE FROM checkpoints WHERE name = ?1")?.execute([&name]).map(drop)
        })
        .await
    }

    async fn acquire(&self, name: &str, owner: &str, ttl: Duration) -> Result<Option<Lease>, StoreError> {
        let (name, owner) = (name.to_owned(), owner.to_owned());
        self.write_in("taking a lease in", move |tx, now| {
            // A renewal keeps its fence: the lease has not changed hands. One that ends later than it may was taken by a
            // clock that was ahead, and holds nobody up: should its holder be at work, the fence keeps it from harm.
            tx.prepare_cached("INSERT INTO leases (name, owner, fence, until) VALUES (?1, ?2, 1, ?3)
                 ON CONFLICT (name) DO UPDATE SET
                     fence = fence + (owner <> excluded.owner OR until <= ?4), owner = excluded.owner, until = excluded.until
                 WHERE until <= ?4 OR until > excluded.until OR owner = excluded.owner
                 RETURNING fence, until")?.query_row(params![name, owner, later(now, ttl), millis(now)],
                |row| {
                    let (fence, until) = (row.get(0)?, time(row.get(1)?));
                    Ok(Lease { name: name.clone(), owner: owner.clone(), fence, until })
                },
            )
            .optional()
        })
        .await
    }

    async fn release(&self, lease: &Lease) -> Result<(), StoreError> {
        let lease = lease.clone();
        self.write_in("releasing a lease in", move |tx, _| {
            // The row stays, so that the fence goes on from where it is.
            tx.prepare_cached("UPDATE leases SET until = 0 WHERE name = ?1 AND owner = ?2 AND fence = ?3")?
                .execute(params![lease.name, lease.owner, lease.fence])
                .map(drop)
        })
        .await
    }

    async fn list(&self, prefix: &str) -> Result<Vec<(String, Checkpoint)>, StoreError> {
        let prefix = prefix.to_owned();
        self.read_in("listing checkpoints in", move |tx, _| {
            tx.prepare_cached("SELECT name, value, revision FROM checkpoints WHERE substr(name, 1, length(?1)) = ?1 ORDER BY name")?
                .query_map([&prefix], |row| {
                    Ok((row.get(0)?, Checkpoint { value: row.get(1)?, revision: row.get(2)? }))
                })?
                .collect()
        })
        .await
    }
}
