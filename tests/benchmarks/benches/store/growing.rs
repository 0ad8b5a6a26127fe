//! A store of 100,000 delivered documents stops growing once retention is reached: a year and more, by a simulated clock.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use chrono::DateTime;
use relay_core::archive::{Event, Exchange, Record};
use relay_core::clock::{Clock, SimulatedClock};
use relay_core::{Entry, EntryId, Outgoing, Stores, System};
use relay_store_sqlite::{Retention, Sqlite};
use rusqlite::Connection;

use super::reading::delivered;

/// How long history is kept.
const HISTORY: u32 = 30;

/// `false`: the file grew on by more than a twentieth after retention was reached.
pub(crate) async fn measure(kept: u64, days: u32) -> anyhow::Result<bool> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("relay.db");
    let clock =
        Arc::new(SimulatedClock::starting_at(DateTime::from_timestamp(1_700_000_000, 0).unwrap_or_default()));
    let store = Sqlite::open_with(&file, clock.clone(), Retention::of_days(days, HISTORY))?;
    let stores = store.stores();
    let a_day = kept.div_ceil(u64::from(days));
    println!("{a_day} documents a day, the ledger kept for {days} days and history for {HISTORY}");
    println!("| day | delivered in all | in the ledger | file, KiB |\n|---:|---:|---:|---:|");
    let (mut at_retention, mut largest) = (0, 0);
    let days = u64::from(days);
    for day in 1..=2 * days {
        work_a_day(&stores, clock.as_ref(), day, a_day).await?;
        clock.advance(Duration::from_secs(86_400));
        store.housekeeping().await?;
        let (entries, bytes) = size(&file)?;
        // What is due is forgotten up to a day late.
        if day == days + 2 {
            at_retention = bytes;
        }
        largest = largest.max(bytes);
        if day % (days / 4) == 0 || day == days + 2 {
            println!("| {day} | {} | {entries} | {} |", day * a_day, bytes / 1024);
        }
    }
    Ok(largest <= at_retention + at_retention / 20)
}

/// A day's documents: queued, received, delivered, archived, deleted.
async fn work_a_day(stores: &Stores, clock: &dyn Clock, day: u64, documents: u64) -> anyhow::Result<()> {
    let now = clock.now();
    let ids: Vec<_> =
        (0..documents).map(|n| EntryId::new("trade-to-kingdee", format!("JY{day:05}{n:05}"))).collect();
    let messages: Vec<_> = ids
        .iter()
        .map(|id| Outgoing { group: id.key.clone(), deduplication: id.key.clone(), body: "x".repeat(2_000) })
        .collect();
    stores.queue.send(System::new("kingdee"), &messages).await?;
    let records: Vec<_> = ids.iter().map(|id| record(id, now)).collect();
    stores.archive.write(None, &records).await?;
    let mut writes = Vec::new();
    for id in ids {
        let mut entry = Entry::new(id);
        entry.deliver(delivered(now), None);
        let ledger = stores.ledger.clone();
        writes.push(async move { ledger.write(&entry).await });
    }
    futures::future::try_join_all(writes).await?;
    loop {
        let received = stores.queue.receive(System::new("kingdee"), 100, Duration::from_secs(60)).await?;
        if received.is_empty() {
            return Ok(());
        }
        let receipts: Vec<_> = received.into_iter().map(|message| message.receipt).collect();
        stores.queue.delete(System::new("kingdee"), &receipts).await?;
    }
}

fn record(id: &EntryId, at: DateTime<chrono::Utc>) -> Record {
    let exchange = Exchange {
        vendor: "kingdee".to_owned(),
        operation: "/sal_order_save".to_owned(),
        parameters: Vec::new(),
        body: format!("{{\"number\":\"{}\",\"remark\":\"{}\"}}", id.key, "line ".repeat(300)),
        answer: Ok("{\"errcode\":0}".to_owned()),
        duration: Duration::from_millis(310),
    };
    Record { id: id.clone(), version: None, trace: id.key.clone(), at, event: Event::Called(exchange) }
}

/// Entries of the ledger, and bytes of the file with its log written back.
fn size(file: &Path) -> anyhow::Result<(u64, u64)> {
    let connection = Connection::open(file)?;
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    let entries = connection.query_row("SELECT count(*) FROM ledger", [], |row| row.get(0))?;
    Ok((entries, file.metadata()?.len()))
}
