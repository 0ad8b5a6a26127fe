//! Documents that wait in the queues of their targets, as far as those can be looked into: SQS shows nobody what it holds.

use chrono::{DateTime, Utc};
use relay_core::WorkItem;
use relay_core::queue::{LOOKED_AT, Sought};
use serde::Serialize;

use crate::delivered::holds;
use crate::export::sheet;
use crate::language::Language;
use crate::queued::{Queued, Unseen};
use crate::times::shown;
use crate::{OperationError, Operations};

/// Which documents.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asked {
    /// For this target alone.
    pub target: Option<String>,
    /// Of this flow alone.
    pub flow: Option<String>,
    /// With this text in their key or their content.
    pub grep: Option<String>,
    /// That wait since then, or longer.
    pub before: Option<DateTime<Utc>>,
}

/// A document that waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Waits {
    /// The flow.
    pub flow: String,
    /// The document's key.
    pub key: String,
    /// How it waits.
    #[serde(flatten)]
    pub queued: Queued,
}

/// What waits.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Waiting {
    /// The documents, the longest waiting first.
    pub documents: Vec<Waits>,
    /// Queues that hold something and cannot be looked into.
    pub unseen: Vec<Unseen>,
    /// Whether a queue holds more than is looked at.
    pub has_more: bool,
}

impl Operations<'_> {
    /// What waits in the queues.
    ///
    /// # Errors
    /// A target or a flow that nobody knows; a store that does not answer.
    pub async fn waiting(&self, asked: &Asked) -> Result<Waiting, OperationError> {
        if let Some(flow) = &asked.flow {
            self.check_flow(flow).await?;
        }
        let mut waiting = Waiting::default();
        for system in self.systems(asked.target.as_deref())? {
            let depth = self.stores.queue.depth(system).await?;
            let (waits, in_flight) = (depth.waiting, depth.in_flight);
            if waits + in_flight == 0 {
                continue;
            }
            let Some(seen) = self.stores.queue.seek(system, Sought::Text("")).await? else {
                waiting.unseen.push(Unseen { system, waiting: waits, in_flight });
                continue;
            };
            waiting.has_more |= seen.len() as u64 >= LOOKED_AT;
            for seen in &seen {
                let Ok(item) = WorkItem::decode(&seen.body) else { continue };
                if asked.takes(&item, seen.sent_at) {
                    let not_yet = self.not_yet(&item.flow).await?;
                    let queued = Queued { not_yet, ..Queued::of(system, item.version, seen) };
                    waiting.documents.push(Waits { flow: item.flow, key: item.key, queued });
                }
            }
        }
        waiting.documents.sort_by_key(|waits| waits.queued.since);
        Ok(waiting)
    }
}

impl Asked {
    fn takes(&self, item: &WorkItem, since: DateTime<Utc>) -> bool {
        let has_text = |text: &String| holds(&item.key, text) || holds(&item.document.to_string(), text);
        self.flow.as_ref().is_none_or(|flow| item.flow == *flow)
            && self.before.is_none_or(|before| since <= before)
            && self.grep.as_ref().is_none_or(has_text)
    }
}

impl Waiting {
    /// As a file for Excel.
    ///
    /// # Errors
    /// A table that cannot be written.
    pub fn csv(&self, language: Language) -> Result<String, OperationError> {
        let columns = [
            language.says("从", "since"),
            language.says("目标", "target"),
            language.says("流程", "flow"),
            language.says("单据", "document"),
            language.says("版本", "version"),
            language.says("取出次数", "received"),
            language.says("怎样", "how"),
        ];
        let row = |Waits { flow, key, queued }: &Waits| {
            vec![
                shown(queued.since),
                queued.system.to_string(),
                flow.clone(),
                key.clone(),
                queued.version.clone().unwrap_or_default(),
                queued.receive_count.to_string(),
                queued.said().told(language).to_owned(),
            ]
        };
        sheet(&columns, self.documents.iter().map(row))
    }
}
