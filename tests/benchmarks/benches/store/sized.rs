//! A store with a large backlog and a large ledger, against an empty one: the same work in both, in turns.
//!
//! | file | what for |
//! |---|---|
//! | `bench` | an open store, and the work that is done with it |
//! | `cost` | processor time, and bytes read and written |
//! | `fill` | a file with so many messages and entries |

#![expect(clippy::disallowed_methods, reason = "a benchmark times by the machine's own time")]

mod bench;
mod cost;
mod fill;

use std::path::Path;
use std::time::{Duration, Instant};

use relay_core::System;

use bench::{Bench, Done};
use cost::Cost;

const KINGDEE: System = System::new("kingdee");

const FLOW: &str = "trade-to-kingdee";

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

/// What is measured: documents as they pass a relay, for which there is a limit, and what they are made of.
const WORK: [&str; 8] = [
    "documents with the next keys",
    "documents with keys from anywhere",
    "send, 16 clients",
    "receive and delete, 10 at a time",
    "read the ledger, 100 entries at a time",
    "write new entries with the next keys, 16 clients",
    "write new entries with keys from anywhere, 16 clients",
    "write known entries again, 16 clients",
];

/// Of these the rate has a limit.
const WHOLE: usize = 2;

/// `false`: documents reach less than four fifths of their rate in an empty store. Files in a folder that is named are kept,
/// and used again: filling them takes many minutes.
pub(crate) async fn measure(size: &Size, kept: Option<&Path>) -> anyhow::Result<bool> {
    let folder = tempfile::tempdir()?;
    let [empty, full] = ["empty.db", "full.db"].map(|name| kept.unwrap_or_else(|| folder.path()).join(name));
    let began = Instant::now();
    for (file, backlog, entries) in [(&empty, 0, FEW), (&full, size.backlog, size.entries)] {
        if !file.exists() {
            fill::fill(file, backlog, entries)?;
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
    let mut rounds = WORK.map(|_| [const { Rounds::none() }; 2]);
    for _ in 0..size.rounds {
        for (work, rounds) in rounds.iter_mut().enumerate() {
            for (store, rounds) in stores.iter_mut().zip(rounds) {
                if forgetful {
                    store.forget()?;
                }
                rounds.add(&store.work(work, size.work).await?);
            }
        }
    }
    let memory = if forgetful { "the file not in memory" } else { "the file in memory" };
    println!(
        "| {memory} | empty, a second (min, median, max) | full | of empty | processor time, µs, empty | full | KiB read, empty | full | KiB written, empty | full |"
    );
    println!("|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|");
    let mut is_good = true;
    for (place, (what, rounds)) in WORK.iter().zip(&mut rounds).enumerate() {
        let [empty, full] = rounds.each_mut().map(Rounds::rates);
        let percent = full[1] * 100 / empty[1].max(1);
        is_good &= percent >= LIMIT || place >= WHOLE;
        let [empty, full] = [empty, full].map(|[min, median, max]| format!("{min}, {median}, {max}"));
        let [of_empty, of_full] = rounds.each_ref().map(|rounds| rounds.cost.each(rounds.count));
        let costs: String =
            of_empty.iter().zip(of_full).map(|(empty, full)| format!(" {empty} | {full} |")).collect();
        println!("| {what} | {empty} | {full} | {percent} % |{costs}");
    }
    Ok(is_good)
}

/// What several rounds of one kind of work came to.
struct Rounds {
    rates: Vec<u128>,
    count: u64,
    cost: Cost,
}

impl Rounds {
    const fn none() -> Self {
        Self { rates: Vec::new(), count: 0, cost: Cost::NONE }
    }

    fn add(&mut self, done: &Done) {
        self.rates.push(a_second(done.count, done.took));
        self.count += u64::from(done.count);
        self.cost = self.cost + done.cost;
    }

    /// Min, median and max.
    fn rates(&mut self) -> [u128; 3] {
        self.rates.sort_unstable();
        let last = self.rates.len() - 1;
        [0, self.rates.len() / 2, last].map(|place| self.rates[place])
    }
}

fn a_second(count: u32, took: Duration) -> u128 {
    u128::from(count) * 1_000_000_000 / took.as_nanos().max(1)
}
