use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::Sqlite;
use relay_core::StoreError;
use relay_core::quota::{Ask, Grant, Limit, Quotas, Used, Window};

/// By how long the machine has run, which all processes of it agree about.
#[async_trait]
impl Quotas for Sqlite {
    async fn ask(&self, name: &str, limit: Limit, ask: &Ask) -> Result<Grant, StoreError> {
        let (name, ask, time) = (name.to_owned(), ask.clone(), self.time.clone());
        self.write_in("asking for permits in", move |tx, _| {
            let (boot, uptime) = (time.clock().boot(), time.clock().uptime());
            let mut window = read(tx, &name, boot)?;
            let (grant, is_to_be_kept) = window.ask(uptime, limit, &ask);
            if is_to_be_kept {
                let text = serde_json::to_string(&window).unwrap_or_default();
                tx.prepare_cached("INSERT OR REPLACE INTO quotas (name, boot, window) VALUES (?1, ?2, ?3)")?
                    .execute(params![name, boot, text])?;
            }
            Ok(grant)
        })
        .await
    }

    async fn used(&self) -> Result<Vec<(String, Used)>, StoreError> {
        let time = self.time.clone();
        self.read_in("reading the quotas in", move |tx, _| {
            let (boot, uptime) = (time.clock().boot(), time.clock().uptime());
            let mut statement =
                tx.prepare("SELECT name, window FROM quotas WHERE boot = ?1 ORDER BY name")?;
            let used = statement.query_map([boot], |row| {
                let (name, text): (String, String) = (row.get(0)?, row.get(1)?);
                let window: Window = serde_json::from_str(&text).unwrap_or_default();
                Ok((name, window.used(uptime)))
            })?;
            used.collect()
        })
        .await
    }
}

/// What another run of the machine has noted is over; what cannot be read was noted by another program, and begins anew.
fn read(tx: &Connection, name: &str, boot: &str) -> rusqlite::Result<Window> {
    let text: Option<String> = tx
        .prepare_cached("SELECT window FROM quotas WHERE name = ?1 AND boot = ?2")?
        .query_row([name, boot], |row| row.get(0))
        .optional()?;
    Ok(text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default())
}
