//! E-mail: its settings, its replies, and what goes over SMTP to a server that lies.

#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up fails")]

mod connector;
mod sending;
