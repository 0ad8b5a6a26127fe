//! A backlog of 100,000 trades is polled in less than 64 MiB, and memory does not grow with the backlog.
//!
//! Three kinds of processes, so that a figure is of polling alone: this one compares; a simulated 旺店通 listens on
//! loopback; and every poll has a process of its own, which tells in the end the most memory it has ever held.

#![expect(clippy::disallowed_methods, reason = "a benchmark times by the machine's own time")]

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::Arc;
use std::time::Instant;
use std::{env, io, process};

use anyhow::{Context as _, ensure};
use benchmarks::{house, is_measured};
use chrono::{DateTime, TimeDelta, Utc};
use relay_core::System;
use relay_core::clock::{Clock as _, SystemClock};
use relay_host::Wiring;
use relay_simulators::Vendors;
use relay_simulators::wangdian::TradeMix;
use relay_trade_poller::TradePoller;
use serde::{Deserialize, Serialize};

const LIMIT_KIB: u64 = 64 * 1024;
const STATUS: &str = "/proc/self/status";

/// What a poll in a process of its own came to.
#[derive(Debug, Serialize, Deserialize)]
struct Polled {
    documents: u64,
    windows: u64,
    took_ms: u64,
    /// The most memory that was held before the first call.
    idle_kib: u64,
    /// The most that was ever held.
    peak_kib: u64,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<ExitCode> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["vendor", trades, from] => vendor(trades.parse()?, from.parse()?).await?,
        ["poll"] => println!("{}", serde_json::json!(poll().await?)),
        _ => return compare(),
    }
    Ok(ExitCode::SUCCESS)
}

/// Listens until whoever started it is gone.
async fn vendor(trades: u32, from: DateTime<Utc>) -> anyhow::Result<()> {
    let vendors = Vendors::new(Arc::new(SystemClock), 1);
    vendors.wangdian.set_calls_a_minute(None);
    let to = SystemClock.now() - TimeDelta::minutes(2);
    vendors.wangdian.generate_trades(trades, from, to, TradeMix::default());
    let served = vendors.serve_on_loopback().await?;
    println!("{}", served.qimen_base_url);
    tokio::task::spawn_blocking(|| io::stdin().read_to_end(&mut Vec::new())).await??;
    Ok(())
}

/// Polls what the environment names, as the Lambda does.
async fn poll() -> anyhow::Result<Polled> {
    let wiring = Wiring::from_environment().await?;
    let poller = wiring.build::<TradePoller>()?;
    let idle_kib = peak_kib()?;
    let began = Instant::now();
    let report = poller
        .poll_all(relay_core::clock::Deadline::NONE, &|_| {})
        .await
        .pop()
        .context("no flow is polled")?;
    let took_ms = u64::try_from(began.elapsed().as_millis())?;
    ensure!(report.error.is_none() && report.caught_up, "{report:?}");
    let documents = wiring.stores.queue.depth(System::new("kingdee")).await?.waiting;
    Ok(Polled { documents, windows: report.windows, took_ms, idle_kib, peak_kib: peak_kib()? })
}

/// The most memory that this process has ever held.
fn peak_kib() -> anyhow::Result<u64> {
    benchmarks::peak_kib(process::id())
}

fn compare() -> anyhow::Result<ExitCode> {
    if !is_measured() && !Path::new(STATUS).exists() {
        println!("skipped: only Linux tells a process's peak");
        return Ok(ExitCode::SUCCESS);
    }
    let (sizes, days, runs) = if is_measured() { ([10_000, 100_000], 30, 3) } else { ([100, 1_000], 2, 1) };
    println!(
        "|  trades | of the last | windows | documents/s (min, median, max) | idle, KiB | peak, KiB (min, median, max) |"
    );
    println!(
        "|--------:|-------------|--------:|-------------------------------:|----------:|-----------------------------:|"
    );
    let mut highest = 0;
    for (span, from) in
        [("hour".to_owned(), TimeDelta::minutes(58)), (format!("{days} days"), TimeDelta::days(days))]
    {
        for trades in sizes {
            let vendor = Vendor::start(trades, SystemClock.now() - from)?;
            let polls = (0..runs).map(|_| vendor.poll()).collect::<anyhow::Result<Vec<_>>>()?;
            // More than that: windows overlap, and a row that is read twice is two messages, of which the ledger skips one.
            let lost = polls.iter().find(|polled| polled.documents < u64::from(trades));
            ensure!(lost.is_none(), "not every one of {trades} trades is in the queue: {lost:?}");
            let rates = sorted(polls.iter().map(|polled| polled.documents * 1_000 / polled.took_ms.max(1)));
            let peaks = sorted(polls.iter().map(|polled| polled.peak_kib));
            let Polled { windows, idle_kib, .. } = polls[0];
            println!("| {trades:7} | {span:11} | {windows:7} | {rates:>30} | {idle_kib:9} | {peaks:>28} |");
            highest = polls.iter().map(|polled| polled.peak_kib).fold(highest, u64::max);
        }
    }
    let holds = highest < LIMIT_KIB;
    println!("{highest} KiB of {LIMIT_KIB} KiB: {}", if holds { "holds" } else { "TOO MUCH" });
    Ok(if holds { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Min, median and max.
fn sorted(figures: impl Iterator<Item = u64>) -> String {
    let mut figures: Vec<_> = figures.collect();
    figures.sort_unstable();
    format!("{}, {}, {}", figures[0], figures[figures.len() / 2], figures[figures.len() - 1])
}

/// A vendor in a process of its own.
struct Vendor {
    process: Child,
    qimen_base_url: String,
    start: DateTime<Utc>,
}

impl Vendor {
    /// A vendor with that many trades, changed at even distances since then.
    fn start(trades: u32, start: DateTime<Utc>) -> anyhow::Result<Self> {
        let mut process = Command::new(env::current_exe()?)
            .args(["vendor", &trades.to_string(), &start.to_rfc3339()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        BufReader::new(process.stdout.take().context("the vendor's output")?).read_line(&mut line)?;
        Ok(Self { process, qimen_base_url: line.trim().to_owned(), start })
    }

    /// Polls it in one more process, into a store of its own.
    fn poll(&self) -> anyhow::Result<Polled> {
        let folder = tempfile::tempdir()?;
        let addresses = [("QIMEN_BASE_URL", self.qimen_base_url.as_str())];
        let output = Command::new(env::current_exe()?)
            .arg("poll")
            .envs(house::settings(&addresses, folder.path(), self.start))
            .stderr(Stdio::inherit())
            .output()?;
        ensure!(output.status.success(), "the poll failed");
        Ok(serde_json::from_slice(&output.stdout)?)
    }
}

impl Drop for Vendor {
    fn drop(&mut self) {
        // It ends by itself when its input does; waiting for it keeps it from becoming a zombie.
        drop(self.process.stdin.take());
        _ = self.process.wait();
    }
}
