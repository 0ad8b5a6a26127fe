//! Pulls from a store room that stands in for a vendor, on SQLite, by a clock that nobody waits for.

mod house;
mod pools;
mod store_room;
