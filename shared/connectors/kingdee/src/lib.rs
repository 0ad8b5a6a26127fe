//! 金蝶云·星辰 (Kingdee): V1 orders and base data.
//!
//! [`Client::save`] writes a bill, [`Client::find`] asks whether it is there, [`Client::lookup`] turns a code into
//! the record id that a bill must carry. A bill is only written with our own number (`billno`): it is what makes an
//! unknown outcome answerable.
//!
//! | module | what for |
//! |---|---|
//! | `connector` | the vendor as the relay's registry knows it |
//! | [`settings`] | where Kingdee is and who we are there: how that is set |
//! | [`catalog`] | the documents and look-up tables, as data |
//! | [`client`] | the calls |
//! | `target` | bills: saving one, asking whether one is there |
//! | `lists` | base data and bills, a page at a time |
//! | `directory` | the codes of a list, where reading it costs less than asking for each |
//! | `lookup` | lists, page by page, for one exact match |
//! | `session` | the V1 access token and the account that the calls book into |
//! | [`sign`] | the V2 gateway's signature; V1 calls carry none |
//! | `envelope` | the answer's two levels |
//! | `error` | what an answer means |

pub mod catalog;
pub mod client;
mod connector;
mod directory;
mod envelope;
mod error;
mod lists;
mod lookup;
mod session;
pub mod settings;
pub mod sign;
mod target;

pub use catalog::{documents, lookups};
pub use client::Client;
pub use connector::Kingdee;
pub use settings::Settings;

/// The vendor's name in failures, catalogs and the token store.
const VENDOR: &str = "kingdee";
