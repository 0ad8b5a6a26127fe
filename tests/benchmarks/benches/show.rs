//! Any number of a document, found among a million: by `relay show`, and by the console's search.
//!
//! `cargo bench --profile speed -p benchmarks --bench show` (exits with 1 where an answer takes 200 ms or more). `relay` is built for speed,
//! as its users build it, or is `-- relay=PROGRAM`; each command is a process of its own, which opens the store first. `-- store=FILE` makes
//! the store there, and asks one that is there already.

#![expect(clippy::disallowed_methods, reason = "a benchmark times by the machine's own time")]

use std::env;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use benchmarks::{is_measured, program};
use futures::future::try_join_all;
use relay_core::archive::{Event, Exchange, Record};
use relay_core::clock::{Clock as _, SystemClock};
use relay_core::{Delivered, Entry, EntryId, Stores};
use relay_store_sqlite::Sqlite;

const FLOW: &str = "trade-to-kingdee";

/// So many entries are written at once.
const TOGETHER: usize = 2_000;

/// How long an answer may take.
const LIMIT: Duration = Duration::from_millis(200);

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    let named =
        |name: &str| env::args().find_map(|argument| Some(PathBuf::from(argument.strip_prefix(name)?)));
    let (documents, times) = if is_measured() { (1_000_000, 50) } else { (2_000, 3) };
    let folder = tempfile::tempdir()?;
    let file = named("store=").unwrap_or_else(|| folder.path().join("relay.db"));
    if !file.exists() {
        let began = Instant::now();
        fill(&file, documents, times).await?;
        let size = file.metadata()?.len() / (1024 * 1024);
        println!(
            "{documents} documents with three numbers each, {size} MiB, written in {:.0?}\n",
            began.elapsed()
        );
    }
    let executable = env::current_exe()?;
    // This executable is at `<target>/<profile>/deps/`.
    let target = executable.ancestors().nth(3).context("no target folder")?;
    let relay = named("relay=").map_or_else(|| program::relay(target), Ok)?;
    println!("| what | min | median | max |\n|---|---:|---:|---:|");
    let mut slowest = Duration::ZERO;
    for (what, number) in KINDS {
        let shown = |place: usize| by_command(&relay, &file, &number(asked_for(place, documents)));
        slowest = slowest.max(measure(&format!("`relay show` by {what}"), times, shown)?);
    }
    let console = Console::start(&relay, &file)?;
    for (what, number) in KINDS {
        let found = |place: usize| console.finds(&number(asked_for(place, documents)));
        slowest = slowest.max(measure(&format!("the console's search by {what}"), times, found)?);
    }
    // A limit is one of a measurement: on a machine that does other things beside, a check says nothing of time.
    Ok(if slowest < LIMIT || !is_measured() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

type Number = fn(usize) -> String;

/// The numbers that a document is found by.
const KINDS: [(&str, Number); 3] =
    [("its key", key), ("the shop's order", tid), ("the target's id", target_id)];

fn key(n: usize) -> String {
    format!("JY{n:012}")
}

fn tid(n: usize) -> String {
    format!("AT{:018}", n * 7 + 3)
}

fn target_id(n: usize) -> String {
    format!("14{n:017}")
}

/// Those that are asked for stand all over the ledger.
fn asked_for(place: usize, documents: usize) -> usize {
    place * 7_919 % documents
}

/// Prints how long something takes, and answers the longest.
fn measure(what: &str, times: usize, does: impl Fn(usize) -> anyhow::Result<()>) -> anyhow::Result<Duration> {
    let mut took = Vec::with_capacity(times);
    for place in 0..times {
        let began = Instant::now();
        does(place)?;
        took.push(began.elapsed());
    }
    took.sort_unstable();
    println!("| {what} | {:.1?} | {:.1?} | {:.1?} |", took[0], took[times / 2], took[times - 1]);
    Ok(took[times - 1])
}

fn command(relay: &Path, file: &Path) -> Command {
    let mut command = Command::new(relay);
    command.env_clear().env("RELAY_STORE", format!("sqlite:{}", file.display()));
    command
}

fn by_command(relay: &Path, file: &Path, number: &str) -> anyhow::Result<()> {
    let output = command(relay, file).args(["show", number]).output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    ensure!(
        output.status.success() && text.contains("answered"),
        "{text}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(())
}

/// `relay console`, ended with this.
struct Console {
    process: Child,
    address: String,
}

impl Console {
    fn start(relay: &Path, file: &Path) -> anyhow::Result<Self> {
        let mut command = command(relay, file);
        let mut process =
            command.args(["console", "--listen", "127.0.0.1:0"]).stdout(Stdio::piped()).spawn()?;
        let mut line = String::new();
        BufReader::new(process.stdout.take().context("its output")?).read_line(&mut line)?;
        let address =
            line.trim().strip_prefix("The console is at http://").context("its address")?.to_owned();
        Ok(Self { process, address })
    }

    fn finds(&self, number: &str) -> anyhow::Result<()> {
        let mut stream = TcpStream::connect(&self.address)?;
        let head =
            format!("GET /search?q={number} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", self.address);
        stream.write_all(head.as_bytes())?;
        let mut page = String::new();
        stream.read_to_string(&mut page)?;
        ensure!(page.starts_with("HTTP/1.1 200") && page.contains("/document?flow="), "{page}");
        Ok(())
    }
}

impl Drop for Console {
    fn drop(&mut self) {
        _ = self.process.kill();
        _ = self.process.wait();
    }
}

/// Documents that were delivered, as the pusher writes them; those that are asked for have a history too.
async fn fill(file: &Path, documents: usize, times: usize) -> anyhow::Result<()> {
    let stores = Sqlite::open(file, Arc::new(SystemClock))?.stores();
    for from in (0..documents).step_by(TOGETHER) {
        let entries: Vec<_> = (from..(from + TOGETHER).min(documents)).map(entry).collect();
        let written = try_join_all(entries.iter().map(|entry| stores.ledger.write(entry))).await?;
        ensure!(written.iter().all(|written| *written), "a document was written before");
    }
    for place in 0..times {
        keep_history(&stores, asked_for(place, documents)).await?;
    }
    Ok(())
}

fn entry(n: usize) -> Entry {
    let now = SystemClock.now();
    let mut entry = Entry::new(EntryId::new(FLOW, key(n)));
    let delivered = Delivered {
        version: Some("2026-09-01 10:00:00".to_owned()),
        version_kind: None,
        hash: "a".repeat(64),
        body_hash: "b".repeat(64),
        target_id: Some(target_id(n)),
        number: None,
        received_at: Some(now),
        at: now,
        follows: None,
    };
    entry.deliver(delivered, None);
    entry.found_by(&[tid(n), format!("SF{n:013}")]);
    entry
}

async fn keep_history(stores: &Stores, n: usize) -> anyhow::Result<()> {
    let record = |event| Record {
        id: EntryId::new(FLOW, key(n)),
        version: Some("2026-09-01 10:00:00".to_owned()),
        trace: key(n),
        at: SystemClock.now(),
        event,
    };
    let exchange = Exchange {
        vendor: "kingdee".to_owned(),
        operation: "/jdy/v2/scm/sal_order".to_owned(),
        parameters: Vec::new(),
        body: format!("{{\"number\":\"{}\",\"remark\":\"{}\"}}", key(n), "line ".repeat(300)),
        answer: Ok("{\"errcode\":0}".to_owned()),
        duration: Duration::from_millis(310),
    };
    let records = [
        record(Event::Received { document: format!("{{\"trade_no\":\"{}\"}}", key(n)) }),
        record(Event::Called(exchange)),
        record(Event::Ended { outcome: "delivered".to_owned(), message: None, attempt: 1 }),
    ];
    Ok(stores.archive.write(None, &records).await?)
}
