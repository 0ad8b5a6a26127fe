//! Targets that take nothing for now: a daily pack is used up, an account is stopped, credentials are refused.
//!
//! The mark stands in the checkpoints, so that every instance leaves the target alone, and its messages wait without
//! burning attempts.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::{Checkpoints, StoreError, System};

/// Where nobody knows when the target will take calls again, it is tried this much later: whoever mends the cause need
/// not tell us. Not sooner, because each try takes one of the 1,000 times that the queue gives a message out.
const PROBE: Duration = Duration::from_secs(30 * 60);

/// No pause lasts longer: a vendor names the end of its day at most. One that does, or that begins in the future, was set
/// by a clock that was ahead, and is not believed.
const LONGEST: TimeDelta = TimeDelta::hours(25);

/// How far the clocks of two processes may be apart.
const CLOCKS_APART: TimeDelta = TimeDelta::minutes(1);

/// A target that takes nothing for now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pause {
    /// When the next call may be tried.
    pub until: DateTime<Utc>,
    /// Why, in the vendor's words.
    pub reason: String,
    /// Since when.
    pub since: DateTime<Utc>,
}

impl Pause {
    /// Whether nobody knows when it ends: then a person has something to mend.
    #[must_use]
    pub fn waits_for_a_person(&self) -> bool {
        self.until <= self.since + PROBE
    }
}

fn name(system: System) -> String {
    format!("pause/{system}")
}

/// The pause of a target, if it is paused at `now`.
///
/// # Errors
/// When the checkpoints cannot be read.
pub async fn current(
    checkpoints: &dyn Checkpoints,
    system: System,
    now: DateTime<Utc>,
) -> Result<Option<Pause>, StoreError> {
    let checkpoint = checkpoints.get(&name(system)).await?;
    let pause = checkpoint.and_then(|checkpoint| serde_json::from_str::<Pause>(&checkpoint.value).ok());
    Ok(pause.filter(|pause| pause.is_on(now)))
}

impl Pause {
    fn is_on(&self, now: DateTime<Utc>) -> bool {
        let is_believed = self.since <= now + CLOCKS_APART && self.until <= now + LONGEST;
        self.until > now && is_believed
    }
}

/// Marks a target as paused, until `until` where that is known; a pause that follows upon another lasts half an hour at
/// least.
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
    loop {
        let checkpoint = checkpoints.get(&name(system)).await?;
        let before = checkpoint.as_ref().and_then(|known| serde_json::from_str::<Pause>(&known.value).ok());
        let follows = before.is_some_and(|before| before.until <= now && now < before.until + PROBE);
        let until = if follows { until.max(now + PROBE) } else { until };
        let pause = Pause { until, reason: reason.clone(), since: now };
        let value = serde_json::json!(pause).to_string();
        let revision = checkpoint.map(|checkpoint| checkpoint.revision);
        if checkpoints.put(&name(system), &value, revision, None).await? {
            return Ok(pause);
        }
    }
}

/// Ends a pause by a person's word.
///
/// # Errors
/// When the checkpoints cannot be written.
pub async fn end(checkpoints: &dyn Checkpoints, system: System) -> Result<(), StoreError> {
    checkpoints.remove(&name(system)).await
}

/// Ends the pause of each target that nobody knows the end of: whoever starts the program has perhaps mended the cause,
/// with other settings say. A pause whose end the vendor has named stays.
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
