//! What became of one document's turn.

use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::backoff;

/// What became of one document's turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The target has taken it.
    Delivered {
        /// The target's own id of it.
        target_id: Option<String>,
        /// After how long it is to be sent once more: the vendor may still finish an older version's request, whose
        /// answer was lost, and so put that version over this one.
        confirm: Option<Duration>,
    },
    /// Sent once more, and so the newest again whatever was finished late.
    Confirmed {
        /// The target's own id of it.
        target_id: Option<String>,
    },
    /// The target had it already: an earlier try had arrived although its answer was lost.
    Found {
        /// The target's own id of it.
        target_id: String,
    },
    /// A new version that changes nothing for the target: not sent.
    Unchanged,
    /// Not for the target.
    Skipped(Skip),
    /// Recorded as failed, with its content, until a person replays it.
    Failed {
        /// What kind of failure.
        class: String,
        /// The reason, and the way out.
        message: String,
    },
    /// To be tried again.
    Retry {
        /// After how long.
        wait: Duration,
        /// Why.
        message: String,
        /// Whether the vendor itself asked to wait: then it is asked nothing else meanwhile either.
        limited: bool,
    },
    /// The target takes nothing now; no attempt was burned.
    Paused {
        /// Until when.
        until: DateTime<Utc>,
        /// Why.
        reason: String,
    },
    /// Its turn has not come: an earlier version of it is not done, or time ran out.
    Postponed {
        /// After how long its turn may come.
        wait: Duration,
    },
}

/// Why a document is not for the target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Skip {
    /// A newer version has been delivered, or has failed and waits for a person.
    Older,
    /// The target has this very version.
    Same,
    /// A person has dealt with this version, or with a newer one, by hand.
    Settled,
    /// This very version has failed before; a replay is a person's command.
    FailedBefore {
        /// What it failed with.
        message: String,
    },
    /// The flow's filter does not take it.
    Filtered,
}

impl Skip {
    /// The reason, in words.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Older => "a newer version of it is known",
            Self::Same => "the target has this very version",
            Self::Settled => "a person has dealt with it by hand",
            Self::FailedBefore { .. } => "this very version has failed before: replay it",
            Self::Filtered => "the flow's filter does not take it",
        }
    }
}

impl Outcome {
    /// The outcome's name in logs.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Delivered { .. } => "delivered",
            Self::Confirmed { .. } => "confirmed",
            Self::Found { .. } => "found",
            Self::Unchanged => "unchanged",
            Self::Skipped(_) => "skipped",
            Self::Failed { .. } => "failed",
            Self::Retry { .. } => "retry",
            Self::Paused { .. } => "paused",
            Self::Postponed { .. } => "postponed",
        }
    }

    /// What it counts as in the metric `documents`; `None` where it was nobody's turn.
    #[must_use]
    pub fn counted(&self) -> Option<&'static str> {
        match self {
            Self::Delivered { .. } | Self::Found { .. } => Some("delivered"),
            Self::Unchanged | Self::Skipped(_) => Some("skipped"),
            // Its delivery has been counted.
            Self::Confirmed { .. } => None,
            Self::Failed { .. } => Some("failed"),
            Self::Retry { .. } => Some("retried"),
            Self::Paused { .. } => Some("paused"),
            Self::Postponed { .. } => None,
        }
    }

    /// When the document's turn is to come again, within [`backoff::LONGEST`]; `None` when it is done.
    #[must_use]
    pub fn comes_again(&self, now: DateTime<Utc>) -> Option<Duration> {
        let wait = match self {
            Self::Retry { wait, .. } | Self::Postponed { wait } => *wait,
            Self::Paused { until, .. } => (*until - now).to_std().unwrap_or_default(),
            Self::Delivered { confirm, .. } => (*confirm)?,
            _ => return None,
        };
        // A pause that a person ends is over for every message soon, wherever that was put away.
        Some(wait.min(backoff::LONGEST))
    }
}

/// A message's turn, as told to whoever counts.
#[derive(Debug, Clone)]
pub struct Turn {
    /// The message.
    pub message_id: String,
    /// Its receipt.
    pub receipt: String,
    /// How often it has been received, this time included.
    pub receive_count: u32,
    /// When it was sent.
    pub sent_at: DateTime<Utc>,
    /// The flow, as far as the message could be read.
    pub flow: String,
    /// The document's key, as far as the message could be read.
    pub key: String,
    /// The document's version.
    pub version: Option<String>,
    /// What became of it.
    pub outcome: Outcome,
}

impl Turn {
    /// When the message is to come again; `None` when it is done. Not sooner than its receives last, whatever the
    /// outcome asks: most of them may have been spent on waits that other documents of the batch were told.
    #[must_use]
    pub fn comes_again(&self, now: DateTime<Utc>) -> Option<Duration> {
        self.outcome.comes_again(now).map(|wait| wait.max(backoff::floor(self.receive_count)))
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    #[test]
    fn a_pause_of_hours_is_looked_at_each_half_hour_so_that_its_end_by_a_persons_word_takes_effect() {
        let now = DateTime::UNIX_EPOCH;
        let paused = |minutes| {
            let until = now + TimeDelta::minutes(minutes);
            Outcome::Paused { until, reason: String::new() }.comes_again(now)
        };
        assert_eq!(paused(12 * 60), Some(Duration::from_secs(30 * 60)));
        assert_eq!(paused(5), Some(Duration::from_secs(5 * 60)));
        let asked =
            Outcome::Retry { wait: Duration::from_secs(86_400), message: String::new(), limited: true };
        assert_eq!(asked.comes_again(now), Some(Duration::from_secs(30 * 60)));
    }
}
