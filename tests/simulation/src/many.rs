//! Many seeds, on all cores.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use relay_core::clock::{Clock as _, SystemClock};

use crate::judge::RULES;
use crate::run::{Outcome, run};
use crate::scenario::{Drawing, Scenario};

/// Seeds that failed once, each with what it found: see `FOUND.md`.
const CORPUS: &str = include_str!("../corpus.txt");

/// So many seeds of a drawing from the first on, and before them those that failed once.
#[must_use]
pub fn seeds(drawing: Drawing, from: u64, count: u64) -> Vec<u64> {
    let corpus = CORPUS.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        let is_its = words.next()? == drawing.name();
        words.next().filter(|_| is_its)?.parse().ok()
    });
    let corpus: Vec<u64> = corpus.collect();
    let others = (from..from + count).filter(|seed| !corpus.contains(seed));
    corpus.iter().copied().chain(others).collect()
}

/// What many seeds came to.
#[derive(Debug, Default)]
pub struct Tally {
    seeds: u64,
    simulated: Duration,
    took: Duration,
    steps: u64,
    documents: usize,
    slowest: Duration,
    events: BTreeMap<String, u64>,
    faults: BTreeMap<String, u64>,
    /// The seeds under which a rule did not hold, and which.
    pub failed: BTreeMap<u64, BTreeSet<&'static str>>,
}

impl Tally {
    fn add(&mut self, scenario: &Scenario, outcome: Outcome) {
        self.seeds += 1;
        self.simulated += outcome.simulated;
        self.steps += outcome.steps;
        self.documents += outcome.documents;
        self.slowest = self.slowest.max(outcome.quiet_after);
        for event in &scenario.events {
            *self.events.entry(event.what.kind()).or_default() += 1;
        }
        for (fault, count) in outcome.faults {
            *self.faults.entry(fault).or_default() += count;
        }
        if !outcome.violations.is_empty() {
            let rules = outcome.violations.iter().map(|violation| violation.rule).collect();
            self.failed.insert(scenario.seed, rules);
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seeds, documents, steps, .. } = self;
        let (days, took, slowest) =
            (self.simulated.as_secs() / 86_400, self.took.as_secs(), self.slowest.as_secs() / 60);
        writeln!(
            f,
            "{seeds} seeds, {days} simulated days, {documents} versions of documents, {steps} steps in {took} s; \
             quiet at the latest {slowest} minutes after the faults"
        )?;
        let list = |counts: &BTreeMap<String, u64>| {
            counts.iter().map(|(name, count)| format!("{name} {count}")).collect::<Vec<_>>().join(", ")
        };
        writeln!(f, "events: {}", list(&self.events))?;
        writeln!(f, "faults of vendors: {}", list(&self.faults))?;
        writeln!(f, "rules: {}", RULES.join(", "))?;
        write!(f, "{} seeds failed: {:?}", self.failed.len(), self.failed.keys().collect::<Vec<_>>())
    }
}

/// Runs seeds, so many at a time or as many as the machine has cores, and prints which rules do not hold.
///
/// # Errors
/// When a run cannot be made.
pub fn run_all(
    drawing: Drawing,
    seeds: &[u64],
    threads: Option<usize>,
    stop_at_first: bool,
) -> anyhow::Result<Tally> {
    let began = SystemClock.monotonic();
    let threads = threads.or_else(|| thread::available_parallelism().ok().map(Into::into)).unwrap_or(1);
    let (next, tally) = (AtomicUsize::new(0), Mutex::new(Tally::default()));
    thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|_| scope.spawn(|| work(drawing, seeds, &next, &tally, stop_at_first)))
            .collect();
        workers
            .into_iter()
            .try_for_each(|worker| worker.join().unwrap_or_else(|_| anyhow::bail!("a run panicked")))
    })?;
    let mut tally = tally.into_inner().unwrap_or_else(PoisonError::into_inner);
    tally.took = SystemClock.monotonic() - began;
    Ok(tally)
}

fn work(
    drawing: Drawing,
    seeds: &[u64],
    next: &AtomicUsize,
    tally: &Mutex<Tally>,
    stop_at_first: bool,
) -> anyhow::Result<()> {
    loop {
        let Some(seed) = seeds.get(next.fetch_add(1, Ordering::Relaxed)) else { return Ok(()) };
        let scenario = Scenario::of(drawing, *seed);
        let outcome = run(&scenario, false)?;
        for violation in &outcome.violations {
            println!("seed {seed}: {}: {}", violation.rule, violation.found);
        }
        if stop_at_first && !outcome.violations.is_empty() {
            next.store(seeds.len(), Ordering::Relaxed);
        }
        tally.lock().unwrap_or_else(PoisonError::into_inner).add(&scenario, outcome);
    }
}
