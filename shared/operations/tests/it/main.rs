//! What an operator asks and does, on a store and a simulated clock.

#![expect(clippy::unwrap_used, clippy::panic, reason = "the helpers of tests fail by panicking, as tests do")]

mod answers;
mod delivered;
mod desk;
mod documents;
mod flow_files;
mod happened;
mod look_ups;
mod names;
mod steering;
