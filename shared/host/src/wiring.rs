//! Everything that jobs are built from, and how they are built.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use anyhow::Context as _;
use relay_connector::{
    Catalog, Connection, Connector, Role, Settings, SettingsError, Surroundings, Transport,
};
use relay_core::clock::{Clock, Rng, SystemClock, SystemRng};
use relay_core::health::Monitor;
use relay_core::ordered;
use relay_core::{Intake, Stores, System};
use relay_job::tokens::SharedTokens;
use relay_job::{
    ActiveFlows, Connections, CredentialCheck, FlowSettings, Flows, Job, Needs, Parts, Speech, active_flows,
};

#[cfg(feature = "aws")]
use crate::SecretsManager;
use crate::settings::declared;
use crate::{flows, http, settings, stores};

/// Everything that jobs are built from.
pub struct Wiring {
    /// The settings.
    pub settings: Settings,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The dice.
    pub rng: Arc<dyn Rng>,
    /// Queue, checkpoints, ledger, look-ups, archive.
    pub stores: Stores,
    /// The flows.
    pub flows: Arc<Flows>,
    /// The flows that take documents in: these, and those whose file has been taken away.
    pub active: Arc<ActiveFlows>,
    /// Everything that flows can name.
    pub catalog: Arc<Catalog>,
    /// Told how sources and targets are doing.
    pub health: Arc<Monitor>,
    /// Noted by whoever is refused for its credentials.
    pub credential_check: Arc<CredentialCheck>,
    /// What the process calls itself among those that share its tokens.
    owner: String,
    transport: OnceLock<Arc<dyn Transport>>,
    /// What is put around each connection.
    around: fn(Arc<dyn Connection>) -> Arc<dyn Connection>,
    /// In which language people are told, where the program has its words.
    speech: Option<Speech>,
    /// One connection a vendor for all jobs of a process, because they share its quota.
    connections: Mutex<BTreeMap<System, Arc<dyn Connection>>>,
}

impl Wiring {
    /// Builds from the environment, the settings file and the secret, on the machine's clock and dice. Creates the store where there is none.
    ///
    /// # Errors
    /// Settings that are missing, malformed or unknown, flow files with mistakes, a store that does not open.
    pub async fn from_environment() -> anyhow::Result<Self> {
        Self::on_this_machine(environment().await?).await
    }

    /// Builds as [`Wiring::from_environment`] does, on a store that is there already: whoever works on one in the wrong
    /// folder is told so, and not that all is done.
    ///
    /// # Errors
    /// As [`Wiring::from_environment`], and where there is no store.
    pub async fn of_existing_store() -> anyhow::Result<Self> {
        let (settings, clock) = (environment().await?, Arc::new(SystemClock));
        let flows = known_flows(&settings, clock.clone()).await?;
        Self::on_existing_store(flows, settings, clock).await
    }

    /// The same, for whoever asks and steers, and does not work: flow files with mistakes are left out
    /// ([`Flows::broken`]), for they are no reason not to look.
    ///
    /// # Errors
    /// As [`Wiring::of_existing_store`], but for mistakes in flow files.
    pub async fn to_look_at() -> anyhow::Result<Self> {
        let (settings, clock) = (environment().await?, Arc::new(SystemClock));
        let flows = flows::load_sound(settings::flows_folder(&settings).as_deref(), &settings)?;
        let flows = known_settings(flows, &settings, clock.clone()).await?;
        Self::on_existing_store(flows, settings, clock).await
    }

    async fn on_existing_store(
        flows: Flows,
        settings: Settings,
        clock: Arc<SystemClock>,
    ) -> anyhow::Result<Self> {
        let stores = stores::open_existing(&settings, clock.clone()).await?;
        Ok(Self::with_flows(flows, settings, stores, clock, Arc::new(SystemRng)))
    }

    /// Builds from settings, on the machine's clock and dice.
    ///
    /// # Errors
    /// As [`Wiring::from_environment`].
    pub async fn on_this_machine(settings: Settings) -> anyhow::Result<Self> {
        let clock = Arc::new(SystemClock);
        // First: a mistake in a flow or in a setting's name leaves no store behind.
        let flows = known_flows(&settings, clock.clone()).await?;
        let stores = stores::open(&settings, clock.clone()).await?;
        Ok(Self::with_flows(flows, settings, stores, clock, Arc::new(SystemRng)))
    }

    /// Builds from settings, stores, clock and dice that are handed in.
    ///
    /// # Errors
    /// Flow files with mistakes.
    pub fn new(
        settings: Settings,
        stores: Stores,
        clock: Arc<dyn Clock>,
        rng: Arc<dyn Rng>,
    ) -> anyhow::Result<Self> {
        let flows = flows::load(settings::flows_folder(&settings).as_deref(), &settings)?;
        Ok(Self::with_flows(flows, settings, stores, clock, rng))
    }

