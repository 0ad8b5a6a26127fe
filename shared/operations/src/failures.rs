//! The documents that failed, with their reasons.

use chrono::{DateTime, Utc};
use relay_core::{Entry, EntryId, Failed, FailureClass, Step, VersionKind, ledger};
use serde::Serialize;
use serde_json::Value;

use crate::error::Unknown;
use crate::language::{Language, Said};
use crate::{OperationError, Operations};

/// A version that failed and waits for a person.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Failure {
    /// The document's version.
    pub version: Option<String>,
    /// How its versions compare.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version_kind: Option<VersionKind>,
    /// The hash of the source document.
    pub hash: String,
    /// What kind of failure.
    pub class: FailureClass,
    /// The vendor's code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The reason, and the way out.
    pub message: String,
    /// How often it was tried.
    pub attempts: u32,
    /// The step in the life of its bill that failed: a replay goes on from it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<Step>,
    /// The target's id of that bill.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_id: Option<String>,
    /// The document as its source handed it over.
    pub document: Value,
    /// When we received the document.
    pub received_at: DateTime<Utc>,
    /// When it failed.
    pub at: DateTime<Utc>,
    /// Follows the document through the logs.
    pub trace: String,
    /// Its flow, or the name in a flow's place.
    pub flow: String,
    /// Its key.
    pub key: String,
    /// The version that the target has, if it has one.
    pub delivered_version: Option<String>,
}

impl Failure {
    pub(crate) fn new(entry: &Entry, failed: &Failed) -> Self {
        Self {
            version: failed.version.clone(),
            version_kind: failed.version_kind,
            hash: failed.hash.clone(),
            class: failed.class.clone(),
            code: failed.code.clone(),
            message: failed.message.clone(),
            attempts: failed.attempts,
            step: failed.step,
            target_id: failed.target_id.clone(),
            // As JSON, not as the packed text that the ledger stores.
            document: failed.document.clone(),
            received_at: failed.received_at,
            at: failed.at,
            trace: failed.trace.clone(),
            flow: entry.id.flow.clone(),
            key: entry.id.key.clone(),
            delivered_version: entry.delivered.as_ref().and_then(|delivered| delivered.version.clone()),
        }
    }

    /// Where in the life of its bill it failed, for people: ` at audit, bill 1234`.
    #[must_use]
    pub fn place(step: Option<Step>, target_id: Option<&str>) -> Said {
        let Some(step) = step else { return Said::same("") };
        match target_id {
            Some(id) => {
                let step = of_one_there(step);
                Said::new(
                    format!("(在{}时,单 {id})", step.told(Language::Chinese)),
                    format!(" at {step}, bill {id}"),
                )
            }
            None => Said::new(format!("(在{}时)", in_chinese(step)), format!(" at {}", step.name())),
        }
    }

    /// Every failed version of a document.
    #[must_use]
    pub fn of_entry(entry: &Entry) -> Vec<Self> {
        entry.failures().map(|failed| Self::new(entry, failed)).collect()
    }
}

/// A step of a bill that its target has, for people: to save it once more is to change it.
pub(crate) fn of_one_there(step: Step) -> Said {
    match step {
        Step::Save => Said::new("修改", "change"),
        step => Said::new(in_chinese(step), step.name()),
    }
}

/// A step as the vendors call it.
fn in_chinese(step: Step) -> &'static str {
    match step {
        Step::Save => "保存",
        Step::Submit => "提交",
        Step::Audit => "审核",
        Step::Unaudit => "反审核",
        Step::Delete => "删除",
    }
}

impl Operations<'_> {
    /// Every document with a failed version, of this flow or of all, oldest failure first.
    ///
    /// # Errors
    /// A flow that nobody knows; a store that does not answer.
    pub async fn failures(&self, flow: Option<&str>) -> Result<Vec<Entry>, OperationError> {
        if let Some(flow) = flow {
            self.check_flow(flow).await?;
        }
        Ok(ledger::all_failed(self.stores.ledger.as_ref(), flow).await?)
    }

    /// A document with a failed version.
    ///
    /// # Errors
    /// A flow or a document that nobody knows, or that has not failed; a store that does not answer.
    pub async fn failed(&self, flow: &str, key: &str) -> Result<Entry, OperationError> {
        self.check_flow(flow).await?;
        let Some(entry) = self.entry(flow, key).await? else { return Err(self.unknown(flow, key).await?) };
        if entry.failed.is_none() {
            return Err(OperationError::NotFailed { flow: flow.to_owned(), key: key.to_owned() });
        }
        Ok(entry)
    }

    /// What the ledger knows of a document.
    pub(crate) async fn entry(&self, flow: &str, key: &str) -> Result<Option<Entry>, OperationError> {
        let id = EntryId::new(flow, key);
        Ok(self.stores.ledger.read(std::slice::from_ref(&id)).await?.remove(&id))
    }

    /// The error of a document that nobody knows.
    pub(crate) async fn unknown(&self, flow: &str, key: &str) -> Result<OperationError, OperationError> {
        let failures = self.failures(Some(flow)).await?;
        let unknown = Unknown::new(key, failures.iter().map(|entry| entry.id.key.as_str()));
        Ok(OperationError::UnknownDocument { flow: flow.to_owned(), unknown })
    }
}
