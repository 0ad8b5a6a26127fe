//! Runs a test: a document goes the pusher's way, up to what would be sent.

use chrono::{DateTime, TimeDelta, Utc};
use relay_core::groups::marked;
use relay_core::guard::{Candidate, Verdict, judge};
use relay_core::item::content_hash;
use relay_core::ledger::{Delivered, Stamp};
use relay_core::{Entry, EntryId, Skip};
use serde_json::Value;

use super::parts::Parts;
use super::{Difference, Expected, Line, Outcome, Test, Tested, Why};
use crate::apply::{Context, Made, Mapped};
use crate::fault::Fault;
use crate::flow::Flow;
use crate::group::Brought;
use crate::trace::Trace;

/// What became of a document.
pub(super) enum Became {
    /// What is sent: of a document that is split, one for each part that has something new.
    Sent(Vec<Mapped>),
    /// What is stored in groups, likewise.
    Brings(Vec<Brought>),
    Failed(Vec<String>),
    Nothing(Why),
}

pub(super) fn test(test: &Test, flow: &Flow) -> Tested {
    let mut run = Run { test, flow, parts: Parts::default(), traces: Vec::new(), differences: Vec::new() };
    let entry = run.entry();
    let became = run.becomes(&test.document, &entry, DateTime::UNIX_EPOCH + TimeDelta::seconds(1));
    run.compare_withdrawn();
    run.compare(&became);
    Tested { name: test.name.clone(), line: test.line, differences: run.differences, traces: run.traces }
}

pub(super) struct Run<'a> {
    pub(super) test: &'a Test,
    pub(super) flow: &'a Flow,
    pub(super) parts: Parts,
    pub(super) traces: Vec<Trace>,
    differences: Vec<Difference>,
}

