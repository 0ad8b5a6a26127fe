//! The flows that read what became of others' documents ([`relay_connector::own`]), and their messages.
//!
//! An outcome is queued for whoever listens before the ledger records it: a crash between the two repeats the turn, and with
//! it what is told. The repetition has the same key, version and content, and the guard skips it.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use relay_connector::own::{
    self, AT, CAUSE, DELIVERED, FAILED, FLOW, LANGUAGE, LINK, OUTCOME, TOLD, VERSION, VERSION_KIND,
};
use relay_connector::{Role, china};
use relay_core::clock::{Clock, Rng};
use relay_core::policy::News;
use relay_core::{
    EntryId, Failed, FailureClass, Intake, Listens, StoreError, System, VersionKind, WorkItem, cause,
};
use relay_mapping::Diagnostic;
use serde_json::{Map, Value, json};

use crate::{ActiveFlows, Flows, Routed, Speech, work};

/// What became of a document.
#[derive(Debug, Clone, Copy)]
pub struct Told<'a> {
    /// The document, as its flow received it.
    pub item: &'a WorkItem,
    /// How its versions compare, as far as it is known.
    pub kind: Option<VersionKind>,
    /// Whether it was delivered or has failed.
    pub news: News,
    /// What it is, or was to be, in its target, as flow files name it.
    pub document: Option<&'a str>,
    /// The target's own id of it.
    pub id: Option<&'a str>,
    /// The number by which the target knows it.
    pub number: Option<&'a str>,
    /// The step in the life of its bill that it failed at.
    pub step: Option<&'a str>,
    /// Why it failed.
    pub failure: Option<Failure<'a>>,
}

/// Why a document failed.
#[derive(Debug, Clone, Copy)]
pub struct Failure<'a> {
    /// What kind of failure.
    pub class: &'a FailureClass,
    /// The vendor's code.
    pub code: Option<&'a str>,
    /// The reason, and the way out.
    pub message: &'a str,
}

/// Tells the flows that listen.
pub struct Listeners {
    active: Arc<ActiveFlows>,
    intake: Intake,
    clock: Arc<dyn Clock>,
    rng: Arc<dyn Rng>,
    /// The console's address, where it is known.
    console: Option<String>,
    speech: Speech,
}

impl Listeners {
    /// Tells these flows, those whose file is away among them.
    #[must_use]
    pub fn new(active: Arc<ActiveFlows>, intake: Intake, clock: Arc<dyn Clock>, rng: Arc<dyn Rng>) -> Self {
        Self { active, intake, clock, rng, console: None, speech: Speech::default() }
    }

    /// The same, where failures are told with their page of the console at that address.
    #[must_use]
    pub fn with_console(self, console: Option<String>) -> Self {
        Self { console, ..self }
    }

    /// The same, where failures are told in the language of people too.
    #[must_use]
    pub fn speaking(self, speech: Speech) -> Self {
        Self { speech, ..self }
    }

    /// Queues an outcome for every flow that listens and whose filter admits it.
    ///
    /// # Errors
    /// When a store does not take it: the outcome is not to be recorded either.
    pub async fn tell(&self, told: Told<'_>) -> Result<(), StoreError> {
        let flows = self.active.flows().await?;
        let now = self.clock.now();
        let mut items = BTreeMap::<System, Vec<WorkItem>>::new();
        for routed in of(&flows, &told.item.flow, told.news) {
            let document = document(told, self.console.as_deref(), self.speech, now);
            // What a filter cannot judge is queued: the pusher records it as failed, so it is not lost.
            if routed.flow.admits(&document).unwrap_or(true) {
                items.entry(routed.system).or_default().push(self.item(routed, told, document, now));
            }
        }
        if items.is_empty() {
            return Ok(());
        }
        let items: Vec<_> = items.iter().map(|(system, items)| (*system, items.as_slice())).collect();
        self.intake.take_all(&items).await?;
        Ok(())
    }

    /// The message of an outcome. It is ordered as the documents that are told of are, by when those were received.
    fn item(&self, routed: &Routed, told: Told<'_>, document: Value, now: DateTime<Utc>) -> WorkItem {
        let rng = self.rng.as_ref();
        let mut item = work::item(&routed.flow, document, false, now, rng);
        item.received_at = told.item.received_at;
        if Intake::is_too_large(&item.encode())
            && let Some(fields) = item.document.as_object_mut()
        {
            // Beside what is told of it, the document is more than a message carries.
            fields.remove(SOURCE);
        }
        item
    }
}

