//! Map: a document in its target's form.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use relay_connector::{Document, Repeat, Target, lenient};
use relay_core::item::content_hash;
use relay_core::ledger::Delivered;
use relay_core::ordered;
use relay_core::time::china;
use relay_core::{Bill, FailureClass, System, UnknownCode};
use relay_mapping::{DELIVERED, Fault, Flow, LookupKey, Mapped};

use crate::stop::Stop;

/// What was sent of a document, or stored, as far as the ledger is told.
pub(crate) struct Sent {
    /// The hash of it.
    pub(crate) body_hash: String,
    /// Our number of it, where its form has a field for one.
    pub(crate) number: Option<String>,
    /// Whether a newer version takes its place.
    pub(crate) replaces: bool,
    /// Whether sending it again, without an id, may put another beside it.
    pub(crate) doubles: bool,
    /// What it is in the target, as flow files name it; `None` where it was stored in its group.
    pub(crate) document: Option<&'static str>,
    /// The bills that it has there, where they have a life.
    pub(crate) bills: Option<Vec<Bill>>,
    /// What orders it beside other versions, where that is not when the document was received.
    pub(crate) received_at: Option<DateTime<Utc>>,
}

impl Sent {
    /// Whether it was stored in its group, and not sent.
    pub(crate) fn is_contribution(&self) -> bool {
        self.document.is_none()
    }
}

/// What is to be sent of a document.
pub(crate) struct Plan<'a> {
    pub(crate) target: &'a dyn Target,
    /// What it is there.
    pub(crate) document: &'static Document,
    pub(crate) mapped: Arc<Mapped>,
    /// The hash of what is sent.
    pub(crate) body_hash: String,
}

impl<'a> Plan<'a> {
    pub(crate) fn new(target: &'a dyn Target, document: &'static Document, mapped: Mapped) -> Self {
        let body_hash = content_hash(&mapped.body);
        Self { target, document, mapped: Arc::new(mapped), body_hash }
    }

    /// Our number of it, where its form has a field for one.
    pub(crate) fn number(&self) -> Option<String> {
        lenient::field(&self.mapped.body, self.document.number()?)
    }

    /// What the ledger is told of it.
    pub(crate) fn sent(&self) -> Sent {
        Sent {
            body_hash: self.body_hash.clone(),
            number: self.number(),
            replaces: self.replaces(),
            doubles: self.repeat() != Repeat::Replaces,
            document: Some(self.document.name),
            bills: None,
            received_at: None,
        }
    }

    /// Whether a newer version takes the place of what is there: by being sent again, or by being sent with its id.
    pub(crate) fn replaces(&self) -> bool {
        self.repeat() == Repeat::Replaces || self.target.changes(self.document)
    }

    /// The target's id of the version that was delivered before, where a newer one is sent with it.
    pub(crate) fn changes(&self, delivered: &Delivered) -> Option<String> {
        let id = delivered.target_id.clone().filter(|id| !id.is_empty());
        id.filter(|_| self.target.changes(self.document))
    }

    /// What sending it again does, without an id.
    pub(crate) fn repeat(&self) -> Repeat {
        self.target.repeat(self.document)
    }

    /// A newer version of what the target does not change.
    pub(crate) fn changed(&self, system: System, delivered: &Delivered) -> Stop {
        let id = delivered.target_id.as_deref().unwrap_or("unknown");
        let version = delivered.version.as_deref().unwrap_or("unknown");
        let way = self.target.way_to_change(self.document);
        let way_out = way.map(|way| format!(" (or let it be changed: {way})")).unwrap_or_default();
        Stop::failed(
            FailureClass::Changed,
            format!(
                "{system} has version {version} of it (id {id}), and a newer version has other content: {system} creates \
                 such documents and does not change them, so change it there by hand{way_out}"
            ),
        )
    }
}

/// Whether it was a code that nobody knew.
pub(crate) fn lacks_id(fault: &Fault) -> bool {
    fault.cause.unknown_code().is_some()
}

/// The codes that nobody knew, each once.
pub(crate) fn unknown_codes(faults: &[Fault]) -> Vec<UnknownCode> {
    let codes = faults.iter().filter_map(|fault| fault.cause.unknown_code());
    let unknown =
        |LookupKey { table, key }: &LookupKey| UnknownCode { table: table.clone(), code: key.clone() };
    ordered::set(codes.map(unknown)).into_iter().collect()
}

/// What a document comes to that lacks nothing but what other flows have not delivered yet: it waits, for as long as its flow
/// says, since it was received. `None`: that is not all that it lacks, or its time is over.
pub(crate) fn waits(
    flow: &Flow,
    found: &[Fault],
    received_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Option<Stop> {
    let wait = |fault: &Fault| flow.wait_for(&fault.cause.unknown_code()?.table);
    let waits: Option<Vec<_>> = found.iter().map(wait).collect();
    let until = received_at + waits?.into_iter().min()?;
    if until <= now {
        return None;
    }
    let awaited = unknown_codes(found).into_iter().map(|UnknownCode { table, code }| {
        let flow = table.strip_prefix(DELIVERED).unwrap_or(&table);
        format!("{} {code}", flow.strip_suffix(".number").unwrap_or(flow))
    });
    let awaited = ordered::set(awaited).into_iter().collect::<Vec<_>>().join(", ");
    let until = until.with_timezone(&china()).format("%Y-%m-%d %H:%M");
    let message = format!(
        "waiting for {awaited}: it is sent again as soon as that is delivered, and fails if it is not by {until} (China time)"
    );
    Some(Stop::failed(FailureClass::Waiting, message))
}

/// One line for all faults; fields that fail for the same reason share its words.
pub(crate) fn faults(faults: Vec<Fault>) -> Stop {
    let mut shared: Vec<Fault> = Vec::new();
    for fault in faults {
        let same = |other: &&mut Fault| {
            (&other.source, &other.value, &other.cause) == (&fault.source, &fault.value, &fault.cause)
        };
        match shared.iter_mut().find(same) {
            Some(other) => other.target = format!("{}, {}", other.target, fault.target),
            None => shared.push(fault),
        }
    }
    let lines: Vec<_> = shared.iter().map(ToString::to_string).collect();
    Stop::failed(FailureClass::Mapping, lines.join("; "))
}
