//! From settings to what a function is handed.
//!
//! | module | what for |
//! |---|---|
//! | [`function`] | what the four functions have in common |
//! | [`stores`] | SQLite, or SQS and DynamoDB |
//! | [`settings`] | the environment, read into one struct per concern; every problem at once |
//! | [`secret`] | the settings that are kept in a secret |
//! | [`credential_check`] | noted by whoever is refused for its credentials: they are read again |
//! | [`standing`] | the flows that take documents in, with a file or without |
//! | [`flows`] | the shipped flow files, or the user's, checked against the vendors' catalogs |
//! | [`sightings`] | which paths of a flow no document has held so far |
//! | [`logs`] | what logs look like, on Lambda and in a terminal |
//! | [`remarks`] | what is to be said of the settings that flow files name |
//! | [`health`] | what a call to a source says of the source's health |
//! | [`suggest`] | what a person may have meant by a name |
//! | [`tokens`] | vendor tokens shared between processes through the checkpoints |
//! | [`work`] | work items made of a source's documents |
//!
//! [`Wiring`] holds them together. A function takes from it only what it needs: what is not asked for is not built.

#[cfg(feature = "aws")]
mod aws;
pub mod credential_check;
pub mod flows;
pub mod function;
pub mod health;
#[cfg(feature = "lambda")]
pub mod lambda;
pub mod logs;
pub mod remarks;
pub mod secret;
#[cfg(feature = "aws")]
pub mod secrets_manager;
pub mod settings;
pub mod sightings;
pub mod standing;
pub mod stores;
pub mod suggest;
pub mod tokens;
pub mod work;

use std::sync::{Arc, OnceLock};

use relay_connector::{HttpTransport, Transport};
use relay_core::clock::{Clock, Rng, SystemClock, SystemRng};
use relay_core::health::Monitor;
use relay_core::{Intake, Stores};

pub use credential_check::CredentialCheck;
pub use flows::Flows;
pub use function::{Function, Occasion, Unfinished};
pub use secret::SecretSource;
#[cfg(feature = "aws")]
pub use secrets_manager::SecretsManager;
pub use settings::{Settings, SettingsError, Store};
pub use standing::Standing;

use crate::flows::Routed;
use crate::settings::both;
use crate::tokens::SharedTokens;

/// Everything that functions are built from.
pub struct Wiring {
    /// The settings.
    pub settings: Settings,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The dice.
    pub rng: Arc<dyn Rng>,
    /// Queue, checkpoints, ledger, look-ups.
    pub stores: Stores,
    /// The flows.
    pub flows: Arc<Flows>,
    /// The flows that take documents in: these, and those whose file has been taken away.
    pub standing: Arc<Standing>,
    /// Told how sources and targets are doing.
    pub health: Arc<Monitor>,
    /// Noted by whoever is refused for its credentials.
    pub credential_check: Arc<CredentialCheck>,
    /// What the process calls itself among those that share its tokens.
    owner: String,
    transport: OnceLock<Arc<dyn Transport>>,
    wangdian: OnceLock<Arc<relay_wangdian::Client>>,
}

impl Wiring {
    /// Builds from the environment and its secret, on the machine's clock and dice. Creates the store where there is none.
    ///
    /// # Errors
    /// Settings that are missing, malformed or unknown, flow files with mistakes, a store that does not open.
    pub async fn from_environment() -> anyhow::Result<Self> {
        Self::on_this_machine(environment().await?).await
    }

    /// Builds as [`Wiring::from_environment`] does, on a store that is there already: whoever looks at one in the wrong
    /// folder is told so, and not that all is well.
    ///
    /// # Errors
    /// As [`Wiring::from_environment`], and where there is no store.
    pub async fn of_existing_store() -> anyhow::Result<Self> {
        let (settings, clock) = (environment().await?, Arc::new(SystemClock));
        let flows = flows(&settings, clock.clone()).await?;
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
        let flows = flows(&settings, clock.clone()).await?;
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
        let flows = Flows::load(settings.flows_folder().as_deref())?;
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
        let (flows, checkpoints) = (Arc::new(flows), &stores.checkpoints);
        Self {
            standing: Arc::new(Standing::new(flows.clone(), checkpoints.clone(), clock.clone())),
            health: Arc::new(Monitor::new(checkpoints.clone(), clock.clone())),
            settings,
            clock,
            rng,
            stores,
            flows,
            credential_check: Arc::default(),
            owner,
            transport: OnceLock::new(),
            wangdian: OnceLock::new(),
        }
    }

