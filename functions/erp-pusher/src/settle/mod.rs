//! Settle: what became of a document is recorded, told to its source, counted and logged, all as the outcome policy
//! says ([`relay_core::policy`]).
//!
//! | module | what for |
//! |---|---|
//! | `failed_call` | what a call that failed means for its document |
//! | `ledger_writer` | what the ledger is told |
//! | `unreadable` | what is recorded of a message that is no work item |
//! | `crossed` | what is said where two workers had one document under way at once |
//! | `acknowledge`, `release` | telling the pools what became of their rows, and what their answers come to |
//! | `acknowledged` | what the ledger is told of these answers |
//! | `tell` | metrics, the target's health, a doubt about our credentials |

mod acknowledge;
mod acknowledged;
mod crossed;
mod failed_call;
mod ledger_writer;
mod release;
mod tell;
mod unreadable;

pub(crate) use acknowledge::Acknowledger;
pub(crate) use failed_call::meaning;
pub(crate) use ledger_writer::{LedgerWriter, noted};
pub(crate) use release::held_up;