    fn with_flows(
        flows: Flows,
        settings: Settings,
        stores: Stores,
        clock: Arc<dyn Clock>,
        rng: Arc<dyn Rng>,
    ) -> Self {
        flows.log_warnings();
        let owner = rng.uuid().to_string();
        let (flows, catalog) = (Arc::new(flows), Arc::new(relay_connectors::catalog_by(&settings)));
        let checkpoints = &stores.checkpoints;
        Self {
            active: Arc::new(ActiveFlows::new(
                flows.clone(),
                catalog.clone(),
                checkpoints.clone(),
                clock.clone(),
            )),
            health: Arc::new(Monitor::new(checkpoints.clone(), clock.clone())),
            settings,
            clock,
            rng,
            stores,
            flows,
            catalog,
            credential_check: Arc::default(),
            owner,
            transport: OnceLock::new(),
            around: |connection| connection,
            connections: Mutex::default(),
            speech: None,
        }
    }

    /// Carries requests over this transport instead of HTTP.
    #[must_use]
    pub fn over(self, transport: Arc<dyn Transport>) -> Self {
        Self { transport: OnceLock::from(transport), ..self }
    }

    /// Puts something around each connection: nothing of this process reaches a vendor but through it.
    #[must_use]
    pub fn around(self, around: fn(Arc<dyn Connection>) -> Arc<dyn Connection>) -> Self {
        Self { around, ..self }
    }

    /// Tells people in a language that the program has the words of.
    #[must_use]
    pub fn speaking(self, speech: Speech) -> Self {
        Self { speech: Some(speech), ..self }
    }

    /// The same process with other settings: what they do not decide (stores, flows, transport) stays as it is.
    #[must_use]
    pub fn with_settings(&self, settings: Settings) -> Self {
        Self {
            settings,
            clock: self.clock.clone(),
            rng: self.rng.clone(),
            stores: self.stores.clone(),
            flows: self.flows.clone(),
            active: self.active.clone(),
            catalog: self.catalog.clone(),
            health: self.health.clone(),
            credential_check: self.credential_check.clone(),
            // It may have claimed a token that it could not get with the former settings.
            owner: self.owner.clone(),
            transport: self.transport.clone(),
            around: self.around,
            connections: Mutex::default(),
            speech: self.speech,
        }
    }

    /// The same process with its flow files read anew: stores, clock and transport stay as they are.
    ///
    /// # Errors
    /// Flow files with mistakes, and settings that none of them knows.
    pub async fn with_flows_anew(&self) -> anyhow::Result<Self> {
        let flows = known_flows(&self.settings, self.clock.clone()).await?;
        let (stores, clock, rng) = (self.stores.clone(), self.clock.clone(), self.rng.clone());
        let anew = Self::with_flows(flows, self.settings.clone(), stores, clock, rng);
        let (transport, owner) = (self.transport.clone(), self.owner.clone());
        Ok(Self { transport, owner, speech: self.speech, ..anew })
    }

    /// Takes documents in.
    #[must_use]
    pub fn intake(&self) -> Intake {
        Intake::new(self.stores.queue.clone(), self.stores.ledger.clone(), self.clock.clone())
    }

    /// The process's one HTTP client; where mails are sent, what speaks SMTP stands before it.
    #[must_use]
    pub fn transport(&self) -> Arc<dyn Transport> {
        let transport = || {
            let transport = http::client();
            #[cfg(feature = "mail")]
            let transport = Arc::new(relay_mail::smtp::Smtp::beside(transport, self.clock.clone()));
            transport
        };
        self.transport.get_or_init(|| transport()).clone()
    }

    /// Builds a job, connected to the vendors that it needs.
    ///
    /// # Errors
    /// [`SettingsError`]: every setting that is missing or malformed, of all vendors at once.
    pub fn build<J: Job>(&self) -> anyhow::Result<J> {
        let needs = J::needs(&self.flows);
        let named = settings::for_flows(&self.settings, needs.settings.iter().map(String::as_str));
        let start = settings::start(&self.settings, self.clock.now());
        let given = SettingsError::both(named, start);
        let (connections, (named, start)) = SettingsError::both(self.connections(&needs), given)?;
        let mut values = settings::open_to_flows(&self.settings).0;
        values.extend(named.0);
        let settings = FlowSettings(values);
        J::build(&Parts {
            clock: self.clock.clone(),
            rng: self.rng.clone(),
            stores: self.stores.clone(),
            flows: self.flows.clone(),
            active: self.active.clone(),
            speech: self.speech.unwrap_or_else(|| Speech::of(&settings)),
            settings,
            start,
            health: self.health.clone(),
            credential_check: self.credential_check.clone(),
            connections,
            queues: queues(),
        })
    }

