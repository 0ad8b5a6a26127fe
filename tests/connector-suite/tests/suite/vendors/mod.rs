//! A file for each vendor.

pub(crate) mod http;
pub(crate) mod kingdee;
mod kingdee_documents;
pub(crate) mod kingdee_v2;
pub(crate) mod mail;
pub(crate) mod qince;
pub(crate) mod sharecrm;
pub(crate) mod wangdian;
