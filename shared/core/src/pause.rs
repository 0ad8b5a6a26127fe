//! Targets that take nothing for now, because a daily pack is used up, an account is stopped or credentials are refused;
//! and targets and flows that a person has paused.
//!
//! The mark stands in the checkpoints, so that every instance leaves the target alone, and its messages wait without
//! burning attempts.

use std::fmt;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::{Checkpoints, StoreError, System};

/// Where nobody knows when the target will take calls again, it is tried this much later: whoever mends the cause need
/// not tell us. Not sooner, because each try takes one of the 1,000 times that the queue gives a message out.
const PROBE: Duration = Duration::from_secs(30 * 60);

/// No pause of a vendor lasts longer: it names the end of its day at most. One that does, or that begins in the future,
/// was set by a clock that was ahead, and is not believed.
const LONGEST: TimeDelta = TimeDelta::hours(25);

/// How far the clocks of two processes may be apart.
const CLOCKS_APART: TimeDelta = TimeDelta::minutes(1);

/// What can be paused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope<'a> {
    /// A target, with everything that goes there.
    Target(System),
    /// A flow; the other flows of its target go on.
    Flow(&'a str),
    /// A source: what is read of it. What it pushes is taken all the same.
    Source(System),
}

impl From<System> for Scope<'_> {
    fn from(system: System) -> Self {
        Self::Target(system)
    }
}

/// The checkpoint's name.
impl fmt::Display for Scope<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Target(system) => write!(f, "pause/{system}"),
            Self::Flow(flow) => write!(f, "pause/flow/{flow}"),
            Self::Source(system) => write!(f, "pause/source/{system}"),
        }
    }
}

/// A target or a flow that rests for now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pause {
    /// When the next call may be tried; `None`: when a person resumes it.
    pub until: Option<DateTime<Utc>>,
    /// Why, in the words of the vendor or of the person.
    pub reason: String,
    /// Since when.
    pub since: DateTime<Utc>,
    /// The person who has paused it; `None`: a vendor's answer has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
}

impl Pause {
    /// Whether nobody knows when it ends: then a person has something to mend. One that a person has set is meant to be.
    #[must_use]
    pub fn waits_for_a_person(&self) -> bool {
        self.by.is_none() && self.until.is_none_or(|until| until <= self.since + PROBE)
    }

    fn is_on(&self, now: DateTime<Utc>) -> bool {
        let is_over = self.until.is_some_and(|until| until <= now);
        let is_believed =
            self.since <= now + CLOCKS_APART && self.until.is_none_or(|until| until <= now + LONGEST);
        // A person may name any end.
        !is_over && (self.by.is_some() || is_believed)
    }

    /// Whether it is a person's, and ends no sooner than a pause that a vendor asks for.
    fn outlasts(&self, until: DateTime<Utc>) -> bool {
        self.by.is_some() && self.until.is_none_or(|end| end >= until)
    }
}

/// The pause of a target or of a flow, if it is paused at `now`.
///
/// # Errors
/// When the checkpoints cannot be read.
pub async fn current(
    checkpoints: &dyn Checkpoints,
    scope: impl Into<Scope<'_>>,
    now: DateTime<Utc>,
) -> Result<Option<Pause>, StoreError> {
    let (pause, _) = stored(checkpoints, scope.into()).await?;
    Ok(pause.filter(|pause| pause.is_on(now)))
}

/// Marks a target as paused by its vendor's answer, until `until` where that is known; a pause that follows upon another
/// lasts half an hour at least. A person's pause that lasts longer stays as it is.
///
/// # Errors
/// When the checkpoints cannot be written.
pub async fn set(
    checkpoints: &dyn Checkpoints,
    system: System,
    until: Option<DateTime<Utc>>,
    reason: String,
    now: DateTime<Utc>,
) -> Result<Pause, StoreError> {
    let until = until.filter(|until| *until > now).unwrap_or(now + PROBE);
    change(checkpoints, system.into(), |before| {
        let ended = before.and_then(|before| before.until);
        let follows = ended.is_some_and(|ended| ended <= now && now < ended + PROBE);
        let until = if follows { until.max(now + PROBE) } else { until };
        let by_person = before.filter(|before| before.is_on(now) && before.outlasts(until));
        let by_vendor = || Pause { until: Some(until), reason: reason.clone(), since: now, by: None };
        by_person.cloned().unwrap_or_else(by_vendor)
    })
    .await
}

/// Pauses a target or a flow by a person's word, whatever paused it before.
///
/// # Errors
/// When the checkpoints cannot be written.
pub async fn begin(checkpoints: &dyn Checkpoints, scope: Scope<'_>, pause: &Pause) -> Result<(), StoreError> {
    change(checkpoints, scope, |_| pause.clone()).await.map(drop)
}

/// Ends a pause by a person's word.
///
/// # Errors
/// When the checkpoints cannot be written.
pub async fn end(checkpoints: &dyn Checkpoints, scope: impl Into<Scope<'_>>) -> Result<(), StoreError> {
    checkpoints.remove(&scope.into().to_string()).await
}

/// Ends the pause of each target that nobody knows the end of: whoever starts the program has perhaps mended the cause,
/// with other settings say. A pause whose end the vendor has named stays, and so does a person's.
///
/// # Errors
/// When the checkpoints cannot be read or written.
pub async fn end_guesses(
    checkpoints: &dyn Checkpoints,
    systems: impl IntoIterator<Item = System>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    for system in systems {
        let pause = current(checkpoints, system, now).await?;
        if pause.is_some_and(|pause| pause.waits_for_a_person()) {
            end(checkpoints, system).await?;
        }
    }
    Ok(())
}

async fn stored(
    checkpoints: &dyn Checkpoints,
    scope: Scope<'_>,
) -> Result<(Option<Pause>, Option<u64>), StoreError> {
    let Some(checkpoint) = checkpoints.get(&scope.to_string()).await? else { return Ok((None, None)) };
    Ok((serde_json::from_str(&checkpoint.value).ok(), Some(checkpoint.revision)))
}

async fn change(
    checkpoints: &dyn Checkpoints,
    scope: Scope<'_>,
    change: impl Fn(Option<&Pause>) -> Pause + Send + Sync,
) -> Result<Pause, StoreError> {
    loop {
        let (before, revision) = stored(checkpoints, scope).await?;
        let pause = change(before.as_ref());
        let value = serde_json::json!(pause).to_string();
        if checkpoints.put(&scope.to_string(), &value, revision, None).await? {
            return Ok(pause);
        }
    }
}
