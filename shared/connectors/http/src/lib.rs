//! Everything else: JSON to any HTTPS address, messages to group robots, and signed JSON from anybody.
//!
//! | module | what for |
//! |---|---|
//! | `connector` | the vendor as the relay's registry knows it |
//! | [`settings`] | where things go and by which secrets: how that is set |
//! | [`catalog`] | the documents, as data |
//! | `client` | one function that makes a call and opens its answer |
//! | `request` | what is sent for each document |
//! | [`sign`] | signatures: ours, 钉钉's, 飞书's |
//! | `error` | what an answer means |
//! | `target` | delivering |
//! | `webhook` | `POST /http/{name}`: signed JSON from anybody |
//!
//! The interfaces of the robots are written from what their vendors' pages say, from memory: each constant that comes
//! from a page says how sure that is.

pub mod catalog;
mod client;
mod connector;
mod error;
mod request;
pub mod settings;
pub mod sign;
mod target;
mod webhook;

pub use client::Client;
pub use connector::Http;
pub use settings::Settings;
pub use webhook::Pushes;

/// The name in failures, catalogs and metrics.
const VENDOR: &str = "http";
