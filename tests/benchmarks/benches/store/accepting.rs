//! Pushes for two targets by sixteen clients at once: group commit against a transaction for each send.

#![expect(clippy::disallowed_methods, reason = "a benchmark times by the machine's own time")]

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use benchmarks::is_measured;
use futures::future::try_join_all;
use relay_core::clock::SystemClock;
use relay_core::{Outgoing, System};
use relay_store_sqlite::Sqlite;

use super::before::Before;
use super::slow_disk;

const CLIENTS: u32 = 16;

/// A direct order of Qince's with a few lines.
const BODY: usize = 2_000;

const TARGETS: [System; 2] = [System::new("sharecrm"), System::new("wangdian")];

/// Compares in turns, so that what else the machine does meets both. `false`: group commit does not pay as it must.
pub(crate) fn compare() -> anyhow::Result<bool> {
    let tools = tempfile::tempdir()?;
    let slow = slow_disk::build(tools.path())?;
    let (pushes, runs) = if is_measured() { (4_000, 5) } else { (32, 1) };
    println!(
        "|      disk | before, pushes/s (min, median, max) | group commit, pushes/s (min, median, max) | times |"
    );
    println!(
        "|-----------|------------------------------------:|------------------------------------------:|------:|"
    );
    let fast = row("as it is", None, pushes, runs)?;
    let Some(slow) = slow else {
        println!("a slow disk is left out: this machine has no `cc`");
        return Ok(fast >= 100);
    };
    let slow = row("5 ms more", Some(&slow), pushes / 4, runs)?;
    Ok(fast >= 100 && slow >= 300)
}

/// How many percent of the rate before group commit has.
fn row(disk: &str, library: Option<&Path>, pushes: u32, runs: u32) -> anyhow::Result<u128> {
    let (mut before, mut grouped) = (Vec::new(), Vec::new());
    for _ in 0..runs {
        before.push(in_a_process("before", library, pushes)?);
        grouped.push(in_a_process("grouped", library, pushes)?);
    }
    let [before, grouped] = [before, grouped].map(|took| {
        let rates = took.into_iter().map(|took| u128::from(pushes) * 1_000_000_000 / took.as_nanos().max(1));
        let mut rates: Vec<_> = rates.collect();
        rates.sort_unstable();
        (rates[0], rates[rates.len() / 2], rates[rates.len() - 1])
    });
    let percent = grouped.1 * 100 / before.1.max(1);
    let [before, grouped] = [before, grouped].map(|(min, median, max)| format!("{min}, {median}, {max}"));
    println!("| {disk:>9} | {before:>35} | {grouped:>41} | {:>2}.{:02} |", percent / 100, percent % 100);
    Ok(percent)
}

/// In a process of its own, because a library can only be put before libc when a process begins.
fn in_a_process(how: &str, library: Option<&Path>, pushes: u32) -> anyhow::Result<Duration> {
    let mut accept = Command::new(std::env::current_exe()?);
    accept.args(["accept", how, &pushes.to_string()]);
    if let Some(library) = library {
        accept.env("LD_PRELOAD", library);
    }
    let output = accept.output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let nanos = String::from_utf8(output.stdout)?.trim().parse().context("how long it took")?;
    Ok(Duration::from_nanos(nanos))
}

/// Accepts pushes on a fresh file, and tells how many nanoseconds that took.
pub(crate) async fn in_this_process(how: &str, pushes: u32) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("relay.db");
    let took = match how {
        "before" => {
            let store = Before::open(&file)?;
            clients(pushes, async |message| {
                for system in TARGETS {
                    store.send(system, vec![message.clone()]).await?;
                }
                Ok(())
            })
            .await?
        }
        "grouped" => {
            let queue = Sqlite::open(&file, Arc::new(SystemClock))?.stores().queue;
            clients(pushes, async |message| {
                Ok(queue.send_all(&TARGETS.map(|system| (system, vec![message.clone()]))).await?)
            })
            .await?
        }
        other => bail!("there is no way `{other}`"),
    };
    let stored: u32 =
        rusqlite::Connection::open(&file)?
            .query_row("SELECT count(*) FROM messages", [], |row| row.get(0))?;
    ensure!(stored == 2 * pushes, "{stored} messages of {pushes} pushes");
    println!("{}", took.as_nanos());
    Ok(())
}

/// Each client sends its next push when the last is answered.
async fn clients(
    pushes: u32,
    push: impl AsyncFn(Outgoing) -> anyhow::Result<()>,
) -> anyhow::Result<Duration> {
    let next = AtomicU32::new(0);
    let began = Instant::now();
    let clients = (0..CLIENTS).map(|_| async {
        loop {
            let n = next.fetch_add(1, Ordering::Relaxed);
            if n >= pushes {
                return anyhow::Ok(());
            }
            push(message(&format!("push-{n}"))).await?;
        }
    });
    try_join_all(clients).await?;
    Ok(began.elapsed())
}

pub(crate) fn message(id: &str) -> Outgoing {
    Outgoing { group: id.to_owned(), deduplication: id.to_owned(), body: format!("{id}{}", "x".repeat(BODY)) }
}
