//! The simulators refuse what the sheets forbid, and misbehave when told to.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot set itself up fails")]

mod bench;
mod faults;
mod http;
mod kingdee;
mod kingdee_v2;
mod qince;
mod sharecrm;
mod signs;
mod trade_push;
mod wangdian_documents;
mod wangdian_doors;
mod wangdian_pools;
mod wangdian_pushes;
mod wangdian_trades;
