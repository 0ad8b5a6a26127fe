//! Which flows read what is pushed, and what becomes of it for each.

use std::collections::BTreeMap;
use std::iter::repeat_n;
use std::sync::Arc;

use relay_connector::{Document, Role};
use relay_core::clock::{Clock, Rng};
use relay_core::{System, WorkItem};
use serde_json::Value;

use crate::{FlowSettings, Flows, Routed, work};

/// The flows that read what is pushed.
#[derive(Clone, Copy)]
pub struct Readers<'a> {
    /// All flows.
    pub flows: &'a Flows,
    /// The values of the settings that they name.
    pub settings: &'a FlowSettings,
}

impl<'a> Readers<'a> {
    /// The flows that read a document that was pushed with these parameters.
    pub fn of(
        self,
        document: &'a Document,
        params: &'a [(String, String)],
    ) -> impl Iterator<Item = &'a Arc<Routed>> {
        let reads = move |routed: &&Arc<Routed>| {
            // A flow whose settings are gone takes everything: what is not its own fails there, and is not lost.
            let wanted = routed.query(self.settings).map_or_else(|_| Vec::new(), |query| query.params);
            routed.flow.source().document == document && wanted.iter().all(|param| params.contains(param))
        };
        self.flows.with_source(Role::Pushed).filter(reads)
    }

    /// What was pushed as a work item of each flow that reads and admits it.
    #[must_use]
    pub fn work_items(
        self,
        document: &Document,
        params: &[(String, String)],
        data: Value,
        clock: &dyn Clock,
        rng: &dyn Rng,
    ) -> BTreeMap<System, Vec<WorkItem>> {
        // What a filter cannot judge is queued: the pusher records it as failed, so it is not lost.
        let takers = self.of(document, params).filter(|routed| routed.flow.admits(&data).unwrap_or(true));
        let takers: Vec<_> = takers.collect();
        let mut items = BTreeMap::<_, Vec<_>>::new();
        // The last of them has the document itself, and not a copy.
        let documents = repeat_n(data, takers.len());
        for (routed, document) in takers.into_iter().zip(documents) {
            let item = work::item(&routed.flow, document, false, clock.now(), rng);
            items.entry(routed.system).or_default().push(item);
        }
        items
    }
}
