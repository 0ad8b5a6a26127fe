//! Tests of a flow: a file `NAME.test.toml` beside `NAME.toml` says what becomes of which document.
//!
//! ```toml
//! document = "trade.json"            # a file beside, for every test that names no other
//!
//! [lookups]
//! "kingdee.customer" = { S1 = "C-1" }
//!
//! [[test]]
//! name    = "a gift is free"
//! set     = { "goods_list[0].gift_type" = "1" }
//! request = { material_entity = [{ is_free = true, qty = 20 }] }
//! ```
//!
//! A test is run as the pusher works a document, up to what it would send: key, filter, version guard, mapping. Pure: files
//! and settings are handed in.
//!
//! | module | what |
//! |---|---|
//! | `load` | a test file, read and checked |
//! | `given` | the documents of a test |
//! | `place` | the places of a target's document, by whichever names tests have for them |
//! | `expected` | what is expected of a request, and where it differs |
//! | `run` | a test, run |
//! | `parts` | of a flow that splits its documents |

mod expected;
mod given;
mod load;
mod parts;
mod place;
mod run;

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use crate::diagnostic::Diagnostics;
use crate::flow::Flow;
use crate::lookup::LookupKey;
use crate::trace::Trace;

pub(crate) use expected::Expected;

/// The tests of one flow.
#[derive(Debug)]
pub struct FlowTests {
    tests: Vec<Test>,
}

/// One test: what is given, and what is expected.
#[derive(Debug)]
struct Test {
    name: String,
    line: usize,
    document: Value,
    /// What the target has already.
    before: Option<Value>,
    settings: BTreeMap<String, String>,
    lookups: BTreeMap<LookupKey, String>,
    key: Option<Expected>,
    version: Option<Expected>,
    /// The parts that it withdraws.
    withdrawn: Vec<Line>,
    outcome: Outcome,
}

/// What is expected to become of a document.
#[derive(Debug)]
enum Outcome {
    /// It is sent; of a flow that splits its documents, a list of all that is sent.
    Request { body: Option<Expected>, params: Option<Expected>, absent: Vec<Line> },
    /// It goes into a group, and brings this there.
    Brings { body: Option<Expected>, group: Option<Expected>, absent: Vec<Line> },
    /// It fails, with one fault for each of these texts and no other.
    Faults { line: usize, texts: Vec<Line> },
    /// Nothing is sent, for this reason where one is named.
    Nothing { line: usize, why: Option<Why> },
}

/// A text of the test file.
#[derive(Debug)]
struct Line {
    text: String,
    line: usize,
}

/// Why nothing is sent of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Why {
    /// The filter does not take it.
    Filtered,
    /// The target has a newer version.
    Older,
    /// The target has this very version.
    Same,
    /// It is newer, and says the same to the target.
    Unchanged,
    /// It is taken out of its group.
    Withdrawn,
    /// Its source has cancelled it.
    Cancelled,
}

impl Why {
    const ALL: [Self; 6] =
        [Self::Filtered, Self::Older, Self::Same, Self::Unchanged, Self::Withdrawn, Self::Cancelled];

    fn name(self) -> &'static str {
        match self {
            Self::Filtered => "filtered",
            Self::Older => "older",
            Self::Same => "same",
            Self::Unchanged => "unchanged",
            Self::Withdrawn => "withdrawn",
            Self::Cancelled => "cancelled",
        }
    }
}

/// What a test came to.
#[derive(Debug, Serialize)]
pub struct Tested {
    /// Its name.
    pub name: String,
    /// The line where it begins.
    pub line: usize,
    /// Where what was found differs from what was expected; empty where the test passes.
    pub differences: Vec<Difference>,
    /// The ways that its documents took through the flow.
    #[serde(skip)]
    pub traces: Vec<Trace>,
}

/// One difference between what was expected and what was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The target's field, such as `material_entity[0].qty`; or `params.shop_no`, `key`, `version`, `group`, `request`,
    /// `brings`, `faults`, `nothing`.
    pub field: String,
    /// The line of the test file that expects something else.
    pub line: usize,
    /// What it expects.
    pub expected: String,
    /// What was found.
    pub found: String,
}

impl FlowTests {
    /// Reads and checks a test file. `beside` reads a file that stands beside it, by its relative name.
    ///
    /// # Errors
    /// Every mistake of the file at once, each with its place.
    pub fn parse(
        flow: &Flow,
        file: &str,
        text: &str,
        beside: &dyn Fn(&str) -> std::io::Result<String>,
    ) -> Result<Self, Diagnostics> {
        Ok(Self { tests: load::tests(flow, file, text, beside)? })
    }

    /// Runs every test.
    #[must_use]
    pub fn run(&self, flow: &Flow) -> Vec<Tested> {
        self.tests.iter().map(|test| run::test(test, flow)).collect()
    }
}
