//! The generic connector against a scripted receiver.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot set itself up fails")]

mod connector;
mod posting;
mod robots;
mod signature;
mod support;
mod webhook;
