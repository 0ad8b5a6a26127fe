//! Days of the relay in seconds: the real functions on the real SQLite store, everything at once, under every fault, and one
//! seed for all of it.
//!
//! | module | what |
//! |---|---|
//! | [`timeline`] | time that jumps to the earliest who waits |
//! | [`scheduler`] | one thread, in which the seed decides who goes next |
//! | [`trace`] | what happened: two runs of one seed are the same when their traces are |
//! | [`scenario`] | what happens, as data, and how a seed draws it |
//! | [`world`] | a merchant: vendors, a file, processes, those who push, a person |
//! | [`judge`] | what must be true |
//! | [`run`] | one seed from beginning to verdict |
//! | [`many`] | many seeds, on all cores |
//! | [`mutants`] | builds that are broken on purpose: the test of the test |
//! | [`quota_use`] | how much of a quota a backlog uses |
//! | [`shrink`] | the shortest list of events that still fails |

pub mod judge;
pub mod many;
pub mod mutants;
pub mod quota_use;
pub mod run;
pub mod scenario;
pub mod scheduler;
pub mod shrink;
pub mod timeline;
pub mod trace;
pub mod world;