    fn connections(&self, needs: &Needs) -> Result<Connections, SettingsError> {
        let mut connected = Ok(Vec::new());
        for connector in relay_connectors::CONNECTORS {
            let system = connector.system();
            let connection = match (needs.connectors.get(&system), needs.where_set) {
                (Some(uses), _) => {
                    connector.check(&self.settings, uses).and_then(|()| self.connected(*connector).map(Some))
                }
                (None, Some(role)) if has_role(*connector, &self.settings, role) => {
                    Ok(self.connected(*connector).ok())
                }
                (None, _) => Ok(None),
            };
            // Do not return early: report the missing settings of every vendor at once.
            connected = SettingsError::both(connected, connection).map(|(mut connected, connection)| {
                connected.extend(connection.map(|connection| (system, connection)));
                connected
            });
        }
        connected.map(Connections::from_iter)
    }

    /// The connection to one vendor.
    ///
    /// # Errors
    /// A system that is none of the registry, and settings that are missing or malformed.
    pub fn connection(&self, system: System) -> anyhow::Result<Arc<dyn Connection>> {
        let connector =
            relay_connectors::of(system).with_context(|| format!("no connector is called {system}"))?;
        Ok(self.connected(connector)?)
    }

    fn connected(&self, connector: &dyn Connector) -> Result<Arc<dyn Connection>, SettingsError> {
        let mut connections = self.connections.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(connection) = connections.get(&connector.system()) {
            return Ok(connection.clone());
        }
        let surroundings = Surroundings {
            transport: self.transport(),
            clock: self.clock.clone(),
            rng: self.rng.clone(),
            tokens: Arc::new(SharedTokens::new(self.stores.checkpoints.clone(), self.owner.clone())),
            quotas: self.stores.quotas.clone(),
        };
        let connection = (self.around)(connector.connect(&self.settings, &surroundings)?);
        connections.insert(connector.system(), connection.clone());
        Ok(connection)
    }
}

/// Both, or what is wrong with either: one start tells everything.
///
/// # Errors
/// The [`SettingsError`]s of both as one; otherwise the first error that is none, which other settings do not mend.
pub fn both<A, B>(one: anyhow::Result<A>, other: anyhow::Result<B>) -> anyhow::Result<(A, B)> {
    match (one, other) {
        (Ok(one), Ok(other)) => Ok((one, other)),
        (Err(error), Ok(_)) | (Ok(_), Err(error)) => Err(error),
        (Err(one), Err(other)) => {
            Err(one.downcast::<SettingsError>()?.and(other.downcast::<SettingsError>()?).into())
        }
    }
}

fn has_role(connector: &dyn Connector, settings: &Settings, role: Role) -> bool {
    connector.documents_by(settings).iter().any(|document| document.role == role)
}

/// Every system that has a queue, by the names that its queue may end with: its own, and that of its setting.
fn queues() -> BTreeMap<String, System> {
    let names = |connector: &&dyn Connector| {
        let (system, queue) = (connector.system(), connector.queue()?);
        Some([(system.name().to_owned(), system), (queue.to_ascii_lowercase(), system)])
    };
    ordered::map(relay_connectors::CONNECTORS.iter().filter_map(names).flatten())
}

async fn environment() -> anyhow::Result<Settings> {
    let settings = settings::of_process();
    #[cfg(feature = "aws")]
    let settings = crate::secret::with_secret(&settings, &SecretsManager).await?;
    Ok(settings)
}

/// The flows, once every setting that looks like ours is known to be one. The store is asked only where one is not: a flow
/// whose file is away may name it.
async fn known_flows(settings: &Settings, clock: Arc<dyn Clock>) -> anyhow::Result<Flows> {
    let flows = flows::load(settings::flows_folder(settings).as_deref(), settings)?;
    known_settings(flows, settings, clock).await
}

async fn known_settings(flows: Flows, settings: &Settings, clock: Arc<dyn Clock>) -> anyhow::Result<Flows> {
    let mut unknown: BTreeSet<&str> = declared::unknown(settings, &flows);
    if !unknown.is_empty() {
        // Without a store there is no such flow.
        if let Ok(stores) = stores::open_existing(settings, clock).await {
            let (checkpoints, catalog) =
                (stores.checkpoints.as_ref(), relay_connectors::catalog_by(settings));
            let named = active_flows::settings_of_absent(checkpoints, &flows, &catalog).await?;
            unknown.retain(|name| !named.contains(*name));
        }
    }
    if unknown.is_empty() { Ok(flows) } else { Err(declared::unknown_error(&unknown).into()) }
}
