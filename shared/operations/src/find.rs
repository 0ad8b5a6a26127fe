//! Where a number is: an order's, a parcel's, a bill's, an id of a target, whichever flow has it; and where nothing is known
//! of it, what its source says.

use std::collections::BTreeSet;

use relay_connector::Role;
use relay_core::EntryId;
use relay_core::groups::marked;
use relay_core::pause::{self, Scope};
use relay_job::{Routed, watermark};
use serde::Serialize;
use serde_json::Value;

use crate::explain::Connect;
use crate::language::{Language, Said};
use crate::queued::Unseen;
use crate::show::Shown;
use crate::times::shown;
use crate::{OperationError, Operations, both};

/// So many entries are read of the ledger at once.
const PAGE: usize = 100;

/// What is known of a number.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Found {
    /// The number, as it was asked for.
    pub number: String,
    /// The documents that have it.
    pub documents: Vec<Shown>,
    /// What the sources say of it, where there are none.
    pub sources: Vec<AtSource>,
    /// The queues that may hold it, where there are none and the queues cannot be looked into (SQS).
    pub unseen: Vec<Unseen>,
}

/// What a source says of a number.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AtSource {
    /// The flow that reads it.
    pub flow: String,
    /// The source's document.
    pub source: String,
    /// The document's key, where the source has one.
    pub key: Option<String>,
    /// What it comes to.
    pub says: Said,
}

