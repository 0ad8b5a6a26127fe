//! The command line, as a person or a script meets it: one process per command, exit status, output, files.

mod demo;
mod events;
mod flows;
mod serve;
mod store;
mod support;
mod usage;
