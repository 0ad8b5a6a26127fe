//! What would become of a document, and why: each field with its rule, what was read, and what became of it; the exact
//! request; and where that differs from what was sent last and from what the target has. Nothing is sent, and nothing is
//! written.
//!
//! | module | what |
//! |---|---|
//! | `given` | the document that is asked about: given, kept, or fetched from its source |
//! | `ids` | the ids that it needs |
//! | `request` | the request as it would go out, and what is there already |
//! | `compare` | where two documents differ |
//! | `parts` | a document that its flow splits: each of its parts |

mod compare;
mod given;
mod ids;
mod parts;
mod request;

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use relay_connector::Connection;
use relay_core::clock::Deadline;
use relay_core::guard::{Candidate, Verdict, judge};
use relay_core::item::content_hash;
use relay_core::ledger::Stamp;
use relay_core::{Entry, EntryId, System};
use relay_job::Routed;
use relay_mapping::{Context, Fault, Trace};
use serde::Serialize;
use serde_json::Value;

pub use compare::Differing;
pub use ids::Unresolved;
pub use request::{Compared, Request};

use crate::{OperationError, Operations};

/// How long a vendor may take to answer a question.
const PATIENCE: Duration = Duration::from_secs(30);

/// Connects to a vendor, or says why that cannot be.
pub type Connect<'a> = &'a (dyn Fn(System) -> Result<Arc<dyn Connection>, String> + Send + Sync);

/// Which document is asked about.
#[derive(Debug, Clone)]
pub enum Asked<'a> {
    /// This one, as the source hands it over.
    Document(Value),
    /// The one that the ledger or the archive has under this key.
    Key(&'a str),
    /// The one that the source has just handed over.
    HandedOver(Value),
    /// The one that the source has under this key.
    Fetched(&'a str),
}

/// Whether the target is asked what it holds: a call for each document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// It is.
    IsRead,
    /// It is not.
    IsLeftAlone,
}

/// What would become of a document.
#[derive(Debug, Serialize)]
pub struct Explained {
    /// The flow.
    pub flow: String,
    /// The flow's file, whose lines the trace names.
    pub flow_file: String,
    /// Where the document comes from, in words.
    pub origin: String,
    /// The document's key, where it has one.
    pub key: Option<String>,
    /// Its version, where it has one.
    pub version: Option<String>,
    /// The document, as the source hands it over.
    pub document: Value,
    /// What would become of it.
    pub verdict: Judged,
    /// How each field of the target comes about.
    pub trace: Trace,
    /// Why it cannot be mapped.
    pub faults: Vec<String>,
    /// Codes of which nobody could be asked for the id.
    pub unresolved: Vec<Unresolved>,
    /// What would be sent; `None` where it cannot be mapped.
    pub request: Option<Request>,
    /// Where that differs from what was sent last, as the archive has it.
    pub sent_last: Compared,
    /// Where that differs from what the target holds now.
    pub target_now: Compared,
    /// Of a document that its flow splits: what would become of each of its parts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<Explained>,
    /// The parts that it would withdraw: those of the version before that it has no lines for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub withdrawn: Vec<String>,
}

/// What is explained: a document, or a part of one.
#[derive(Clone, Copy)]
struct About<'a> {
    routed: &'a Routed,
    document: &'a Value,
    origin: &'a str,
    part: Option<&'a str>,
    connect: Connect<'a>,
    target: Target,
}

/// What would become of a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Judged {
    /// `sent`, `nothing` or `fails`.
    pub becomes: Becomes,
    /// Why, where that says something.
    pub why: Option<String>,
}

/// What would become of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Becomes {
    /// It is sent.
    Sent,
    /// It is left alone.
    Nothing,
    /// It fails, and waits for a person.
    Fails,
}

impl Judged {
    fn new(becomes: Becomes, why: impl Into<String>) -> Self {
        Self { becomes, why: Some(why.into()) }
    }
}

