//! The pusher between a queue and a stand-in vendor, which is a pool and a target at once.

#![expect(clippy::unwrap_used, clippy::panic, reason = "the helpers of tests fail by panicking, as tests do")]

mod bench;
mod hosts;
mod listeners;
mod look_ups;
mod parts;
mod pauses;
mod phases;
mod places;
mod pools;
mod side_by_side;
mod vendor;
