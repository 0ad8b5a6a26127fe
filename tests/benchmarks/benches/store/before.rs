//! The store as it was before group commit: a connection behind a lock, a transaction for each send, two for a push.

use std::path::Path;
use std::sync::Arc;

use relay_core::clock::{Clock as _, SystemClock};
use relay_core::queue::DEDUPLICATION_INTERVAL;
use relay_core::{Outgoing, System};
use rusqlite::{Connection, TransactionBehavior, params};
use tokio::sync::Mutex;
use tokio::task::spawn_blocking;

#[derive(Clone)]
pub(crate) struct Before(Arc<Mutex<Connection>>);

impl Before {
    pub(crate) fn open(file: &Path) -> anyhow::Result<Self> {
        let connection = Connection::open(file)?;
        connection.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL")?;
        connection.pragma_update(None, "journal_size_limit", 8 * 1024 * 1024)?;
        // The schema of that time is today's first step.
        connection.execute_batch(include_str!("../../../../shared/store-sqlite/src/migrations/1.sql"))?;
        Ok(Self(Arc::new(Mutex::new(connection))))
    }

    pub(crate) async fn send(&self, system: System, messages: Vec<Outgoing>) -> anyhow::Result<()> {
        let mut connection = self.0.clone().lock_owned().await;
        spawn_blocking(move || send(&mut connection, system, &messages)).await??;
        Ok(())
    }
}

fn send(connection: &mut Connection, system: System, messages: &[Outgoing]) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let now = SystemClock.now();
    let [now, expires_at] = [now, now + DEDUPLICATION_INTERVAL].map(|time| time.timestamp_millis());
    transaction
        .execute("DELETE FROM deduplication WHERE expires_at <= ?1 OR expires_at > ?2", [now, expires_at])?;
    for message in messages {
        let fresh = transaction.execute(
            "INSERT INTO deduplication (queue, id, expires_at) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
            params![system.name(), message.deduplication, expires_at],
        )?;
        if fresh == 1 {
            transaction
                .prepare_cached(
                    "INSERT INTO messages (queue, group_id, body, sent_at, visible_at) VALUES (?1, ?2, ?3, ?4, ?4)",
                )?
                .execute(params![system.name(), message.group, message.body, now])?;
        }
    }
    transaction.commit()
}
