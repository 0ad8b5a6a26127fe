//! What the benchmarks share.
//!
//! | module | what |
//! |---|---|
//! | [`figures`] | several runs, as min, median and max |
//! | [`house`] | a relay on a fresh store before simulated vendors, with no limit on calls |

pub mod figures;
pub mod house;

/// Whether this is a measurement (`cargo bench`) or only a check that the benchmark works (`cargo test`).
#[must_use]
pub fn is_measured() -> bool {
    std::env::args().any(|argument| argument == "--bench")
}