/// What failed before the queue could have it is told of as what failed later is.
#[async_trait]
impl Listens for Listeners {
    async fn failed(&self, id: &EntryId, failed: &Failed) -> Result<(), StoreError> {
        let (EntryId { flow, key }, kind) = (id.clone(), failed.version_kind);
        let Failed { version, document, received_at, trace, replay, .. } = failed.clone();
        let (version_kind, acknowledge) = (kind, false);
        let item =
            WorkItem { flow, key, version, version_kind, document, acknowledge, received_at, trace, replay };
        let flows = self.active.flows().await?;
        let (class, code, message) = (&failed.class, failed.code.as_deref(), failed.message.as_str());
        self.tell(Told {
            item: &item,
            kind,
            news: News::Failed,
            document: flows.named(&id.flow).map(|routed| routed.flow.target().document.name),
            id: None,
            number: None,
            step: None,
            failure: Some(Failure { class, code, message }),
        })
        .await
    }
}

/// The field that holds the document that is told of.
const SOURCE: &str = "source";

/// An outcome as a document.
fn document(told: Told<'_>, console: Option<&str>, speech: Speech, now: DateTime<Utc>) -> Value {
    let WorkItem { flow, key, version, document: source, .. } = told.item;
    let state = match told.news {
        News::Delivered => "delivered",
        News::Failed => "failed",
    };
    let target = [("document", told.document), ("id", told.id), ("number", told.number)];
    let target: Map<_, _> =
        target.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?.into()))).collect();
    let mut fields = Map::new();
    let mut put = |name: &str, value: Value| {
        if !value.is_null() {
            fields.insert(name.to_owned(), value);
        }
    };
    put(FLOW, json!(flow));
    put("key", json!(key));
    put(VERSION, json!(version));
    put(VERSION_KIND, json!(told.kind));
    put("state", json!(state));
    put("target", Value::Object(target));
    if let Some(Failure { class, code, message }) = told.failure {
        put("class", json!(class.code()));
        put("code", json!(code));
        put("message", json!(message));
        put(TOLD, json!((speech.words)(message)));
        put(LANGUAGE, json!(speech.language));
        let cause = cause::of(flow, class, code, message);
        put(LINK, json!(console.map(|console| own::link(console, "/issues", &[(CAUSE, &cause)]))));
        put(CAUSE, json!(cause));
    }
    put("step", json!(told.step));
    put(AT, json!(china::format(now)));
    put(SOURCE, source.clone());
    Value::Object(fields)
}

/// The flows that listen to one, and want such an outcome.
fn of<'f>(flows: &'f Flows, flow: &'f str, news: News) -> impl Iterator<Item = &'f Arc<Routed>> {
    let of_news = match news {
        News::Delivered => DELIVERED,
        News::Failed => FAILED,
    };
    let reads = flows.named(flow).and_then(|routed| reads(routed));
    flows.with_source(Role::Own).filter(move |listener| {
        let document = listener.flow.source().document.name;
        (document == of_news || document == OUTCOME) && hears(listener, flow, reads)
    })
}

/// The document by which a flow reads outcomes; `None` where it reads a vendor's.
fn reads(routed: &Routed) -> Option<&'static str> {
    routed.flow.reads_outcomes().then_some(routed.flow.source().document.name)
}

fn hears(listener: &Routed, flow: &str, reads: Option<&str>) -> bool {
    let source = listener.flow.source();
    source.of.as_ref().is_some_and(|of| of.hears(source.document.name, flow, reads))
}

/// What is to be said of flows that tell each other of their outcomes, round and round: at each of them, with the way.
#[must_use]
pub fn going_round(flows: &[Arc<Routed>]) -> Vec<Diagnostic> {
    let listeners: Vec<_> = flows.iter().filter(|routed| routed.flow.reads_outcomes()).collect();
    let round = |first: &&Arc<Routed>| {
        let of = first.flow.source().of.as_ref()?;
        let way = way_back(first, &listeners)?;
        let names: Vec<_> = way.iter().map(|routed| format!("`{}`", routed.flow.name())).collect();
        let help =
            format!("{} hears of {}: let one of them name other flows", names.join(" hears of "), names[0]);
        Some(of.goes_round.clone().with_help(help))
    };
    listeners.iter().filter_map(round).collect()
}

/// The way from a listener over those that it hears of, and those that these hear of, back to itself.
fn way_back<'f>(first: &'f Arc<Routed>, listeners: &[&'f Arc<Routed>]) -> Option<Vec<&'f Arc<Routed>>> {
    let name = |routed: &Arc<Routed>| routed.flow.name().to_owned();
    let mut ways = vec![vec![first]];
    let mut seen = std::collections::BTreeSet::new();
    while let Some(way) = ways.pop() {
        let Some(last) = way.last() else { continue };
        for next in listeners.iter().filter(|next| hears(last, next.flow.name(), reads(next))) {
            if name(next) == name(first) {
                return Some(way);
            }
            if seen.insert(name(next)) {
                ways.push(way.iter().copied().chain([*next]).collect());
            }
        }
    }
    None
}
