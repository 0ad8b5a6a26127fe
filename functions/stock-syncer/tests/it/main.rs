//! Pulls from a store room that stands in for a vendor, on SQLite, by a clock that nobody waits for.

#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up fails")]

mod house;
mod pools;
mod store_room;
