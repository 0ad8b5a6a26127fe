//! 纷享销客 (ShareCRM): the ERP external data push.
//!
//! [`Client::push`] hands one record of an ERP object to the integration platform (集成平台). The platform keeps
//! records by `id`, so the same record pushed twice is one record.
//!
//! | module | what for |
//! |---|---|
//! | `connector` | the vendor as the relay's registry knows it |
//! | [`settings`] | where ShareCRM is and who we are there: how that is set |
//! | [`catalog`] | the document, as data |
//! | [`client`] | the client, and its requests |
//! | `target` | the push |
//! | `session` | the access token and the enterprise account that it is for |
//! | `envelope` | the answer's `errorCode` and what goes with it |
//! | `error` | what an answer means |

pub mod catalog;
pub mod client;
mod connector;
mod envelope;
mod error;
mod session;
pub mod settings;
mod target;

pub use catalog::{documents, lookups};
pub use client::Client;
pub use connector::ShareCrm;
pub use settings::Settings;

/// The vendor's name in failures, catalogs and the token store.
const VENDOR: &str = "sharecrm";
