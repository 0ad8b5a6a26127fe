//! The target systems, out of what the job is connected to.

use relay_connector::{Class, Failure, Target};
use relay_core::System;
use relay_job::Connections;

/// The target systems that the flows deliver to.
#[derive(Clone)]
pub(crate) struct Targets(pub(crate) Connections);

impl Targets {
    pub(crate) fn get(&self, system: System) -> Result<&dyn Target, Failure> {
        self.0.target(system).ok_or_else(|| {
            let message = "no flow delivers to this system, so it is not connected";
            Failure::new(system.name(), "push", Class::Refused, None, message)
        })
    }

    /// The system that a look-up table is of.
    pub(crate) fn of_table(&self, table: &str) -> Result<&dyn Target, Failure> {
        let name = table.split_once('.').map_or(table, |(system, _)| system);
        let system = self.0.iter().map(|(system, _)| system).find(|system| system.name() == name);
        let system = system
            .ok_or_else(|| Failure::new("look-up", table, Class::Refused, None, "is of no target system"))?;
        self.get(system)
    }
}
