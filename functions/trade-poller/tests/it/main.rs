//! Polls of a shop that stands in for a vendor, on SQLite, by a clock that nobody waits for.

#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up fails")]

mod fuse;
mod house;
mod lists;
mod shared;
mod shop;
mod single;