impl Operations<'_> {
    /// Everything that is known of these numbers: of flows alone where one is named. Sources are asked of what nobody knows.
    ///
    /// # Errors
    /// A flow that nobody knows; a store that does not answer. A source that cannot be asked is told in the answer.
    pub async fn find(
        &self,
        numbers: &[String],
        flow: Option<&str>,
        connect: Connect<'_>,
    ) -> Result<Vec<Found>, OperationError> {
        let flows = match flow {
            Some(flow) => {
                self.check_flow(flow).await?;
                BTreeSet::from([flow.to_owned()])
            }
            None => self.known_flows().await?,
        };
        let mut found = Vec::with_capacity(numbers.len());
        for number in numbers {
            let number = number.trim();
            let mut documents = self.documents_with(number, &flows).await?;
            let (mut sources, mut unseen) = (Vec::new(), Vec::new());
            if documents.is_empty() {
                let queues = self.in_queues(number, &flows).await?;
                for (id, queued) in queues.documents {
                    documents.push(self.only_queued(id, queued).await?);
                }
                unseen = queues.unseen;
            }
            if documents.is_empty() {
                sources = self.at_sources(number, &flows, connect).await?;
            }
            found.push(Found { number: number.to_owned(), documents, sources, unseen });
        }
        Ok(found)
    }

    /// The documents with a number: as their key, as the name of a bill, or among their numbers.
    async fn documents_with(
        &self,
        number: &str,
        flows: &BTreeSet<String>,
    ) -> Result<Vec<Shown>, OperationError> {
        let by_key = flows.iter().map(|flow| EntryId::new(flow, number));
        let has_bills =
            |flow: &&String| self.flows.named(flow).is_some_and(|routed| routed.flow.group().is_some());
        let bills = flows.iter().filter(has_bills).map(|flow| EntryId::new(flow, marked(number)));
        let indexed =
            self.stores.ledger.find(number).await?.into_iter().filter(|id| flows.contains(&id.flow));
        let ids: Vec<_> = by_key.chain(bills).chain(indexed).collect::<BTreeSet<_>>().into_iter().collect();
        let mut documents = Vec::new();
        for page in ids.chunks(PAGE) {
            let mut entries = self.stores.ledger.read(page).await?;
            for id in page {
                // What was filtered has a history alone.
                documents.extend(self.shown(&id.flow, &id.key, entries.remove(id)).await?);
            }
        }
        Ok(documents)
    }

    /// What the sources of flows say of a number; one that does not have it is left out.
    async fn at_sources(
        &self,
        number: &str,
        flows: &BTreeSet<String>,
        connect: Connect<'_>,
    ) -> Result<Vec<AtSource>, OperationError> {
        let mut said = Vec::new();
        for routed in self.flows.iter().filter(|routed| flows.contains(routed.flow.name())) {
            let asked = params(routed);
            let at = |key, says| AtSource {
                flow: routed.flow.name().to_owned(),
                source: routed.flow.source().document.name.to_owned(),
                key,
                says,
            };
            for param in asked {
                // A parameter that the vendor does not heed brings others' rows.
                let has_it = |row: &Value| {
                    let numbers = routed.flow.source().document.numbers_in(row);
                    numbers.iter().any(|known| known == number)
                };
                let rows = self.asked_by(routed, param, number, connect).await;
                match rows.map(|rows| rows.into_iter().filter(has_it).collect::<Vec<_>>()) {
                    Ok(rows) if rows.is_empty() => {}
                    Ok(rows) => {
                        for row in &rows {
                            let key = routed.flow.key(row).ok();
                            let says = self.why_not(routed, row).await?;
                            said.push(at(key, says));
                        }
                        break;
                    }
                    Err(why) => {
                        said.push(at(None, both!("问不了它:{why}", "it cannot be asked: {why}")));
                        break;
                    }
                }
            }
        }
        Ok(said)
    }

    /// Why a document that its source has is not known here.
    async fn why_not(&self, routed: &Routed, row: &Value) -> Result<Said, OperationError> {
        let flow = &routed.flow;
        let system = routed.source_system();
        let query = routed.query(&self.flow_settings);
        let params = query.as_ref().map(|query| query.params.as_slice()).unwrap_or_default();
        let otherwise = params.iter().find_map(|(param, asked)| {
            let (field, has) = field_of(row, param)?;
            let is_asked = asked.split(',').any(|asked| asked.trim() == has);
            (!is_asked).then(|| {
                both!(
                    "{system} 有它,{field} 为 {has};流程要的是 {param} {asked}",
                    "{system} has it with {field} {has}; the flow asks for {param} {asked}"
                )
            })
        });
        if let Some(otherwise) = otherwise {
            return Ok(otherwise);
        }
        match flow.admits(row) {
            Err(fault) => {
                return Ok(both!(
                    "{system} 有它;流程的过滤条件算不出来:{fault}",
                    "{system} has it; the flow's filter cannot be told: {fault}"
                ));
            }
            Ok(false) => {
                return Ok(both!(
                    "{system} 有它;流程的过滤条件不要它",
                    "{system} has it; the flow's filter does not take it"
                ));
            }
            Ok(true) => {}
        }
        if let Some(pause) = self.paused(flow.name()).await? {
            let pause = crate::pauses::said(&pause);
            return Ok(Said::new(
                format!("{system} 有它,流程也要它,但流程{}", pause.told(Language::Chinese)),
                format!("{system} has it, and it is for the flow, which is {pause}"),
            ));
        }
        let (checkpoints, now) = (self.stores.checkpoints.as_ref(), self.clock.now());
        if let Some(pause) = pause::current(checkpoints, Scope::Source(system), now).await? {
            let pause = crate::pauses::said(&pause);
            return Ok(Said::new(
                format!("{system} 有它,但现在不读:{}", pause.told(Language::Chinese)),
                format!("{system} has it, and is not read: it is {pause}"),
            ));
        }
        let read_until = watermark::read(self.stores.checkpoints.as_ref(), flow.name()).await?;
        let read = read_until.map_or_else(
            || Said::new("流程还没读过", "the flow has read nothing yet"),
            |until| both!("流程读到 {}", "the flow has read until {}", shown(until)),
        );
        let version = match flow.version(row) {
            Some(version) => both!(",{version} 改过", ", changed {version}"),
            None => Said::same(""),
        };
        Ok(Said::new(
            format!(
                "{system} 有它{},流程也要它;{}:它在队列里等,或随下一次轮询来",
                version.told(Language::Chinese),
                read.told(Language::Chinese)
            ),
            format!(
                "{system} has it{version}, and it is for the flow; {read}: it waits in the queue, or comes with a poll"
            ),
        ))
    }
}

/// The parameters by which the source of a flow can be asked for a number, those of keys first.
pub(crate) fn params(routed: &Routed) -> Vec<&'static str> {
    let document = routed.flow.source().document;
    if let Some(search) = document.searched_by.filter(|search| document.param_names().any(|it| it == *search))
    {
        return vec![search];
    }
    if document.role != Role::Windowed {
        return Vec::new();
    }
    let keys = document.keys.iter().filter(|key| key.len() == 1).flat_map(|key| key.iter());
    let mut params: Vec<&'static str> = Vec::new();
    for name in keys.chain(document.numbers).copied() {
        if document.param_names().any(|param| param == name) && !params.contains(&name) {
            params.push(name);
        }
    }
    params
}

/// The field that a parameter asks about: of the same name, or of one that ends with it, as `trade_status` does for `status`.
fn field_of<'a>(row: &'a Value, param: &str) -> Option<(&'a str, String)> {
    let fields = row.as_object()?;
    let ending = format!("_{param}");
    let (name, value) = fields
        .iter()
        .find(|(name, _)| *name == param)
        .or_else(|| fields.iter().find(|(name, _)| name.ends_with(&ending)))?;
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    Some((name, text))
}
