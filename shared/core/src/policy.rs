//! What an outcome comes to: the README's table "What happens when" as one pure function. Whoever works a document asks
//! it, and decides nothing by itself.

use std::time::Duration;

use chrono::{DateTime, Utc};
use tracing::Level;

use crate::FailureClass;
use crate::backoff;
use crate::outcome::{Outcome, RetryCause, Skip};

/// What a delivery counts as in the metric `documents`.
pub const DELIVERED: &str = "delivered";

/// One receive of the message that had the turn.
#[derive(Debug, Clone, Copy)]
pub struct Receive {
    /// The time.
    pub now: DateTime<Utc>,
    /// How often the message has been received, this time included.
    pub count: u32,
    /// Who received it.
    pub receiver: Receiver,
}

impl Receive {
    /// The first receive of what is in no queue.
    #[must_use]
    pub fn first(now: DateTime<Utc>) -> Self {
        Self { now, count: 1, receiver: Receiver::EventSource }
    }

    /// A wait, not longer than a person's word takes to arrive, and not shorter than the message's receives last: most of
    /// them may have been spent on waits that other documents of a batch were told.
    fn not_sooner(self, wait: Duration) -> Duration {
        wait.min(backoff::LONGEST).max(backoff::floor(self.count))
    }

    /// The wait for the end of a target's pause. A loop finds the messages in the queue when the pause ends, by time or by
    /// a person's word; what Lambda receives is put away, and looked at each half hour.
    fn after_pause(self, until: Option<DateTime<Utc>>) -> Duration {
        let left = until.map(|until| (until - self.now).to_std().unwrap_or_default());
        match self.receiver {
            Receiver::Loop => Duration::ZERO,
            Receiver::EventSource => self.not_sooner(left.unwrap_or(backoff::LONGEST)),
        }
    }
}

/// Who receives the messages of a queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Receiver {
    /// Lambda, which hands out whatever is visible.
    EventSource,
    /// A loop that looks at the target's pause before it receives.
    Loop,
}

/// What an outcome comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consequences<'a> {
    /// What is recorded of it.
    pub record: Record<'a>,
    /// After how long its message comes again; `None`: the message is done.
    pub again: Option<Duration>,
    /// What the messages of its batch that had no turn yet come to; `None`: they have their turns.
    pub rest: Option<Outcome>,
    /// What the source of a pool's row is told; `None`: nothing yet.
    pub source: Option<Result<(), &'a str>>,
    /// What it counts as in the metric `documents`; `None` where it was nobody's turn.
    pub counted: Option<&'static str>,
    /// What the log is told.
    pub logged: Logged<'a>,
    /// Whether our credentials may be why, so that they are read again.
    pub check_credentials: bool,
    /// What it says of the target; `None`: nothing.
    pub target: Option<TargetHealth<'a>>,
    /// What the flows that listen are told, before it is recorded; `None`: nothing.
    pub news: Option<News>,
}

/// What became of a document, for the flows that listen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum News {
    /// The target has this version.
    Delivered,
    /// It failed, and waits for a person.
    Failed,
}

/// What is recorded of an outcome before anybody else hears of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Record<'a> {
    /// Nothing.
    Nothing,
    /// Ledger: the target has this version.
    Delivered {
        /// The target's own id of it.
        target_id: Option<&'a str>,
    },
    /// Ledger: the target has this version in what it was delivered before.
    Unchanged,
    /// Ledger: this version has failed, with its content.
    Failed {
        /// What kind of failure.
        class: &'a FailureClass,
        /// The vendor's code.
        code: Option<&'a str>,
        /// The reason, and the way out.
        message: &'a str,
        /// Whether it may be there, by a try of this turn.
        tried: bool,
    },
    /// Ledger: a try.
    Attempt {
        /// What it failed with.
        message: &'a str,
        /// Whether it may be there, because the answer was lost.
        unanswered: bool,
    },
    /// Checkpoints: the target's pause.
    Pause {
        /// Until when, where that is known.
        until: Option<DateTime<Utc>>,
        /// Why.
        reason: &'a str,
    },
}

/// What the log is told of an outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Logged<'a> {
    /// How loudly.
    pub level: Level,
    /// In which words.
    pub message: &'static str,
    /// Our own words about what went wrong. A vendor's never stand here.
    pub error: Option<&'a str>,
}

/// What an outcome says of the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TargetHealth<'a> {
    /// It has answered for a document.
    Well,
    /// It takes nothing.
    Failing {
        /// What kind of failure.
        class: &'static str,
        /// Why.
        message: &'a str,
    },
}

