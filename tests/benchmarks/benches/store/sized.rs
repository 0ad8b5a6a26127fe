//! A store with a large backlog and a large ledger, against an empty one: the same work in both, in turns.

#![expect(clippy::disallowed_methods, reason = "a benchmark times by the machine's own time")]

use std::collections::{HashMap, HashSet};
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::ensure;
use futures::future::try_join_all;
use relay_core::clock::{Clock as _, SystemClock};
use relay_core::{Entry, EntryId, Stores, System};
use relay_store_sqlite::Sqlite;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::accepting::message;
use super::reading::delivered;

const KINGDEE: System = System::new("kingdee");

const FLOW: &str = "trade-to-kingdee";

/// As many write at once.
const CLIENTS: u32 = 16;

/// As the pusher receives.
const BATCH: usize = 10;

/// As many entries are read at once.
const PAGE: u32 = 100;

/// The least that a large store must reach, in percent of an empty one.
const LIMIT: u128 = 80;

/// The empty store's ledger: what is read and written again stands in it.
const FEW: u64 = 1_000;

/// How large, and how much is done with it.
pub(crate) struct Size {
    pub(crate) backlog: u64,
    pub(crate) entries: u64,
    /// Messages and entries of each round.
    pub(crate) work: u32,
    pub(crate) rounds: u32,
}

impl Size {
    /// A million messages and ten million entries; a check that it works is small.
    pub(crate) fn by(is_measured: bool) -> Self {
        match is_measured {
            true => Self { backlog: 1_000_000, entries: 10_000_000, work: 2_000, rounds: 7 },
            false => Self { backlog: 300, entries: 3_000, work: 100, rounds: 1 },
        }
    }
}

/// What is measured.
const WORK: [&str; 6] = [
    "send, 16 clients",
    "receive and delete, 10 at a time",
    "read the ledger, 100 entries at a time",
    "write new entries with the next numbers, 16 clients",
    "write new entries with numbers from anywhere, 16 clients",
    "write known entries again, 16 clients",
];

/// `false`: some work reaches less than four fifths of its rate in an empty store. Files in a folder that is named are kept,
/// and used again: filling them takes many minutes.
pub(crate) async fn measure(size: &Size, kept: Option<&Path>) -> anyhow::Result<bool> {
    let folder = tempfile::tempdir()?;
    let [empty, full] = ["empty.db", "full.db"].map(|name| kept.unwrap_or_else(|| folder.path()).join(name));
    let began = Instant::now();
    for (file, backlog, entries) in [(&empty, 0, FEW), (&full, size.backlog, size.entries)] {
        if !file.exists() {
            fill(file, backlog, entries)?;
        }
    }
    let megabytes = full.metadata()?.len() / 1_000_000;
    println!(
        "{} messages and {} entries: {megabytes} MB, filled in {:.0?}",
        size.backlog,
        size.entries,
        began.elapsed()
    );
    let mut stores = [Bench::open(empty, FEW)?, Bench::open(full, size.entries)?];
    let is_good = compare(&mut stores, size, false).await?;
    if size.rounds > 1 {
        compare(&mut stores, size, true).await?;
    }
    Ok(is_good)
}

/// Rounds in turns, so that what else the machine does meets both. `forgetful`: before each round the file is dropped from
/// the machine's memory, as on a machine that has less of it than the file is large.
async fn compare(stores: &mut [Bench; 2], size: &Size, forgetful: bool) -> anyhow::Result<bool> {
    let mut rates = [(); WORK.len()].map(|()| [const { Vec::new() }; 2]);
    for _ in 0..size.rounds {
        for (place, store) in stores.iter_mut().enumerate() {
            if forgetful {
                store.forget()?;
            }
            for (work, rates) in rates.iter_mut().enumerate() {
                rates[place].push(store.rate(work, size.work).await?);
            }
        }
    }
    let memory = if forgetful { "the file not in memory" } else { "the file in memory" };
    println!("| a second, {memory} | empty (min, median, max) | full (min, median, max) | of empty |");
    println!("|---|---:|---:|---:|");
    let mut is_good = true;
    for (what, rates) in WORK.iter().zip(&mut rates) {
        let [empty, full] = rates.each_mut().map(|rates| {
            rates.sort_unstable();
            (rates[0], rates[rates.len() / 2], rates[rates.len() - 1])
        });
        let percent = full.1 * 100 / empty.1.max(1);
        is_good &= percent >= LIMIT;
        let [empty, full] = [empty, full].map(|(min, median, max)| format!("{min}, {median}, {max}"));
        println!("| {what} | {empty} | {full} | {percent} % |");
    }
    Ok(is_good)
}

