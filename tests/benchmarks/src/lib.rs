//! What the benchmarks share.
//!
//! | module | what |
//! |---|---|
//! | [`figures`] | several runs, as min, median and max |
//! | [`program`] | `relay` itself, built as its users build it |
//! | [`house`] | a relay on a fresh store before simulated vendors, with no limit on calls |

pub mod figures;
pub mod house;
pub mod program;

use std::fs;

use anyhow::Context as _;

/// The most memory that a process has ever held.
///
/// # Errors
/// When there is no such process, or the machine does not tell: only Linux does.
pub fn peak_kib(process: u32) -> anyhow::Result<u64> {
    let status =
        fs::read_to_string(format!("/proc/{process}/status")).context("only Linux tells a process's peak")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no VmHWM")?;
    Ok(line.trim().trim_end_matches("kB").trim().parse()?)
}

/// Whether this is a measurement (`cargo bench`) or only a check that the benchmark works (`cargo test`).
#[must_use]
pub fn is_measured() -> bool {
    std::env::args().any(|argument| argument == "--bench")
}
