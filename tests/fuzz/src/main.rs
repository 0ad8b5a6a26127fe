//! `cargo run --profile checked -p fuzz -- [TARGET…] --inputs N --seed S`: see the README beside this crate.

use std::path::PathBuf;
use std::process::ExitCode;
use std::{fs, thread};

use anyhow::Context as _;
use clap::Parser;
use fuzz::supervisor::{self, Run};
use fuzz::targets::TARGETS;
use fuzz::worker::{self, STACK, Share, Tally};
use fuzz::{Target, named, trial};

/// Feeds mutated inputs to the parsers.
#[derive(Parser)]
struct Arguments {
    /// What is fed; everything where none is named.
    targets: Vec<String>,
    /// How many inputs for each target.
    #[arg(long, default_value_t = 100_000)]
    inputs: u64,
    /// What all inputs follow from.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many processes; as many as there are cores where it is not said.
    #[arg(long)]
    jobs: Option<u64>,
    /// Tries these inputs alone.
    #[arg(long)]
    replay: Vec<PathBuf>,
    /// One process of several, which notes in this file what it tries.
    #[arg(long, hide = true)]
    worker: Option<PathBuf>,
}

fn main() -> anyhow::Result<ExitCode> {
    // The stack of a thread that the relay works on, and not the larger one of a program's first thread.
    let work = thread::Builder::new().stack_size(STACK).spawn(run)?;
    work.join().unwrap_or_else(|_| anyhow::bail!("it panicked"))
}

fn run() -> anyhow::Result<ExitCode> {
    let arguments = Arguments::parse();
    let find = |name: &String| named(name).with_context(|| format!("there is no target `{name}`"));
    let targets: anyhow::Result<Vec<_>> = arguments.targets.iter().map(find).collect();
    let targets = if arguments.targets.is_empty() { TARGETS.iter().collect() } else { targets? };
    let mut faults = 0;
    for target in targets {
        if let Some(current) = &arguments.worker {
            let share =
                Share { target, inputs: arguments.inputs, seed: arguments.seed, current: current.clone() };
            println!("{}", serde_json::to_string(&worker::run(&share)?)?);
        } else if arguments.replay.is_empty() {
            let jobs = arguments.jobs.unwrap_or(thread::available_parallelism()?.get() as u64).max(1);
            let run = supervisor::run(target, arguments.inputs, arguments.seed, jobs)?;
            print(target, &run);
            faults += run.tally.faults;
        } else {
            faults += replay(target, &arguments.replay)?;
        }
    }
    Ok(if faults == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn replay(target: &Target, files: &[PathBuf]) -> anyhow::Result<u64> {
    let mut faults = 0;
    for file in files {
        let input = fs::read(file).with_context(|| format!("reading {}", file.display()))?;
        let trial = trial::run(target, &input);
        let fault = trial.fault();
        faults += u64::from(fault.is_some());
        let told = fault.map_or_else(|| format!("{:?}", trial.outcome), |(_, told)| told);
        println!("{}: {told} ({} ms, {} bytes)", file.display(), trial.took.as_millis(), trial.peak);
    }
    Ok(faults)
}

fn print(target: &Target, Run { tally, took }: &Run) {
    let Tally { inputs, depths: [refused, opened, accepted], faults, longest, largest: (peak, length) } =
        tally;
    println!(
        "{:<12} {inputs:>9} inputs in {:>4} s: {accepted:>8} accepted, {opened:>8} opened, {refused:>8} refused, {faults} \
         faults; longest {} ms, largest {} KiB of memory for {} KiB",
        target.name,
        took.as_secs(),
        longest.as_millis(),
        peak / 1024,
        length / 1024,
    );
}