/// A store, and where the next new message and entry stand.
struct Bench {
    file: PathBuf,
    stores: Stores,
    entries: u64,
    next: u32,
}

impl Bench {
    fn open(file: PathBuf, entries: u64) -> anyhow::Result<Self> {
        let began = Instant::now();
        let stores = Sqlite::open(&file, Arc::new(SystemClock))?.stores();
        wait_for_check()?;
        println!("{} opened and read through in {:.1?}", file.display(), began.elapsed());
        // Each round sends as many as it does of everything else: what comes next is new in a file that was used before too.
        let sent: Option<u32> = Connection::open(&file)?
            .query_row("SELECT seq FROM sqlite_sequence WHERE name = 'messages'", [], |row| row.get(0))
            .optional()?;
        let next = sent.unwrap_or_default() * u32::try_from(WORK.len())?;
        Ok(Self { file, stores, entries, next })
    }

    /// How many a second.
    async fn rate(&mut self, work: usize, count: u32) -> anyhow::Result<u128> {
        let these = self.next..self.next + count;
        self.next += count;
        let began = Instant::now();
        match work {
            0 => self.send(these).await?,
            1 => self.receive(count).await?,
            2 => return self.read(these).await,
            // Orders and trades are numbered by the time.
            3 => self.write_new(these, |n| format!("z{n:015}")).await?,
            4 => self.write_new(these, |n| format!("{:016x}", scattered(n) | 1)).await?,
            _ => return self.write_again(these).await,
        }
        Ok(a_second(count, began.elapsed()))
    }

    async fn send(&self, these: Range<u32>) -> anyhow::Result<()> {
        clients(these, async |n| Ok(self.stores.queue.send(KINGDEE, &[message(&format!("new-{n}"))]).await?))
            .await
    }

    async fn receive(&self, count: u32) -> anyhow::Result<()> {
        let mut done = 0;
        while done < count as usize {
            let received = self.stores.queue.receive(KINGDEE, BATCH, Duration::from_secs(60)).await?;
            ensure!(!received.is_empty(), "{done} messages of {count}");
            done += received.len();
            let receipts: Vec<_> = received.into_iter().map(|message| message.receipt).collect();
            self.stores.queue.delete(KINGDEE, &receipts).await?;
        }
        Ok(())
    }

    /// Entries from anywhere in the ledger.
    async fn read(&self, these: Range<u32>) -> anyhow::Result<u128> {
        let pages: Vec<Vec<EntryId>> = these
            .clone()
            .step_by(PAGE as usize)
            .map(|first| (first..first + PAGE).map(|n| self.known(n)).collect())
            .collect();
        let began = Instant::now();
        for ids in &pages {
            let found = self.stores.ledger.read(ids).await?;
            let distinct: HashSet<_> = ids.iter().collect();
            ensure!(found.len() == distinct.len(), "{} entries of {}", found.len(), distinct.len());
        }
        Ok(a_second(these.end - these.start, began.elapsed()))
    }

    async fn write_new(&self, these: Range<u32>, key: impl Fn(u32) -> String) -> anyhow::Result<()> {
        clients(these, async |n| {
            let entry = entry(EntryId::new(FLOW, key(n)));
            ensure!(self.stores.ledger.write(&entry).await?);
            Ok(())
        })
        .await
    }

    async fn write_again(&self, these: Range<u32>) -> anyhow::Result<u128> {
        let mut entries = HashMap::new();
        for n in these.clone() {
            let id = self.known(n);
            entries.extend(self.stores.ledger.read(std::slice::from_ref(&id)).await?);
        }
        let entries: Vec<_> = entries.into_values().collect();
        let began = Instant::now();
        let count = u32::try_from(entries.len())?;
        clients(0..count, async |n| {
            ensure!(self.stores.ledger.write(&entries[n as usize]).await?);
            Ok(())
        })
        .await?;
        Ok(a_second(count, began.elapsed()))
    }

    /// One of the entries that the ledger was filled with.
    fn known(&self, n: u32) -> EntryId {
        EntryId::new(FLOW, key(scattered(n) % self.entries, self.entries))
    }

