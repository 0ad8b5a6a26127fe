//! Runs seeds, or one of them in words.

use std::collections::{BTreeMap, BTreeSet};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use clap::Parser;
use relay_core::clock::{Clock as _, SystemClock};
use simulation::judge::RULES;
use simulation::run::{Outcome, run};
use simulation::scenario::Scenario;
use simulation::shrink::shrink;

/// Days of the relay in seconds, by seeds.
#[derive(Debug, Parser)]
struct Arguments {
    /// How many seeds.
    #[arg(long, default_value_t = 300)]
    seeds: u64,
    /// The first of them.
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// One seed, told in words.
    #[arg(long)]
    seed: Option<u64>,
    /// Of that seed, these events alone.
    #[arg(long, value_delimiter = ',', requires = "seed")]
    only: Option<Vec<usize>>,
    /// Of that seed, every call and every write.
    #[arg(long, requires = "seed")]
    trace: bool,
    /// Of that seed, what happens, and no run.
    #[arg(long, requires = "seed")]
    dry: bool,
    /// How many seeds at a time; the machine's cores where it is left out.
    #[arg(long)]
    threads: Option<usize>,
    /// Stop at the first seed that fails, and do not shrink it.
    #[arg(long)]
    first: bool,
}

fn main() -> anyhow::Result<ExitCode> {
    let arguments = Arguments::parse();
    let holds = match arguments.seed {
        Some(seed) => one(seed, &arguments)?,
        None => many(&arguments)?,
    };
    Ok(if holds { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// One seed, in words.
fn one(seed: u64, arguments: &Arguments) -> anyhow::Result<bool> {
    let drawn = Scenario::of(seed);
    let scenario = arguments.only.as_ref().map_or_else(|| drawn.clone(), |ids| drawn.only(ids));
    println!("{:?}", scenario.conditions);
    scenario.events.iter().for_each(|event| println!("{event}"));
    if arguments.dry {
        return Ok(true);
    }
    let outcome = run(&scenario, arguments.trace)?;
    outcome.words.iter().for_each(|line| println!("{line}"));
    println!(
        "{} steps, quiet {:?} after the faults, sum {:016x}",
        outcome.steps, outcome.quiet_after, outcome.sum
    );
    outcome
        .violations
        .iter()
        .for_each(|violation| println!("VIOLATED {}: {}", violation.rule, violation.found));
    Ok(outcome.violations.is_empty())
}

/// What many seeds came to.
#[derive(Default)]
struct Tally {
    seeds: u64,
    simulated: Duration,
    steps: u64,
    documents: usize,
    slowest: Duration,
    events: BTreeMap<String, u64>,
    faults: BTreeMap<String, u64>,
    failed: BTreeMap<u64, BTreeSet<&'static str>>,
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

/// Seeds that failed once, each with what it found: see `FOUND.md`.
const CORPUS: &str = include_str!("../corpus.txt");

/// Those that failed once first.
fn seeds(arguments: &Arguments) -> Vec<u64> {
    let wanted = arguments.from..arguments.from + arguments.seeds;
    let corpus = CORPUS.lines().filter_map(|line| line.split_whitespace().next()?.parse().ok());
    let corpus: Vec<u64> = corpus.filter(|seed| !wanted.contains(seed)).collect();
    corpus.into_iter().chain(wanted).collect()
}

fn many(arguments: &Arguments) -> anyhow::Result<bool> {
    let began = SystemClock.monotonic();
    let threads =
        arguments.threads.or_else(|| thread::available_parallelism().ok().map(Into::into)).unwrap_or(1);
    let (next, tally) = (AtomicUsize::new(0), Mutex::new(Tally::default()));
    let seeds = seeds(arguments);
    thread::scope(|scope| {
        let workers: Vec<_> =
            (0..threads).map(|_| scope.spawn(|| work(&seeds, &next, &tally, arguments.first))).collect();
        workers
            .into_iter()
            .try_for_each(|worker| worker.join().unwrap_or_else(|_| anyhow::bail!("a run panicked")))
    })?;
    let tally = tally.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    report(&tally, SystemClock.monotonic() - began);
    if let Some((seed, rules)) = tally.failed.first_key_value()
        && !arguments.first
    {
        story(*seed, rules.first().copied().unwrap_or_default())?;
    }
    Ok(tally.failed.is_empty())
}

fn work(seeds: &[u64], next: &AtomicUsize, tally: &Mutex<Tally>, stop_at_first: bool) -> anyhow::Result<()> {
    loop {
        let Some(seed) = seeds.get(next.fetch_add(1, Ordering::Relaxed)) else { return Ok(()) };
        let scenario = Scenario::of(*seed);
        let outcome = run(&scenario, false)?;
        for violation in &outcome.violations {
            println!("seed {seed}: {}: {}", violation.rule, violation.found);
        }
        if stop_at_first && !outcome.violations.is_empty() {
            next.store(seeds.len(), Ordering::Relaxed);
        }
        tally.lock().unwrap_or_else(std::sync::PoisonError::into_inner).add(&scenario, outcome);
    }
}

fn report(tally: &Tally, took: Duration) {
    let days = tally.simulated.as_secs() / 86_400;
    println!(
        "{} seeds, {days} simulated days, {} versions of documents, {} steps in {} s; quiet at the latest {} minutes after the faults",
        tally.seeds,
        tally.documents,
        tally.steps,
        took.as_secs(),
        tally.slowest.as_secs() / 60,
    );
    let list = |counts: &BTreeMap<String, u64>| {
        counts.iter().map(|(name, count)| format!("{name} {count}")).collect::<Vec<_>>().join(", ")
    };
    println!("events: {}", list(&tally.events));
    println!("faults of vendors: {}", list(&tally.faults));
    println!("rules: {}", RULES.join(", "));
    println!("{} seeds failed: {:?}", tally.failed.len(), tally.failed.keys().collect::<Vec<_>>());
}

/// The shortest list of events that still fails, and how to play it again.
fn story(seed: u64, rule: &str) -> anyhow::Result<()> {
    println!("seed {seed} fails: cargo run -p simulation -- --seed {seed} --trace");
    let shortest = shrink(&Scenario::of(seed), rule, &|left| eprintln!("{left} events left"))?;
    shortest.events.iter().for_each(|event| println!("{event}"));
    let ids: Vec<String> = shortest.events.iter().map(|event| event.id.to_string()).collect();
    println!("alone: cargo run -p simulation -- --seed {seed} --only {} --trace", ids.join(","));
    for violation in run(&shortest, false)?.violations {
        println!("VIOLATED {}: {}", violation.rule, violation.found);
    }
    Ok(())
}
