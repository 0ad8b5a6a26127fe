//! The command line, as a person or a script meets it: one process per command, exit status, output, files.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests fail as tests do"
)]

mod by_hand;
mod demo;
mod events;
mod flows;
mod names;
mod place;
mod serve;
mod status;
mod store;
mod support;
mod usage;
