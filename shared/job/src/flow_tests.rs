//! The tests that stand beside flow files, run.

use std::io;

use relay_mapping::flow_test::{FlowTests, Tested};
use relay_mapping::{Coverage, Covered, Diagnostic, Diagnostics};
use serde::Serialize;

use crate::Flows;

/// Reads a file by its name relative to a test file.
pub type Beside = Box<dyn Fn(&str) -> io::Result<String> + Send + Sync>;

/// A test file, not read yet.
pub struct TestFile {
    /// The flow that it tests: its name is the file's, without `.test.toml`.
    pub flow: String,
    /// The file, as messages call it.
    pub file: String,
    /// Its text.
    pub text: String,
    /// Reads a file that stands beside it, by its relative name.
    pub beside: Beside,
}

/// What the tests of one flow came to.
#[derive(Debug, Serialize)]
pub struct TestedFlow {
    /// The flow.
    pub flow: String,
    /// Its file, as messages call it.
    pub flow_file: String,
    /// Its test file; `None` where it has none.
    pub test_file: Option<String>,
    /// Each test.
    pub tests: Vec<Tested>,
    /// Which of its rules and conditions the tests reach.
    pub coverage: Covered,
}

impl TestedFlow {
    /// The tests that failed.
    pub fn failed(&self) -> impl Iterator<Item = &Tested> {
        self.tests.iter().filter(|test| !test.differences.is_empty())
    }
}

/// What is wrong with the folder beside its tests: files that test a flow which there is not.
#[must_use]
pub fn without_flow(flows: &Flows, files: &[TestFile]) -> Vec<Diagnostic> {
    let orphans = files.iter().filter(|file| flows.named(&file.flow).is_none());
    let mistake = |TestFile { flow, file, text, .. }: &TestFile| {
        let message = format!("this file tests the flow `{flow}`, which is not in this folder");
        let help =
            "a test file has its flow's name: `trade-to-kingdee.test.toml` tests `trade-to-kingdee.toml`";
        Diagnostic::of_file(file, text, message, Some(help.to_owned()))
    };
    orphans.map(mistake).collect()
}

/// Runs the tests of flows. Files that test none of them are left alone.
///
/// # Errors
/// Every mistake of every test file.
pub fn run(flows: &Flows, files: &[TestFile]) -> Result<Vec<TestedFlow>, Diagnostics> {
    let mut mistakes = Vec::new();
    let mut tested = Vec::new();
    for routed in flows.iter() {
        let flow = &routed.flow;
        let file = files.iter().find(|file| file.flow == flow.name());
        let tests = match file.map(|file| FlowTests::parse(flow, &file.file, &file.text, &file.beside)) {
            Some(Ok(tests)) => tests.run(flow),
            Some(Err(found)) => {
                mistakes.extend(found.0);
                continue;
            }
            None => Vec::new(),
        };
        let mut coverage = Coverage::default();
        tests.iter().flat_map(|test| &test.traces).for_each(|trace| coverage.add(trace));
        tested.push(TestedFlow {
            flow: flow.name().to_owned(),
            flow_file: routed.file.clone(),
            test_file: file.map(|file| file.file.clone()),
            tests,
            coverage: coverage.of(flow),
        });
    }
    if mistakes.is_empty() { Ok(tested) } else { Err(Diagnostics(mistakes)) }
}
