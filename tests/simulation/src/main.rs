//! Runs seeds, or one of them in words.

use std::process::ExitCode;

use clap::Parser;
use simulation::many::{run_all, seeds};
use simulation::run::run;
use simulation::scenario::{Drawing, Scenario};
use simulation::shrink::shrink;

/// Days of the relay in seconds, by seeds.
#[derive(Debug, Parser)]
struct Arguments {
    /// Seeds of bills (groups, lives, parts, links, outcomes), and not of documents.
    #[arg(long)]
    bills: bool,
    /// Seeds of lists (whole lists, orders that Qince is asked for, what is written to it), and not of documents.
    #[arg(long, conflicts_with = "bills")]
    lists: bool,
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

impl Arguments {
    fn drawing(&self) -> Drawing {
        match (self.bills, self.lists) {
            (true, _) => Drawing::Bills,
            (_, true) => Drawing::Lists,
            _ => Drawing::Documents,
        }
    }
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
    let drawn = Scenario::of(arguments.drawing(), seed);
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

fn many(arguments: &Arguments) -> anyhow::Result<bool> {
    let drawing = arguments.drawing();
    let seeds = seeds(drawing, arguments.from, arguments.seeds);
    let tally = run_all(drawing, &seeds, arguments.threads, arguments.first)?;
    println!("{tally}");
    if let Some((seed, rules)) = tally.failed.first_key_value()
        && !arguments.first
    {
        story(drawing, *seed, rules.first().copied().unwrap_or_default())?;
    }
    Ok(tally.failed.is_empty())
}

/// The shortest list of events that still fails, and how to play it again.
fn story(drawing: Drawing, seed: u64, rule: &str) -> anyhow::Result<()> {
    let of = drawing.argument().map(|argument| format!("{argument} ")).unwrap_or_default();
    println!("seed {seed} fails: cargo run -p simulation -- {of}--seed {seed} --trace");
    let shortest = shrink(&Scenario::of(drawing, seed), rule, &|left| eprintln!("{left} events left"))?;
    shortest.events.iter().for_each(|event| println!("{event}"));
    let ids: Vec<String> = shortest.events.iter().map(|event| event.id.to_string()).collect();
    println!("alone: cargo run -p simulation -- {of}--seed {seed} --only {} --trace", ids.join(","));
    for violation in run(&shortest, false)?.violations {
        println!("VIOLATED {}: {}", violation.rule, violation.found);
    }
    Ok(())
}
