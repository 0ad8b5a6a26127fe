//! 金蝶云·星辰 (Kingdee): V1 orders and base data.
//!
//! [`Client::save`] writes a bill, [`Client::find`] asks whether it is there, [`Client::lookup`] turns a code into
//! the record id that a bill must carry. A bill is only written with our own number (`billno`): it is what makes an
//! unknown outcome answerable.
//!
//! | module | what for |
//! |---|---|
//! | [`client`] | the calls, and the one refresh of a refused token |
//! | [`settings`] | where Kingdee is and who we are there |
//! | [`sign`] | the V2 gateway's signature; V1 calls carry none |
//! | [`catalog`] | the documents and look-up tables, as data |
//! | `token` | the V1 access token and the account that the calls book into |
//! | `lookup` | lists, page by page, for one exact match |
//! | `envelope` | the answer's two levels |
//! | `error` | what an answer means |

pub mod catalog;
pub mod client;
mod envelope;
mod error;
mod lookup;
pub mod settings;
pub mod sign;
mod token;

pub use catalog::{documents, lookups};
pub use client::Client;
pub use settings::Settings;

/// The vendor's name in failures, catalogs and the token store.
const VENDOR: &str = "kingdee";
