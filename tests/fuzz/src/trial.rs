//! One input, tried.

use std::any::Any;
use std::cell::RefCell;
use std::panic::{self, AssertUnwindSafe};
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

use crate::{Depth, MEMORY, Target};

/// What an input may take of memory at its peak, however short it is; and what it may take for each of its bytes.
///
/// JSON takes the most: a list of ones costs two bytes for each, and a hundred in memory while the list grows.
const MEMORY_OF_ALL: usize = 4 * 1024 * 1024;
const MEMORY_OF_A_BYTE: usize = 512;

/// An input that takes longer of the processor is one that somebody could hold us up with.
pub const SLOW: Duration = Duration::from_secs(2);

/// What became of an input.
#[derive(Debug, Clone)]
pub struct Trial {
    /// How far it came, or what it panicked with.
    pub outcome: Result<Depth, String>,
    /// What it took of the processor: the time of a machine with other work says little.
    pub took: Duration,
    /// How many bytes were allocated for it at its peak.
    pub peak: usize,
    /// How many may have been.
    pub allowed: usize,
}

thread_local! {
    /// What the last panic said, and where.
    static SAID: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Keeps what panics say instead of printing it: a run may meet thousands of them.
pub fn keep_panics_quiet() {
    panic::set_hook(Box::new(|panic| SAID.with(|said| *said.borrow_mut() = Some(panic.to_string()))));
}

/// Tries an input. Memory is counted for the whole process, so a process tries one at a time.
#[must_use]
pub fn run(target: &Target, input: &[u8]) -> Trial {
    let before = MEMORY.current_usage();
    MEMORY.reset_peak_usage();
    let began = worked();
    let outcome = panic::catch_unwind(AssertUnwindSafe(|| (target.run)(input)));
    let took = worked().saturating_sub(began);
    let peak = MEMORY.peak_usage().saturating_sub(before);
    let outcome = outcome.map_err(|panic| SAID.take().unwrap_or_else(|| words(panic.as_ref())));
    Trial { outcome, took, peak, allowed: MEMORY_OF_ALL + MEMORY_OF_A_BYTE * input.len() }
}

/// What this thread has had of the processor so far.
fn worked() -> Duration {
    clock_gettime(ClockId::ThreadCPUTime).try_into().unwrap_or_default()
}

fn words(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic without words".to_owned())
}

impl Trial {
    /// What is wrong with the input, as a word for a file's name and in words for a person; `None` where nothing is.
    #[must_use]
    pub fn fault(&self) -> Option<(&'static str, String)> {
        let Self { outcome, took, peak, allowed } = self;
        match outcome {
            Err(said) => Some(("panic", said.clone())),
            Ok(_) if took > &SLOW => Some(("slow", format!("it took {} ms", took.as_millis()))),
            Ok(_) if peak > allowed => {
                Some(("memory", format!("{peak} bytes at its peak, of {allowed} allowed")))
            }
            Ok(_) => None,
        }
    }
}
