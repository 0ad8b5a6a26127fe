//! 勤策 (Qince, formerly 外勤365): the pushes it sends us, verified; and our calls to it.
//!
//! A push goes through two types: [`Push`] is a body that was read and of which nothing is believed, [`VerifiedPush`]
//! one whose digest fits. Only the second gives its data away, so the check cannot be skipped.
//!
//! | module | what for |
//! |---|---|
//! | `connector` | the vendor as the relay's registry knows it |
//! | [`settings`] | secrets, accepted business types, limits: how they are set |
//! | [`webhook`] | what the receiver is told of a push |
//! | [`sign`] | the digest of a push and of a call |
//! | [`push`] | reading a push and verifying it |
//! | [`error`] | what can be wrong with a push |
//! | [`client`] | our calls: signed, counted, told |
//! | `windows`, `target` | reading orders, and writing |
//! | `envelope` | the answer to a call |
//! | [`catalog`] | its documents as data |
//!
//! The answer that Qince waits for is [`relay_connector::Reply`].

pub mod catalog;
pub mod client;
mod connector;
mod envelope;
pub mod error;
mod form;
pub mod push;
pub mod settings;
pub mod sign;
mod target;
pub mod webhook;
mod windows;

pub use client::Client;
pub use connector::Qince;
pub use error::{PushError, Withheld};
pub use push::{DataSource, Delivery, DigestForm, Push, VerifiedPush};
pub use settings::{Calls, Settings};
pub use webhook::Pushes;

/// The vendor's name in the registry and in the catalog.
const VENDOR: &str = "qince";
