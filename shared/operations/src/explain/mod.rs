//! What would become of a document, and why: each field with its rule, what was read, and what became of it; the exact
//! request; and where that differs from what was sent last and from what the target has. Nothing is sent, and nothing is
//! written.
//!
//! | module | what |
//! |---|---|
//! | `given` | the document that is asked about: given, kept, or fetched from its source |
//! | `made` | what the flow makes of it, and what the pusher would do with that |
//! | `request` | the request as it would go out, and what is there already |
//! | `parts` | a document that its flow splits: each of its parts |

mod given;
mod made;
mod parts;
mod request;

use std::time::Duration;

use relay_core::clock::Deadline;
use relay_core::{Entry, EntryId};
use relay_job::Routed;
use relay_mapping::{Context, Trace};
use relay_reconcile::codes::{Codes, Resolved};
use serde::Serialize;
use serde_json::Value;

pub use made::Brings;
pub use relay_reconcile::Connect;
pub use relay_reconcile::codes::Unresolved;
pub use relay_reconcile::compare::Differing;
pub use request::{Compared, Request};

use crate::{OperationError, Operations};
use made::{Case, Ready};

/// How long a vendor may take to answer a question.
const PATIENCE: Duration = Duration::from_secs(30);

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
    /// What it brings into its group, where it goes into one.
    pub brings: Option<Brings>,
    /// What would be sent; `None` where it cannot be mapped, and where it goes into a group.
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

/// What is explained: a document, a part of one, or the bill of a group.
#[derive(Clone, Copy)]
struct About<'a> {
    routed: &'a Routed,
    document: &'a Value,
    origin: &'a str,
    part: Option<&'a str>,
    /// The key of the bill, where it is the bill of a group.
    bill: Option<&'a str>,
    connect: Connect<'a>,
    target: Target,
}

/// What would become of a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Judged {
    /// `sent`, `grouped`, `withdrawn`, `nothing`, `fails` or `unknown`.
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
    /// It goes into a group, which becomes a bill when it is closed.
    Grouped,
    /// It is taken out of its group.
    Withdrawn,
    /// It is left alone.
    Nothing,
    /// It fails, and waits for a person.
    Fails,
    /// It cannot be told: a vendor could not be asked for a code.
    Unknown,
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
        let is_bill = made::is_bill(&routed, &asked);
        let bill = match asked {
            Asked::Key(key) if is_bill => Some(key),
            _ => None,
        };
        let part = match &asked {
            Asked::Key(key) if !is_bill => routed.flow.part_of_key(key).map(|(_, part)| part),
            _ => None,
        };
        let (document, origin) = self.given(&routed, asked, connect).await?;
        let part = part.as_deref();
        let about =
            About { routed: &routed, document: &document, origin: &origin, part, bill, connect, target };
        if part.is_none() && bill.is_none() && routed.flow.split().is_some() {
            return self.explained_in_parts(about).await;
        }
        self.explained(about).await
    }

    /// Explains a document that is sent as it is, a part, or the bill of a group.
    async fn explained(&self, about: About<'_>) -> Result<Explained, OperationError> {
        let About { routed, document, origin, part, bill, connect, target } = about;
        let flow = routed.flow.name();
        let known_key = match (bill, part) {
            (Some(bill), _) => Ok(bill.to_owned()),
            (None, Some(part)) => routed.flow.key(document).map(|key| routed.flow.key_of_part(&key, part)),
            (None, None) => routed.flow.key(document),
        };
        let entry = self.known_entry(flow, known_key.as_deref().unwrap_or_default()).await?;

        let resolved = match bill {
            Some(_) => Resolved::default(),
            None => {
                let mut codes = Codes::new(self.stores, self.flows, connect);
                codes.resolve(routed.flow.lookups(document), &|| self.patience()).await?
            }
        };
        let settings = self.flow_settings.0.clone();
        let case = Case { about, entry: &entry, former: self.former(&about, &entry).await? };
        let (made, mut trace) = case.made(&Context { settings: &settings, lookups: &resolved.ids });
        let faults = match (&known_key, &made) {
            (Err(fault), _) => vec![fault.to_string()],
            (Ok(_), Err(faults)) => made::faults_of_its_own(faults, &resolved.unresolved, &mut trace),
            (Ok(_), Ok(_)) => Vec::new(),
        };
        let ready = made.ok();
        let verdict = self.judged(&case, ready.as_ref(), &faults);
        let brings = case.brings(ready.as_ref());
        let sent = match &ready {
            Some(Ready::Sent(document, mapped)) => Some(request::delivery(document, mapped)),
            _ => None,
        };

        let deadline = self.patience();
        let request = match &sent {
            Some(sent) => Some(request::unsent(routed.system, sent, connect, deadline).await),
            None => None,
        };
        let history = self.stores.archive.read(&entry.id, &entry.archive).await?;
        let sent_last = request::sent_last(request.as_ref(), &history);
        let target_now = match &sent {
            Some(_) if target == Target::IsLeftAlone => Compared::not("the target was not asked"),
            Some(sent) => request::target_now(routed.system, sent, connect, deadline).await,
            None => Compared::not(request::NOTHING),
        };
        Ok(Explained {
            flow: flow.to_owned(),
            flow_file: routed.file.clone(),
            origin: origin.to_owned(),
            key: known_key.ok(),
            version: if bill.is_some() { None } else { routed.flow.version(document) },
            document: document.clone(),
            verdict,
            trace,
            faults,
            unresolved: resolved.unresolved,
            brings,
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
}