/// What an outcome comes to.
#[must_use]
pub fn of(outcome: &Outcome, receive: Receive) -> Consequences<'_> {
    let again = |wait| Some(receive.not_sooner(wait));
    let done = Consequences {
        record: Record::Nothing,
        again: None,
        rest: None,
        source: None,
        counted: None,
        logged: Logged { level: Level::INFO, message: "document done", error: None },
        check_credentials: false,
        target: None,
        news: None,
    };
    match outcome {
        Outcome::Delivered { target_id, confirm } => Consequences {
            record: Record::Delivered { target_id: target_id.as_deref() },
            again: confirm.and_then(again),
            // Not before it is sure to be the newest that the target has.
            source: confirm.is_none().then_some(Ok(())),
            counted: Some(DELIVERED),
            target: Some(TargetHealth::Well),
            news: Some(News::Delivered),
            ..done
        },
        // It was counted, and told, when it was delivered.
        Outcome::Confirmed { target_id } => Consequences {
            record: Record::Delivered { target_id: target_id.as_deref() },
            source: Some(Ok(())),
            target: Some(TargetHealth::Well),
            ..done
        },
        Outcome::Found { target_id } => Consequences {
            record: Record::Delivered { target_id: Some(target_id) },
            source: Some(Ok(())),
            counted: Some(DELIVERED),
            target: Some(TargetHealth::Well),
            news: Some(News::Delivered),
            ..done
        },
        Outcome::Unchanged => Consequences {
            record: Record::Unchanged,
            source: Some(Ok(())),
            counted: Some("skipped"),
            // What says nothing new to this target may say something to the next one, and a failure before it is over.
            news: Some(News::Delivered),
            ..done
        },
        // Its source hears of it when all parts have ended.
        Outcome::Divided { .. } => Consequences {
            counted: Some("divided"),
            logged: Logged { message: "its parts are queued", ..done.logged },
            ..done
        },
        Outcome::Skipped(skip) => {
            Consequences { source: told_of_skipped(skip), counted: Some("skipped"), ..done }
        }
        // It comes again by itself, when what it refers to is there or its time is over.
        Outcome::Failed { class: class @ FailureClass::Waiting, code, message, tried } => Consequences {
            record: Record::Failed { class, code: code.as_deref(), message, tried: *tried },
            source: Some(Err(message)),
            counted: Some("waiting"),
            ..done
        },
        Outcome::Failed { class, code, message, tried } => Consequences {
            record: Record::Failed { class, code: code.as_deref(), message, tried: *tried },
            source: Some(Err(message)),
            counted: Some("failed"),
            logged: Logged { level: Level::ERROR, ..done.logged },
            // It has judged the document, so it is there.
            target: (*class == FailureClass::Refused).then_some(TargetHealth::Well),
            news: Some(News::Failed),
            ..done
        },
        Outcome::Retry { wait, message, cause } => {
            Consequences { again: again(*wait), ..of_retry(*cause, *wait, message, done) }
        }
        Outcome::Paused { until, reason } => Consequences {
            record: Record::Pause { until: *until, reason },
            again: Some(receive.after_pause(*until)),
            rest: Some(outcome.clone()),
            counted: Some("paused"),
            logged: Logged { level: Level::ERROR, message: "the target is paused", error: None },
            // Applies to an existing pause too, because the credentials may have been fixed since.
            check_credentials: true,
            target: Some(TargetHealth::Failing { class: "paused", message: reason }),
            ..done
        },
        Outcome::Postponed { wait } => Consequences {
            again: again(*wait),
            logged: Logged { message: "the document's turn comes later", ..done.logged },
            ..done
        },
    }
}

/// What the source of a row is told that is not for the target.
fn told_of_skipped(skip: &Skip) -> Option<Result<(), &str>> {
    match skip {
        Skip::Same | Skip::Filtered | Skip::Settled | Skip::Withdrawn | Skip::Damped | Skip::Echo => {
            Some(Ok(()))
        }
        // The source may not have heard the reason yet: its acknowledgement was refused, or its answer lost.
        Skip::FailedBefore { message } => Some(Err(message)),
        // The newer version has been, or will be, acknowledged with its own counter.
        Skip::Older => None,
    }
}

fn of_retry<'a>(
    cause: RetryCause,
    wait: Duration,
    message: &'a str,
    done: Consequences<'a>,
) -> Consequences<'a> {
    let attempt = Record::Attempt { message, unanswered: cause == RetryCause::AnswerLost };
    let target = Some(TargetHealth::Failing { class: "retry", message });
    let again = Logged { level: Level::WARN, message: "document to be tried again", error: None };
    let retry = Consequences { counted: Some("retried"), logged: again, ..done };
    match cause {
        RetryCause::Target | RetryCause::AnswerLost => Consequences { record: attempt, target, ..retry },
        RetryCause::TargetLimits => {
            Consequences { record: attempt, rest: Some(Outcome::Postponed { wait }), target, ..retry }
        }
        RetryCause::NotYet => Consequences { record: attempt, ..retry },
        RetryCause::Source => retry,
        RetryCause::SourcePaused => Consequences { check_credentials: true, ..retry },
        RetryCause::Store => {
            let text = "the document waits for the store";
            let logged = Logged { level: Level::ERROR, message: text, error: Some(message) };
            Consequences { logged, ..retry }
        }
    }
}

#[cfg(test)]
mod tests;
