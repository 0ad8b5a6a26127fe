//! What only the SQLite adapter promises: other programs beside it, files that are lost or damaged, clocks that are set.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot set itself up fails")]

mod beside;
mod clocks;
mod file;
mod health;
