//! 旺店通·企业版 (WDT): the direct open API and the Qimen route behind one client.
//!
//! | module | what for |
//! |---|---|
//! | `client.rs` | [`Client`]: one account, one allowance of calls, one call |
//! | `settings.rs` | [`Settings`], [`QimenSettings`], [`Route`] |
//! | [`sign`] | the two routes' signs |
//! | `parameters.rs` | the parameters of a call: none empty, JSON in ASCII |
//! | `direct.rs`, `qimen.rs` | how a call looks on each route |
//! | `envelope.rs` | what every answer is wrapped in |
//! | `error.rs` | what an answer means, decided in one place |
//! | [`catalog`] | the documents, as data |
//! | `query.rs` | reading by windows, listing: [`Page`] |
//! | `pool.rs` | pulling and acknowledging: [`Acknowledgement`], [`AckRefusal`] |
//! | `push.rs` | pushing |
//! | `find.rs` | asking for what was pushed by our number |

pub mod catalog;
mod client;
mod direct;
mod envelope;
mod error;
mod find;
mod parameters;
mod pool;
mod push;
mod qimen;
mod query;
mod settings;
pub mod sign;

pub use catalog::{Endpoint, Form, documents, endpoint};
pub use client::Client;
pub use pool::{AckRefusal, Acknowledgement};
pub use query::Page;
pub use settings::{QimenSettings, Route, Settings, UnknownRoute};
