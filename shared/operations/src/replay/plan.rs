//! A replay, before it is done: what would be sent, what that costs, and what a repetition does in each target.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use relay_connector::{Document, Repeat};
use relay_core::item::again;
use relay_core::{Entry, EntryId, Intake, System, WorkItem};
use relay_job::work;
use serde::{Deserialize, Serialize};

use super::Replayed;
use crate::explain::{Asked, Connect};
use crate::language::Said;
use crate::log::Did;
use crate::which::Which;
use crate::{OperationError, Operations};

/// So many documents are sent between two looks at whether to go on.
const BATCH: usize = 100;

/// Where the place of a replay stands that was stopped.
const PLACE: &str = "replay/stopped";

/// So many entries of a flow are looked at before a replay of what was delivered must be narrowed down.
const PAGE: usize = 500;

/// A replay, before it is done.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Plan {
    /// Which documents are meant.
    pub which: Which,
    /// Whether those are that were delivered, and none that failed.
    pub delivered: bool,
    /// The documents, by flow and key.
    #[serde(skip)]
    pub entries: Vec<Entry>,
    /// How many.
    pub documents: usize,
    /// What it costs, and what it does, for each document of a target.
    pub targets: Vec<Costs>,
}

/// What sending documents again to a target costs, and what it does there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Costs {
    /// The target's document.
    pub document: String,
    /// How many documents.
    pub documents: u64,
    /// So many calls at most: each is asked after, and then sent.
    pub calls: u64,
    /// So many calls a minute are allowed.
    pub calls_a_minute: Option<u32>,
    /// What a repetition does there.
    pub repeat: Said,
}

/// A document that is sent once more.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Again {
    /// Which.
    pub(crate) id: EntryId,
    /// Its content, where that is at hand.
    pub(crate) document: Option<serde_json::Value>,
}

/// Where a replay was stopped.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Place {
    which: Which,
    delivered: bool,
    /// The last document that was sent.
    after: EntryId,
}

