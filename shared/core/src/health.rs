//! How sources and targets are doing: what `relay status` tells of them.
//!
//! A source that fails leaves nothing in a queue and nothing in the ledger, so it leaves a record here: one checkpoint
//! for each flow that is polled, each pool, each target, and the pushes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::clock::Clock;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::not_yet::{NotYet, Notes};
use crate::tally::{Counted, Tallies};
use crate::{Checkpoints, StoreError, System};

/// What goes on as before is written this often: on DynamoDB a write costs, and each function's processes write.
const BETWEEN_WRITES: Duration = Duration::from_secs(300);

/// What has a health record.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Part {
    /// The polls of a flow.
    Poll(String),
    /// The pulls from a pool.
    Pool(String),
    /// A target.
    Target(System),
    /// The pushes of 勤策.
    Pushes,
}

impl Part {
    fn checkpoint(&self) -> String {
        match self {
            Self::Poll(flow) => format!("health/poll/{flow}"),
            Self::Pool(document) => format!("health/pool/{document}"),
            Self::Target(system) => format!("health/target/{system}"),
            Self::Pushes => "health/push".to_owned(),
        }
    }
}

/// How a part is doing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// When it last succeeded.
    #[serde(default)]
    pub succeeded_at: Option<DateTime<Utc>>,
    /// Since when every try has failed; `None` while it is well.
    #[serde(default)]
    pub failing_since: Option<DateTime<Utc>>,
    /// How many tries have failed since.
    #[serde(default)]
    pub failures: u64,
    /// The last failure, which stays after a success.
    #[serde(default)]
    pub error: Option<Problem>,
    /// What else the last try has to say, such as a clock that is off.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// A try that failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// When.
    pub at: DateTime<Utc>,
    /// What kind of failure: `retry`, `paused`, `refused`, `store`, …
    pub class: String,
    /// The vendor's code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// What failed, in the vendor's words: for `relay status`, never for a log.
    pub message: String,
}

impl Health {
    /// Adds what a try came to.
    fn add(&mut self, now: DateTime<Utc>, tried: Result<(), Problem>) {
        match tried {
            Ok(()) => {
                self.succeeded_at = Some(now);
                (self.failing_since, self.failures) = (None, 0);
            }
            Err(problem) => {
                self.failing_since.get_or_insert(now);
                self.failures += 1;
                self.error = Some(problem);
            }
        }
    }

    /// This record and one that another process has written meanwhile.
    fn merge(self, other: Self) -> Self {
        let error = match (self.error, other.error) {
            (Some(one), Some(other)) => Some(if one.at < other.at { other } else { one }),
            (one, other) => one.or(other),
        };
        let succeeded_at = self.succeeded_at.max(other.succeeded_at);
        let failing_since = [self.failing_since, other.failing_since].into_iter().flatten().min();
        let is_failing = error.as_ref().is_some_and(|error| succeeded_at.is_none_or(|well| error.at > well));
        let failing_since = failing_since.filter(|_| is_failing);
        let failures = if is_failing { self.failures.max(other.failures) } else { 0 };
        Self { succeeded_at, failing_since, failures, error, notes: self.notes }
    }

    /// When something was last added.
    fn latest(&self) -> Option<DateTime<Utc>> {
        self.succeeded_at.max(self.error.as_ref().map(|error| error.at))
    }

    /// What is written at once when it changes.
    fn state(&self) -> (bool, Option<(&str, Option<&str>)>) {
        let failing = self.error.as_ref().filter(|_| self.failing_since.is_some());
        let error = failing.map(|error| (error.class.as_str(), error.code.as_deref()));
        (self.succeeded_at.is_some(), error)
    }
}

/// How a part is doing; nothing where it has done nothing yet.
///
/// # Errors
/// When the checkpoints cannot be read.
pub async fn read(checkpoints: &dyn Checkpoints, part: &Part) -> Result<Health, StoreError> {
    Ok(read_revision(checkpoints, part).await?.0)
}

async fn read_revision(
    checkpoints: &dyn Checkpoints,
    part: &Part,
) -> Result<(Health, Option<u64>), StoreError> {
    let Some(checkpoint) = checkpoints.get(&part.checkpoint()).await? else { return Ok(Default::default()) };
    // A record that another version has written in another form is begun anew.
    let health = serde_json::from_str(&checkpoint.value).unwrap_or_default();
    Ok((health, Some(checkpoint.revision)))
}

/// Writes health records: each when its state changes, and otherwise once in five minutes at most.
pub struct Monitor {
    checkpoints: Arc<dyn Checkpoints>,
    clock: Arc<dyn Clock>,
    records: Mutex<HashMap<Part, Record>>,
    tallies: Tallies,
    waits: Notes,
}

/// A record as this process knows it.
#[derive(Clone)]
struct Record {
    health: Health,
    written_at: Option<DateTime<Utc>>,
    revision: Option<u64>,
}

impl Monitor {
    /// Writes to these checkpoints.
    #[must_use]
    pub fn new(checkpoints: Arc<dyn Checkpoints>, clock: Arc<dyn Clock>) -> Self {
        let tallies = Tallies::new(checkpoints.clone(), clock.clone());
        let waits = Notes::new(checkpoints.clone());
        Self { checkpoints, clock, records: Mutex::default(), tallies, waits }
    }

