//! Which of the documents a person means: by flow, key, cause, text and time.

use chrono::{DateTime, Utc};
use relay_core::{Entry, Failed};
use serde::{Deserialize, Serialize};

use crate::error::Unknown;
use crate::issues;
use crate::{OperationError, Operations};

/// Which documents. What is not named is not asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Which {
    /// Of this flow alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flow: Option<String>,
    /// With one of these keys.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub keys: Vec<String>,
    /// That failed for this cause.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// That have this text in their key, their numbers, what is said of them, or their content.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grep: Option<String>,
    /// That failed then or later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<DateTime<Utc>>,
    /// That failed then or earlier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<DateTime<Utc>>,
}

impl Which {
    /// Whether an entry has a failure that is meant.
    fn takes(&self, entry: &Entry) -> bool {
        let by_key = self.keys.is_empty() || self.keys.contains(&entry.id.key);
        by_key && entry.failures().any(|failed| self.takes_failure(entry, failed))
    }

    fn takes_failure(&self, entry: &Entry, failed: &Failed) -> bool {
        let by_cause =
            self.cause.as_ref().is_none_or(|cause| *cause == issues::cause_of(&entry.id.flow, failed));
        by_cause && self.takes_time(failed.at) && self.takes_text(entry, Some(failed))
    }

    /// Whether a time is within what is asked for.
    pub(crate) fn takes_time(&self, at: DateTime<Utc>) -> bool {
        self.since.is_none_or(|since| at >= since) && self.until.is_none_or(|until| at <= until)
    }

    /// Whether the text that is asked for stands in an entry, or in one of its failures.
    pub(crate) fn takes_text(&self, entry: &Entry, failed: Option<&Failed>) -> bool {
        let Some(grep) = self.grep.as_ref().map(|grep| grep.to_lowercase()) else { return true };
        let has = |text: &str| text.to_lowercase().contains(&grep);
        has(&entry.id.key)
            || entry.numbers.all().iter().any(|number| has(number))
            || failed.is_some_and(|failed| has(&failed.message) || has(&failed.document.to_string()))
    }

    /// In words, for the audit trail.
    #[must_use]
    pub fn told(&self) -> String {
        let time = |name: &str, time: Option<DateTime<Utc>>| {
            time.map(|time| format!("{name} {}", crate::times::shown(time)))
        };
        let named =
            |name: &str, value: &Option<String>| value.as_ref().map(|value| format!("{name} {value}"));
        let keys = (!self.keys.is_empty()).then(|| self.keys.join(", "));
        let parts = [
            self.flow.clone(),
            keys,
            named("cause", &self.cause),
            named("with", &self.grep),
            time("since", self.since),
            time("until", self.until),
        ];
        let told: Vec<_> = parts.into_iter().flatten().collect();
        if told.is_empty() { "all that failed".to_owned() } else { told.join(", ") }
    }
}

impl Operations<'_> {
    /// The documents with a failure that is meant, oldest failure first.
    ///
    /// # Errors
    /// A flow or a cause that nobody knows; a store that does not answer.
    pub async fn failures_of(&self, which: &Which) -> Result<Vec<Entry>, OperationError> {
        let all = self.failures(which.flow.as_deref()).await?;
        if let Some(cause) = &which.cause {
            let issues = issues::of(&all);
            if !issues.iter().any(|issue| issue.cause == *cause) {
                let known = issues.iter().map(|issue| issue.cause.as_str());
                return Err(OperationError::NoCause(Unknown::new(cause, known)));
            }
        }
        Ok(all.into_iter().filter(|entry| which.takes(entry)).collect())
    }
}
