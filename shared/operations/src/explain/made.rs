//! What the flow makes of a document, and what the pusher would do with it: filter, version guard, mapping, group.

use std::collections::BTreeSet;

use relay_connector::Document;
use relay_core::Entry;
use relay_core::groups::{Contribution, is_of_a_group, unmarked};
use relay_core::guard::{Candidate, Verdict, judge};
use relay_core::item::content_hash;
use relay_core::ledger::Stamp;
use relay_job::Routed;
use relay_mapping::{Brought, Context, Fault, LookupKey, Made, Mapped, Trace};
use serde::Serialize;
use serde_json::Value;

use super::{About, Asked, Becomes, Judged, Unresolved};
use crate::{OperationError, Operations};

/// What a document brings into its group.
#[derive(Debug, Clone, Serialize)]
pub struct Brings {
    /// The group, such as `S1/W1/2026-11-29`.
    pub group: String,
    /// The head's fields and the lines that it brings, as a document of the target. Prices are worked out of the sums.
    pub document: Value,
    /// The group that has an older version of it, where that is another one.
    pub leaves: Option<String>,
}

/// What is made of a document.
pub(super) enum Ready {
    /// It is sent, as this document of the target.
    Sent(&'static Document, Mapped),
    Brought(Brought),
    Withdrawn,
    /// Its parts are, each by itself.
    Divided,
}

/// What is explained, with its ledger entry.
pub(super) struct Case<'a> {
    pub(super) about: About<'a>,
    pub(super) entry: &'a Entry,
    /// The group that has an older version of it.
    pub(super) former: Option<String>,
}

/// Whether the bill of a group is asked about.
pub(super) fn is_bill(routed: &Routed, asked: &Asked<'_>) -> bool {
    routed.flow.group().is_some() && matches!(asked, Asked::Key(key) if unmarked(key).is_some())
}

impl Case<'_> {
    pub(super) fn made(&self, context: &Context<'_>) -> (Result<Ready, Vec<Fault>>, Trace) {
        let About { routed, document, part, bill, .. } = self.about;
        let flow = &routed.flow;
        if bill.is_some() {
            let bill = flow.bill(document, context);
            return (bill.map(|(document, mapped)| Ready::Sent(document, mapped)), Trace::default());
        }
        let traced = flow.trace(document, context);
        let ready = traced.made.map(|made| match made {
            Made::Mapped(mapped) => {
                let mapped = match part {
                    Some(part) => flow.numbered(mapped, part),
                    None => mapped,
                };
                Ready::Sent(flow.target().document, mapped)
            }
            Made::Brought(brought) => Ready::Brought(brought),
            Made::Withdrawn => Ready::Withdrawn,
        });
        (ready, traced.trace)
    }

    pub(super) fn brings(&self, ready: Option<&Ready>) -> Option<Brings> {
        let Some(Ready::Brought(brought)) = ready else { return None };
        let leaves = self.former.clone().filter(|former| *former != brought.group);
        Some(Brings {
            group: brought.group.clone(),
            document: self.about.routed.flow.brought_as_document(brought),
            leaves,
        })
    }

    /// Whether the ledger has it that the target, or the group, was told the same.
    fn is_unchanged(&self, ready: &Ready) -> bool {
        let Some(delivered) = &self.entry.delivered else { return false };
        let at = delivered.at;
        let hash = match ready {
            Ready::Sent(_, mapped) => content_hash(&mapped.body),
            Ready::Brought(brought) => brought.clone().contribution("", None, at).hash_in(&brought.group),
            Ready::Withdrawn => {
                let group = self.former.as_deref().unwrap_or_default();
                Contribution::withdrawn("", None, at).hash_in(group)
            }
            Ready::Divided => return false,
        };
        delivered.body_hash == hash
    }
}

