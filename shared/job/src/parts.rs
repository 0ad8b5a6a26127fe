//! What a job is built of: ports, flows, and connectors that are connected already.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use relay_connector::{Connection, Lists, Pools, Target, Windows, own};
use relay_core::clock::{Clock, Rng};
use relay_core::health::Monitor;
use relay_core::ordered;
use relay_core::{Intake, Stores, System};

use crate::listeners::Listeners;
use crate::{ActiveFlows, CredentialCheck, FlowSettings, Flows, Speech};

/// Everything that a job is handed.
#[derive(Clone)]
pub struct Parts {
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The dice.
    pub rng: Arc<dyn Rng>,
    /// Queue, checkpoints, ledger, look-ups, archive.
    pub stores: Stores,
    /// The flows that have a file.
    pub flows: Arc<Flows>,
    /// The flows that take documents in: these, and those whose file has been taken away.
    pub active: Arc<ActiveFlows>,
    /// The values of the settings that flows name.
    pub settings: FlowSettings,
    /// Where the watermark of a query that was never read begins.
    pub start: DateTime<Utc>,
    /// Told how sources and targets are doing.
    pub health: Arc<Monitor>,
    /// Noted by whoever is refused for its credentials.
    pub credential_check: Arc<CredentialCheck>,
    /// The vendors that the job needs.
    pub connections: Connections,
    /// Every system that has a queue, by each name that its queue may end with.
    pub queues: BTreeMap<String, System>,
    /// In which language people are told.
    pub speech: Speech,
}

impl Parts {
    /// Takes documents in; the flows that listen hear of what fails there.
    #[must_use]
    pub fn intake(&self) -> Intake {
        self.unheard().heard_by(Arc::new(self.listeners()))
    }

    /// Of what fails here nobody hears.
    fn unheard(&self) -> Intake {
        Intake::new(self.stores.queue.clone(), self.stores.ledger.clone(), self.clock.clone())
    }

    /// Tells the flows that listen what became of documents.
    #[must_use]
    pub fn listeners(&self) -> Listeners {
        let (active, clock) = (self.active.clone(), self.clock.clone());
        Listeners::new(active, self.unheard(), clock, self.rng.clone())
            .with_console(self.console())
            .speaking(self.speech)
    }

    /// The console's address, where a setting tells it.
    #[must_use]
    pub fn console(&self) -> Option<String> {
        self.settings.0.get(own::CONSOLE_URL).cloned()
    }

    /// Every system that has a queue.
    #[must_use]
    pub fn systems(&self) -> Vec<System> {
        ordered::set(self.queues.values().copied()).into_iter().collect()
    }
}

/// The vendors that a job is connected to.
#[derive(Clone, Default)]
pub struct Connections(BTreeMap<System, Arc<dyn Connection>>);

impl Connections {
    /// The connection to a vendor.
    #[must_use]
    pub fn get(&self, system: System) -> Option<&dyn Connection> {
        self.0.get(&system).map(AsRef::as_ref)
    }

    /// The same, for whoever keeps it.
    #[must_use]
    pub fn shared(&self, system: System) -> Option<Arc<dyn Connection>> {
        self.0.get(&system).cloned()
    }

    /// Every connection.
    pub fn iter(&self) -> impl Iterator<Item = (System, &Arc<dyn Connection>)> {
        self.0.iter().map(|(system, connection)| (*system, connection))
    }

    /// Reads windows, where that vendor is connected and can.
    #[must_use]
    pub fn windows(&self, system: System) -> Option<&dyn Windows> {
        self.get(system)?.windows()
    }

    /// Reads lists, where that vendor is connected and can.
    #[must_use]
    pub fn lists(&self, system: System) -> Option<&dyn Lists> {
        self.get(system)?.lists()
    }

    /// Pulls from pools, where that vendor is connected and can.
    #[must_use]
    pub fn pools(&self, system: System) -> Option<&dyn Pools> {
        self.get(system)?.pools()
    }

    /// Delivers, where that vendor is connected and can.
    #[must_use]
    pub fn target(&self, system: System) -> Option<&dyn Target> {
        self.get(system)?.target()
    }
}

impl FromIterator<(System, Arc<dyn Connection>)> for Connections {
    fn from_iter<I: IntoIterator<Item = (System, Arc<dyn Connection>)>>(connections: I) -> Self {
        Self(ordered::map(connections))
    }
}
