//! What a job needs, so that whoever builds it can check the settings of just that and connect to just that.

use std::collections::{BTreeMap, BTreeSet};

use relay_connector::{Document, Role, Uses};
use relay_core::System;
use relay_mapping::LookupTable;

use crate::flows::{Flows, Routed};

/// What a job needs of the connectors and of the settings that flows name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Needs {
    /// The connectors that the job uses, and for what.
    pub connectors: BTreeMap<System, Uses>,
    /// Connectors that the job uses for this where their settings are there.
    pub where_set: Option<Role>,
    /// The settings that the flows name.
    pub settings: BTreeSet<String>,
}

impl Needs {
    /// What reading the sources of these flows needs.
    #[must_use]
    pub fn sources<'a>(flows: impl IntoIterator<Item = &'a std::sync::Arc<Routed>>) -> Self {
        let mut needs = Self::default();
        for routed in flows {
            let source = routed.flow.source();
            let uses = needs.connectors.entry(routed.source_system()).or_default();
            uses.add(source.document, source.route.as_deref());
            needs.settings.extend(routed.flow.source_settings().into_iter().map(str::to_owned));
        }
        needs
    }

    /// What everything that these flows do needs.
    #[must_use]
    pub fn of(flows: &Flows) -> Self {
        let mut needs = Self::sources(flows.iter());
        for routed in flows.iter() {
            needs.target(routed.flow.target().document, routed.flow.target().route);
            routed.flow.tables().into_iter().for_each(|lookup| needs.lookup(&lookup.table, flows));
        }
        needs
    }

    /// The same, and looking codes up.
    pub fn lookup(&mut self, table: &LookupTable, flows: &Flows) {
        match table {
            LookupTable::Line { flow, .. } => {
                let target = flows.named(flow).map(|routed| routed.flow.target());
                target.iter().for_each(|target| self.target(target.document, target.route));
            }
            LookupTable::Listed { document, .. } => self.target(document, None),
            LookupTable::Vendor(name) => _ = self.connectors.entry(System::of_document(name)).or_default(),
            LookupTable::Tenant { .. } | LookupTable::Delivered { .. } => {}
        }
    }

    /// The same, and delivering a document to its system, over that route where the flow names one.
    pub fn target(&mut self, document: &'static Document, route: Option<&str>) {
        let system = System::of_document(document.name);
        self.connectors.entry(system).or_default().add(document, route);
    }
}
