//! Names that a person has typed. A misspelt one would be answered with "nothing has failed", so it is an error.

use std::collections::BTreeSet;

use relay_connector::{Connector, Role};
use relay_core::ledger::of_no_flow::{UNREADABLE, unreadable, unrouted};
use relay_core::pause::Scope;
use relay_core::{StoreError, System, registry};

use crate::error::Unknown;
use crate::{OperationError, Operations};

impl Operations<'_> {
    /// Whether the ledger keeps under this name what is of no flow.
    #[must_use]
    pub fn is_of_no_flow(&self, name: &str) -> bool {
        let is_kept = |system: System| name == unrouted(system) || name == unreadable(system);
        name == UNREADABLE || self.connectors.iter().any(|connector| is_kept(connector.system()))
    }

    /// Checks that a name is one of a flow: of a file, of the registry, or of what has failed.
    ///
    /// # Errors
    /// [`OperationError::UnknownFlow`]; a store that does not answer.
    pub async fn check_flow(&self, name: &str) -> Result<(), OperationError> {
        if self.has_file(name) || self.is_of_no_flow(name) {
            return Ok(());
        }
        let known = self.known_flows().await?;
        if known.contains(name) {
            return Ok(());
        }
        Err(OperationError::UnknownFlow(Unknown::new(name, known.iter().map(String::as_str))))
    }

    /// Whether the flow has a file, with mistakes or without.
    fn has_file(&self, name: &str) -> bool {
        self.flows.named(name).is_some() || self.flows.broken_named(name).is_some()
    }

    /// The target of that name.
    ///
    /// # Errors
    /// [`OperationError::UnknownTarget`].
    pub fn target(&self, name: &str) -> Result<System, OperationError> {
        let unknown = || Unknown::new(name, self.targets().map(System::name));
        self.targets()
            .find(|system| system.name() == name)
            .ok_or_else(|| OperationError::UnknownTarget(unknown()))
    }

    /// Every system that documents are read from.
    pub fn sources(&self) -> impl Iterator<Item = System> {
        let hands_over = |connector: &&&dyn Connector| {
            let documents = connector.documents_by(self.settings);
            documents.iter().any(|document| document.role.is_polled() || document.role == Role::Pool)
        };
        self.connectors.iter().filter(hands_over).map(|connector| connector.system())
    }

    /// The source of that name.
    ///
    /// # Errors
    /// [`OperationError::UnknownSource`].
    pub fn source(&self, name: &str) -> Result<System, OperationError> {
        let unknown = || Unknown::new(name, self.sources().map(System::name));
        let mut sources = self.sources();
        sources.find(|system| system.name() == name).ok_or_else(|| OperationError::UnknownSource(unknown()))
    }

    /// Checks that a name is one of a vendor, as a target or as a source.
    ///
    /// # Errors
    /// [`OperationError::UnknownTarget`].
    pub(crate) fn check_vendor(&self, name: &str) -> Result<(), OperationError> {
        self.target(name).or_else(|unknown| self.source(name).map_err(|_| unknown)).map(drop)
    }

    /// The target or else the flow of that name.
    ///
    /// # Errors
    /// [`OperationError::UnknownName`]; a store that does not answer.
    pub async fn scope<'n>(&self, name: &'n str) -> Result<Scope<'n>, OperationError> {
        if let Ok(system) = self.target(name) {
            return Ok(Scope::Target(system));
        }
        let registered = registry::read(self.stores.checkpoints.as_ref()).await?;
        if self.has_file(name) || registered.contains_key(name) {
            return Ok(Scope::Flow(name));
        }
        let with_file = self.flows.iter().map(|routed| routed.flow.name());
        let flows: BTreeSet<&str> = with_file.chain(registered.keys().map(String::as_str)).collect();
        let mut unknown = Unknown::new(name, flows);
        let targets: Vec<_> = self.targets().map(System::name).collect();
        if let Some(target) = relay_job::suggest::closest(name, targets.iter().copied()) {
            unknown.meant = Some(target.to_owned());
        }
        Err(OperationError::UnknownName { unknown, targets: targets.join(", ") })
    }

    /// The names under which documents are known.
    pub(crate) async fn known_flows(&self) -> Result<BTreeSet<String>, StoreError> {
        let mut known: BTreeSet<String> =
            self.flows.iter().map(|routed| routed.flow.name().to_owned()).collect();
        known.extend(registry::read(self.stores.checkpoints.as_ref()).await?.into_keys());
        let counts = self.stores.ledger.counts().await?;
        let delivered = counts.delivered.into_iter().flatten().map(|(name, _)| name);
        known.extend(counts.failed.into_keys().chain(delivered));
        Ok(known)
    }
}
