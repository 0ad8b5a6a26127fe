//! 勤策 (Qince, formerly 外勤365): the pushes it sends us, verified.
//!
//! A push goes through two types: [`Push`] is a body that was read and of which nothing is believed, [`VerifiedPush`]
//! one whose digest fits. Only the second gives its data away, so the check cannot be skipped.
//!
//! | module | what for |
//! |---|---|
//! | [`settings`] | secrets, accepted business types, limits |
//! | [`sign`] | the digest of a push and of a call |
//! | [`push`] | reading a push and verifying it |
//! | [`envelope`] | the answer that Qince waits for |
//! | [`error`] | what can be wrong with a push, and the HTTP status that says so |
//! | [`catalog`] | the direct order as data |
//!
//! Nothing here knows HTTP beyond a content type and a body's bytes.

pub mod catalog;
pub mod envelope;
pub mod error;
mod form;
pub mod push;
pub mod settings;
pub mod sign;

pub use envelope::Reply;
pub use error::{PushError, Withheld};
pub use push::{DataSource, Delivery, DigestForm, Push, VerifiedPush};
pub use settings::Settings;
