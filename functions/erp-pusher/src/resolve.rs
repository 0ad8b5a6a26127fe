//! The ids that a document needs: from the look-up store, or asked of the target and remembered.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use clock::Clock;
use mapping::LookupKey;
use pipeline::Lookups;

use crate::push::Trouble;
use crate::targets::Targets;

/// Ids of base data hardly ever change; within a day a mistake in them heals by itself.
const REMEMBERED: Duration = Duration::from_secs(20 * 3600);

pub(crate) struct Resolver {
    pub(crate) lookups: Arc<dyn Lookups>,
    pub(crate) targets: Targets,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Resolver {
    /// Resolves what can be resolved. A code that the target does not know is left out: the mapping names it. Misses are
    /// not remembered, so that a replay after the code was created finds it.
    pub(crate) async fn resolve(
        &self,
        wanted: BTreeSet<LookupKey>,
    ) -> Result<BTreeMap<LookupKey, String>, Trouble> {
        if wanted.is_empty() {
            return Ok(BTreeMap::new());
        }
        let codes: Vec<_> = wanted.iter().map(|key| (key.table.clone(), key.key.clone())).collect();
        let known = self.lookups.get(&codes).await?;
        let mut ids = BTreeMap::new();
        for key in wanted {
            let stored = known.get(&(key.table.clone(), key.key.clone())).cloned();
            let id = match stored {
                Some(id) => Some(id),
                None => self.ask(&key).await?,
            };
            if let Some(id) = id {
                ids.insert(key, id);
            }
        }
        Ok(ids)
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
