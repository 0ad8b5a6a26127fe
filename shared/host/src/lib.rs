//! From settings to jobs.
//!
//! | module | what for |
//! |---|---|
//! | [`wiring`] | everything that jobs are built from, and how they are built |
//! | [`settings`] | the settings that no connector owns; every problem at once |
//! | [`secret`] | the settings that are kept in a secret |
//! | [`flows`] | the shipped flow files, or the user's, checked against the vendors' catalogs |
//! | [`stores`] | SQLite, or SQS and DynamoDB |
//! | `http` | the process's one HTTP client |
//! | [`memory`] | secrets in memory, closed to other programs of the same user |
//! | [`logs`] | what logs look like, on Lambda and in a terminal |
//! | [`terminal`] | text that a terminal shows and does not obey |
//! | [`remarks`] | what is to be said of the settings that flow files name |
//! | `lambda` | what the Lambdas share: start-up, secrets read again, metrics (feature `lambda`) |
//!
//! Only programs depend on this crate. A job is handed what it needs ([`relay_job::Parts`]); what is not asked for is not
//! built.

#[cfg(feature = "aws")]
mod aws;
pub mod flows;
mod http;
#[cfg(feature = "lambda")]
pub mod lambda;
pub mod logs;
pub mod memory;
pub mod remarks;
pub mod secret;
#[cfg(feature = "aws")]
pub mod secrets_manager;
pub mod settings;
pub mod stores;
pub mod terminal;
pub mod wiring;

pub use relay_connector::{Settings, SettingsError};
pub use secret::SecretSource;
#[cfg(feature = "aws")]
pub use secrets_manager::SecretsManager;
pub use settings::Store;
pub use wiring::Wiring;
