//! What the pusher tells of documents in its log.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::Stack;

/// What one invocation of the pusher did: outcomes, by the documents' keys.
pub type Invocation = BTreeMap<String, Vec<String>>;

impl Stack {
    /// The invocations in which these trades had a turn, in the order of their first turns, with the turns of these.
    ///
    /// # Errors
    /// When the pusher has no log.
    pub async fn turns(&self, trades: &BTreeSet<String>) -> anyhow::Result<Vec<Invocation>> {
        let mut invocations: Vec<(Value, Invocation)> = Vec::new();
        for line in self.log("ErpPusher").await? {
            let Ok(mut line) = serde_json::from_str::<Value>(&line) else { continue };
            let (Some(outcome), Some(key)) = (line["outcome"].as_str(), line["span"]["key"].as_str()) else {
                continue;
            };
            if !trades.contains(key) {
                continue;
            }
            let (outcome, key) = (outcome.to_owned(), key.to_owned());
            let request = line["request_id"].take();
            let place = invocations.iter().position(|(known, _)| *known == request).unwrap_or_else(|| {
                invocations.push((request, Invocation::new()));
                invocations.len() - 1
            });
            invocations[place].1.entry(key).or_default().push(outcome);
        }
        Ok(invocations.into_iter().map(|(_, turns)| turns).collect())
    }
}
