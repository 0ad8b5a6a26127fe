//! The target systems, as the pusher sees them. One file each; which field is our number, and what the vendor can be
//! asked, is known there and nowhere else.

mod kingdee;
mod sharecrm;
mod wangdian;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;
use relay_connector::{Class, Failure, Found, lenient};
use relay_connector::{Document, Repeat};
use relay_core::System;
use relay_core::clock::Deadline;
use relay_host::Wiring;
use relay_host::settings::both;
use relay_mapping::Mapped;

/// A system that takes documents.
#[async_trait]
pub trait Target: Send + Sync {
    /// Pushes a document and gives the target's own id of it. `replaced` is the id of the older version that this one
    /// takes the place of. Nothing is sent after the deadline ([`Class::OutOfTime`]).
    async fn deliver(
        &self,
        document: &'static Document,
        mapped: &Mapped,
        replaced: Option<&str>,
        deadline: Deadline,
    ) -> Result<Option<String>, Failure>;

    /// Asks for a document by our number.
    async fn find(
        &self,
        document: &'static Document,
        mapped: &Mapped,
        deadline: Deadline,
    ) -> Result<Found, Failure>;

    /// Asks for the id of a code.
    async fn lookup(&self, table: &str, code: &str, deadline: Deadline) -> Result<Option<String>, Failure>;

    /// What pushing a document again does, in the same or a newer version.
    fn repeat(&self, document: &'static Document) -> Repeat {
        document.repeat()
    }
}

/// The target systems that the flows deliver to.
#[derive(Clone)]
pub struct Targets {
    targets: BTreeMap<System, Arc<dyn Target>>,
}

impl Targets {
    /// Builds those that the flows need.
    ///
    /// # Errors
    /// Settings that are missing or malformed.
    pub fn wire(wiring: &Wiring) -> anyhow::Result<Self> {
        let systems: BTreeSet<_> = wiring.flows.iter().map(|routed| routed.system).collect();
        let mut targets = Ok(BTreeMap::new());
        // Not `?`: what the next one misses is to be said too.
        for system in systems {
            targets = both(targets, wire(system, wiring)).map(|(mut targets, target)| {
                targets.insert(system, target);
                targets
            });
        }
        Ok(Self { targets: targets? })
    }

    pub(crate) fn get(&self, system: System) -> Result<&dyn Target, Failure> {
        self.targets.get(&system).map(AsRef::as_ref).ok_or_else(|| {
            let message = "no flow delivers to this system, so it is not connected";
            Failure::new(system.name(), "push", Class::Refused, None, message)
        })
    }

    /// The system that a look-up table is of.
    pub(crate) fn of_table(&self, table: &str) -> Result<&dyn Target, Failure> {
        let system = System::of_document(table)
            .ok_or_else(|| Failure::new("look-up", table, Class::Refused, None, "is of no target system"))?;
        self.get(system)
    }
}

fn wire(system: System, wiring: &Wiring) -> anyhow::Result<Arc<dyn Target>> {
    Ok(match system {
        System::Kingdee => {
            let (client, edits) =
                both(wiring.kingdee(), wiring.settings.kingdee_edits().map_err(Into::into))?;
            Arc::new(kingdee::Kingdee { client, edits })
        }
        System::Sharecrm => Arc::new(wiring.sharecrm()?),
        System::Wangdian => Arc::new(wangdian::Wangdian(wiring.wangdian()?)),
    })
}

/// Our number in a mapped document.
pub(crate) fn number(document: &Document, mapped: &Mapped) -> Option<String> {
    lenient::field(&mapped.body, document.number()?)
}

/// Whether a vendor can be asked for a document by our number.
pub(crate) fn can_be_asked(document: &Document) -> bool {
    document.push.is_some_and(|push| push.asked.is_some())
}

/// What a system without look-up tables answers.
fn no_tables(vendor: &'static str, table: &str) -> Failure {
    Failure::new(vendor, table, Class::Refused, None, "there is no such look-up table")
}
