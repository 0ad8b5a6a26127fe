//! From the start of a function's process to its first request for work, beside a bare `lambda_runtime` function; the
//! memory and the size of each; and what the first TLS connection costs.
//!
//! The binaries are those that are deployed, of the release profile, in turns: one start of each, then again. A stand-in
//! on loopback is their Lambda runtime and their Secrets Manager, so a start holds the reading of the secret.

mod function;
mod stand_in;
mod tls;

use std::process::ExitCode;

use anyhow::Context as _;
use benchmarks::is_measured;

use crate::function::{Function, Start};
use crate::stand_in::StandIn;

/// How much later than a bare function one may ask for work.
const ABOVE_BARE_US: u64 = 10_000;
/// How much of our own processor time the first TLS connection may take.
const TLS_US: u64 = 5_000;
/// The most memory that a function may have held when it asks for work.
const IDLE_KIB: u64 = 16 * 1024;
/// The largest archive.
const ZIPPED_KIB: u64 = 3_584;

fn main() -> anyhow::Result<ExitCode> {
    if let Some(address) = std::env::args().skip_while(|argument| argument != "connect").nth(1) {
        tls::connect(&address)?;
        return Ok(ExitCode::SUCCESS);
    }
    let (functions, runs) = if is_measured() { (Function::deployed()?, 31) } else { (vec![], 1) };
    let bare = Function::bare()?;
    let holds = [cold_starts(&bare, &functions, runs)?, first_connections(runs)?];
    Ok(if holds.iter().all(|holds| *holds) || !is_measured() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn cold_starts(bare: &Function, functions: &[Function], runs: usize) -> anyhow::Result<bool> {
    let stand_in = StandIn::start()?;
    let all: Vec<_> = std::iter::once(bare).chain(functions).collect();
    let mut starts = vec![Vec::new(); all.len()];
    for _ in 0..runs {
        for (function, starts) in all.iter().zip(&mut starts) {
            starts.push(function.start(&stand_in)?);
        }
    }
    println!(
        "| function         | first request for work, ms (min, median, max) | above bare | idle peak, KiB | zipped, KiB |"
    );
    println!(
        "|------------------|----------------------------------------------:|-----------:|---------------:|------------:|"
    );
    let yardstick = median(&starts[0], |start| start.took_us);
    let mut holds = true;
    for (function, starts) in all.iter().zip(&starts) {
        let took = sorted(starts, |start| start.took_us);
        let took_text = [0, took.len() / 2, took.len() - 1].map(|place| milliseconds(took[place])).join(", ");
        let above = took[took.len() / 2].saturating_sub(yardstick);
        let idle = sorted(starts, |start| start.peak_kib).pop().context("no run")?;
        let zipped = function.zipped_kib()?;
        println!(
            "| {:16} | {took_text:>45} | {:>10} | {idle:>14} | {zipped:>11} |",
            function.name,
            milliseconds(above)
        );
        holds &= above <= ABOVE_BARE_US && idle < IDLE_KIB && zipped < ZIPPED_KIB;
    }
    println!(
        "at most {} ms above bare, {IDLE_KIB} KiB, {ZIPPED_KIB} KiB: {}",
        ABOVE_BARE_US / 1_000,
        verdict(holds)
    );
    Ok(holds)
}

fn first_connections(runs: usize) -> anyhow::Result<bool> {
    let server = tls::Server::start()?;
    let costs = (0..runs).map(|_| server.first_connection()).collect::<anyhow::Result<Vec<_>>>()?;
    let first = sorted(&costs, |cost| cost.first_us);
    let next = sorted(&costs, |cost| cost.next_us);
    let text = |costs: &[u64]| {
        [0, costs.len() / 2, costs.len() - 1].map(|place| milliseconds(costs[place])).join(", ")
    };
    println!("\n| processor time of our own, ms (min, median, max) | |\n|---|---:|");
    println!("| first TLS connection and request of the process | {} |", text(&first));
    println!("| a request on the open connection | {} |", text(&next));
    let holds = first[first.len() / 2] < TLS_US;
    println!("under {} ms: {}", TLS_US / 1_000, verdict(holds));
    Ok(holds)
}

fn sorted<T>(runs: &[T], figure: impl Fn(&T) -> u64) -> Vec<u64> {
    let mut figures: Vec<_> = runs.iter().map(figure).collect();
    figures.sort_unstable();
    figures
}

fn median(starts: &[Start], figure: impl Fn(&Start) -> u64) -> u64 {
    sorted(starts, figure)[starts.len() / 2]
}

fn milliseconds(microseconds: u64) -> String {
    format!("{}.{:02}", microseconds / 1_000, microseconds % 1_000 / 10)
}

fn verdict(holds: bool) -> &'static str {
    if holds { "holds" } else { "TOO MUCH" }
}