impl Run<'_> {
    /// The ledger's entry of the document, where an earlier version has been delivered.
    fn entry(&mut self) -> Entry {
        let (flow, test) = (self.flow, self.test);
        let key = |document: &Value| flow.key(document).unwrap_or_default();
        let mut entry = Entry::new(EntryId::new(flow.name(), key(&test.document)));
        let Some(before) = &test.before else { return entry };
        if key(before) != entry.id.key {
            let found = format!("another document, `{}`", key(before));
            self.differs("before", test.line, &format!("a version of `{}`", entry.id.key), &found);
        }
        match self.becomes(before, &entry, DateTime::UNIX_EPOCH) {
            Became::Sent(sent) => {
                let hash = sent.first().map(|mapped| content_hash(&mapped.body));
                entry.delivered = Some(delivered(flow, before, hash, None));
            }
            Became::Brings(brought) => {
                let first = brought.into_iter().next();
                let group = first.as_ref().map(|brought| marked(&brought.group));
                entry.delivered = Some(delivered(flow, before, first.map(hash_in_group), group));
            }
            other => self.differs("before", test.line, "a request", &other.shown()),
        }
        entry
    }

    fn becomes(&mut self, document: &Value, entry: &Entry, received_at: DateTime<Utc>) -> Became {
        let Test { settings, lookups, .. } = self.test;
        let failed = |fault: Fault| Became::Failed(vec![fault.to_string()]);
        if let Err(fault) = self.flow.key(document) {
            return failed(fault);
        }
        let traced = self.flow.trace(document, &Context { settings, lookups });
        let judged = self.judged(document, entry, received_at);
        // A document that the flow does not map, or not as a whole, takes no way but that to its filter.
        let is_mapped = judged.is_ok() && self.flow.split().is_none();
        let trace = if is_mapped { traced.trace } else { Trace::of(traced.trace.filter) };
        self.traces.push(trace);
        if let Err(became) = judged {
            return became;
        }
        match self.flow.cancels(document) {
            Ok(false) => {}
            Ok(true) => return Became::Nothing(Why::Cancelled),
            Err(fault) => return failed(fault),
        }
        if self.flow.split().is_some() {
            return self.becomes_parts(document);
        }
        let is_there =
            |hash: String| entry.delivered.as_ref().is_some_and(|delivered| delivered.body_hash == hash);
        match traced.made {
            Ok(Made::Mapped(mapped)) if is_there(content_hash(&mapped.body)) => {
                Became::Nothing(Why::Unchanged)
            }
            Ok(Made::Mapped(mapped)) => Became::Sent(vec![mapped]),
            Ok(Made::Brought(brought)) if is_there(hash_in_group(brought.clone())) => {
                Became::Nothing(Why::Unchanged)
            }
            Ok(Made::Brought(brought)) => Became::Brings(vec![brought]),
            Ok(Made::Withdrawn) if entry.delivered.is_some() => Became::Nothing(Why::Withdrawn),
            // No group has it.
            Ok(Made::Withdrawn) => Became::Nothing(Why::Filtered),
            Err(faults) => Became::Failed(faults.iter().map(Fault::to_string).collect()),
        }
    }

    /// What filter and guard make of it; `Ok` where it is for the target.
    fn judged(&self, document: &Value, entry: &Entry, received_at: DateTime<Utc>) -> Result<(), Became> {
        match self.flow.admits(document) {
            Ok(true) => {}
            Ok(false) => return Err(Became::Nothing(Why::Filtered)),
            Err(fault) => return Err(Became::Failed(vec![fault.to_string()])),
        }
        let version = self.flow.version(document);
        let kind = Some(self.flow.version_kind(document));
        let stamp = Stamp { version: version.as_deref(), kind, received_at: Some(received_at) };
        match judge(entry, Candidate { stamp, hash: &self.flow.content_hash(document), replay: None }) {
            Verdict::Push => Ok(()),
            Verdict::Skip(Skip::Older) => Err(Became::Nothing(Why::Older)),
            Verdict::Skip(_) => Err(Became::Nothing(Why::Same)),
            Verdict::Unordered(reason) => {
                let source = self.flow.version_source().unwrap_or_default();
                Err(Became::Failed(vec![format!("version: `{source}`: {reason}")]))
            }
            Verdict::Settled(message) => Err(Became::Failed(vec![message])),
        }
    }

    fn compare(&mut self, became: &Became) {
        let (test, flow) = (self.test, self.flow);
        let differences = &mut self.differences;
        let mut named = |expected: &Option<Expected>, found: Option<String>, name| {
            if let Some(expected) = expected {
                expected.compare(found.map(Value::String).as_ref(), name, differences);
            }
        };
        named(&test.key, flow.key(&test.document).ok(), "key");
        named(&test.version, flow.version(&test.document), "version");
        match (&test.outcome, became) {
            (Outcome::Request { body, params, absent }, Became::Sent(sent)) => {
                let (found, place) = self.found(sent);
                if let Some(body) = body {
                    body.compare(Some(&found), place, &mut self.differences);
                }
                if let (Some(params), Some(first)) = (params, sent.first()) {
                    let found = first.params.iter().map(|(name, value)| (name.clone(), value.clone().into()));
                    params.compare(Some(&Value::Object(found.collect())), "params", &mut self.differences);
                }
                self.absent(absent, &found);
            }
            (Outcome::Brings { body, group, absent }, Became::Brings(brought)) => {
                let documents = brought.iter().map(|brought| flow.brought_as_document(brought)).collect();
                let groups = brought.iter().map(|brought| Value::from(brought.group.as_str())).collect();
                let document = self.one_or_list(documents);
                if let Some(body) = body {
                    let place = if flow.split().is_some() { "brings" } else { "" };
                    body.compare(Some(&document), place, &mut self.differences);
                }
                if let Some(group) = group {
                    group.compare(Some(&self.one_or_list(groups)), "group", &mut self.differences);
                }
                self.absent(absent, &document);
            }
            (Outcome::Brings { body, .. }, other) => {
                let line = body.as_ref().map_or(test.line, Expected::line);
                self.differs("brings", line, "that it goes into its group", &other.shown());
            }
            (Outcome::Request { body, .. }, other) => {
                let line = body.as_ref().map_or(test.line, Expected::line);
                self.differs("request", line, "a request", &other.shown());
            }
            (Outcome::Faults { texts, .. }, Became::Failed(faults)) => self.faults(texts, faults),
            (Outcome::Faults { line, .. }, other) => {
                self.differs("faults", *line, "faults", &other.shown());
            }
            (Outcome::Nothing { line, why }, Became::Nothing(found)) => {
                if let Some(why) = why.filter(|why| why != found) {
                    self.differs("nothing", *line, why.name(), found.name());
                }
            }
            (Outcome::Nothing { line, .. }, other) => {
                self.differs("nothing", *line, "that nothing is sent", &other.shown());
            }
        }
    }

    fn absent(&mut self, absent: &[Line], body: &Value) {
        for Line { text, line } in absent {
            let place = text.replace('[', "/").replace(']', "").replace('.', "/");
            let pointer = format!("/{}", place.trim_start_matches('/'));
            if let Some(found) = body.pointer(&pointer) {
                self.differs(text, *line, "nothing", &found.to_string());
            }
        }
    }

    /// Each text is in a fault of its own, and no fault is left over.
    fn faults(&mut self, texts: &[Line], faults: &[String]) {
        let mut left: Vec<_> = faults.iter().collect();
        for Line { text, line } in texts {
            match left.iter().position(|fault| fault.contains(text.as_str())) {
                Some(place) => _ = left.remove(place),
                None => self.differs("faults", *line, &format!("a fault that says `{text}`"), &told(faults)),
            }
        }
        let line = texts.first().map_or(self.test.line, |text| text.line);
        for fault in left {
            self.differs("faults", line, "no other fault", fault);
        }
    }

    pub(super) fn differs(&mut self, field: &str, line: usize, expected: &str, found: &str) {
        let (field, expected, found) = (field.to_owned(), expected.to_owned(), found.to_owned());
        self.differences.push(Difference { field, line, expected, found });
    }
}

impl Became {
    fn shown(&self) -> String {
        match self {
            Self::Sent(_) => "a request".to_owned(),
            Self::Brings(brought) => {
                let groups: Vec<_> = brought.iter().map(|brought| brought.group.as_str()).collect();
                format!("that it goes into the group {}", groups.join(", "))
            }
            Self::Failed(faults) => format!("the fault {}", told(faults)),
            Self::Nothing(why) => format!("that nothing is sent ({})", why.name()),
        }
    }
}

fn told(faults: &[String]) -> String {
    faults.join("; ")
}

/// What the ledger compares of a document that has gone into a group.
pub(super) fn hash_in_group(brought: Brought) -> String {
    let group = brought.group.clone();
    brought.contribution("", None, DateTime::UNIX_EPOCH).hash_in(&group)
}

/// The parts of one that is split are compared one by one.
fn delivered(
    flow: &Flow,
    document: &Value,
    body_hash: Option<String>,
    target_id: Option<String>,
) -> Delivered {
    let body_hash = body_hash.filter(|_| flow.split().is_none());
    Delivered {
        version: flow.version(document),
        version_kind: Some(flow.version_kind(document)),
        hash: flow.content_hash(document),
        body_hash: body_hash.unwrap_or_else(|| content_hash(document)),
        target_id,
        number: None,
        received_at: Some(DateTime::UNIX_EPOCH),
        at: DateTime::UNIX_EPOCH,
        follows: None,
    }
}