    /// Has the machine drop what it holds of the file in memory.
    fn forget(&self) -> anyhow::Result<()> {
        Connection::open(&self.file)?.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        fs::File::open(&self.file)?.sync_all()?;
        let mut drop = Command::new("dd");
        drop.arg(format!("if={}", self.file.display())).args(["iflag=nocache", "count=0", "status=none"]);
        ensure!(drop.status()?.success(), "dd could not drop the file from memory");
        Ok(())
    }
}

/// Each client takes the next when its last is done.
async fn clients(these: Range<u32>, work: impl AsyncFn(u32) -> anyhow::Result<()>) -> anyhow::Result<()> {
    let next = AtomicU32::new(these.start);
    let clients = (0..CLIENTS).map(|_| async {
        loop {
            let n = next.fetch_add(1, Ordering::Relaxed);
            if n >= these.end {
                return anyhow::Ok(());
            }
            work(n).await?;
        }
    });
    try_join_all(clients).await.map(drop)
}

fn a_second(count: u32, took: Duration) -> u128 {
    u128::from(count) * 1_000_000_000 / took.as_nanos().max(1)
}

/// Numbers that follow each other, strewn over all that there are: SQLite's have a sign, so that half of them are left.
fn scattered(n: u32) -> u64 {
    (u64::from(n) + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 1
}

/// The key of the nth of so many entries: they stand evenly spread.
fn key(n: u64, entries: u64) -> String {
    format!("{:016x}", n * spacing(entries))
}

/// Even, so that a key that is odd is new.
fn spacing(entries: u64) -> u64 {
    (u64::MAX / 2 / entries) & !1
}

fn entry(id: EntryId) -> Entry {
    let mut entry = Entry::new(id);
    entry.deliver(delivered(SystemClock.now()), None);
    entry
}

/// A file with so many messages and entries.
fn fill(file: &Path, backlog: u64, entries: u64) -> anyhow::Result<()> {
    drop(Sqlite::open(file, Arc::new(SystemClock))?);
    let connection = Connection::open(file)?;
    connection.execute_batch("PRAGMA synchronous = OFF")?;
    fill_queue(&connection, backlog)?;
    // A third comes between the others later, which splits pages as documents that come in any order do.
    fill_ledger(&connection, entries, "n % 3 <> 1")?;
    fill_ledger(&connection, entries, "n % 3 = 1")?;
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    fs::File::open(file)?.sync_all()?;
    Ok(())
}

/// How many rows are filled in at once.
const STEP: u64 = 100_000;

fn fill_queue(connection: &Connection, backlog: u64) -> anyhow::Result<()> {
    let body = message("").body;
    for from in (0..backlog).step_by(usize::try_from(STEP)?) {
        connection.execute(
            "WITH RECURSIVE numbers (n) AS (SELECT ?1 UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < ?2)
             INSERT INTO messages (queue, group_id, body, sent_at, visible_at)
             SELECT ?3, printf('%064x', n), ?4, ?5, ?5 FROM numbers",
            params![
                from,
                (from + STEP).min(backlog),
                KINGDEE.name(),
                body,
                SystemClock.now().timestamp_millis()
            ],
        )?;
    }
    Ok(())
}

fn fill_ledger(connection: &Connection, entries: u64, which: &str) -> anyhow::Result<()> {
    const KEY: &str = "0123456789abcdef";
    let entry = serde_json::json!(entry(EntryId::new(FLOW, KEY))).to_string();
    let mut insert = connection.prepare(&format!(
        "WITH RECURSIVE numbers (n) AS (SELECT ?1 UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < ?2)
         INSERT INTO ledger SELECT ?3, key, replace(?4, ?5, key), 1, NULL, 1
         FROM (SELECT printf('%016x', n * ?6) AS key FROM numbers WHERE {which})"
    ))?;
    for from in (0..entries).step_by(usize::try_from(STEP)?) {
        insert.execute(params![from, (from + STEP).min(entries), FLOW, entry, KEY, spacing(entries)])?;
    }
    Ok(())
}

/// The check of a file that was opened goes on beside the work: what it costs is not to be measured.
fn wait_for_check() -> anyhow::Result<()> {
    let is_checking = || -> anyhow::Result<bool> {
        for task in fs::read_dir("/proc/self/task")? {
            if fs::read_to_string(task?.path().join("comm")).is_ok_and(|name| name.trim() == "store-check") {
                return Ok(true);
            }
        }
        Ok(false)
    };
    while is_checking().unwrap_or(false) {
        thread::sleep(Duration::from_millis(100));
    }
    Ok(())
}
