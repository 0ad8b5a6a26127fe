//! The SQLite store by itself: pushes at once, reads of a large ledger meanwhile, a store that stops growing, what it would save
//! to compress bodies, and a large store against an empty one.
//!
//! `cargo bench -p benchmarks --bench store` measures all; `-- accepting`, `-- reading`, `-- growing`, `-- bodies` or `-- sized`
//! one of them. It exits with 1 where a limit is broken.

mod accepting;
mod before;
mod bodies;
mod growing;
mod reading;
mod sized;
mod slow_disk;

use std::env;
use std::path::Path;
use std::process::ExitCode;

use benchmarks::is_measured;

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    let arguments: Vec<String> = env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["accept", how, pushes] => {
            accepting::in_this_process(how, pushes.parse()?).await?;
            return Ok(ExitCode::SUCCESS);
        }
        ["status", file, entries] => {
            reading::status(Path::new(file), entries.parse()?).await?;
            return Ok(ExitCode::SUCCESS);
        }
        ["sized", folder, entries @ ..] => {
            let whole = sized::Size::by(true);
            let entries = entries.first().map_or(Ok(whole.entries), |entries| entries.parse())?;
            let is_good = sized::measure(&sized::Size { entries, ..whole }, Some(Path::new(folder))).await?;
            return Ok(if is_good { ExitCode::SUCCESS } else { ExitCode::FAILURE });
        }
        _ => {}
    }
    let wants = |part| arguments.is_empty() || arguments.contains(&part);
    let mut is_good = true;
    if wants("accepting") {
        is_good &= accepting::compare()?;
    }
    if wants("reading") {
        is_good &= reading::measure(if is_measured() { 1_000_000 } else { 2_000 }).await?;
    }
    if wants("growing") {
        is_good &= match is_measured() {
            true => growing::measure(100_000, 400).await?,
            false => growing::measure(1_000, 40).await?,
        };
    }
    if wants("bodies") {
        let (messages, runs) = if is_measured() { (2_000, 7) } else { (20, 1) };
        bodies::compare(messages, runs).await?;
    }
    if wants("sized") {
        is_good &= sized::measure(&sized::Size::by(is_measured()), None).await?;
    }
    // A limit is one of a measurement: on a machine that does other things beside, a check says nothing of time.
    Ok(if is_good || !is_measured() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
