//! What comes from outside, fed to the parsers that meet it first.
//!
//! A target takes any bytes, makes of them what the outside could send, and hands that to our own code. It panics where
//! something does not hold that must: that is what a fuzzer looks for. `cargo run --profile checked -p fuzz` is one that needs
//! nothing else; `libfuzzer/` makes the same targets known to cargo-fuzz.
//!
//! | module | what for |
//! |---|---|
//! | [`targets`] | what is fed, and what must hold of it |
//! | [`corpus`] | the inputs that everything begins with |
//! | [`mutate`] | other inputs made of them |
//! | [`trial`] | one input tried: did it panic, how long did it take, how much memory |
//! | [`worker`] | a process that tries inputs, one after the other |
//! | [`supervisor`] | looks after the processes: an input may kill one, or never end |
//! | `house` | flows, settings and documents that several targets need |
//! | `input` | how an input is divided |

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a target panics where something does not hold: that is what is looked for"
)]

pub mod corpus;
mod house;
mod input;
pub mod mutate;
pub mod supervisor;
pub mod targets;
pub mod trial;
pub mod worker;

use peak_alloc::PeakAlloc;

/// Counts what is allocated, so that an input can be told by how much it takes.
#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// How far into our code an input came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Depth {
    /// It was refused for what is outermost.
    Refused,
    /// Its outside was read, and what is in it was refused.
    Opened,
    /// All of it was read.
    Accepted,
}

/// What is fed.
pub struct Target {
    /// Its name, on the command line and of its corpus.
    pub name: &'static str,
    /// Feeds it an input.
    pub run: fn(&[u8]) -> Depth,
    /// Words that its parsers look for.
    pub words: &'static [&'static str],
}

/// The target of that name.
#[must_use]
pub fn named(name: &str) -> Option<&'static Target> {
    targets::TARGETS.iter().find(|target| target.name == name)
}
