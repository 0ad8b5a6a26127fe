//! The flows that take documents in: those with a file, and those whose file has been taken away.
//!
//! A source hands a document over once. A flow that lost its file by a mistake, or for a day, would lose what came
//! meanwhile. So every flow is registered with its file's text, and a registered flow without a file goes on taking
//! documents in by that text: the pusher records them as failed, and `relay replay` sends them once the file is back.
//! `relay flows retire` ends that.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use relay_core::clock::{Clock, timeout};
use relay_core::ordered;
use relay_core::registry::{self, Registered, Registry};
use relay_core::{Checkpoints, StoreError};

use relay_connector::Catalog;

use crate::flows::{FlowFile, Flows, Routed};

/// How long what was read of the registry is believed: a read for every push would cost as much as storing it.
const BELIEVED: Duration = Duration::from_secs(60);

/// How long a registry that is known already may take to be read again: Qince waits 5 seconds for its answer.
const PATIENCE: Duration = Duration::from_secs(1);

/// The flows of this process's files, and those that are registered without one.
pub struct ActiveFlows {
    present: Arc<Flows>,
    catalog: Arc<Catalog>,
    checkpoints: Arc<dyn Checkpoints>,
    clock: Arc<dyn Clock>,
    seen: Mutex<Option<Seen>>,
}

/// What was read of the registry.
#[derive(Clone)]
struct Seen {
    at: DateTime<Utc>,
    registry: Registry,
    flows: Arc<Flows>,
}

impl ActiveFlows {
    /// The flows of these files, and those that are registered in these checkpoints.
    #[must_use]
    pub fn new(
        present: Arc<Flows>,
        catalog: Arc<Catalog>,
        checkpoints: Arc<dyn Checkpoints>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { present, catalog, checkpoints, clock, seen: Mutex::default() }
    }

    /// The flows that take documents in. Registers what is new or has changed, and notes which files are away.
    ///
    /// # Errors
    /// When the registry cannot be read and never was: it is not known who would lose a document.
    pub async fn flows(&self) -> Result<Arc<Flows>, StoreError> {
        let now = self.clock.now();
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let is_recent = |at: DateTime<Utc>| (now - at).to_std().is_ok_and(|age| age < BELIEVED);
        let seen = match seen {
            Some(seen) if is_recent(seen.at) => return Ok(seen.flows),
            // On the heap: every push carries this future, and reads the registry once a minute.
            Some(seen) => Box::pin(self.look_again(seen, now)).await,
            None => self.seen_as(Box::pin(self.registry(now)).await?, None, now),
        };
        let flows = seen.flows.clone();
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(seen);
        Ok(flows)
    }

    /// Registers the flows ahead of the first document, and tells the log of those whose file is away.
    pub async fn announce(&self) {
        if let Err(error) = self.flows().await {
            tracing::warn!(%error, "the flows could not be registered");
        }
    }

    async fn look_again(&self, seen: Seen, now: DateTime<Utc>) -> Seen {
        match timeout(self.clock.as_ref(), PATIENCE, self.registry(now)).await {
            Ok(Ok(registry)) => self.seen_as(registry, Some(seen), now),
            Ok(Err(error)) => {
                tracing::warn!(%error, "the registered flows could not be read again");
                Seen { at: now, ..seen }
            }
            Err(_) => {
                tracing::warn!("the registered flows did not come in time");
                Seen { at: now, ..seen }
            }
        }
    }

    fn seen_as(&self, registry: Registry, before: Option<Seen>, at: DateTime<Utc>) -> Seen {
        match before {
            Some(before) if before.registry == registry => Seen { at, ..before },
            _ => {
                let flows = Arc::new(self.present.and(read(
                    &unread(&registry, &self.present),
                    &self.present,
                    &self.catalog,
                )));
                Seen { at, registry, flows }
            }
        }
    }

    async fn registry(&self, now: DateTime<Utc>) -> Result<Registry, StoreError> {
        registry::change(self.checkpoints.as_ref(), |registry| self.enter(registry, now)).await
    }

    fn enter(&self, registry: &mut Registry, now: DateTime<Utc>) {
        for routed in self.present.iter() {
            let flow = &routed.flow;
            let since = registry.get(flow.name()).map_or(now, |known| known.since);
            let registered = Registered {
                text: routed.text.clone(),
                source: flow.source().document.name.to_owned(),
                target: flow.target().document.name.to_owned(),
                since,
                absent_since: None,
            };
            registry.insert(flow.name().to_owned(), registered);
        }
        for (name, registered) in registry.iter_mut() {
            if is_absent(name, &self.present) {
                registered.absent_since.get_or_insert(now);
            }
        }
    }
}

/// The registered flows without a file.
#[must_use]
pub fn absent(registry: &Registry, present: &Flows) -> Registry {
    let absent = registry.iter().filter(|(name, _)| is_absent(name, present));
    absent.map(|(name, registered)| (name.clone(), registered.clone())).collect()
}

fn is_absent(name: &str, present: &Flows) -> bool {
    present.named(name).is_none() && present.broken_named(name).is_none()
}

/// The registered flows whose text is the registry's: their file is away, or has mistakes.
fn unread(registry: &Registry, present: &Flows) -> Registry {
    let unread = registry.iter().filter(|(name, _)| present.named(name).is_none());
    ordered::map(unread.map(|(name, registered)| (name.clone(), registered.clone())))
}

/// The settings that registered flows without a file name: they are not unknown, for the file may come back.
///
/// # Errors
/// When the checkpoints cannot be read.
pub async fn settings_of_absent(
    checkpoints: &dyn Checkpoints,
    present: &Flows,
    catalog: &Catalog,
) -> Result<BTreeSet<String>, StoreError> {
    let registry = registry::read(checkpoints).await?;
    let flows = read(&unread(&registry, present), present, catalog);
    Ok(ordered::set(flows.iter().flat_map(|routed| routed.settings()).map(str::to_owned)))
}

/// The flows of registered texts. One that this version of the program does not read any more is told and left out.
fn read(unread: &Registry, present: &Flows, catalog: &Catalog) -> Vec<Arc<Routed>> {
    let mut flows = Vec::new();
    for (name, Registered { text, absent_since, .. }) in unread {
        let file = FlowFile { name: name.clone(), file: format!("{name}.toml"), text: text.clone() };
        match Routed::parse(file, catalog) {
            // Of its mistakes whoever has read the files tells.
            Ok(routed) if present.broken_named(name).is_some() => flows.push(Arc::new(routed)),
            Ok(routed) => {
                tracing::warn!(
                    flow = name,
                    absent_since = absent_since.map(|since| since.to_rfc3339()),
                    "the file of this flow is away: what comes for it is recorded as failed; put the file back, or \
                     `relay flows retire` it"
                );
                flows.push(Arc::new(routed));
            }
            Err(error) => tracing::error!(
                flow = name,
                %error,
                "the file of this flow is away, and its registered text cannot be read any more: it takes nothing in"
            ),
        }
    }
    flows
}
