//! A page for each question.

mod between;
pub(crate) mod bills;
pub(crate) mod calls;
pub(crate) mod delivered;
pub(crate) mod document;
pub(crate) mod errors;
pub(crate) mod explain;
pub(crate) mod flow;
pub(crate) mod flows;
pub(crate) mod groups;
pub(crate) mod history;
pub(crate) mod issues;
pub(crate) mod log;
pub(crate) mod lookups;
pub(crate) mod overview;
pub(crate) mod queues;
pub(crate) mod reconciliation;
pub(crate) mod search;
pub(crate) mod settings;
pub(crate) mod trial;
pub(crate) mod vendors;
