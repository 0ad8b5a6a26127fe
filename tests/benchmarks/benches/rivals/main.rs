//! The relay beside a plain Python script and Node-RED: the same two jobs, in turns in one run, each over HTTP.
//!
//! `cargo bench --profile speed -p benchmarks --bench rivals`; `-- pushes` or `-- trades` measures one job. `relay` is built for speed, in
//! whatever profile this is, as its users build it. `-- before=PROGRAM after=PROGRAM` puts two builds of it beside each other instead.
//! Each of the three is a process of its own that keeps what it has taken, or done, where a crash does not lose it; it is
//! killed after each round, and what it has kept is counted.
//!
//! | module | what |
//! |---|---|
//! | `pushes` | signed pushes of direct orders, taken |
//! | `trades` | trades polled, their codes looked up, and saved as sales orders |
//! | `rival` | how each of the three is started for a job, and what it has kept |
//! | `node_red` | its installation |
//! | `running` | a process, and the processor time that it has taken |
//! | `score` | several rounds, as min, median and max, each rival beside the relay |
//! | `plain.py`, `node_red_flows.json` | the two others |

mod node_red;
mod pushes;
mod rival;
mod running;
mod score;
mod trades;

use std::path::Path;
use std::{env, fs};

use anyhow::Context as _;
use benchmarks::is_measured;

use crate::rival::Rival;
use crate::running::LOG;
use crate::score::{Score, Took, print};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let names = |job: &str| arguments.iter().any(|argument| argument == job);
    let wants = |job: &str| ["pushes", "trades"].iter().all(|job| !names(job)) || names(job);
    let builds = Rival::builds(&arguments);
    let rivals = if builds.is_empty() { Rival::all()? } else { builds };
    println!("{}", load("before"));
    if wants("pushes") {
        let count = if is_measured() { 4_000 } else { 20 };
        let title = format!("{count} signed pushes from {} clients at once", pushes::CLIENTS);
        print(&title, "pushes", &rounds(&rivals, count, pushes::take).await?);
    }
    if wants("trades") {
        let count = if is_measured() { 2_000 } else { 10 };
        print(&format!("{count} trades to Kingdee"), "trades", &rounds(&rivals, count, trades::carry).await?);
    }
    println!("{}", load("after"));
    Ok(())
}

/// Does a job of so many documents with each in turns, several times.
async fn rounds<'r>(
    rivals: &'r [Rival],
    count: u32,
    job: impl AsyncFn(&Rival, u32, &Path) -> anyhow::Result<Took>,
) -> anyhow::Result<Vec<(&'r str, Score)>> {
    let mut scores: Vec<_> = rivals.iter().map(|rival| (rival.name(), Score::default())).collect();
    for _ in 0..if is_measured() { 5 } else { 1 } {
        for (rival, (name, score)) in rivals.iter().zip(&mut scores) {
            let folder = tempfile::tempdir()?;
            let took = job(rival, count, folder.path()).await;
            score.add(count, &took.with_context(|| format!("{name}, which said: {}", said(folder.path())))?);
        }
    }
    Ok(scores)
}

/// The last lines of its log.
fn said(folder: &Path) -> String {
    let log = fs::read_to_string(folder.join(LOG)).unwrap_or_default();
    let lines: Vec<_> = log.lines().rev().take(5).collect();
    lines.into_iter().rev().collect::<Vec<_>>().join("\n")
}

/// How much else the machine does: with two cores, the times of a run say little without it.
fn load(when: &str) -> String {
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    format!("load {when}: {}", load.split(' ').next().filter(|load| !load.is_empty()).unwrap_or("unknown"))
}
