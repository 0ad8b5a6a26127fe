//! What needs a person, or will: with the bounds of it, which `relay status` and the documents of `relay.health` share.
//!
//! What is read are single checkpoints and the counts of queues, so that a function may ask for it each minute.

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use relay_connector::Role;
use relay_core::health::{self, Health, Part};
use relay_core::pause::{self, Pause, Scope};
use relay_core::registry::{self, Registry};
use relay_core::{StoreError, Stores, System, not_yet};

use crate::{Flows, Routed, active_flows, room, snapshot, watermark};

/// A flow that has read no further than this has a source that nobody reads, or that is read too slowly.
pub const LAG: Duration = Duration::from_secs(30 * 60);

/// A message that waits for longer has a target that takes nothing. So has one whose quota is used up for longer.
pub const WAITED: Duration = Duration::from_secs(2 * 3_600);

/// So many pushes in a row with a bad digest, or one of long ago, are no stranger's.
pub const STRANGERS: u64 = 3;

/// What has failed for so long is more than a vendor's bad minute. `relay status` tells it sooner, to whoever asks.
pub const FAILING: TimeDelta = TimeDelta::minutes(15);

/// A new flow begins a day back, or where it is told, and may be behind for so long.
const CATCHING_UP: TimeDelta = TimeDelta::hours(2);

/// Polls that go on succeed more often than this.
const RECENT: TimeDelta = TimeDelta::minutes(10);

/// Something that needs a person, or will.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// What kind: one of the codes of `relay.health`'s `kind`.
    pub kind: &'static str,
    /// The flow, the system, the document or the task that is concerned.
    pub of: String,
    /// Since when, where that is known.
    pub since: Option<DateTime<Utc>>,
    /// What is so, without a vendor's words.
    pub message: String,
    /// The command that tells more, or ends it.
    pub action: String,
    /// The page of the console to look at.
    pub page: &'static str,
}

/// Whether a flow is new, and its polls read what has come together before it.
#[must_use]
pub fn is_catching_up(
    known_since: Option<DateTime<Utc>>,
    last_success: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> bool {
    let is_new = known_since.is_some_and(|since| now - since < CATCHING_UP);
    is_new && last_success.is_some_and(|well| now - well < RECENT)
}

/// What stands so now.
///
/// # Errors
/// A store that does not answer.
pub async fn standing(
    stores: &Stores,
    flows: &Flows,
    targets: &[System],
    now: DateTime<Utc>,
) -> Result<Vec<Condition>, StoreError> {
    let registry = registry::read(stores.checkpoints.as_ref()).await?;
    let mut look = Look { stores, registry, now, found: Vec::new() };
    let (mut sources, mut shared) = (BTreeSet::new(), BTreeSet::new());
    for routed in flows.iter() {
        look.at_flow(routed, &mut sources, &mut shared).await?;
    }
    for (name, registered) in active_flows::absent(&look.registry, flows) {
        let message =
            "its file is away: what is pushed for it is recorded as failed, and nothing else is read";
        let action = format!("relay flows retire {name}");
        look.found("absent", &name, registered.absent_since, message.to_owned(), action, "/flows");
    }
    for system in targets {
        look.at_target(*system).await?;
    }
    for short in room::short(stores.checkpoints.as_ref()).await? {
        let (of, message) = (short.shortage.name(), short.shortage.message().to_owned());
        look.found("disk", of, Some(short.since), message, "relay status".to_owned(), "/");
    }
    Ok(look.found)
}

struct Look<'a> {
    stores: &'a Stores,
    registry: Registry,
    now: DateTime<Utc>,
    found: Vec<Condition>,
}

