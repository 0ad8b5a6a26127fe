//! What would happen if flow files were begun with: what has changed in them beside those that run, and what they would make of the
//! documents that came last. Nothing is sent, and nothing is written.

mod fields;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use relay_core::groups::unmarked;
use relay_core::registry;
use relay_job::{FlowFile, Flows, Routed};
use relay_mapping::{Context, Fault, LookupKey, Made};
use relay_reconcile::codes::Codes;
use serde::Serialize;
use serde_json::{Value, json};

pub use self::fields::FieldChange;
use crate::explain::Connect;
use crate::history;
use crate::lines::{self, Line};
use crate::{OperationError, Operations};

/// So many documents that would fare otherwise are named.
const NAMED: usize = 20;

/// What would happen with the flows of some files.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Trial {
    /// Each flow, by name.
    pub flows: Vec<FlowTrial>,
}

/// What would happen with one flow.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FlowTrial {
    /// The flow.
    pub flow: String,
    /// How its file stands beside the one that runs.
    pub stands: Stands,
    /// The mistakes of its file.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub mistakes: Vec<String>,
    /// The lines that have changed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<Line>,
    /// What it would make of the documents that came last, of a flow that has changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tried: Option<Tried>,
}

/// How a flow file stands beside the one that runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Stands {
    /// It says the same.
    Same,
    /// It says something else.
    Changed,
    /// No program has begun with such a flow yet.
    New,
    /// The flow that runs has no file there: what comes for it would be kept, as failed.
    Gone,
    /// It has mistakes: nothing would begin with it.
    Broken,
}

/// What a changed flow would make of documents that came.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Tried {
    /// So many documents were tried, each in the version that came last.
    pub documents: u64,
    /// As many of them would be sent as they are.
    pub same: u64,
    /// Fields that would be sent otherwise, those of most documents first.
    pub fields: Vec<FieldChange>,
    /// How many documents would fare otherwise: left out, failing, or no more so.
    pub otherwise: u64,
    /// The first of them.
    pub named: Vec<Otherwise>,
}

/// A document that would fare otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Otherwise {
    /// Its key.
    pub key: String,
    /// What becomes of it now.
    pub before: Fate,
    /// What would.
    pub after: Fate,
}

/// What becomes of a document, without its content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "fate", content = "why")]
pub enum Fate {
    /// It is sent, or goes into its group.
    Sent,
    /// The flow's filter leaves it out.
    LeftOut,
    /// It fails.
    Fails(String),
    /// A code could not be asked for.
    Unknown(String),
}

/// What becomes of a document, with its content.
enum Would {
    Sent(Value),
    Other(Fate),
}

