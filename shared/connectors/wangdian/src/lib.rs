//! 旺店通·企业版 (WDT): the direct open API and the Qimen route behind one client.
//!
//! | module | what for |
//! |---|---|
//! | `connector.rs` | [`Wangdian`]: what the registry knows |
//! | `settings.rs` | the settings, declared and read; [`Route`] |
//! | [`catalog`] | the documents, as data |
//! | `client.rs` | [`Client`]: one account, one allowance of calls, one call |
//! | [`sign`] | the two routes' signs |
//! | `parameters.rs` | the parameters of a call: none empty, JSON in ASCII |
//! | `admission.rs` | what is taken at certain hours, and so often a day, alone |
//! | `direct.rs`, `qimen.rs` | how a call looks on each route |
//! | `envelope.rs` | what every answer is wrapped in |
//! | `error.rs` | what an answer means, decided in one place |
//! | `windows.rs`, `lists.rs`, `read.rs` | reading by windows and whole lists, and what both have in common |
//! | `pools.rs`, `acknowledgement.rs` | pulling from pools, and what they are told of their rows |
//! | `target.rs`, `form.rs` | delivering, and how documents stand in the form |
//! | `find.rs` | asking for what was pushed by our number |

mod acknowledgement;
mod admission;
pub mod catalog;
mod client;
mod connector;
mod direct;
mod envelope;
mod error;
mod find;
mod form;
mod lists;
mod parameters;
mod pools;
mod qimen;
mod read;
mod settings;
pub mod sign;
mod target;
mod windows;

pub use catalog::{Endpoint, Form, documents, endpoint};
pub use client::Client;
pub use connector::Wangdian;
pub use settings::{DirectSettings, QimenSettings, Route, Settings, UnknownRoute};
