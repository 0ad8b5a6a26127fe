//! What only the SQLite adapter promises: other programs beside it, files that are lost, damaged or of
//! an earlier program, clocks that are set, what is forgotten and what a kill leaves.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot set itself up fails")]

mod arrivals;
mod backup;
mod beside;
mod clocks;
mod file;
mod health;
mod killed;
mod migrations;
mod retention;
mod shared_text;
mod together;
