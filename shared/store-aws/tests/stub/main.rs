//! What the adapter for AWS does where AWS does what a local one never does: takes a part of a batch, throttles,
//! refuses, or loses an answer.

#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up fails")]

mod batches;
mod groups;
mod items;
mod lost_answers;
mod refusals;
mod secrets;
mod stub;
