//! An open store, and the work that is done with it.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::ops::Range;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::ensure;
use futures::future::try_join_all;
use relay_core::archive::{Event, Record};
use relay_core::clock::{Clock as _, SystemClock};
use relay_core::{EntryId, Stores};
use relay_store_sqlite::Sqlite;
use rusqlite::{Connection, OptionalExtension as _};

use super::cost::Cost;
use super::fill::{entry, key, scattered};
use super::{FLOW, KINGDEE, WORK};
use crate::accepting::message;

/// As many write at once.
const CLIENTS: u32 = 16;

/// As the pusher receives.
const BATCH: u32 = 10;

/// As many entries are read at once.
const PAGE: u32 = 100;

/// A store, and where the next new message and entry stand.
pub(super) struct Bench {
    file: PathBuf,
    stores: Stores,
    entries: u64,
    next: u32,
}

/// How many were done in what time, and what that took.
pub(super) struct Done {
    pub(super) count: u32,
    pub(super) took: Duration,
    pub(super) cost: Cost,
}

impl Bench {
    pub(super) fn open(file: PathBuf, entries: u64) -> anyhow::Result<Self> {
        let began = Instant::now();
        let stores = Sqlite::open(&file, Arc::new(SystemClock))?.stores();
        wait_for_check()?;
        println!("{} opened and read through in {:.1?}", file.display(), began.elapsed());
        // Each round sends less than it does of everything: what comes next is new in a file that was used before too.
        let sent: Option<u32> = Connection::open(&file)?
            .query_row("SELECT seq FROM sqlite_sequence WHERE name = 'messages'", [], |row| row.get(0))
            .optional()?;
        let next = sent.unwrap_or_default() * u32::try_from(WORK.len())?;
        Ok(Self { file, stores, entries, next })
    }

    /// Does one kind of work so often.
    pub(super) async fn work(&mut self, work: usize, count: u32) -> anyhow::Result<Done> {
        let these = self.next..self.next + count;
        self.next += count;
        // Before the clock starts: what is written again was read before.
        let known = if work == 7 { self.read_known(these.clone()).await? } else { Vec::new() };
        let count = if work == 7 { u32::try_from(known.len())? } else { count };
        let (began, before) = (Instant::now(), Cost::so_far()?);
        match work {
            // Orders and trades are numbered by the time.
            0 => self.carry(these, next_key).await?,
            1 => self.carry(these, key_from_anywhere).await?,
            2 => self.send(these).await?,
            3 => self.receive(count).await?,
            4 => self.read(these).await?,
            5 => self.write_new(these, next_key).await?,
            6 => self.write_new(these, key_from_anywhere).await?,
            _ => {
                clients(0..count, async |n| {
                    ensure!(self.stores.ledger.write(&known[n as usize]).await?);
                    Ok(())
                })
                .await?;
            }
        }
        Ok(Done { count, took: began.elapsed(), cost: Cost::so_far()? - before })
    }

    /// Whole documents, as they pass a relay: sent, received, looked up in the ledger, written there, their history kept,
    /// and deleted.
    async fn carry(&self, these: Range<u32>, key: fn(u32) -> String) -> anyhow::Result<()> {
        self.send(these.clone()).await?;
        for first in these.clone().step_by(BATCH as usize) {
            let batch = first..(first + BATCH).min(these.end);
            let received = self.stores.queue.receive(KINGDEE, batch.len(), Duration::from_secs(60)).await?;
            ensure!(received.len() == batch.len(), "{} messages of {}", received.len(), batch.len());
            let ids: Vec<_> = batch.clone().map(|n| EntryId::new(FLOW, key(n))).collect();
            ensure!(self.stores.ledger.read(&ids).await?.is_empty(), "a new document is known");
            self.write_new(batch, key).await?;
            let records: Vec<_> =
                ids.into_iter().zip(&received).map(|(id, message)| record(id, &message.body)).collect();
            self.stores.archive.write(None, &records).await?;
            let receipts: Vec<_> = received.into_iter().map(|message| message.receipt).collect();
            self.stores.queue.delete(KINGDEE, &receipts).await?;
        }
        Ok(())
    }

    async fn send(&self, these: Range<u32>) -> anyhow::Result<()> {
        clients(these, async |n| Ok(self.stores.queue.send(KINGDEE, &[message(&format!("new-{n}"))]).await?))
            .await
    }

    async fn receive(&self, count: u32) -> anyhow::Result<()> {
        let mut done = 0;
        while done < count as usize {
            let received =
                self.stores.queue.receive(KINGDEE, BATCH as usize, Duration::from_secs(60)).await?;
            ensure!(!received.is_empty(), "{done} messages of {count}");
            done += received.len();
            let receipts: Vec<_> = received.into_iter().map(|message| message.receipt).collect();
            self.stores.queue.delete(KINGDEE, &receipts).await?;
        }
        Ok(())
    }

    /// Entries from anywhere in the ledger.
    async fn read(&self, these: Range<u32>) -> anyhow::Result<()> {
        for first in these.step_by(PAGE as usize) {
            let ids: Vec<_> = (first..first + PAGE).map(|n| self.known(n)).collect();
            let found = self.stores.ledger.read(&ids).await?;
            let distinct: HashSet<_> = ids.iter().collect();
            ensure!(found.len() == distinct.len(), "{} entries of {}", found.len(), distinct.len());
        }
        Ok(())
    }

    async fn write_new(&self, these: Range<u32>, key: fn(u32) -> String) -> anyhow::Result<()> {
        clients(these, async |n| {
            ensure!(self.stores.ledger.write(&entry(EntryId::new(FLOW, key(n)))).await?);
            Ok(())
        })
        .await
    }

    async fn read_known(&self, these: Range<u32>) -> anyhow::Result<Vec<relay_core::Entry>> {
        let mut entries = HashMap::new();
        for n in these {
            let id = self.known(n);
            entries.extend(self.stores.ledger.read(std::slice::from_ref(&id)).await?);
        }
        Ok(entries.into_values().collect())
    }

    /// One of the entries that the ledger was filled with.
    fn known(&self, n: u32) -> EntryId {
        EntryId::new(FLOW, key(scattered(n) % self.entries, self.entries))
    }

    /// Has the machine drop what it holds of the file in memory.
    pub(super) fn forget(&self) -> anyhow::Result<()> {
        Connection::open(&self.file)?.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        fs::File::open(&self.file)?.sync_all()?;
        let mut drop = Command::new("dd");
        drop.arg(format!("if={}", self.file.display())).args(["iflag=nocache", "count=0", "status=none"]);
        ensure!(drop.status()?.success(), "dd could not drop the file from memory");
        Ok(())
    }
}

fn next_key(n: u32) -> String {
    format!("z{n:015}")
}

fn key_from_anywhere(n: u32) -> String {
    format!("{:016x}", scattered(n) | 1)
}

fn record(id: EntryId, document: &str) -> Record {
    let event = Event::Received { document: document.to_owned() };
    Record { trace: id.key.clone(), id, version: None, at: SystemClock.now(), event }
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
