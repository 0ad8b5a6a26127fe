//! Which paths of a flow no document has held so far, across processes and restarts.
//!
//! What has been seen stands in the checkpoints, one value a flow, and is written only when it grows: once for each path
//! at most, and as a rule with the first documents of a flow.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use relay_core::{Checkpoints, StoreError};
use relay_mapping::{Flow, Sightings};
use serde_json::{Value, json};

/// What this process knows of what has been seen.
pub struct Seen {
    checkpoints: Arc<dyn Checkpoints>,
    flows: Mutex<BTreeMap<String, Sightings>>,
}

impl Seen {
    /// Keeps it in these checkpoints.
    #[must_use]
    pub fn new(checkpoints: Arc<dyn Checkpoints>) -> Self {
        Self { checkpoints, flows: Mutex::default() }
    }

    /// Notes what a document of the flow holds. A store that does not answer costs no document anything: what was seen
    /// is seen again in a later one.
    pub async fn note(&self, flow: &Flow, document: &Value) {
        if let Err(error) = self.noted(flow, document).await {
            self.known().remove(flow.name());
            tracing::warn!(flow = flow.name(), %error, "cannot note which fields documents hold");
        }
    }

    async fn noted(&self, flow: &Flow, document: &Value) -> Result<(), StoreError> {
        let name = flow.name();
        let known = self.known().get(name).cloned();
        let is_first = known.is_none();
        let mut seen = match known {
            Some(seen) => seen,
            None => stored(self.checkpoints.as_ref(), name).await?.0.unwrap_or_default(),
        };
        if seen.note(flow, document) {
            seen = self.store(name, seen).await?;
        } else if !is_first {
            return Ok(());
        }
        self.known().insert(name.to_owned(), seen);
        Ok(())
    }

    /// Joins what is stored with what was seen here, for others see too.
    async fn store(&self, flow: &str, seen: Sightings) -> Result<Sightings, StoreError> {
        loop {
            let (theirs, revision) = stored(self.checkpoints.as_ref(), flow).await?;
            let theirs = theirs.unwrap_or_default();
            let both: Sightings = theirs.seen().chain(seen.seen()).map(str::to_owned).collect();
            let value = json!(both.seen().collect::<Vec<_>>()).to_string();
            if self.checkpoints.put(&checkpoint(flow), &value, revision, None).await? {
                return Ok(both);
            }
        }
    }

    fn known(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Sightings>> {
        self.flows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The paths of a flow that none of its documents has held; `None` while it has met no document.
///
/// # Errors
/// When the checkpoints cannot be read.
pub async fn missing(checkpoints: &dyn Checkpoints, flow: &Flow) -> Result<Option<Vec<String>>, StoreError> {
    let (seen, _) = stored(checkpoints, flow.name()).await?;
    Ok(seen.map(|seen| seen.missing(flow).into_iter().map(str::to_owned).collect()))
}

async fn stored(
    checkpoints: &dyn Checkpoints,
    flow: &str,
) -> Result<(Option<Sightings>, Option<u64>), StoreError> {
    let Some(checkpoint) = checkpoints.get(&checkpoint(flow)).await? else { return Ok((None, None)) };
    // One that cannot be read is written anew.
    let seen = serde_json::from_str::<Vec<String>>(&checkpoint.value).ok();
    Ok((seen.map(|seen| seen.into_iter().collect()), Some(checkpoint.revision)))
}

fn checkpoint(flow: &str) -> String {
    format!("seen/{flow}")
}

#[cfg(test)]
mod tests {
    use relay_core::clock::SystemClock;
    use relay_store_sqlite::Sqlite;

    use super::*;
    use crate::{FlowFile, Flows};

    #[tokio::test]
    async fn what_several_processes_see_is_joined_and_what_none_has_seen_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let store = Sqlite::open(&folder.path().join("relay.db"), Arc::new(SystemClock)).unwrap().stores();
        let file = FlowFile {
            name: "stock-to-sharecrm".to_owned(),
            file: "stock-to-sharecrm.toml".to_owned(),
            text: include_str!("../../flows/stock-to-sharecrm.toml").to_owned(),
        };
        let flows = Flows::parse([file], &relay_connectors::catalog()).unwrap();
        let flow = &flows.named("stock-to-sharecrm").unwrap().flow;
        let left = async || missing(store.checkpoints.as_ref(), flow).await.unwrap();
        assert_eq!(left().await, None, "it has met no document");

        let (one, other) = (Seen::new(store.checkpoints.clone()), Seen::new(store.checkpoints.clone()));
        one.note(flow, &json!({"rec_id": 1, "stock_change_count": 2, "sync_stock": "", "spec_no": "A"}))
            .await;
        other.note(flow, &json!({"rec_id": 2, "sync_stock": "3", "goods_no": "G"})).await;
        one.note(flow, &json!({"rec_id": 3, "erp_spec_type": 1})).await;
        assert_eq!(left().await.unwrap(), ["goods_id", "spec_id"]);
        let revision =
            async || store.checkpoints.get("seen/stock-to-sharecrm").await.unwrap().unwrap().revision;
        let before = revision().await;
        one.note(flow, &json!({"rec_id": 4, "spec_no": "B"})).await;
        assert_eq!(revision().await, before, "nothing is written where nothing is new");
    }
}