impl Operations<'_> {
    /// What a replay would send. Of those that were delivered a flow, keys or a time must be named.
    ///
    /// # Errors
    /// A flow or a cause that nobody knows; a store that does not answer.
    pub async fn plan_replay(&self, which: Which, delivered: bool) -> Result<Plan, OperationError> {
        let entries = match delivered {
            true => self.delivered_of(&which).await?,
            false => self.failures_of(&which).await?,
        };
        Ok(self.plan(which, delivered, entries))
    }

    /// What is left of the replay that was stopped last.
    ///
    /// # Errors
    /// There is none; a store that does not answer.
    pub async fn plan_rest(&self) -> Result<Plan, OperationError> {
        let stopped = self.stores.checkpoints.get(PLACE).await?;
        let place = stopped.and_then(|stopped| serde_json::from_str::<Place>(&stopped.value).ok());
        let Place { which, delivered, after } =
            place.ok_or_else(|| OperationError::WrongTime("no replay was stopped".to_owned()))?;
        let mut plan = self.plan_replay(which, delivered).await?;
        plan.entries.retain(|entry| entry.id > after);
        Ok(self.plan(plan.which, delivered, plan.entries))
    }

    fn plan(&self, which: Which, delivered: bool, mut entries: Vec<Entry>) -> Plan {
        entries.sort_by(|one, other| one.id.cmp(&other.id));
        let mut targets = BTreeMap::<&str, (&'static Document, u64)>::new();
        for entry in &entries {
            if let Some(routed) = self.flows.named(&entry.id.flow) {
                let document = routed.flow.target().document;
                targets.entry(document.name).or_insert((document, 0)).1 += 1;
            }
        }
        let targets = targets.into_values().map(|(document, count)| self.costs(document, count)).collect();
        Plan { which, delivered, documents: entries.len(), entries, targets }
    }

    fn costs(&self, document: &'static Document, documents: u64) -> Costs {
        let is_asked = document.push.is_some_and(|push| push.asked.is_some());
        let sends = documents.div_ceil(document.batch().max(1) as u64);
        Costs {
            document: document.name.to_owned(),
            documents,
            calls: sends + if is_asked { documents } else { 0 },
            calls_a_minute: self.calls_a_minute(System::of_document(document.name)),
            repeat: match document.repeat() {
                Repeat::Replaces => {
                    Said::new("重发会替换目标里已有的", "a repetition replaces what is there")
                }
                Repeat::Refuses => {
                    Said::new("已有的不变:第二张会被拒绝", "what is there stays: a second one is refused")
                }
                Repeat::Doubles if is_asked => Said::new(
                    "已有的不变:先查,没有的才新做",
                    "what is there stays: it is asked after, and made anew only where it is missing",
                ),
                Repeat::Doubles => Said::new(
                    "重发会多出一张:没法查目标里有没有",
                    "A REPETITION MAKES A SECOND ONE: nobody can be asked whether it is there",
                ),
            },
        }
    }

    /// The limit of calls to a vendor, as its settings have it.
    pub(crate) fn calls_a_minute(&self, system: System) -> Option<u32> {
        let connector = self.connectors.iter().find(|connector| connector.system() == system)?;
        let setting =
            connector.settings().iter().find(|setting| setting.name.ends_with("_CALLS_PER_MINUTE"))?;
        let default = match setting.default {
            relay_connector::settings::Default::Value(value) => Some(value),
            _ => None,
        };
        self.settings.get(setting.name).or(default)?.parse().ok()
    }

    /// Does what was planned, as long as `goes_on` says so, which is told how many have been sent. What was stopped can be gone on
    /// with ([`plan_rest`](Self::plan_rest)).
    ///
    /// # Errors
    /// A store that does not answer: what was sent until then stays so.
    pub async fn replay_plan(
        &self,
        plan: Plan,
        connect: Connect<'_>,
        goes_on: &(dyn Fn(usize) -> bool + Sync),
    ) -> Result<Replayed, OperationError> {
        let Plan { which, delivered, entries, documents, .. } = plan;
        let (mut all, mut done) = (Replayed::default(), 0);
        let mut is_stopped = false;
        for batch in entries.chunks(BATCH) {
            if !goes_on(done) {
                is_stopped = true;
                break;
            }
            let replayed = match delivered {
                true => self.again(batch, connect).await?,
                false => self.replay_entries(batch.to_vec()).await?,
            };
            all.add(replayed);
            done += batch.len();
            if let Some(last) = batch.last().filter(|_| done < documents) {
                let place = Place { which: which.clone(), delivered, after: last.id.clone() };
                self.remember(&place).await?;
            }
        }
        if !is_stopped {
            self.stores.checkpoints.remove(PLACE).await?;
        }
        let did = if delivered { "replay --delivered" } else { "replay" };
        self.note(Did::of(did, which.told()).times(all.sent)).await;
        all.left = documents - done;
        Ok(all)
    }

    async fn remember(&self, place: &Place) -> Result<(), OperationError> {
        let checkpoints = self.stores.checkpoints.as_ref();
        let revision = checkpoints.get(PLACE).await?.map(|known| known.revision);
        // Whoever replays at the same time has a place too: the last one stands.
        checkpoints.put(PLACE, &serde_json::json!(place).to_string(), revision, None).await?;
        Ok(())
    }

    /// Sends documents that the target has once more: what is kept of them, or else what their source has now.
    async fn again(&self, entries: &[Entry], connect: Connect<'_>) -> Result<Replayed, OperationError> {
        let again: Vec<_> =
            entries.iter().map(|entry| Again { id: entry.id.clone(), document: None }).collect();
        self.send_again(&again, connect).await
    }

    /// Sends documents once more, whether the ledger knows them or not: what is given, else what is kept of them, else what their
    /// source has now. The target is asked for each of them first.
    pub(crate) async fn send_again(
        &self,
        documents: &[Again],
        connect: Connect<'_>,
    ) -> Result<Replayed, OperationError> {
        let mut replayed = Replayed::default();
        let mut items = BTreeMap::<System, Vec<WorkItem>>::new();
        for Again { id, document } in documents {
            let EntryId { flow, key } = id;
            let Some(routed) = self.flows.named(flow) else {
                replayed.without_flow.push(id.clone());
                continue;
            };
            let kept = match document {
                Some(document) => Ok((document.clone(), String::new())),
                None => match self.given(routed, Asked::Key(key), connect).await {
                    Ok(kept) => Ok(kept),
                    Err(_) => self.given(routed, Asked::Fetched(key), connect).await,
                },
            };
            let Ok((document, _)) = kept else {
                replayed.not_kept.push(id.clone());
                continue;
            };
            let mut item = work::item(&routed.flow, document, false, self.clock.now(), self.rng.as_ref());
            item.key.clone_from(key);
            // As old as what is there: a version that comes meanwhile goes before it.
            let entry = self.entry(flow, key).await?;
            let delivered = entry.as_ref().and_then(|entry| entry.delivered.as_ref());
            item.received_at =
                delivered.and_then(|delivered| delivered.received_at).unwrap_or(item.received_at);
            item.replay = Some(again(self.rng.uuid()));
            items.entry(routed.system).or_default().push(item);
        }
        for (system, items) in items {
            replayed.sent += self.intake().take(system, &items).await?.queued;
            let too_large = items.into_iter().filter(|item| Intake::is_too_large(&item.encode()));
            replayed.too_large.extend(too_large.map(|item| EntryId::new(item.flow, item.key)));
        }
        Ok(replayed)
    }

    /// The documents that were delivered and are meant: by their numbers, or else all of a flow at that time.
    async fn delivered_of(&self, which: &Which) -> Result<Vec<Entry>, OperationError> {
        if let Some(flow) = &which.flow {
            self.check_flow(flow).await?;
        }
        let is_meant = |entry: &Entry| {
            let at = entry.there().map(|delivered| delivered.at);
            at.is_some_and(|at: DateTime<Utc>| which.takes_time(at)) && which.takes_text(entry, None)
        };
        let mut entries = BTreeMap::new();
        if which.keys.is_empty() {
            let flow = which.flow.as_ref().ok_or_else(|| {
                OperationError::WrongTime("name the flow of what was delivered, or its numbers".to_owned())
            })?;
            let mut from = None;
            loop {
                let (page, next) = self.stores.ledger.list(Some(flow), from.as_deref(), PAGE).await?;
                entries.extend(page.into_iter().filter(is_meant).map(|entry| (entry.id.clone(), entry)));
                match next {
                    Some(next) => from = Some(next),
                    None => break,
                }
            }
        }
        for number in &which.keys {
            let mut ids = self.stores.ledger.find(number).await?;
            ids.extend(self.known_flows().await?.into_iter().map(|flow| EntryId::new(flow, number)));
            ids.retain(|id| which.flow.as_ref().is_none_or(|flow| *flow == id.flow));
            for ids in ids.chunks(100) {
                let found = self.stores.ledger.read(ids).await?;
                entries.extend(found.into_iter().filter(|(_, entry)| is_meant(entry)));
            }
        }
        Ok(entries.into_values().collect())
    }
}
