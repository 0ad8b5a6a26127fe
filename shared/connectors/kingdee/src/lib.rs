//! 金蝶云·星辰 (Kingdee): bills and base data, over V1 or V2.
//!
//! [`Client::save`] writes a document, [`Client::find`] asks whether it is there, [`Client::lookup`] turns a code into
//! the record id that a bill must carry. A document that can carry a number of ours is only written with it: it is what
//! makes an unknown outcome answerable.
//!
//! | module | what for |
//! |---|---|
//! | `connector` | the vendor as the relay's registry knows it |
//! | [`settings`] | where Kingdee is and who we are there: how that is set |
//! | [`catalog`] | look-up tables, and what the documents have in common, as data |
//! | [`client`] | the calls |
//! | `version` | what the two interfaces differ in |
//! | `v1`, `v2` | each interface: its documents, its session, its requests, its answers |
//! | `target` | documents: saving one, asking whether one is there, steps in its life |
//! | `held` | what is there under a number, or of a day, for a reconciliation |
//! | `lists`, `windows` | base data and bills, a page at a time |
//! | `directory` | the codes of a list, where reading it costs less than asking for each |
//! | `lookup` | lists, page by page, for one exact match |
//! | [`sign`] | V2's signature |
//! | `error` | what an answer means |

pub mod catalog;
pub mod client;
mod connector;
mod directory;
mod error;
mod held;
mod lists;
mod lookup;
pub mod settings;
pub mod sign;
mod stage;
mod target;
mod v1;
mod v2;
mod version;
mod windows;

pub use catalog::{documents, documents_of_v2, lookups};
pub use client::Client;
pub use connector::Kingdee;
pub use settings::Settings;

/// The vendor's name in failures, catalogs and the token store.
const VENDOR: &str = "kingdee";
