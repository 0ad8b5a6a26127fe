//! E-mail over SMTP: a target for what people are to read.
//!
//! | module | what for |
//! |---|---|
//! | `connector` | the vendor as the relay's registry knows it |
//! | [`settings`] | the mail server, and who writes: how that is set |
//! | [`catalog`] | the document, as data |
//! | `request` | what is sent, and under which Message-ID |
//! | `client` | one function that makes a call and opens its answer |
//! | `error` | what a mail server's reply means |
//! | `target` | delivering |
//! | `smtp` | the transport that speaks SMTP |
//!
//! What delivers is there with the feature `smtp` alone: a stack has none of it.
//!
//! A mail is a request like any other: its address is `smtps://HOST:PORT/send`, its answer has the mail server's reply code as
//! the status. So deadlines, counting, the archive and the tests are those of all vendors, and `smtp` alone knows the protocol.

pub mod catalog;
#[cfg(feature = "smtp")]
mod client;
mod connector;
#[cfg(feature = "smtp")]
mod error;
#[cfg(feature = "smtp")]
mod request;
pub mod settings;
#[cfg(feature = "smtp")]
pub mod smtp;
#[cfg(feature = "smtp")]
mod target;

#[cfg(feature = "smtp")]
pub use client::Client;
pub use connector::Mail;
pub use settings::Settings;

/// The name in failures, catalogs and metrics.
const VENDOR: &str = "mail";
