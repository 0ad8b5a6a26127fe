//! What `relay status` reads of a large ledger, while pushes go on.

#![expect(clippy::disallowed_methods, reason = "a benchmark times by the machine's own time")]

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::ensure;
use benchmarks::is_measured;
use relay_core::clock::{Clock as _, SystemClock};
use relay_core::{Delivered, Entry, EntryId, Stores, System};
use relay_store_sqlite::Sqlite;
use rusqlite::{Connection, params};
use tokio::task::spawn_blocking;

use super::accepting::message;

const SYSTEMS: [System; 3] = [System::new("kingdee"), System::new("sharecrm"), System::new("wangdian")];

/// One entry in so many has failed.
const FAILED: u64 = 100;

const LIMIT: Duration = Duration::from_secs(1);

/// How often the status is asked for.
const TIMES: usize = 20;

/// How long sends are measured at least.
const AT_LEAST: Duration = Duration::from_secs(5);

/// `false`: a status took a second or more, or a push waited for one.
pub(crate) async fn measure(entries: u64) -> anyhow::Result<bool> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("relay.db");
    let stores = Sqlite::open(&file, Arc::new(SystemClock))?.stores();
    fill(&file, entries)?;
    let (alone, ()) = sends(&stores, "alone", async {}).await?;
    let mut statuses = Vec::new();
    let asking = async {
        for _ in 0..TIMES {
            let began = Instant::now();
            // As the command does: in a process of its own, which opens the file first.
            let (program, file) = (std::env::current_exe()?, file.clone());
            let mut ask = Command::new(program);
            ask.arg("status").arg(file).arg(entries.to_string());
            let output = spawn_blocking(move || ask.output()).await??;
            ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            statuses.push(began.elapsed());
        }
        anyhow::Ok(())
    };
    let (beside, asked) = sends(&stores, "beside", asking).await?;
    asked?;
    statuses.sort_unstable();
    let [fastest, median, slowest] = [0, TIMES / 2, TIMES - 1].map(|place| statuses[place]);
    println!("a ledger of {entries} entries, {} of them failed", entries / FAILED);
    println!("| what | min | median | max |\n|---|---:|---:|---:|");
    println!(
        "| a status: a process that opens, counts, lists a page of failures and measures the queues | {fastest:.1?} | {median:.1?} | {slowest:.1?} |"
    );
    for (what, sends) in
        [("a send, alone", &alone), ("a send, while the status is asked for again and again", &beside)]
    {
        let last = sends.len() - 1;
        println!(
            "| {what} ({} sends) | {:.1?} | {:.1?} | {:.1?} |",
            sends.len(),
            sends[0],
            sends[last / 2],
            sends[last]
        );
    }
    Ok(slowest < LIMIT && beside.last().is_some_and(|longest| *longest < LIMIT))
}

/// Sends one message after the other for as long as `work` goes on, and for some seconds at least. How long each took, sorted.
async fn sends<T>(
    stores: &Stores,
    name: &str,
    work: impl Future<Output = T>,
) -> anyhow::Result<(Vec<Duration>, T)> {
    let is_over = Arc::new(AtomicBool::new(false));
    let (queue, over, name) = (stores.queue.clone(), is_over.clone(), name.to_owned());
    let sending = tokio::spawn(async move {
        let at_least = if is_measured() { AT_LEAST } else { Duration::ZERO };
        let (mut took, began) = (Vec::new(), Instant::now());
        while took.is_empty() || !over.load(Ordering::Relaxed) || began.elapsed() < at_least {
            let message = message(&format!("{name}-{}", took.len()));
            let began = Instant::now();
            queue.send(System::new("kingdee"), &[message]).await?;
            took.push(began.elapsed());
        }
        took.sort_unstable();
        anyhow::Ok(took)
    });
    let done = work.await;
    is_over.store(true, Ordering::Relaxed);
    Ok((sending.await??, done))
}

/// Asks what `relay status` asks.
pub(crate) async fn status(file: &Path, entries: u64) -> anyhow::Result<()> {
    let stores = Sqlite::open_existing(file, Arc::new(SystemClock))?.stores();
    let counts = stores.ledger.counts().await?;
    ensure!(counts.failed["trade-to-kingdee"] == entries / FAILED, "{counts:?}");
    ensure!(stores.ledger.failed(None, 20, None).await?.len() == 20);
    ensure!(stores.ledger.failed(Some("trade-to-kingdee"), 20, None).await?.len() == 20);
    for system in SYSTEMS {
        stores.queue.depth(system).await?;
        stores.queue.dead(system).await?;
    }
    Ok(())
}

/// Entries as a delivery leaves them.
fn fill(file: &Path, entries: u64) -> anyhow::Result<()> {
    let mut connection = Connection::open(file)?;
    connection.execute_batch("PRAGMA synchronous = OFF")?;
    let transaction = connection.transaction()?;
    let mut insert =
        transaction.prepare("INSERT INTO ledger VALUES ('trade-to-kingdee', ?1, ?2, 1, ?3, 1)")?;
    let now = SystemClock.now();
    for n in 0..entries {
        let mut entry = Entry::new(EntryId::new("trade-to-kingdee", format!("JY{n:012}")));
        entry.deliver(delivered(now), None);
        let failed_at = (n % FAILED == 0).then_some(n);
        insert.execute(params![entry.id.key, serde_json::json!(entry).to_string(), failed_at])?;
    }
    drop(insert);
    transaction.commit()?;
    // On the disk before anything is measured, or the first send would wait for all of it.
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    std::fs::File::open(file)?.sync_all()?;
    Ok(())
}

pub(crate) fn delivered(at: chrono::DateTime<chrono::Utc>) -> Delivered {
    Delivered {
        version: Some("2026-09-01 10:00:00".to_owned()),
        version_kind: None,
        hash: "a".repeat(64),
        body_hash: "b".repeat(64),
        target_id: Some("1234567890".to_owned()),
        number: None,
        received_at: Some(at),
        at,
        follows: None,
    }
}
