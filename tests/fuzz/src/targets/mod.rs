//! What is fed, and what must hold of it whatever comes.

pub mod csv;
pub mod envelopes;
pub mod events;
pub mod expressions;
pub mod flows;
pub mod push;
pub mod texts;

use crate::Target;

/// Every target.
pub static TARGETS: &[Target] = &[
    Target { name: "push", run: push::run, words: push::WORDS },
    Target { name: "envelopes", run: envelopes::run, words: envelopes::WORDS },
    Target { name: "events", run: events::run, words: events::WORDS },
    Target { name: "flows", run: flows::run, words: flows::WORDS },
    Target { name: "expressions", run: expressions::run, words: expressions::WORDS },
    Target { name: "csv", run: csv::run, words: csv::WORDS },
    Target { name: "texts", run: texts::run, words: texts::WORDS },
];
