//! Failed documents, sent through their flows again.

pub mod plan;
mod versions;

use std::collections::BTreeMap;

use relay_connector::Document;
use relay_core::ledger::{self, of_no_flow};
use relay_core::{Entry, EntryId, FailureClass, Intake, StoreError, System, WorkItem};
use relay_job::pushed::Readers;
use relay_job::{Flows, Routed, work};
use serde::Serialize;

use crate::log::Did;
use crate::{OperationError, Operations};

/// What became of the documents of a replay.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Replayed {
    /// How many were sent through their flows again.
    #[serde(rename = "replayed")]
    pub sent: u64,
    /// Those that no flow takes.
    pub without_flow: Vec<EntryId>,
    /// Those that the queue cannot carry: they have failed anew.
    pub too_large: Vec<EntryId>,
    /// Those that are nested too deep to be carried, and are kept as text.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub too_deep: Vec<EntryId>,
    /// Those that were delivered and whose content neither the archive nor the source has.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub not_kept: Vec<EntryId>,
    /// How many are left of a replay that was stopped.
    #[serde(skip_serializing_if = "is_none")]
    pub left: usize,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands it over so")]
fn is_none(count: &usize) -> bool {
    *count == 0
}

impl Replayed {
    /// Whether every document was sent.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        let unsent = [&self.without_flow, &self.too_large, &self.too_deep, &self.not_kept];
        self.left == 0 && unsent.into_iter().all(Vec::is_empty)
    }

    fn add(&mut self, other: Self) {
        self.sent += other.sent;
        self.without_flow.extend(other.without_flow);
        self.too_large.extend(other.too_large);
        self.too_deep.extend(other.too_deep);
        self.not_kept.extend(other.not_kept);
    }
}

/// A document that was pushed, and what a flow's source parameters must agree with.
type Pushed = (&'static Document, Vec<(String, String)>);

impl Operations<'_> {
    /// Sends a failed document through its flow again.
    ///
    /// # Errors
    /// A flow or a document that nobody knows, or that has not failed; a store that does not answer.
    pub async fn replay(&self, flow: &str, key: &str) -> Result<Replayed, OperationError> {
        let entry = self.failed(flow, key).await?;
        let replayed = self.replay_entries(vec![entry]).await?;
        self.note(Did::of("replay", format!("{flow} {key}")).times(replayed.sent)).await;
        Ok(replayed)
    }

    /// Sends every failed document, of this flow or of all, through its flow again.
    ///
    /// # Errors
    /// A flow that nobody knows; a store that does not answer.
    pub async fn replay_all(&self, flow: Option<&str>) -> Result<Replayed, OperationError> {
        let entries = self.failures(flow).await?;
        let replayed = self.replay_entries(entries).await?;
        self.note(Did::of("replay", flow.unwrap_or("all that failed")).times(replayed.sent)).await;
        Ok(replayed)
    }

    /// Sends failed documents, as they were read, through their flows again, each in its newest version. What has come
    /// since they were read is for the pusher's guard to see.
    ///
    /// # Errors
    /// A store that does not answer.
    pub async fn replay_entries(&self, entries: Vec<Entry>) -> Result<Replayed, OperationError> {
        let mut items = BTreeMap::<System, Vec<WorkItem>>::new();
        let (mut moved, mut replayed) = (Vec::new(), Replayed::default());
        // Also for the flows whose file is away: what comes for them is kept.
        let takers = self.active.flows().await?;
        for entry in entries {
            if entry.failures().all(|failed| failed.class == FailureClass::TooDeep) {
                replayed.too_deep.push(entry.id);
            } else if let Some(kept) = self.routed_now(&entry.id) {
                for (system, of_system) in self.pushed(&kept, &takers, &entry) {
                    items.entry(system).or_default().extend(of_system);
                }
                moved.push(entry);
            } else if let Some(routed) = self.with_file(&entry.id.flow, &takers) {
                let (now, rng) = (self.clock.now(), self.rng.as_ref());
                let again = |failed| work::again(&routed.flow, &entry.id, failed, now, rng);
                let of_entry: Vec<_> = entry.failures().map(again).collect();
                if of_entry.iter().any(|item| item.key != entry.id.key) {
                    moved.push(entry);
                }
                items.entry(routed.system).or_default().extend(of_entry);
            } else {
                replayed.without_flow.push(entry.id);
            }
        }
        for (system, items) in items {
            let items = versions::newest(items);
            replayed.sent += self.intake().take(system, &items).await?.queued;
            let id = |item: &WorkItem| EntryId::new(&item.flow, &item.key);
            replayed.too_deep.extend(items.iter().filter(|item| item.too_deep().is_some()).map(id));
            let too_large = items.into_iter().filter(|item| Intake::is_too_large(&item.encode()));
            replayed.too_large.extend(too_large.map(|item| EntryId::new(item.flow, item.key)));
        }
        // Only now that its flows have it: from here on they say what becomes of it.
        for entry in &moved {
            self.clear(entry).await?;
        }
        Ok(replayed)
    }

    /// Takes versions off the list of failures that others tell of from here on. What has failed since they were seen
    /// stays.
    async fn clear(&self, seen: &Entry) -> Result<(), StoreError> {
        ledger::update(self.stores.ledger.as_ref(), &seen.id, None, |entry| {
            seen.failures().for_each(|failed| entry.clear(&failed.class, &failed.hash));
        })
        .await
    }

    /// What a push that no flow took when it came is by the settings and flows of today; `None` where still nothing
    /// takes it.
    fn routed_now(&self, id: &EntryId) -> Option<Pushed> {
        let (system, kind) = of_no_flow::kept_kind(id)?;
        let connector = self.connectors.iter().find(|connector| connector.system().name() == system)?;
        let pushed = connector.pushed(self.settings, kind)?;
        let is_taken = self.readers(self.flows).of(pushed.0, &pushed.1).next().is_some();
        is_taken.then_some(pushed)
    }

    /// The flow, where it has a file. While that has mistakes, what works goes on by the text before them.
    fn with_file<'f>(&'f self, flow: &str, takers: &'f Flows) -> Option<&'f Routed> {
        let before = || takers.named(flow).filter(|_| self.flows.broken_named(flow).is_some());
        self.flows.named(flow).or_else(before).map(AsRef::as_ref)
    }

    fn readers<'r>(&'r self, flows: &'r Flows) -> Readers<'r> {
        Readers { flows, settings: &self.flow_settings }
    }

    /// Every version of such a push as a new message of every flow that takes it.
    fn pushed(
        &self,
        (document, params): &Pushed,
        takers: &Flows,
        entry: &Entry,
    ) -> BTreeMap<System, Vec<WorkItem>> {
        let (clock, rng) = (self.clock.as_ref(), self.rng.as_ref());
        let mut items = BTreeMap::<System, Vec<WorkItem>>::new();
        for failed in entry.failures() {
            let of_version =
                self.readers(takers).work_items(document, params, failed.document.clone(), clock, rng);
            for (system, mut of_system) in of_version {
                of_system.iter_mut().for_each(|item| work::mark(item, failed, rng));
                items.entry(system).or_default().extend(of_system);
            }
        }
        items
    }
}