    /// Documents of a flow were taken in, or delivered ([`crate::tally`]).
    pub async fn count(&self, flow: &str, counted: Counted) {
        self.tallies.count(flow, counted).await;
    }

    /// The target takes the documents of a flow after that long ([`crate::not_yet`]).
    pub async fn not_yet(&self, flow: &str, wait: Duration, why: &str) {
        let until = self.clock.now() + wait;
        self.waits.note(flow, NotYet { until, why: why.to_owned() }).await;
    }

    /// Writes what was counted and is kept: before a process ends.
    pub async fn flush(&self) {
        self.tallies.flush().await;
    }

    /// A part has succeeded.
    pub async fn well(&self, part: Part) {
        self.note(part, Ok(())).await;
    }

    /// A part has failed, with these words.
    pub async fn failed(&self, part: Part, class: &str, code: Option<String>, message: String) {
        let problem = Problem { at: self.clock.now(), class: class.to_owned(), code, message };
        self.note(part, Err(problem)).await;
    }

    /// What the last try has to say besides whether it succeeded.
    pub async fn remark(&self, part: Part, notes: Vec<String>) {
        if let Err(error) = Box::pin(self.add_remarks(part, notes)).await {
            tracing::warn!(%error, "a health record could not be written");
        }
    }

    async fn add_remarks(&self, part: Part, notes: Vec<String>) -> Result<(), StoreError> {
        let mut record = self.record(&part).await?;
        if record.health.notes != notes {
            record.health.notes = notes;
            record = self.write(&part, record, self.clock.now()).await?;
            self.records.lock().unwrap_or_else(PoisonError::into_inner).insert(part, record);
        }
        Ok(())
    }

    /// A record that cannot be written stops no work.
    async fn note(&self, part: Part, tried: Result<(), Problem>) {
        // On the heap: every call to a vendor carries this future, and writes a record now and then.
        if let Err(error) = Box::pin(self.add(part, tried)).await {
            tracing::warn!(%error, "a health record could not be written");
        }
    }

    async fn add(&self, part: Part, tried: Result<(), Problem>) -> Result<(), StoreError> {
        let now = self.clock.now();
        let mut record = self.record(&part).await?;
        let before = record.health.clone();
        record.health.add(now, tried);
        let is_recent = record
            .written_at
            .is_some_and(|written| (now - written).to_std().is_ok_and(|age| age < BETWEEN_WRITES));
        if before.state() != record.health.state() || !is_recent {
            record = self.write(&part, record, now).await?;
        }
        self.records.lock().unwrap_or_else(PoisonError::into_inner).insert(part, record);
        Ok(())
    }

    async fn record(&self, part: &Part) -> Result<Record, StoreError> {
        if let Some(record) = self.known(part) {
            return Ok(record);
        }
        let (health, revision) = read_revision(self.checkpoints.as_ref(), part).await?;
        Ok(Record { written_at: health.latest(), health, revision })
    }

    fn known(&self, part: &Part) -> Option<Record> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner).get(part).cloned()
    }

    async fn write(&self, part: &Part, mut record: Record, now: DateTime<Utc>) -> Result<Record, StoreError> {
        let name = part.checkpoint();
        loop {
            let value = serde_json::json!(record.health).to_string();
            if self.checkpoints.put(&name, &value, record.revision, None).await? {
                let revision = Some(record.revision.unwrap_or(0) + 1);
                return Ok(Record { health: record.health, written_at: Some(now), revision });
            }
            let (theirs, revision) = read_revision(self.checkpoints.as_ref(), part).await?;
            record = Record { health: record.health.merge(theirs), revision, ..record };
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds)
    }

    fn problem(seconds: i64) -> Problem {
        Problem { at: at(seconds), class: "retry".to_owned(), code: None, message: "down".to_owned() }
    }

    #[test]
    fn a_part_fails_since_its_first_failure_and_is_well_after_a_success() {
        let mut health = Health::default();
        health.add(at(1), Ok(()));
        health.add(at(2), Err(problem(2)));
        health.add(at(3), Err(problem(3)));
        assert_eq!((health.failing_since, health.failures), (Some(at(2)), 2));
        assert_eq!((health.succeeded_at, health.error.clone()), (Some(at(1)), Some(problem(3))));
        health.add(at(4), Ok(()));
        assert_eq!((health.succeeded_at, health.failing_since, health.failures), (Some(at(4)), None, 0));
        assert_eq!(health.error, Some(problem(3)), "the last failure is still told");
    }

    #[test]
    fn of_two_processes_the_later_try_says_how_the_part_is_doing() {
        let (mut well, mut failing) = (Health::default(), Health::default());
        failing.add(at(5), Err(problem(5)));
        well.add(at(9), Ok(()));
        let merged = failing.clone().merge(well.clone());
        assert_eq!((merged.succeeded_at, merged.failing_since), (Some(at(9)), None));
        failing.add(at(10), Err(problem(10)));
        let merged = well.merge(failing);
        assert_eq!(
            (merged.succeeded_at, merged.failing_since, merged.failures),
            (Some(at(9)), Some(at(5)), 2)
        );
    }
}
