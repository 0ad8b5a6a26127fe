//! What a job is handed, and what all jobs have in common.
//!
//! A job reads, queues or pushes documents. It is built of ports and of connectors that are handed in, and knows no
//! settings, no vendor and no store: whoever hosts it decides those.
//!
//! | module | what for |
//! |---|---|
//! | [`job`] | the trait of a job, and an invocation of one |
//! | [`needs`] | what a job needs, said before it is built |
//! | [`parts`] | what a job is built of |
//! | [`flows`] | the flows, each with the system that it delivers to |
//! | [`flow_tests`] | the tests that stand beside flow files, run |
//! | [`entries`] | what is remembered of the lines of a bill that a flow has delivered |
//! | `line_links` | flows that look up lines of what others deliver |
//! | `shared_pools` | flows that take from one pool |
//! | `group_numbers` | flows whose groups number bills of one kind alike |
//! | [`known_codes`] | what our own stores know of the codes that a document looks up |
//! | [`active_flows`] | the flows that take documents in, with a file or without |
//! | [`sightings`] | which paths of a flow no document has held so far |
//! | [`watermark`] | how far a flow has been read |
//! | [`snapshot`] | what a flow has been given of a list that is read as a whole |
//! | [`pushed`] | which flows read what is pushed |
//! | [`echoes`] | which flows face each other, and the mark of what they have made |
//! | [`backups`] | when the last backup was made, and that a store is one itself |
//! | [`conditions`] | what needs a person, or will: with the bounds of it |
//! | [`listeners`] | the flows that read what became of others' documents, and their messages |
//! | [`speech`] | in which language people are told |
//! | [`suggest`] | what a person may have meant by a name |
//! | [`work`] | work items made of a source's documents |
//! | [`health`] | what a call to a source says of the source's health |
//! | [`tokens`] | vendor tokens shared between processes through the checkpoints |
//! | [`credential_check`] | noted by whoever is refused for its credentials: they are read again |

pub mod active_flows;
pub mod backups;
pub mod conditions;
pub mod credential_check;
pub mod echoes;
pub mod entries;
pub mod flow_tests;
pub mod flows;
mod group_numbers;
pub mod health;
pub mod job;
pub mod known_codes;
mod line_links;
pub mod listeners;
pub mod needs;
pub mod parts;
pub mod pushed;
pub mod room;
mod shared_pools;
pub mod sightings;
pub mod snapshot;
pub mod speech;
pub mod suggest;
pub mod tokens;
pub mod watermark;
pub mod work;

pub use active_flows::ActiveFlows;
pub use credential_check::CredentialCheck;
pub use flows::{BrokenFile, FlowFile, FlowSettings, Flows, Routed};
pub use job::{Invocation, Job, Unfinished};
pub use needs::Needs;
pub use parts::{Connections, Parts};
pub use speech::Speech;
