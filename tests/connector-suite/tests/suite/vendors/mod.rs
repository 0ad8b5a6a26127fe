//! A file for each vendor.

pub(crate) mod http;
pub(crate) mod kingdee;
pub(crate) mod qince;
pub(crate) mod sharecrm;
pub(crate) mod wangdian;
