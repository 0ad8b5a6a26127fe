//! The relay as a whole: real functions on a real store, over simulated vendors, time and chance.
//!
//! | module | what it shows |
//! |---|---|
//! | `happy_day` | every document at its targets, once |
//! | `campaign_*` | the same while vendors misbehave, under several seeds |
//! | `crashes` | a process that is killed between any two steps loses nothing and doubles nothing |
//! | `processes` | several processes on one store, and a store that takes nothing |
//! | `versions` | never an older version over a newer one, never the same one twice |
//! | `second_bills` | what has perhaps arrived is asked after, whatever became of its message or its note |
//! | `lapsed` | a worker whose time in flight is over: suspended, slow, or its clock set |
//! | `superseded` | an older failure replaces no newer one, and what cannot be compared is kept |
//! | `believed` | what was delivered last is believed only while nothing else may have arrived |
//! | `settled` | what a person has dealt with by hand keeps its place |
//! | `acknowledged` | a row whose acknowledgement is refused is told, and blocks nothing |
//! | `outages` | targets that take nothing for a night or a fortnight |
//! | `backlogs` | a backlog for one target holds up nothing else |
//! | `clocks` | a machine's clock that is fast, slow, or set, loses nothing and stops nothing |
//! | `deadlines` | what does not fit one invocation goes on in the next |
//! | `windows` | reading to the end, whatever the server does with counts and pages |
//! | `absent_flows` | what comes for a flow whose file is away is kept for it |
//! | `poison` | a message that is none, or that brings out a mistake of ours, harms no other |
//! | `bad_pushes`, `bad_documents` | what is wrong with a document is said, and the document is kept |
//! | `generic` | signed JSON from anybody reaches any address and the group robots, by the example flows |
//! | `wangdian`, `wangdian_pushes` | every endpoint of 旺店通 from a flow file alone, over both routes |
//! | `line_links` | a line names the line of an earlier bill, whose target is asked for it once |
//! | `links` | what refers to an earlier bill waits for it, for as long as its flow says |
//! | `parts` | one document becomes several, each once, and none comes back that a newer version has withdrawn |
//! | `groups` | many documents become one bill, to the cent, wherever a process is killed |
//! | `echoes` | two flows that face each other come to rest |
//! | `listeners` | what became of a document goes on as one: numbers are written back, failures are told |
//! | `test_alerts` | a test alert reaches each receiver, and its answer is told |
//! | `life` | a bill is saved, audited, changed, taken back or deleted, each step once |
//! | `second_interface` | Kingdee over V2: its secret rotates and its answers are lost, and each trade is one audited order |
//! | `nights` | days that are due are compared within a function's minutes, and the next turn goes on |
//! | `roles` | no function asks of AWS what its role leaves out |
//! | `secrecy` | logs hold no secret and nothing of a customer |
//!
//! `house`, `process`, `fuse`, `altered` and `meanwhile` are what the tests are built of. Everything follows from a seed and takes no time.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot set itself up fails")]

mod absent_flows;
mod acknowledged;
mod altered;
mod backlogs;
mod bad_documents;
mod bad_pushes;
mod believed;
mod campaign_orders;
mod campaign_pools;
mod campaign_trades;
mod catalog_rows;
mod clocks;
mod crashes;
mod deadlines;
mod echoes;
mod from_the_pages;
mod fuse;
mod generic;
mod groups;
mod happy_day;
mod history;
mod house;
mod lapsed;
mod life;
mod line_links;
mod links;
mod listeners;
mod meanwhile;
mod nights;
mod outages;
mod parts;
mod paused;
mod poison;
mod process;
mod processes;
mod roles;
mod second_bills;
mod second_interface;
mod secrecy;
mod settled;
mod superseded;
mod test_alerts;
mod vendors_words;
mod versions;
mod wangdian;
mod wangdian_pushes;
mod windows;
