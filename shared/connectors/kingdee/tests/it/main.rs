//! What the client sends, and what it makes of each answer.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]

mod connector;
mod listing;
mod lookups;
mod saving;
mod session;
mod signature;
mod support;
mod target;
mod v2;