impl Look<'_> {
    fn found(
        &mut self,
        kind: &'static str,
        of: &str,
        since: Option<DateTime<Utc>>,
        message: String,
        action: String,
        page: &'static str,
    ) {
        self.found.push(Condition { kind, of: of.to_owned(), since, message, action, page });
    }

    /// A flow, its source, and what it shares with others, once.
    async fn at_flow(
        &mut self,
        routed: &Routed,
        sources: &mut BTreeSet<System>,
        shared: &mut BTreeSet<&'static str>,
    ) -> Result<(), StoreError> {
        let name = routed.flow.name();
        if let Some(pause) = self.pause(Scope::Flow(name)).await? {
            self.paused(name, &pause, format!("relay resume {name}"), "/flows");
        }
        let (document, system) = (routed.flow.source().document, routed.source_system());
        let source_pause = match document.role {
            Role::Own => return Ok(()),
            _ => self.pause(Scope::Source(system)).await?,
        };
        if let Some(pause) = source_pause.as_ref().filter(|_| sources.insert(system)) {
            self.paused(
                &format!("source {system}"),
                pause,
                format!("relay resume {system} --source"),
                "/vendors",
            );
        }
        match document.role {
            Role::Windowed | Role::Listed => {
                let health = self.health(&Part::Poll(name.to_owned())).await?;
                self.failing("source", name, &health, "every read of its source");
                if source_pause.is_none() {
                    self.late(routed, &health).await?;
                }
            }
            Role::Pool if shared.insert(document.name) => {
                let health = self.health(&Part::Pool(document.name.to_owned())).await?;
                self.failing("source", document.name, &health, "every pull from the pool");
            }
            Role::Pushed if shared.insert("pushes") => {
                let health = self.health(&Part::Pushes).await?;
                let error = health.error.as_ref();
                let may_be_a_strangers =
                    error.is_some_and(|error| matches!(error.class.as_str(), "digest" | "age"));
                if !may_be_a_strangers || health.failures >= STRANGERS {
                    self.failing("pushes", "pushes", &health, "the taking of every push");
                }
            }
            Role::Pool | Role::Pushed | Role::Target | Role::Own => {}
        }
        Ok(())
    }

    async fn late(&mut self, routed: &Routed, health: &Health) -> Result<(), StoreError> {
        let (name, checkpoints) = (routed.flow.name(), self.stores.checkpoints.as_ref());
        let is_list = routed.flow.source().document.role == Role::Listed;
        let read_until = match is_list {
            true => snapshot::read_at(checkpoints, name).await?,
            false => watermark::read(checkpoints, name).await?,
        };
        let Some(read_until) = read_until else { return Ok(()) };
        // A list is not behind before it is to be read again.
        let allowed = if is_list { snapshot::EVERY } else { Duration::ZERO };
        let behind = (self.now - read_until).to_std().unwrap_or_default().saturating_sub(allowed);
        let since = self.registry.get(name).map(|registered| registered.since);
        if behind > LAG && !is_catching_up(since, health.succeeded_at, self.now) {
            let message = format!("its source is read more than {} minutes late", LAG.as_secs() / 60);
            self.found("lag", name, Some(read_until), message, "relay status".to_owned(), "/flows");
        }
        Ok(())
    }

    async fn at_target(&mut self, system: System) -> Result<(), StoreError> {
        let (name, queue) = (system.name(), self.stores.queue.as_ref());
        let dead = queue.dead(system).await?;
        if dead > 0 {
            let message = "messages were received too often, and lie among the dead letters".to_owned();
            self.found("dead", name, None, message, format!("relay dead --target {name}"), "/queues");
        }
        let resume = || format!("relay resume {name}");
        match self.pause(Scope::Target(system)).await? {
            Some(pause) if pause.by.is_some() => self.paused(name, &pause, resume(), "/vendors"),
            Some(pause) if pause.waits_for_a_person() => {
                let message = "it takes nothing until a person has mended the cause".to_owned();
                self.found("refusing", name, Some(pause.since), message, resume(), "/vendors");
            }
            Some(pause) => {
                if (self.now - pause.since).to_std().unwrap_or_default() > WAITED {
                    let message = "its quota is used up, and documents wait for its end".to_owned();
                    self.found(
                        "quota",
                        name,
                        Some(pause.since),
                        message,
                        "relay status".to_owned(),
                        "/vendors",
                    );
                }
            }
            None => {
                let health = self.health(&Part::Target(system)).await?;
                self.failing("refusing", name, &health, "every call to it");
            }
        }
        let sent = queue.depth(system).await?.oldest_sent_at;
        let sent = sent.filter(|sent| (self.now - *sent).to_std().unwrap_or_default() > WAITED);
        if let Some(sent) = sent
            && !not_yet::is_all_of(queue, self.stores.checkpoints.as_ref(), system, self.now).await?
        {
            let message =
                format!("its oldest message has waited for more than {} hours", WAITED.as_secs() / 3_600);
            self.found("waiting", name, Some(sent), message, "relay status".to_owned(), "/queues");
        }
        Ok(())
    }

    /// What fails for longer than a bad minute. Classes and codes are told; what the vendor said may hold a customer's data.
    fn failing(&mut self, kind: &'static str, of: &str, health: &Health, what: &str) {
        let Some(since) = health.failing_since.filter(|since| self.now - *since > FAILING) else { return };
        let error = health.error.as_ref();
        let class = error.map(|error| error.class.clone()).unwrap_or_default();
        let code =
            error.and_then(|error| error.code.as_ref()).map(|code| format!(" {code}")).unwrap_or_default();
        let message = format!("{what} fails ({class}{code})");
        self.found(kind, of, Some(since), message, "relay status".to_owned(), "/vendors");
    }

    fn paused(&mut self, of: &str, pause: &Pause, action: String, page: &'static str) {
        let by = pause.by.as_deref().unwrap_or_default();
        let message = format!("paused by {by}: {}", pause.reason);
        self.found("pause", of, Some(pause.since), message, action, page);
    }

    async fn pause(&self, scope: Scope<'_>) -> Result<Option<Pause>, StoreError> {
        pause::current(self.stores.checkpoints.as_ref(), scope, self.now).await
    }

    async fn health(&self, part: &Part) -> Result<Health, StoreError> {
        health::read(self.stores.checkpoints.as_ref(), part).await
    }
}
