//! How many documents of each flow came and were delivered, today and in all: what `relay status` tells on every store,
//! without counting a ledger.
//!
//! A process counts in memory and adds to the flow's checkpoint once a minute at most, so that on DynamoDB the writes grow
//! with the minutes that are worked and not with the documents. What a process has not added yet goes with it when it is killed.

use std::collections::HashMap;
use std::ops::AddAssign;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use crate::clock::Clock;
use crate::{Checkpoints, StoreError};

/// So long a process keeps what it has counted.
const KEPT: Duration = Duration::from_secs(60);

/// So many documents.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counted {
    /// That its source handed over and a queue took: versions, repetitions and replays that came each count.
    #[serde(default)]
    pub read: u64,
    /// That its target took.
    #[serde(default)]
    pub delivered: u64,
}

impl AddAssign for Counted {
    fn add_assign(&mut self, other: Self) {
        self.read += other.read;
        self.delivered += other.delivered;
    }
}

/// What was counted of a flow.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// The day, in China, that `today` is of.
    day: NaiveDate,
    /// On that day.
    pub today: Counted,
    /// In all.
    pub all: Counted,
}

impl Tally {
    /// The same as of that time: a day that is over leaves nothing.
    #[must_use]
    fn at(self, now: DateTime<Utc>) -> Self {
        let day = now.with_timezone(&crate::time::china()).date_naive();
        let today = if self.day == day { self.today } else { Counted::default() };
        Self { day, today, ..self }
    }
}

fn name(flow: &str) -> String {
    format!("tally/{flow}")
}

/// What was counted of a flow; nothing where nothing was.
///
/// # Errors
/// When the checkpoints cannot be read.
pub async fn read(
    checkpoints: &dyn Checkpoints,
    flow: &str,
    now: DateTime<Utc>,
) -> Result<Tally, StoreError> {
    Ok(read_revision(checkpoints, flow).await?.0.at(now))
}

async fn read_revision(
    checkpoints: &dyn Checkpoints,
    flow: &str,
) -> Result<(Tally, Option<u64>), StoreError> {
    let Some(checkpoint) = checkpoints.get(&name(flow)).await? else { return Ok(Default::default()) };
    // One that another version has written in another form is begun anew.
    Ok((serde_json::from_str(&checkpoint.value).unwrap_or_default(), Some(checkpoint.revision)))
}

/// Forgets what was counted of a flow.
///
/// # Errors
/// When the checkpoints cannot be written.
pub async fn forget(checkpoints: &dyn Checkpoints, flow: &str) -> Result<(), StoreError> {
    checkpoints.remove(&name(flow)).await
}

/// What this process has counted and not added yet.
#[derive(Default)]
struct Kept {
    counted: Counted,
    /// When it last added, by the monotonic clock.
    added_at: Option<Duration>,
}

/// Counts for a process.
pub struct Tallies {
    checkpoints: Arc<dyn Checkpoints>,
    clock: Arc<dyn Clock>,
    kept: Mutex<HashMap<String, Kept>>,
}

impl Tallies {
    /// Adds to these checkpoints.
    #[must_use]
    pub fn new(checkpoints: Arc<dyn Checkpoints>, clock: Arc<dyn Clock>) -> Self {
        Self { checkpoints, clock, kept: Mutex::default() }
    }

    /// Counts documents of a flow, and adds them to its tally where a minute has passed since the last were added.
    pub async fn count(&self, flow: &str, counted: Counted) {
        if counted == Counted::default() {
            return;
        }
        let (due, now) = (self.keep(flow, counted), self.clock.monotonic());
        if due.is_none_or(|added| now.saturating_sub(added) >= KEPT) {
            self.add(flow).await;
        }
    }

    /// Adds what is kept of all flows: a process that ends in good order leaves nothing out.
    pub async fn flush(&self) {
        let flows: Vec<_> = self.all_kept().keys().cloned().collect();
        for flow in flows {
            self.add(&flow).await;
        }
    }

    fn all_kept(&self) -> MutexGuard<'_, HashMap<String, Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps what was counted, and tells when this process last added to the tally.
    fn keep(&self, flow: &str, counted: Counted) -> Option<Duration> {
        let mut all = self.all_kept();
        if !all.contains_key(flow) {
            all.insert(flow.to_owned(), Kept::default());
        }
        let kept = all.get_mut(flow)?;
        kept.counted += counted;
        kept.added_at
    }

    /// Adds what is kept. A tally that cannot be written stops no work: it is kept for the next time.
    async fn add(&self, flow: &str) {
        let counted = {
            let mut all = self.all_kept();
            let Some(kept) = all.get_mut(flow) else { return };
            // At once, so that of two tasks one alone adds.
            kept.added_at = Some(self.clock.monotonic());
            std::mem::take(&mut kept.counted)
        };
        if counted == Counted::default() {
            return;
        }
        // On the heap: every batch carries this future, and adds now and then.
        if let Err(error) = Box::pin(self.write(flow, counted)).await {
            tracing::warn!(%error, flow, "what came of the flow could not be counted");
            self.keep(flow, counted);
        }
    }

    async fn write(&self, flow: &str, counted: Counted) -> Result<(), StoreError> {
        let checkpoints = self.checkpoints.as_ref();
        loop {
            let (tally, revision) = read_revision(checkpoints, flow).await?;
            let mut tally = tally.at(self.clock.now());
            tally.today += counted;
            tally.all += counted;
            let value = serde_json::json!(tally).to_string();
            if checkpoints.put(&name(flow), &value, revision, None).await? {
                return Ok(());
            }
        }
    }
}