impl Operations<'_> {
    /// What would happen if these flows were begun with, of one alone where it is named. Of each that has changed the last documents
    /// are tried.
    ///
    /// # Errors
    /// A store that does not answer. A vendor that cannot be asked for a code is told in the answer.
    pub async fn try_flows(
        &self,
        after: &Flows,
        only: Option<&str>,
        last: usize,
        connect: Connect<'_>,
    ) -> Result<Trial, OperationError> {
        let before = self.running().await?;
        let names = before.iter().chain(after.iter()).map(|routed| routed.flow.name().to_owned());
        let broken = after.broken().iter().map(|file| file.name.clone());
        let names: BTreeSet<_> =
            names.chain(broken).filter(|name| only.is_none_or(|only| only == name)).collect();
        let mut codes = (Codes::new(self.stores, &before, connect), Codes::new(self.stores, after, connect));
        let mut flows = Vec::new();
        for name in names {
            let sides = (before.named(&name), after.named(&name));
            let mut trial = stands(&name, sides, after);
            if let (Stands::Changed, (Some(one), Some(other))) = (trial.stands, sides) {
                trial.tried = Some(self.tried((one, other), last, &mut codes).await?);
            }
            flows.push(trial);
        }
        Ok(Trial { flows })
    }

    /// What would happen if one flow had that text.
    ///
    /// # Errors
    /// As [`Operations::try_flows`].
    pub async fn try_text(
        &self,
        name: &str,
        text: &str,
        last: usize,
        connect: Connect<'_>,
    ) -> Result<Trial, OperationError> {
        let others = self.flows.iter().filter(|routed| routed.flow.name() != name);
        let others = others.map(|routed| FlowFile {
            name: routed.flow.name().to_owned(),
            file: routed.file.clone(),
            text: routed.text.clone(),
        });
        let own = FlowFile { name: name.to_owned(), file: format!("{name}.toml"), text: text.to_owned() };
        let after = Flows::sound(others.chain([own]), self.catalog);
        self.try_flows(&after, Some(name), last, connect).await
    }

    /// The flows that a program has begun with last.
    async fn running(&self) -> Result<Flows, OperationError> {
        let registry = registry::read(self.stores.checkpoints.as_ref()).await?;
        let present = registry.into_iter().filter(|(_, known)| known.absent_since.is_none());
        let files =
            present.map(|(name, known)| FlowFile { file: format!("{name}.toml"), name, text: known.text });
        Ok(Flows::sound(files, self.catalog))
    }

    async fn tried(
        &self,
        (before, after): (&Routed, &Routed),
        last: usize,
        (codes_before, codes_after): &mut (Codes<'_>, Codes<'_>),
    ) -> Result<Tried, OperationError> {
        let mut tried = Tried::default();
        let mut fields = BTreeMap::<String, FieldChange>::new();
        for (key, document) in self.came_last(before, last).await? {
            let one = self.would(before, &document, codes_before).await?;
            let other = self.would(after, &document, codes_after).await?;
            tried.documents += 1;
            match (one, other) {
                (Would::Sent(one), Would::Sent(other)) => {
                    let changed = fields::note(&mut fields, &key, &one, &other);
                    tried.same += u64::from(!changed);
                }
                (one, other) if one.fate() == other.fate() => tried.same += 1,
                (one, other) => {
                    tried.otherwise += 1;
                    let named = Otherwise { key, before: one.fate(), after: other.fate() };
                    tried.named.extend(Some(named).filter(|_| tried.named.len() < NAMED));
                }
            }
        }
        tried.fields = fields.into_values().collect();
        tried.fields.sort_by_key(|change| std::cmp::Reverse(change.documents));
        Ok(tried)
    }

    /// The documents of a flow that came last, each in the version that came last.
    async fn came_last(&self, routed: &Routed, last: usize) -> Result<Vec<(String, Value)>, OperationError> {
        let asked = history::Asked {
            flow: Some(routed.flow.name().to_owned()),
            since: DateTime::<Utc>::UNIX_EPOCH,
            until: self.clock.now(),
            outcome: None,
            vendor: None,
            grep: None,
            // Later tries, parts and bills have no document of their own.
            limit: Some(last.saturating_mul(3)),
        };
        let (mut seen, mut found) = (BTreeSet::new(), Vec::new());
        for turn in self.happened(&asked).await?.turns {
            let is_whole = unmarked(&turn.key).is_none() && routed.flow.part_of_key(&turn.key).is_none();
            let document = turn.document.as_deref().and_then(|text| serde_json::from_str(text).ok());
            if let Some(document) = document.filter(|_| is_whole && seen.insert(turn.key.clone())) {
                found.push((turn.key, document));
            }
            if found.len() == last {
                break;
            }
        }
        Ok(found)
    }

    /// What a flow makes of a document.
    async fn would(
        &self,
        routed: &Routed,
        document: &Value,
        codes: &mut Codes<'_>,
    ) -> Result<Would, OperationError> {
        let flow = &routed.flow;
        let fails = |fault: &Fault| Would::Other(Fate::Fails(fault.to_string()));
        match flow.admits(document) {
            Err(fault) => return Ok(fails(&fault)),
            Ok(false) => return Ok(Would::Other(Fate::LeftOut)),
            Ok(true) => {}
        }
        let divided = match flow.divide(document) {
            Err(fault) => return Ok(fails(&fault)),
            Ok(divided) => divided,
        };
        let documents: Vec<_> = match &divided {
            Some(divided) => divided.parts().iter().map(|part| divided.document(part)).collect(),
            None => vec![document.clone()],
        };
        let mut bodies = Vec::new();
        for document in &documents {
            let resolved = codes.resolve(flow.lookups(document), &|| self.patience()).await?;
            let context = Context { settings: &self.flow_settings.0, lookups: &resolved.ids };
            match flow.trace(document, &context).made {
                Ok(made) => bodies.push(content(routed, made)),
                Err(faults) => {
                    let is_unresolved = |LookupKey { table, key }: &LookupKey| {
                        resolved.unresolved.iter().any(|code| code.table == *table && code.code == *key)
                    };
                    let is_own = |fault: &&Fault| !fault.cause.unknown_code().is_some_and(is_unresolved);
                    let own: Vec<_> = faults.iter().filter(is_own).map(ToString::to_string).collect();
                    return Ok(Would::Other(match own.is_empty() {
                        true => Fate::Unknown("a code could not be asked for".to_owned()),
                        false => Fate::Fails(own.join("; ")),
                    }));
                }
            }
        }
        let body = if divided.is_some() { Value::Array(bodies) } else { bodies.pop().unwrap_or_default() };
        let (key, version) = (flow.key(document).ok(), flow.version(document));
        Ok(Would::Sent(json!({ KEY: key, VERSION: version, BODY: body })))
    }
}

/// What stands beside the content: a flow that reads another key takes its documents for new ones.
const KEY: &str = "(key)";
const VERSION: &str = "(version)";
/// What is sent.
const BODY: &str = "body";

/// What is sent of a document, or brought into its group.
fn content(routed: &Routed, made: Made) -> Value {
    match made {
        Made::Mapped(mapped) => {
            let mut body = mapped.body;
            if let Some(fields) = body.as_object_mut() {
                let params =
                    mapped.params.into_iter().map(|(name, value)| (format!("?{name}"), Value::from(value)));
                fields.extend(params);
            }
            body
        }
        Made::Brought(brought) => {
            let mut body = routed.flow.brought_as_document(&brought);
            if let Some(fields) = body.as_object_mut() {
                fields.insert("(group)".to_owned(), json!(brought.group));
            }
            body
        }
        Made::Withdrawn => json!("withdrawn"),
    }
}

impl Would {
    fn fate(&self) -> Fate {
        match self {
            Self::Sent(_) => Fate::Sent,
            Self::Other(fate) => fate.clone(),
        }
    }
}

fn stands(
    name: &str,
    (before, after): (Option<&std::sync::Arc<Routed>>, Option<&std::sync::Arc<Routed>>),
    files: &Flows,
) -> FlowTrial {
    let (mut mistakes, mut changed) = (Vec::new(), Vec::new());
    let stands = match (before, after, files.broken_named(name)) {
        (_, _, Some(broken)) => {
            mistakes.extend(broken.mistakes().map(|it| format!("{}:{}: {}", it.file, it.line, it.message)));
            Stands::Broken
        }
        (Some(one), Some(other), _) if one.text == other.text => Stands::Same,
        (Some(one), Some(other), _) => {
            changed = lines::differing(&one.text, &other.text);
            Stands::Changed
        }
        (None, _, _) => Stands::New,
        (Some(_), None, _) => Stands::Gone,
    };
    FlowTrial { flow: name.to_owned(), stands, mistakes, lines: changed, tried: None }
}