impl Operations<'_> {
    /// Explains what would become of a document.
    ///
    /// # Errors
    /// A flow or a document that nobody knows, a source that does not show it, a store that does not answer. A vendor that
    /// cannot be asked is told in the answer.
    pub async fn explain(
        &self,
        flow: &str,
        asked: Asked<'_>,
        connect: Connect<'_>,
        target: Target,
    ) -> Result<Explained, OperationError> {
        self.check_flow(flow).await?;
        let routed = self.flows.named(flow).ok_or_else(|| OperationError::NoFile(flow.to_owned()))?.clone();
        let part = match &asked {
            Asked::Key(key) => routed.flow.part_of_key(key).map(|(_, part)| part),
            _ => None,
        };
        let (document, origin) = self.given(&routed, asked, connect).await?;
        let part = part.as_deref();
        let about = About { routed: &routed, document: &document, origin: &origin, part, connect, target };
        if part.is_none() && routed.flow.split().is_some() {
            return self.explained_in_parts(about).await;
        }
        self.explained(about).await
    }

    /// Explains a document that is sent as it is, or a part.
    async fn explained(&self, about: About<'_>) -> Result<Explained, OperationError> {
        let About { routed, document, origin, part, connect, target } = about;
        let flow = routed.flow.name();
        let known_key = routed.flow.key(document).map(|key| match part {
            Some(part) => routed.flow.key_of_part(&key, part),
            None => key,
        });
        let entry = self.known_entry(flow, known_key.as_deref().unwrap_or_default()).await?;

        let resolved = self.resolved(routed, document, connect).await?;
        let settings = self.flow_settings.0.clone();
        let context = Context { settings: &settings, lookups: &resolved.ids };
        let traced = routed.flow.trace(document, &context);
        let faults = match (&known_key, &traced.mapped) {
            (Err(fault), _) => vec![fault.to_string()],
            (Ok(_), Err(faults)) => faults.iter().map(Fault::to_string).collect(),
            (Ok(_), Ok(_)) => Vec::new(),
        };
        let mapped = traced.mapped.ok().map(|mapped| match part {
            Some(part) => routed.flow.numbered(mapped, part),
            None => mapped,
        });
        let body_hash = mapped.as_ref().map(|mapped| content_hash(&mapped.body));
        let verdict = self.judged(about, &entry, body_hash.as_deref(), &faults);

        let deadline = self.patience();
        let request = match &mapped {
            Some(mapped) => Some(request::unsent(routed, mapped, connect, deadline).await),
            None => None,
        };
        let history = self.stores.archive.read(&entry.id, &entry.archive).await?;
        let sent_last = request::sent_last(request.as_ref(), &history);
        let target_now = match &mapped {
            Some(_) if target == Target::IsLeftAlone => Compared::not("the target was not asked"),
            Some(mapped) => request::target_now(routed, mapped, connect, deadline).await,
            None => Compared::not("what cannot be mapped is compared with nothing"),
        };
        Ok(Explained {
            flow: flow.to_owned(),
            flow_file: routed.file.clone(),
            origin: origin.to_owned(),
            key: known_key.ok(),
            version: routed.flow.version(document),
            document: document.clone(),
            verdict,
            trace: traced.trace,
            faults,
            unresolved: resolved.unresolved,
            request,
            sent_last,
            target_now,
            parts: Vec::new(),
            withdrawn: Vec::new(),
        })
    }

    pub(crate) fn patience(&self) -> Deadline {
        Deadline::within(self.clock.as_ref(), PATIENCE)
    }

    /// The ledger's entry, or that of a document of which nothing is known.
    async fn known_entry(&self, flow: &str, key: &str) -> Result<Entry, OperationError> {
        let known = if key.is_empty() { None } else { self.entry(flow, key).await? };
        Ok(known.unwrap_or_else(|| Entry::new(EntryId::new(flow, key))))
    }

    /// What the pusher would make of it: filter, version guard, mapping.
    fn judged(&self, about: About<'_>, entry: &Entry, body_hash: Option<&str>, faults: &[String]) -> Judged {
        let About { routed, document, part, .. } = about;
        let flow = &routed.flow;
        match part.map_or_else(|| flow.admits(document), |_| Ok(true)) {
            Err(fault) => return Judged::new(Becomes::Fails, fault.to_string()),
            Ok(false) => return Judged::new(Becomes::Nothing, "the flow's filter does not take it"),
            Ok(true) => {}
        }
        if part.is_some() && flow.is_without_lines(document) {
            return Judged::new(Becomes::Nothing, "its document has no lines for this part any more");
        }
        let version = flow.version(document);
        let received_at: Option<DateTime<Utc>> = Some(self.clock.now());
        let stamp =
            Stamp { version: version.as_deref(), kind: Some(flow.version_kind(document)), received_at };
        match judge(entry, Candidate { stamp, hash: &flow.content_hash(document), replay: None }) {
            Verdict::Skip(skip) => Judged::new(Becomes::Nothing, skip.reason()),
            Verdict::Unordered(reason) | Verdict::Settled(reason) => Judged::new(Becomes::Fails, reason),
            Verdict::Push if flow.cancels(document).unwrap_or_default() => Judged::new(
                Becomes::Nothing,
                "its source has cancelled it: its bill, if it has one, goes the way of `when_cancelled`",
            ),
            Verdict::Push if !faults.is_empty() => Judged { becomes: Becomes::Fails, why: None },
            Verdict::Push => {
                let delivered = entry.delivered.as_ref();
                let is_there =
                    delivered.is_some_and(|delivered| Some(delivered.body_hash.as_str()) == body_hash);
                if is_there {
                    Judged::new(Becomes::Nothing, "it says to the target what was delivered last")
                } else {
                    Judged { becomes: Becomes::Sent, why: None }
                }
            }
        }
    }
}
