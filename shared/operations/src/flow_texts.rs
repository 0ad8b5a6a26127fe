//! What flow files said: the texts that a program has begun with, since when, and what has changed in them.
//!
//! `relay serve` notes them as it begins, and whenever it takes its flow files anew. On a stack the versions of its layer tell them.

use chrono::{DateTime, Utc};
use relay_core::{StoreError, codec, registry};
use serde::{Deserialize, Serialize};

use crate::lines::{Line, differing};
use crate::{OperationError, Operations};

/// What the names of the checkpoints begin with.
const NAME: &str = "flow-text/";

/// So many texts of a flow are kept.
const KEPT: usize = 20;

/// A text of a flow file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Begun {
    /// The text.
    text: String,
    /// Since when it was worked by.
    since: DateTime<Utc>,
}

/// A flow, as its file says it now and as it was before.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FlowShown {
    /// The flow.
    pub flow: String,
    /// What its file calls it for people.
    pub title: Option<String>,
    /// The file, as messages call it.
    pub file: String,
    /// The document that it reads.
    pub source: String,
    /// The document that it writes.
    pub target: String,
    /// Since when the flow is known.
    pub known_since: Option<DateTime<Utc>>,
    /// What has changed in the file since a program has begun with it: `relay flows reload` begins with that.
    pub not_begun: Vec<Line>,
    /// The changes that were begun with, the latest first.
    pub changes: Vec<Change>,
    /// The file's text.
    pub text: String,
}

/// A change of a flow file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// When a program began with it.
    pub since: DateTime<Utc>,
    /// What has changed; nothing of the first text that is kept.
    pub lines: Vec<Line>,
}

/// The text of a flow's file that was worked by at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct MadeBy {
    /// Since when it was worked by.
    pub since: DateTime<Utc>,
    /// How often the file has changed since.
    pub changes_since: usize,
}

impl Operations<'_> {
    /// The text that a flow was worked by at a time; `None` where none is kept of that time.
    pub(crate) async fn made_by(&self, flow: &str, at: DateTime<Utc>) -> Result<Option<MadeBy>, StoreError> {
        let (begun, _) = self.begun(flow).await?;
        let place = begun.iter().rposition(|text| text.since <= at);
        Ok(place.map(|place| MadeBy { since: begun[place].since, changes_since: begun.len() - 1 - place }))
    }

    /// Notes the flow files that a program begins with.
    ///
    /// # Errors
    /// A store that does not answer.
    pub async fn note_flow_texts(&self) -> Result<(), StoreError> {
        for routed in self.flows.iter() {
            let name = routed.flow.name();
            let (mut begun, revision) = self.begun(name).await?;
            if begun.last().is_some_and(|last| last.text == routed.text) {
                continue;
            }
            begun.push(Begun { text: routed.text.clone(), since: self.clock.now() });
            begun.drain(..begun.len().saturating_sub(KEPT));
            let value = codec::pack(serde_json::json!(begun).to_string());
            // Where another program notes it at once, that will do.
            self.stores.checkpoints.put(&format!("{NAME}{name}"), &value, revision, None).await?;
        }
        Ok(())
    }

    async fn begun(&self, flow: &str) -> Result<(Vec<Begun>, Option<u64>), StoreError> {
        let Some(kept) = self.stores.checkpoints.get(&format!("{NAME}{flow}")).await? else {
            return Ok((Vec::new(), None));
        };
        // What another version has written in another form is begun anew.
        let text = codec::unpack(&kept.value).unwrap_or_default();
        Ok((serde_json::from_str(&text).unwrap_or_default(), Some(kept.revision)))
    }

    /// A flow, with its text and what has changed in it.
    ///
    /// # Errors
    /// A flow that nobody knows, or without a file; a store that does not answer.
    pub async fn flow(&self, name: &str) -> Result<FlowShown, OperationError> {
        self.check_flow(name).await?;
        let routed = self.flows.named(name).ok_or_else(|| OperationError::NoFile(name.to_owned()))?;
        let registered = registry::read(self.stores.checkpoints.as_ref()).await?.remove(name);
        let (begun, _) = self.begun(name).await?;
        // What a program has begun with last, as far as that was noted.
        let runs = registered.as_ref().map(|known| known.text.as_str());
        let changes = begun.iter().enumerate().map(|(place, it)| Change {
            since: it.since,
            lines: place
                .checked_sub(1)
                .and_then(|before| begun.get(before))
                .map(|before| differing(&before.text, &it.text))
                .unwrap_or_default(),
        });
        Ok(FlowShown {
            flow: name.to_owned(),
            title: routed.flow.title().map(str::to_owned),
            file: routed.file.clone(),
            source: routed.flow.source().document.name.to_owned(),
            target: routed.flow.target().document.name.to_owned(),
            known_since: registered.as_ref().map(|known| known.since),
            not_begun: runs.map(|runs| differing(runs, &routed.text)).unwrap_or_default(),
            changes: changes.rev().collect(),
            text: routed.text.clone(),
        })
    }
}
