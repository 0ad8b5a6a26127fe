//! The parts of a document that its flow splits, together.

use std::collections::HashMap;

use relay_core::{Entry, EntryId};
use serde::Serialize;

use crate::failures::Failure;
use crate::language::Said;
use crate::{OperationError, Operations};

/// As many entries as the ledger reads at once.
const AT_ONCE: usize = 100;

/// A part of a document.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Part {
    /// What tells it from the other parts.
    pub part: String,
    /// Its key: all that is asked and done for documents goes for it too.
    pub key: String,
    /// How it stands.
    pub state: PartState,
    /// The target's id of it.
    pub target_id: Option<String>,
    /// Our number of it there.
    pub number: Option<String>,
    /// Its versions that failed and wait for a person.
    pub failures: Vec<Failure>,
}

/// How a part stands, in what the newest version of its document says of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PartState {
    /// It is on its way.
    Queued,
    /// The target has it, or a person has dealt with it.
    Delivered,
    /// It has failed.
    Failed,
    /// The newest version has no lines for it, and nothing is left to undo.
    Withdrawn,
}

impl PartState {
    /// In words.
    #[must_use]
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Queued => "on its way",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
            Self::Withdrawn => "withdrawn",
        }
    }

    /// As people call it, in both languages.
    #[must_use]
    pub fn said(self) -> Said {
        let chinese = match self {
            Self::Queued => "在途",
            Self::Delivered => "已送达",
            Self::Failed => "失败",
            Self::Withdrawn => "已撤回",
        };
        Said::new(chinese, self.in_words())
    }
}

impl Operations<'_> {
    /// The parts of a document, those that were withdrawn last.
    pub(crate) async fn parts_of(&self, entry: &Entry) -> Result<Vec<Part>, OperationError> {
        let Some(divided) = &entry.divided else { return Ok(Vec::new()) };
        let Some(routed) = self.flows.named(&entry.id.flow) else { return Ok(Vec::new()) };
        let id = |part: &str| EntryId::new(&entry.id.flow, routed.flow.key_of_part(&entry.id.key, part));
        let ids: Vec<_> = divided.all().map(|(part, _)| id(part)).collect();
        let mut entries = HashMap::new();
        for ids in ids.chunks(AT_ONCE) {
            entries.extend(self.stores.ledger.read(ids).await?);
        }
        let parts = divided.all().map(|(part, says)| {
            let id = id(part);
            let entry = entries.remove(&id).unwrap_or_else(|| Entry::new(id));
            let state = match entry.ended(says) {
                None => PartState::Queued,
                Some(Err(_)) => PartState::Failed,
                // The bills of a cancelled document are gone too.
                Some(Ok(())) if divided.withdrawn.contains_key(part) || entry.there().is_none() => {
                    PartState::Withdrawn
                }
                Some(Ok(())) => PartState::Delivered,
            };
            let there = entry.there();
            Part {
                part: part.to_owned(),
                state,
                target_id: there.and_then(|there| there.target_id.clone()),
                number: there.and_then(|there| there.number.clone()),
                failures: Failure::of_entry(&entry),
                key: entry.id.key,
            }
        });
        Ok(parts.collect())
    }

    /// The key of the document that a key's document is a part of.
    pub(crate) fn whole_of(&self, flow: &str, key: &str) -> Option<String> {
        let routed = self.flows.named(flow)?;
        routed.flow.part_of_key(key).map(|(document, _)| document.to_owned())
    }
}
