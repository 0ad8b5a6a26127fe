//! The relay as a whole: real functions on a real store, over simulated vendors, time and chance.
//!
//! | module | what it shows |
//! |---|---|
//! | `happy_day` | every document at its targets, once |
//! | `campaign_*` | the same while vendors misbehave, under several seeds |
//! | `crashes` | a process that is killed between any two steps loses nothing and doubles nothing |
//! | `processes` | several processes on one store, and a store that takes nothing |
//!
//! `house`, `process` and `fuse` are what the tests are built of. Everything follows from a seed and takes no time.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot set itself up fails")]

mod campaign_orders;
mod campaign_pools;
mod campaign_trades;
mod crashes;
mod fuse;
mod happy_day;
mod house;
mod process;
mod processes;