impl Operations<'_> {
    /// The group that has an older version of a document.
    pub(super) async fn former(
        &self,
        about: &About<'_>,
        entry: &Entry,
    ) -> Result<Option<String>, OperationError> {
        if about.routed.flow.group().is_none() || about.bill.is_some() {
            return Ok(None);
        }
        Ok(self.stores.groups.group_of(&entry.id).await?.map(|group| group.group))
    }

    /// What the pusher would do with it.
    pub(super) fn judged(&self, case: &Case<'_>, ready: Option<&Ready>, faults: &[String]) -> Judged {
        let About { routed, document, part, bill, .. } = case.about;
        let flow = &routed.flow;
        // A part goes the way of its document.
        if part.is_none() && bill.is_none() {
            match flow.admits(document) {
                Err(fault) => return Judged::new(Becomes::Fails, fault.to_string()),
                Ok(false) => return Judged::new(Becomes::Nothing, "the flow's filter does not take it"),
                Ok(true) => {}
            }
        }
        if part.is_some() && flow.is_without_lines(document) {
            return Judged::new(Becomes::Nothing, "its document has no lines for this part any more");
        }
        let (version, kind) = match bill {
            Some(_) => (None, relay_core::VersionKind::Received),
            None => (flow.version(document), flow.version_kind(document)),
        };
        let stamp =
            Stamp { version: version.as_deref(), kind: Some(kind), received_at: Some(self.clock.now()) };
        match judge(case.entry, Candidate { stamp, hash: &flow.content_hash(document), replay: None }) {
            Verdict::Skip(skip) => return Judged::new(Becomes::Nothing, skip.reason()),
            Verdict::Unordered(reason) | Verdict::Settled(reason) => {
                return Judged::new(Becomes::Fails, reason);
            }
            Verdict::Push if case.about.bill.is_none() && flow.cancels(document).unwrap_or_default() => {
                let why =
                    "its source has cancelled it: its bill, if it has one, goes the way of `when_cancelled`";
                return Judged::new(Becomes::Nothing, why);
            }
            Verdict::Push if !faults.is_empty() => return Judged { becomes: Becomes::Fails, why: None },
            Verdict::Push => {}
        }
        let Some(ready) = ready else {
            let why =
                "not every code that it needs could be asked for; the pusher would try again until it can";
            return Judged::new(Becomes::Unknown, why);
        };
        if matches!(ready, Ready::Brought(_) | Ready::Withdrawn)
            && let Err(why) = is_of_a_group(case.entry.there(), routed.system)
        {
            return Judged::new(Becomes::Fails, why);
        }
        if case.is_unchanged(ready) {
            return Judged::new(Becomes::Nothing, "it says what was delivered last");
        }
        match ready {
            Ready::Sent(..) | Ready::Divided => Judged { becomes: Becomes::Sent, why: None },
            Ready::Brought(brought) => Judged::new(Becomes::Grouped, format!("the group {}", brought.group)),
            Ready::Withdrawn => match &case.former {
                Some(group) => Judged::new(Becomes::Withdrawn, format!("the group {group}")),
                None => Judged::new(Becomes::Nothing, "it is cancelled, and no group has it"),
            },
        }
    }
}

/// The faults that are the document's own, as text. A code that nobody could be asked for is none, and the trace says so.
pub(super) fn faults_of_its_own(
    faults: &[Fault],
    unresolved: &[Unresolved],
    trace: &mut Trace,
) -> Vec<String> {
    let codes: BTreeSet<_> =
        unresolved.iter().map(|code| (code.table.as_str(), code.code.as_str())).collect();
    for field in &mut trace.fields {
        let asked = field.lookup.as_ref().map(|lookup| (lookup.table.as_str(), lookup.code.as_str()));
        if let (Some((table, code)), Some(fault)) =
            (asked.filter(|asked| codes.contains(asked)), &mut field.fault)
        {
            *fault = format!("{table} {code} could not be asked for");
        }
    }
    let is_unresolved =
        |LookupKey { table, key }: &LookupKey| codes.contains(&(table.as_str(), key.as_str()));
    let own = faults.iter().filter(|fault| !fault.cause.unknown_code().is_some_and(is_unresolved));
    own.map(Fault::to_string).collect()
}
