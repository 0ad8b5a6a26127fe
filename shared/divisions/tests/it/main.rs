//! What the crate promises, over its public face alone.

#![expect(clippy::panic, clippy::expect_used, reason = "helpers of tests fail as tests do")]

mod addresses;
mod every_division;
