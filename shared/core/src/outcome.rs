//! What became of one document's turn. What that comes to, for the ledger, the queue, the source and whoever watches,
//! is for [`crate::policy`] to say.

use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::FailureClass;

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
    /// Its parts are queued, each an item of its own.
    Divided {
        /// How many, those that are withdrawn included.
        parts: usize,
    },
    /// Not for the target.
    Skipped(Skip),
    /// Recorded as failed, with its content, until a person replays it.
    Failed {
        /// What kind of failure.
        class: FailureClass,
        /// The vendor's code.
        code: Option<String>,
        /// The reason, and the way out.
        message: String,
        /// Whether it was sent in this turn, or may have been.
        tried: bool,
    },
    /// To be tried again.
    Retry {
        /// After how long.
        wait: Duration,
        /// Why, in words.
        message: String,
        /// What has to do better next time.
        cause: RetryCause,
    },
    /// The target takes nothing now; no attempt was burned.
    Paused {
        /// Until when; `None` where nobody knows.
        until: Option<DateTime<Utc>>,
        /// Why.
        reason: String,
    },
    /// Its turn has not come: an earlier version of it is not done, or time ran out.
    Postponed {
        /// After how long its turn may come.
        wait: Duration,
    },
}

/// What has to do better when a document is tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetryCause {
    /// The target did not take the call.
    Target,
    /// The target asks for some time: it is asked nothing else meanwhile either.
    TargetLimits,
    /// The target takes this document at another time; it may take others now.
    NotYet,
    /// The target's answer was lost: it may have the document.
    AnswerLost,
    /// The source did not take the acknowledgement.
    Source,
    /// The source takes nothing from us: its daily quota is used, its account is stopped, our credentials are refused.
    SourcePaused,
    /// A store of ours did not answer: nothing can be recorded either.
    Store,
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
    /// A part for which a newer version of its document has no lines, and which never came to the target.
    Withdrawn,
    /// An alert whose cause was told of lately: it is counted, and told with the next.
    Damped,
    /// Another flow of ours has made it out of a document of the system that this one would take it to.
    Echo,
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
            Self::Withdrawn => {
                "its document has no lines for this part any more, and the target has none of it"
            }
            Self::Echo => "another flow has made it: it would go back to where it came from",
            Self::Damped => "its cause was told of lately: it is counted, and told with the next",
        }
    }
}

impl Outcome {
    /// A document that fails without having been sent.
    #[must_use]
    pub fn failed(class: FailureClass, message: impl Into<String>) -> Self {
        Self::Failed { class, code: None, message: message.into(), tried: false }
    }

    /// A document that fails after it was sent, or may have been.
    #[must_use]
    pub fn failed_try(class: FailureClass, code: Option<String>, message: impl Into<String>) -> Self {
        Self::Failed { class, code, message: message.into(), tried: true }
    }

    /// Whether nothing was done because this very version is known.
    #[must_use]
    pub fn is_known_already(&self) -> bool {
        matches!(self, Self::Skipped(Skip::Same))
    }

    /// A document whose turn comes as soon as the queue gives it out.
    pub const AT_ONCE: Self = Self::Postponed { wait: Duration::ZERO };

    /// The outcome's name in logs.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Delivered { .. } => "delivered",
            Self::Confirmed { .. } => "confirmed",
            Self::Found { .. } => "found",
            Self::Unchanged => "unchanged",
            Self::Divided { .. } => "divided",
            Self::Skipped(_) => "skipped",
            Self::Failed { .. } => "failed",
            Self::Retry { .. } => "retry",
            Self::Paused { .. } => "paused",
            Self::Postponed { .. } => "postponed",
        }
    }

    /// The reason, where there is one.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        match self {
            Self::Skipped(skip) => Some(skip.reason()),
            Self::Failed { message, .. } | Self::Retry { message, .. } => Some(message),
            Self::Paused { reason, .. } => Some(reason),
            Self::Delivered { .. }
            | Self::Confirmed { .. }
            | Self::Found { .. }
            | Self::Unchanged
            | Self::Divided { .. }
            | Self::Postponed { .. } => None,
        }
    }
}
