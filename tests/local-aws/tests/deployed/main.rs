//! The stack as it is deployed, driven from outside: `tests/local-aws/run`.
//!
//! | module | what it shows |
//! |---|---|
//! | `pushes` | webhook → ShareCRM and WDT |
//! | `polls` | schedule → poller → Kingdee |
//! | `pools` | syncer → ShareCRM, acknowledged |
//! | `retries` | a failing record alone is tried again |
//! | `poison` | what is no document of ours harms no other |
//! | `histories` | what comes late, is lost or is settled, against the ledger |
//! | `suspended` | a worker whose time in flight is over |
//! | `numbers` | what is pushed under a number, behind a lost answer |
//! | `crash` | a pusher that is killed mid-batch loses nothing and doubles nothing |
//! | `flows` | a changed flow needs no build |
//! | `groups` | a group is closed by the deployed closer, and is one bill |
//! | `nights` | a day is compared by the deployed reconciler, and its result is told |
//! | `listeners` | what became of a document, and what needs a person, is told to the flows that listen |
//! | `rotation` | a secret that changes while functions run |
//! | `starts` | what a function says that cannot start, or finds no queue or table |
//! | `secrecy` | logs hold counts, no secret and nothing of a customer |
//!
//! The tests share a stack: they run one after the other, each with documents of its own.

#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up fails")]

mod crash;
mod flows;
mod groups;
mod histories;
mod listeners;
mod nights;
mod numbers;
mod poison;
mod polls;
mod pools;
mod pushes;
mod retries;
mod rotation;
mod secrecy;
mod starts;
mod suspended;
