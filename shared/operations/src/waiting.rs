//! Documents that wait in the queues of their targets, as far as those can be looked into: SQS shows nobody what it holds.

use chrono::{DateTime, Utc};
use relay_core::queue::{LOOKED_AT, Sought};
use relay_core::{FailureClass, WorkItem};
use serde::Serialize;

use crate::delivered::holds;
use crate::export::sheet;
use crate::failures::Failure;
use crate::language::{Language, Said};
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
    /// Those too that failed and wait for a person.
    pub failed: bool,
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

/// A document that failed, and waits for a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Failed {
    /// The flow.
    pub flow: String,
    /// The document's key.
    pub key: String,
    /// The version that failed.
    pub version: Option<String>,
    /// When it had come.
    pub since: DateTime<Utc>,
    /// What kind of failure.
    pub class: FailureClass,
    /// The reason, and the way out.
    pub message: String,
    /// The older version that the target has, if it has one.
    pub delivered_version: Option<String>,
}

impl Failed {
    /// How it waits, for people.
    #[must_use]
    pub fn said(&self) -> Said {
        let (class, message) = (self.class.code(), Said::of(&self.message));
        let older = |chinese: &str, english: &str| match &self.delivered_version {
            Some(version) => (format!("{chinese}{version})"), format!("{english}{version})")),
            None => Default::default(),
        };
        let (older_zh, older_en) = older("(目标里是旧版本 ", " (the target has the older version ");
        Said::new(
            format!("失败,等人处理{older_zh}:{class}:{}", message.told(Language::Chinese)),
            format!("failed, and waits for a person{older_en}: {class}: {message}"),
        )
    }
}

/// What waits.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Waiting {
    /// The documents, the longest waiting first.
    pub documents: Vec<Waits>,
    /// Those that failed and wait for a person, where they were wanted: the longest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub failed: Vec<Failed>,
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
        if asked.failed {
            waiting.failed = self.failed_beside(asked).await?;
        }
        Ok(waiting)
    }
}

impl Operations<'_> {
    /// The documents that failed, as far as they are asked for.
    async fn failed_beside(&self, asked: &Asked) -> Result<Vec<Failed>, OperationError> {
        let systems = self.systems(asked.target.as_deref())?;
        let is_for = |flow: &str| match self.flows.named(flow) {
            Some(routed) => systems.contains(&routed.system),
            // Nobody knows where what is of no flow would have gone.
            None => asked.target.is_none(),
        };
        let takes = |failure: &Failure| {
            let has_text = |text: &String| {
                holds(&failure.key, text)
                    || holds(&failure.message, text)
                    || holds(&failure.document.to_string(), text)
            };
            is_for(&failure.flow)
                && asked.before.is_none_or(|before| failure.received_at <= before)
                && asked.grep.as_ref().is_none_or(has_text)
        };
        let entries = self.failures(asked.flow.as_deref()).await?;
        let failures = entries.iter().flat_map(Failure::of_entry).filter(takes).map(|failure| Failed {
            flow: failure.flow,
            key: failure.key,
            version: failure.version,
            since: failure.received_at,
            class: failure.class,
            message: failure.message,
            delivered_version: failure.delivered_version,
        });
        let mut failed: Vec<_> = failures.collect();
        failed.sort_by_key(|failed| failed.since);
        Ok(failed)
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
        let failed = |failed: &Failed| {
            vec![
                shown(failed.since),
                String::new(),
                failed.flow.clone(),
                failed.key.clone(),
                failed.version.clone().unwrap_or_default(),
                String::new(),
                failed.said().told(language).to_owned(),
            ]
        };
        sheet(&columns, self.failed.iter().map(failed).chain(self.documents.iter().map(row)))
    }
}