    /// Carries requests over this transport instead of HTTP.
    #[must_use]
    pub fn over(self, transport: Arc<dyn Transport>) -> Self {
        Self { transport: OnceLock::from(transport), ..self }
    }

    /// The same process with other settings: what they do not decide (stores, flows, connections) stays as it is.
    #[must_use]
    pub fn with_settings(&self, settings: Settings) -> Self {
        Self {
            settings,
            clock: self.clock.clone(),
            rng: self.rng.clone(),
            stores: self.stores.clone(),
            flows: self.flows.clone(),
            standing: self.standing.clone(),
            health: self.health.clone(),
            credential_check: self.credential_check.clone(),
            // It may have claimed a token that it could not get with the former settings.
            owner: self.owner.clone(),
            transport: self.transport.clone(),
            wangdian: OnceLock::new(),
        }
    }

    /// Takes documents in.
    #[must_use]
    pub fn intake(&self) -> Intake {
        Intake::new(self.stores.queue.clone(), self.stores.ledger.clone(), self.clock.clone())
    }

    /// The process's one HTTP client.
    #[must_use]
    pub fn transport(&self) -> Arc<dyn Transport> {
        self.transport.get_or_init(|| Arc::new(HttpTransport::new())).clone()
    }

    /// The client of 旺店通: one for all functions of a process, because they share one quota.
    ///
    /// # Errors
    /// Settings that are missing or malformed.
    pub fn wangdian(&self) -> anyhow::Result<Arc<relay_wangdian::Client>> {
        if let Some(client) = self.wangdian.get() {
            return Ok(client.clone());
        }
        let settings = self.settings.wangdian()?;
        let client = Arc::new(relay_wangdian::Client::new(settings, self.transport(), self.clock.clone()));
        Ok(self.wangdian.get_or_init(|| client).clone())
    }

    /// The same client, for a function that reads these flows' sources.
    ///
    /// # Errors
    /// Settings that are missing or malformed, the account of the Qimen route where a flow reads over it.
    pub fn wangdian_for(&self, flows: &[Arc<Routed>]) -> anyhow::Result<Arc<relay_wangdian::Client>> {
        let over_qimen = flows.iter().any(|routed| routed.flow.source().route.as_deref() == Some("qimen"));
        let account = if over_qimen { self.settings.needs_qimen() } else { Ok(()) };
        both(self.wangdian(), account.map_err(Into::into)).map(|(client, ())| client)
    }

    /// The client of 金蝶云·星辰.
    ///
    /// # Errors
    /// Settings that are missing or malformed.
    pub fn kingdee(&self) -> anyhow::Result<relay_kingdee::Client> {
        let settings = self.settings.kingdee()?;
        Ok(relay_kingdee::Client::new(settings, self.transport(), self.clock.clone(), self.tokens()))
    }

    /// The client of 纷享销客.
    ///
    /// # Errors
    /// Settings that are missing or malformed.
    pub fn sharecrm(&self) -> anyhow::Result<relay_sharecrm::Client> {
        let settings = self.settings.sharecrm()?;
        let (clock, rng) = (self.clock.clone(), self.rng.clone());
        Ok(relay_sharecrm::Client::new(settings, self.transport(), clock, rng, self.tokens()))
    }

    fn tokens(&self) -> Arc<SharedTokens> {
        Arc::new(SharedTokens::new(self.stores.checkpoints.clone(), self.owner.clone()))
    }
}

async fn environment() -> anyhow::Result<Settings> {
    let settings = Settings::from_environment();
    #[cfg(feature = "aws")]
    let settings = settings.with_secret(&SecretsManager).await?;
    Ok(settings)
}

/// The flows, once every setting that looks like ours is known to be one. The store is asked only where one is not: a flow
/// whose file is away may name it.
async fn flows(settings: &Settings, clock: Arc<dyn Clock>) -> anyhow::Result<Flows> {
    let flows = Flows::load(settings.flows_folder().as_deref())?;
    let mut unknown = settings.unknown(&flows);
    if !unknown.is_empty() {
        // Without a store there is no such flow.
        if let Ok(stores) = stores::open_existing(settings, clock).await {
            let named = standing::settings_of_absent(stores.checkpoints.as_ref(), &flows).await?;
            unknown.retain(|name| !named.contains(*name));
        }
    }
    if unknown.is_empty() { Ok(flows) } else { Err(settings::known::unknown_error(&unknown).into()) }
}
