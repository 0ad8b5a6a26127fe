//! Looks after the processes that try inputs. An input that overflows the stack, takes all memory or never ends cannot be told
//! of by the process that tried it.

use std::io::Read as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use std::{env, fs, thread};

use anyhow::Context as _;
use relay_core::clock::{Clock as _, SystemClock};

use crate::Target;
use crate::worker::{Tally, current, save, scratch};

/// An input that takes longer is one that never ends.
const ENDLESS: Duration = Duration::from_secs(20);

/// How often is looked.
const LOOKS: Duration = Duration::from_millis(100);

/// What became of a target's inputs, and in what time.
pub struct Run {
    /// What became of them.
    pub tally: Tally,
    /// From the first to the last.
    pub took: Duration,
}

struct Worker {
    child: Child,
    current: PathBuf,
    /// The input that it tried when it was looked at, and when that was another for the last time.
    number: u64,
    since: Duration,
}

/// Tries inputs in so many processes. One that an input has ended or held up takes the rest of its share with it.
///
/// # Errors
/// When a process cannot be started or looked at.
pub fn run(target: &'static Target, inputs: u64, seed: u64, jobs: u64) -> anyhow::Result<Run> {
    fs::create_dir_all(scratch())?;
    let began = SystemClock.monotonic();
    let started: anyhow::Result<Vec<_>> = (0..jobs)
        .map(|job| {
            let share = inputs / jobs + u64::from(job < inputs % jobs);
            start(target, share, seed.wrapping_mul(1_000).wrapping_add(job), job)
        })
        .collect();
    let (mut workers, mut tally) = (started?, Tally::default());
    while !workers.is_empty() {
        thread::sleep(LOOKS);
        let mut working = Vec::new();
        for worker in workers {
            match worker.looked_at(target)? {
                Looked::Working(worker) => working.push(worker),
                Looked::Done(share) => tally = tally.and(&share),
            }
        }
        workers = working;
    }
    Ok(Run { tally, took: SystemClock.monotonic().saturating_sub(began) })
}

fn start(target: &Target, inputs: u64, seed: u64, job: u64) -> anyhow::Result<Worker> {
    let current = scratch().join(format!("{}-{job}", target.name));
    fs::write(&current, [])?;
    let child = Command::new(env::current_exe()?)
        .arg(target.name)
        .args(["--inputs", &inputs.to_string(), "--seed", &seed.to_string(), "--worker"])
        .arg(&current)
        .stdout(Stdio::piped())
        .spawn()
        .context("starting a process that tries inputs")?;
    Ok(Worker { child, current, number: 0, since: SystemClock.monotonic() })
}

enum Looked {
    Working(Worker),
    Done(Tally),
}

impl Worker {
    fn looked_at(mut self, target: &Target) -> anyhow::Result<Looked> {
        if let Some(status) = self.child.try_wait()? {
            if status.success() {
                return self.told().map(Looked::Done);
            }
            return self.given_up(target, "crash", &format!("it ended the process: {status}"));
        }
        let now = SystemClock.monotonic();
        let (number, _) = current(&self.current)?;
        if number != self.number {
            (self.number, self.since) = (number, now);
        } else if now.saturating_sub(self.since) > ENDLESS {
            self.child.kill()?;
            self.child.wait()?;
            return self.given_up(target, "endless", &format!("no end of it in {} s", ENDLESS.as_secs()));
        }
        Ok(Looked::Working(self))
    }

    /// What a worker says that is done.
    fn told(&mut self) -> anyhow::Result<Tally> {
        let mut told = String::new();
        self.child.stdout.take().context("what it says")?.read_to_string(&mut told)?;
        fs::remove_file(&self.current)?;
        serde_json::from_str(&told).context("reading what a worker says")
    }

    fn given_up(&self, target: &Target, kind: &str, told: &str) -> anyhow::Result<Looked> {
        let (number, input) = current(&self.current)?;
        save(target, kind, &input, told)?;
        Ok(Looked::Done(Tally { inputs: number, faults: 1, ..Tally::default() }))
    }
}
