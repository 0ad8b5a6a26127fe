//! The ids that a document needs: from the look-up store, or asked of the target and remembered.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use clock::Clock;
use mapping::LookupKey;
use pipeline::Lookups;

use crate::push::Trouble;
use crate::targets::Targets;

/// Ids of base data hardly ever change; within a day a mistake in them heals by itself.
const REMEMBERED: Duration = Duration::from_secs(20 * 3600);

/// The store is not asked for every document: an id stays in the process for so long, and what a person imports takes
/// effect as soon as it is over.
const AT_HAND: Duration = Duration::from_secs(60);

pub(crate) struct Resolver {
    lookups: Arc<dyn Lookups>,
    targets: Targets,
    clock: Arc<dyn Clock>,
    at_hand: Mutex<AtHand>,
}

/// Ids that were found, all forgotten together so that they never become many.
#[derive(Default)]
struct AtHand {
    ids: BTreeMap<LookupKey, String>,
    until: DateTime<Utc>,
}

impl Resolver {
    pub(crate) fn new(lookups: Arc<dyn Lookups>, targets: Targets, clock: Arc<dyn Clock>) -> Self {
        Self { lookups, targets, clock, at_hand: Mutex::default() }
    }

    /// Resolves what can be resolved. A code that the target does not know is left out: the mapping names it. Misses are
    /// not remembered, so that a replay after the code was created finds it.
    pub(crate) async fn resolve(
        &self,
        mut wanted: BTreeSet<LookupKey>,
    ) -> Result<BTreeMap<LookupKey, String>, Trouble> {
        let mut ids = self.at_hand(&wanted);
        wanted.retain(|key| !ids.contains_key(key));
        if wanted.is_empty() {
            return Ok(ids);
        }
        let codes: Vec<_> = wanted.iter().map(|key| (key.table.clone(), key.key.clone())).collect();
        let mut stored = self.lookups.get(&codes).await?;
        for (key, code) in wanted.into_iter().zip(codes) {
            let id = match stored.remove(&code) {
                Some(id) => Some(id),
                None => self.ask(&key).await?,
            };
            if let Some(id) = id {
                self.lock().ids.insert(key.clone(), id.clone());
                ids.insert(key, id);
            }
        }
        Ok(ids)
    }

    fn at_hand(&self, wanted: &BTreeSet<LookupKey>) -> BTreeMap<LookupKey, String> {
        let now = self.clock.now();
        let mut at_hand = self.lock();
        if at_hand.until <= now {
            *at_hand = AtHand { ids: BTreeMap::new(), until: now + AT_HAND };
        }
        wanted
            .iter()
            .filter_map(|key| at_hand.ids.get_key_value(key))
            .map(|(key, id)| (key.clone(), id.clone()))
            .collect()
    }

    fn lock(&self) -> MutexGuard<'_, AtHand> {
        self.at_hand.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn ask(&self, key: &LookupKey) -> Result<Option<String>, Trouble> {
        let id = self.targets.of_table(&key.table)?.lookup(&key.table, &key.key).await?;
        if let Some(id) = &id {
            let expires_at = self.clock.now() + REMEMBERED;
            self.lookups.put(&key.table, &key.key, id, Some(expires_at)).await?;
        }
        Ok(id)
    }
}
