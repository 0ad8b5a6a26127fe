//! Damp: of failures of one cause one is told at once, and then one in so much time, with how many there were.
//!
//! The documents of a flow that damps have their cause as their key, so that they have their turns one by one, whoever works
//! them, and the ledger says when the cause was told of last.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use relay_connector::{china, own};
use relay_core::damped::{self, Held};
use relay_core::{Checkpoints, Outcome, Skip, WorkItem};
use serde_json::{Value, json};

use crate::stop::Stop;
use crate::work::Work;

/// Decides which alerts go out.
pub(crate) struct Damping {
    pub(crate) checkpoints: Arc<dyn Checkpoints>,
}

impl Damping {
    /// The alert with how many failures it tells of, or that it is held back.
    pub(crate) async fn judge(
        &self,
        work: &Work<'_>,
        damp: Duration,
        now: DateTime<Utc>,
    ) -> Result<Value, Stop> {
        let WorkItem { flow, key, document, trace, .. } = work.item;
        let told_at = work.known.entry.delivered.as_ref().map(|delivered| delivered.at);
        let count = count(document);
        if let Some(told_at) = told_at.filter(|_| damped::is_held_back(told_at, damp, now)) {
            let mut sample = document.clone();
            if let Some(fields) = sample.as_object_mut() {
                // It is told of once more, and not the document, which stands in the ledger.
                fields.retain(|name, _| name != "source");
                fields.insert(own::COUNT.to_owned(), json!(0));
            }
            let more = Held { told_at, count, since: now, last: trace.clone(), sample };
            damped::hold(self.checkpoints.as_ref(), flow, key, more).await?;
            return Err(Stop::Ended(Outcome::Skipped(Skip::Damped)));
        }
        let held = damped::read(self.checkpoints.as_ref(), flow).await?.remove(key);
        let held = held.filter(|held| Some(held.told_at) == told_at);
        let mut alert = document.clone();
        if let Some(fields) = alert.as_object_mut() {
            let before = held.as_ref().map_or(0, |held| held.count);
            let since = held.map_or(now, |held| held.since);
            fields.insert(own::COUNT.to_owned(), json!(count + before));
            // What needs a person tells itself since when.
            fields.entry(own::SINCE).or_insert_with(|| json!(china::format(since)));
        }
        Ok(alert)
    }
}

/// How many failures a message stands for: one, or none that was not counted.
fn count(document: &Value) -> u64 {
    document.get(own::COUNT).and_then(Value::as_u64).unwrap_or(1)
}
