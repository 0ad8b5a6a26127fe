//! `relay flows …`, one file each.

pub(crate) mod check;
pub(crate) mod export;
pub(crate) mod record;
pub(crate) mod reload;
pub(crate) mod retire;
pub(crate) mod show;
pub(crate) mod test;
pub(crate) mod try_out;
