//! Polls of a shop that stands in for a vendor, on SQLite, by a clock that nobody waits for.

mod fuse;
mod house;
mod shared;
mod shop;
mod single;
