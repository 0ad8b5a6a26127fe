//! What becomes of a document that its flow splits.

use std::borrow::Cow;
use std::collections::BTreeMap;

use relay_core::item::content_hash;
use serde_json::Value;

use super::run::{Became, Run, hash_in_group};
use super::{Line, Why};
use crate::apply::{Context, Made, Mapped};
use crate::fault::Fault;

/// The parts that the target has, each with the hash of what was sent of it; and those that were withdrawn since.
#[derive(Default)]
pub(super) struct Parts {
    there: BTreeMap<String, String>,
    withdrawn: Vec<String>,
}

impl Run<'_> {
    /// What is sent of its parts. Where a part fails the test tells of that alone.
    pub(super) fn becomes_parts(&mut self, document: &Value) -> Became {
        let divided = match self.flow.divide(document) {
            Ok(Some(divided)) => divided,
            Ok(None) => return Became::Sent(Vec::new()),
            Err(fault) => return Became::Failed(vec![fault.to_string()]),
        };
        let context = Context { settings: &self.test.settings, lookups: &self.test.lookups };
        let (mut sent, mut brings, mut faults) = (Vec::new(), Vec::new(), Vec::new());
        let mut there = BTreeMap::new();
        for part in divided.parts() {
            let mut traced = self.flow.trace(&divided.document(part), &context);
            // It was met by the document as a whole.
            traced.trace.filter = None;
            self.traces.push(traced.trace);
            let is_there = |hash: &String| self.parts.there.get(&part.name) == Some(hash);
            match traced.made {
                Ok(Made::Mapped(mapped)) => {
                    let mapped = self.flow.numbered(mapped, &part.name);
                    let hash = content_hash(&mapped.body);
                    if !is_there(&hash) {
                        sent.push(mapped);
                    }
                    there.insert(part.name.clone(), hash);
                }
                Ok(Made::Brought(brought)) => {
                    let hash = hash_in_group(brought.clone());
                    if !is_there(&hash) {
                        brings.push(brought);
                    }
                    there.insert(part.name.clone(), hash);
                }
                // It is told with the parts that are withdrawn.
                Ok(Made::Withdrawn) => {}
                Err(found) => {
                    faults.extend(found.iter().map(|fault: &Fault| format!("{}: {fault}", part.name)));
                }
            }
        }
        let before = std::mem::replace(&mut self.parts.there, there);
        let is_part = |name: &String| self.parts.there.contains_key(name);
        self.parts.withdrawn = before.into_keys().filter(|name| !is_part(name)).collect();
        match (faults.is_empty(), sent.is_empty(), brings.is_empty()) {
            (false, _, _) => Became::Failed(faults),
            (true, true, true) => Became::Nothing(Why::Unchanged),
            (true, true, false) => Became::Brings(brings),
            (true, false, _) => Became::Sent(sent),
        }
    }

    /// Of a flow that splits its documents a list, else the only one.
    pub(super) fn one_or_list(&self, mut values: Vec<Value>) -> Value {
        match (self.flow.split(), values.len()) {
            (None, 1) => values.remove(0),
            _ => Value::Array(values),
        }
    }

    /// What is sent, as a test names it: of a flow that splits its documents, a list.
    pub(super) fn found<'s>(&self, sent: &'s [Mapped]) -> (Cow<'s, Value>, &'static str) {
        match (self.flow.split(), sent) {
            (None, [only]) => (Cow::Borrowed(&only.body), ""),
            _ => (Cow::Owned(sent.iter().map(|mapped| mapped.body.clone()).collect()), "request"),
        }
    }

    /// Each part that is withdrawn is named, and no other.
    pub(super) fn compare_withdrawn(&mut self) {
        let test = self.test;
        let withdrawn = std::mem::take(&mut self.parts.withdrawn);
        for Line { text, line } in &test.withdrawn {
            if !withdrawn.contains(text) {
                self.differs("withdrawn", *line, text, "that it is not withdrawn");
            }
        }
        for part in withdrawn.iter().filter(|part| test.withdrawn.iter().all(|line| line.text != **part)) {
            self.differs("withdrawn", test.line, "no other part", part);
        }
    }
}
