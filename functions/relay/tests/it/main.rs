//! The command line, as a person or a script meets it: one process per command, exit status, output, files.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests fail as tests do"
)]

mod again;
mod asking;
mod backup;
mod bills;
mod broken;
mod browser;
mod by_hand;
mod calls;
mod chinese;
mod console;
mod console_users;
mod delivered;
mod demo;
mod doctor;
mod documents;
mod dry_run;
mod events;
mod explain;
mod floods;
mod flow_tests;
mod flows;
mod grouping;
mod groups;
mod init;
mod look_ups;
mod lost_store;
mod mail_tls;
mod memory;
mod mistakes;
mod month;
mod names;
mod numbers;
mod pairs;
mod pipes;
mod place;
mod questions;
mod quick_start;
mod reconcile;
mod reload;
mod serve;
mod server;
mod service;
mod settings;
mod status;
mod steering;
mod store;
mod support;
mod terminal;
mod test_alert;
mod usage;
