//! A process that tries inputs, one after the other, and keeps those with which something is wrong.

use std::collections::HashMap;
use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde::{Deserialize, Serialize};

use crate::mutate::Mutator;
use crate::trial::{self, Trial};
use crate::{Target, corpus};

/// What a worker may take of memory: an input that asks for more ends it, and not the machine.
const MEMORY: u64 = 4 * 1024 * 1024 * 1024;

/// As much of a stack as tokio's threads have, on which the relay runs.
pub const STACK: usize = 2 * 1024 * 1024;

/// So many inputs that went far are kept, to make others of.
const KEPT: usize = 512;

/// One of so many of those is, for each depth.
const KEPT_ONE_IN: [usize; 3] = [5_000, 100, 8];

/// So many inputs are saved that fail in the same way.
const SAVED: u32 = 3;

/// What one worker is to do.
pub struct Share {
    /// What it feeds.
    pub target: &'static Target,
    /// How many inputs.
    pub inputs: u64,
    /// What they all follow from.
    pub seed: u64,
    /// Where it notes the input that it tries, for whoever finds it dead.
    pub current: PathBuf,
}

/// What became of the inputs.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Tally {
    /// How many there were.
    pub inputs: u64,
    /// How many of them were refused, opened and accepted.
    pub depths: [u64; 3],
    /// With how many something is wrong.
    pub faults: u64,
    /// The longest that one took.
    pub longest: Duration,
    /// The most that one took of memory, in bytes, and how long that input was.
    pub largest: (usize, usize),
}

impl Tally {
    fn add(&mut self, trial: &Trial, length: usize) {
        self.inputs += 1;
        if let Ok(depth) = trial.outcome {
            self.depths[depth as usize] += 1;
        }
        self.longest = self.longest.max(trial.took);
        self.largest = self.largest.max((trial.peak, length));
    }

    /// Both.
    #[must_use]
    pub fn and(mut self, other: &Self) -> Self {
        self.inputs += other.inputs;
        self.depths.iter_mut().zip(other.depths).for_each(|(sum, other)| *sum += other);
        self.faults += other.faults;
        self.longest = self.longest.max(other.longest);
        self.largest = self.largest.max(other.largest);
        self
    }
}

/// Tries inputs.
///
/// # Errors
/// When the corpus cannot be read, or an input cannot be noted or saved.
pub fn run(share: &Share) -> io::Result<Tally> {
    let maximum = getrlimit(Resource::As).maximum;
    setrlimit(Resource::As, Rlimit { current: Some(MEMORY), maximum })?;
    trial::keep_panics_quiet();
    let Share { target, inputs, seed, current } = share;
    let corpus = corpus::inputs(target)?;
    let mut mutator = Mutator::new(*seed, &corpus, target.words);
    let current = Current(File::create(current)?);
    let (mut tally, mut far, mut saved) = (Tally::default(), Vec::new(), HashMap::new());
    for number in 1..=*inputs {
        let input = mutator.make(&far);
        current.note(number, &input)?;
        let trial = trial::run(target, &input);
        tally.add(&trial, input.len());
        if let Some((kind, told)) = trial.fault() {
            tally.faults += 1;
            // The first line of a panic says where it was.
            let place = told.lines().next().unwrap_or_default().to_owned();
            let count: &mut u32 = saved.entry((kind, place)).or_default();
            *count += 1;
            if *count <= SAVED {
                save(target, kind, &input, &told)?;
            }
        } else if trial.outcome.is_ok_and(|depth| mutator.place(KEPT_ONE_IN[depth as usize]) == 0) {
            keep(&mut far, input, &mut mutator);
        }
    }
    Ok(tally)
}

fn keep(far: &mut Vec<Vec<u8>>, input: Vec<u8>, mutator: &mut Mutator<'_>) {
    if far.len() < KEPT {
        far.push(input);
    } else {
        far[mutator.place(KEPT)] = input;
    }
}

/// Saves an input with which something is wrong, and says how it is tried again.
///
/// # Errors
/// When it cannot be written.
pub fn save(target: &Target, kind: &str, input: &[u8], told: &str) -> io::Result<()> {
    let folder = scratch().join(target.name);
    fs::create_dir_all(&folder)?;
    let mut hasher = DefaultHasher::new();
    input.hash(&mut hasher);
    let file = folder.join(format!("{kind}-{:016x}", hasher.finish()));
    fs::write(&file, input)?;
    let name = target.name;
    eprintln!("\n{name}: {kind}, {} bytes: {told}", input.len());
    eprintln!("  try it again: cargo run --profile checked -p fuzz -- {name} --replay {}", file.display());
    Ok(())
}

/// Where inputs are kept that fail: beside what is built, in no commit.
#[must_use]
pub fn scratch() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/fuzz-found")
}

/// The input that is tried, in a file: its number, its length and its bytes.
struct Current(File);

const HEAD: usize = 16;

impl Current {
    fn note(&self, number: u64, input: &[u8]) -> io::Result<()> {
        self.0.write_all_at(input, HEAD as u64)?;
        let mut head = [0; HEAD];
        head[..8].copy_from_slice(&number.to_le_bytes());
        head[8..].copy_from_slice(&(input.len() as u64).to_le_bytes());
        self.0.write_all_at(&head, 0)
    }
}

/// The number of the input that a worker tries, and the input; 0 before the first.
///
/// # Errors
/// When the file cannot be read.
pub fn current(file: &Path) -> io::Result<(u64, Vec<u8>)> {
    let bytes = fs::read(file)?;
    let Some((head, rest)) = bytes.split_first_chunk::<HEAD>() else { return Ok((0, Vec::new())) };
    let (number, length) = (u128::from_le_bytes(*head) as u64, (u128::from_le_bytes(*head) >> 64) as usize);
    Ok((number, rest.get(..length).unwrap_or(rest).to_vec()))
}
