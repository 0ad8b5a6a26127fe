//! The commands, one file each.

pub(crate) mod drain;
pub(crate) mod failures;
pub(crate) mod flows;
pub(crate) mod invoke;
pub(crate) mod lookups;
mod names;
mod place;
pub(crate) mod replay;
pub(crate) mod resume;
pub(crate) mod serve;
pub(crate) mod settle;
pub(crate) mod status;
