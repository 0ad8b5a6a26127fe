//! A window as it is written: calls by how long after each other they were, permits and waiters as lists without names.

use serde::{Deserialize, Serialize, Serializer};

use super::{Begun, Moment, Permits, Reads, Waiting, Window};

/// What is written, and read: also in the longer form of before, which said of each call when it was, under `begun`.
#[derive(Serialize, Deserialize)]
pub(super) struct Form {
    #[serde(default, skip_serializing)]
    begun: Vec<Begun>,
    /// The first at its moment, each other so long after the one before.
    #[serde(default)]
    calls: Vec<Begun>,
    permits: Vec<Permits>,
    waiting: Vec<Waiting>,
    read_at: Option<Moment>,
    most_reads: Option<Reads>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reads_since: Option<Moment>,
    reads_from: Moment,
    writes_from: Moment,
}

impl From<Window> for Form {
    fn from(window: Window) -> Self {
        let Window {
            begun: mut calls,
            permits,
            waiting,
            read_at,
            most_reads,
            reads_since,
            reads_from,
            writes_from,
        } = window;
        let mut before = 0;
        for Begun(at, ..) in &mut calls {
            (before, *at) = (*at, at.saturating_sub(before));
        }
        Self {
            begun: Vec::new(),
            calls,
            permits,
            waiting,
            read_at,
            most_reads,
            reads_since,
            reads_from,
            writes_from,
        }
    }
}

impl From<Form> for Window {
    fn from(form: Form) -> Self {
        let Form {
            mut begun,
            mut calls,
            permits,
            waiting,
            read_at,
            most_reads,
            reads_since,
            reads_from,
            writes_from,
        } = form;
        let mut before: Moment = 0;
        for Begun(at, ..) in &mut calls {
            before = before.saturating_add(*at);
            *at = before;
        }
        begun.append(&mut calls);
        Self { begun, permits, waiting, read_at, most_reads, reads_since, reads_from, writes_from }
    }
}

/// As a list: what is read takes either form.
impl Serialize for Permits {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { holder, purpose, count, until } = self;
        (holder, purpose, count, until).serialize(serializer)
    }
}

/// As a list: what is read takes either form.
impl Serialize for Waiting {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { holder, purpose, wanted, since, until } = self;
        (holder, purpose, wanted, since, until).serialize(serializer)
    }
}
