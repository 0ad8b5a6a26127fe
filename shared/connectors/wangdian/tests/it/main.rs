//! What the crate sends and what it makes of the answers, against a scripted transport.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a helper of a test fails as the test itself would")]

mod answers;
mod batches;
mod catalog;
mod connector;
mod finding;
mod limits;
mod pools;
mod pushes;
mod reading;
mod support;
mod vectors;
