//! What a connector is: one vendor, as data and as a way to connect to it.

use std::collections::BTreeSet;
use std::sync::Arc;

use relay_core::clock::{Clock, Rng};
use relay_core::{Quotas, System};

use crate::settings::{Default, Setting, Settings, SettingsError};
use crate::source::{Lists, Pools, Windows};
use crate::target::Target;
use crate::token::Unshared;
use crate::webhook::Webhook;
use crate::{Document, Lookup, Role, TokenStore, Transport, UnsharedQuotas};

/// One vendor. A connector is a folder under `connectors/` and a line in the registry.
pub trait Connector: Send + Sync {
    /// Its name: the first part of its documents' names, such as `wangdian`.
    fn system(&self) -> System;

    /// The vendor's own name, for people: `旺店通`.
    fn title(&self) -> &'static str;

    /// Every document that flows may name where nothing is set.
    fn documents(&self) -> &'static [Document];

    /// What its documents are by a setting, where the vendor has several interfaces: one of these for each, that of the
    /// setting's default included. Empty where they are the same by all settings.
    fn variants(&self) -> &'static [Variant] {
        &[]
    }

    /// The documents that flows may name by these settings.
    fn documents_by(&self, settings: &Settings) -> &'static [Document] {
        let chosen = self.variants().iter().find(|variant| variant.is_chosen(settings));
        chosen.map_or_else(|| self.documents(), |variant| (variant.documents)())
    }

    /// Every look-up table that flows may name.
    fn lookups(&self) -> &'static [Lookup] {
        &[]
    }

    /// Every setting that it reads. The start-up check, the README's table and the template go by this list.
    fn settings(&self) -> &'static [Setting];

    /// What the queue of its documents is called in settings and in a stack: `WDT` in `WDT_QUEUE_URL`. `None` where it
    /// takes no documents.
    fn queue(&self) -> Option<&'static str> {
        None
    }

    /// Why a stack on AWS has no queue for its documents, and the way to go there; `None` where a stack has one. Flows to such
    /// a target run in `relay serve` alone.
    fn not_on_a_stack(&self) -> Option<&'static str> {
        None
    }

    /// What pushes of this kind are by the settings: the document, and what a flow's source parameters must agree with.
    /// Asked for a push that was kept because nothing took it when it came.
    fn pushed(
        &self,
        _settings: &Settings,
        _kind: &str,
    ) -> Option<(&'static Document, Vec<(String, String)>)> {
        None
    }

    /// What the paths of its pushes begin with, such as `/qince/`; `None` where it pushes nothing.
    fn webhook_prefix(&self) -> Option<&'static str> {
        None
    }

    /// Checks that the settings hold what these uses need.
    ///
    /// # Errors
    /// Every setting that is missing or malformed, with what it expects.
    fn check(&self, settings: &Settings, uses: &Uses) -> Result<(), SettingsError>;

    /// Connects with what the settings hold. No call is made yet.
    ///
    /// # Errors
    /// As [`Connector::check`].
    fn connect(
        &self,
        settings: &Settings,
        surroundings: &Surroundings,
    ) -> Result<Arc<dyn Connection>, SettingsError>;
}

/// The documents of a vendor where a setting has this value.
#[derive(Debug, Clone, Copy)]
pub struct Variant {
    /// The setting.
    pub setting: Setting,
    /// Its value.
    pub value: &'static str,
    /// The documents.
    pub documents: fn() -> &'static [Document],
}

impl Variant {
    /// Whether the setting has this value, or has it by default.
    #[must_use]
    pub fn is_chosen(&self, settings: &Settings) -> bool {
        let default = match self.setting.default {
            Default::Value(value) => Some(value),
            _ => None,
        };
        settings.get(self.setting.name).or(default) == Some(self.value)
    }
}

/// What a connector is used for: it checks the settings of that alone.
#[derive(Debug, Clone, std::default::Default, PartialEq, Eq)]
pub struct Uses {
    /// The names of the documents that are used.
    pub documents: BTreeSet<&'static str>,
    /// Their roles.
    pub roles: BTreeSet<Role>,
    /// The routes that flows go over, by the names that flow files write.
    pub routes: BTreeSet<String>,
    /// Whether something goes over the vendor's usual route, because no other is named.
    pub over_usual: bool,
}

impl Uses {
    /// Adds a use: a document, over that route.
    pub fn add(&mut self, document: &Document, route: Option<&str>) {
        self.documents.insert(document.name);
        self.roles.insert(document.role);
        self.routes.extend(route.map(str::to_owned));
        self.over_usual |= route.is_none();
    }
}

/// What every connection is built on.
#[derive(Clone)]
pub struct Surroundings {
    /// The process's one HTTP client.
    pub transport: Arc<dyn Transport>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The dice.
    pub rng: Arc<dyn Rng>,
    /// Access tokens, shared between processes.
    pub tokens: Arc<dyn TokenStore>,
    /// One budget of calls for each account, shared between processes.
    pub quotas: Arc<dyn Quotas>,
}

impl Surroundings {
    /// Of a process that shares its tokens and budgets with no other.
    #[must_use]
    pub fn unshared(transport: Arc<dyn Transport>, clock: Arc<dyn Clock>, rng: Arc<dyn Rng>) -> Self {
        let quotas = Arc::new(UnsharedQuotas::new(clock.clone()));
        Self { transport, clock, rng, tokens: Arc::new(Unshared), quotas }
    }
}

/// A vendor that is connected: what of the five traits it can.
pub trait Connection: Send + Sync {
    /// Reads documents by windows of time.
    fn windows(&self) -> Option<&dyn Windows> {
        None
    }

    /// Reads whole lists.
    fn lists(&self) -> Option<&dyn Lists> {
        None
    }

    /// Pulls from pools, and acknowledges their rows.
    fn pools(&self) -> Option<&dyn Pools> {
        None
    }

    /// Verifies what the vendor pushes to us.
    fn webhook(&self) -> Option<&dyn Webhook> {
        None
    }

    /// Takes documents.
    fn target(&self) -> Option<&dyn Target> {
        None
    }
}
