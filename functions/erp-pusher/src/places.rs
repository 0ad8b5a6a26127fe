//! Places: a function is paid for while it waits, so a document whose call is further off than a moment goes back to its
//! queue, and comes again when its turn has come.
//!
//! The line before a target's quota is a checkpoint: until when its places are taken, at the quota's pace. Whoever is new
//! stands behind those who have a place. Whose messages were put off stands in another, minute by minute: nothing of them
//! was sent, and so the target need not be asked whether it has them.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use relay_connector::{Quota, Use};
use relay_core::clock::Clock;
use relay_core::{Checkpoints, Received, StoreError, System, backoff};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// So long a function waits for a permit.
pub(crate) const PATIENCE: Duration = Duration::from_secs(1);

/// How long a line is believed to be as it was seen.
const BELIEVED: Duration = Duration::from_secs(1);

/// As many minutes are kept as the longest wait has, and some more.
const MINUTES: i64 = 40;

/// So often is it tried to write what others write too.
const TRIES: u32 = 8;

/// An event has so many messages at most.
const MESSAGES: u32 = 10;

/// By the clock of the queue, in milliseconds.
type Moment = i64;

/// Until when places are taken, by what the calls are for.
type Ends = BTreeMap<Use, Moment>;

/// The places before the quotas of targets.
pub(crate) struct Places {
    checkpoints: Arc<dyn Checkpoints>,
    clock: Arc<dyn Clock>,
    /// Each line as it was seen, and when, by the monotonic clock.
    seen: Mutex<HashMap<String, (Duration, Ends)>>,
}

/// What documents wait for.
#[derive(Clone, Copy)]
pub(crate) struct Line<'a> {
    pub(crate) quota: &'a Quota,
    pub(crate) purpose: Use,
    /// So many documents go out in one call.
    pub(crate) together: usize,
    /// None of them can begin before that.
    pub(crate) wait: Duration,
}

/// The messages whose turn comes in one minute.
#[derive(Default, Serialize, Deserialize)]
struct Minute {
    minute: i64,
    put_off: BTreeSet<String>,
}

impl Places {
    pub(crate) fn new(checkpoints: Arc<dyn Checkpoints>, clock: Arc<dyn Clock>) -> Self {
        Self { checkpoints, clock, seen: Mutex::default() }
    }

    /// How long until the place behind all others of that line, where that is further off than a moment.
    pub(crate) async fn taken(&self, quota: &Quota, purpose: Use) -> Option<Duration> {
        let ends = match self.ends(quota).await {
            Ok(ends) => ends,
            Err(error) => {
                tracing::warn!(%error, "who is new does not see who has a place");
                return None;
            }
        };
        let wait = u64::try_from(end(&ends, purpose)? - self.now()).map(Duration::from_millis);
        wait.ok().filter(|wait| *wait > PATIENCE)
    }

    /// Takes places for so many documents, and tells how long each has to wait.
    pub(crate) async fn take(&self, line: Line<'_>, count: usize) -> Vec<Duration> {
        let taken = self.try_take(line, count).await;
        let dues = taken.unwrap_or_else(|error| {
            tracing::warn!(%error, "documents come again without a place");
            vec![self.now() + millis(line.wait); count]
        });
        let now = self.now();
        let wait = |due: Moment| Duration::from_millis(u64::try_from(due - now).unwrap_or_default());
        dues.into_iter().map(|due| wait(due).min(backoff::LONGEST)).collect()
    }

    async fn try_take(&self, line: Line<'_>, count: usize) -> Result<Vec<Moment>, StoreError> {
        let name = name(line.quota);
        for _ in 0..TRIES {
            let (mut ends, revision) = self.read::<Ends>(&name).await?;
            let now = self.now();
            let longest = now + millis(backoff::LONGEST);
            let first = end(&ends, line.purpose).unwrap_or(now).max(now + millis(line.wait)).min(longest);
            let (dues, last) = line.places(first, count);
            ends.retain(|_, end| *end > now);
            ends.insert(line.purpose, last.min(longest));
            if self.write(&name, &ends, revision).await? {
                self.see(&name, ends);
                return Ok(dues);
            }
        }
        Err(StoreError::new("taking places", "others took some at the same time, again and again"))
    }

    /// Notes messages of which nothing was sent, and after how long they come again. Where that fails the target is asked
    /// whether it has them.
    pub(crate) async fn note(&self, system: System, put_off: &[(&Received, Duration)]) {
        let mut minutes = BTreeMap::<i64, Vec<String>>::new();
        for (message, wait) in put_off {
            let due = self.clock.now() + *wait;
            minutes.entry(minute(due)).or_default().push(ticket(message, message.receive_count));
        }
        for (minute, tickets) in minutes {
            if let Err(error) = self.note_in(system, minute, &tickets).await {
                tracing::warn!(%error, %system, "it is not noted of documents that nothing was sent");
            }
        }
    }

    async fn note_in(&self, system: System, minute: i64, tickets: &[String]) -> Result<(), StoreError> {
        let name = minute_name(system, minute);
        for _ in 0..TRIES {
            let (mut noted, revision) = self.read::<Minute>(&name).await?;
            if noted.minute != minute {
                noted = Minute { minute, put_off: BTreeSet::new() };
            }
            noted.put_off.extend(tickets.iter().cloned());
            if self.write(&name, &noted, revision).await? {
                return Ok(());
            }
        }
        Err(StoreError::new("noting what is put off", "others noted some at the same time, again and again"))
    }

    /// The ids of those messages that were put off when they were received before, and each time before that.
    pub(crate) async fn put_off<'m>(
        &self,
        system: System,
        messages: impl Iterator<Item = &'m Received>,
    ) -> HashSet<String> {
        let again: Vec<_> = messages.filter(|message| message.receive_count > 1).collect();
        if again.is_empty() {
            return HashSet::new();
        }
        let mut noted = BTreeSet::new();
        let now = minute(self.clock.now());
        for minute in [now - 1, now] {
            match self.read::<Minute>(&minute_name(system, minute)).await {
                Ok((read, _)) if read.minute == minute => noted.extend(read.put_off),
                Ok(_) => {}
                Err(error) => tracing::warn!(%error, %system, "it is not known what was put off"),
            }
        }
        let was = |message: &&&Received| noted.contains(&ticket(message, message.receive_count - 1));
        again.iter().filter(was).map(|message| message.id.clone()).collect()
    }

    async fn ends(&self, quota: &Quota) -> Result<Ends, StoreError> {
        let (name, now) = (name(quota), self.clock.monotonic());
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner).get(&name).cloned();
        if let Some((_, ends)) = seen.filter(|(seen_at, _)| now < *seen_at + BELIEVED) {
            return Ok(ends);
        }
        let (ends, _) = self.read::<Ends>(&name).await?;
        self.see(&name, ends.clone());
        Ok(ends)
    }

    fn see(&self, name: &str, ends: Ends) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.insert(name.to_owned(), (self.clock.monotonic(), ends));
    }

    /// What cannot be read was noted by another program, and begins anew.
    async fn read<T: DeserializeOwned + Default>(&self, name: &str) -> Result<(T, Option<u64>), StoreError> {
        let stored = self.checkpoints.get(name).await?;
        let value = stored.as_ref().and_then(|stored| serde_json::from_str(&stored.value).ok());
        Ok((value.unwrap_or_default(), stored.map(|stored| stored.revision)))
    }

    async fn write<T: Serialize>(
        &self,
        name: &str,
        value: &T,
        revision: Option<u64>,
    ) -> Result<bool, StoreError> {
        let text = serde_json::to_string(value).unwrap_or_default();
        self.checkpoints.put(name, &text, revision, None).await
    }

    fn now(&self) -> Moment {
        self.clock.now().timestamp_millis()
    }
}

impl Line<'_> {
    /// Whether it is the same line.
    pub(crate) fn is(self, other: Line<'_>) -> bool {
        self.quota.name() == other.quota.name()
            && (self.purpose, self.together) == (other.purpose, other.together)
    }

    /// The places of so many documents from that moment on, and where the next begins. They come in lumps: as many at once
    /// as a function takes, or a call.
    fn places(self, first: Moment, count: usize) -> (Vec<Moment>, Moment) {
        let together = u32::try_from(self.together).unwrap_or(u32::MAX).max(1);
        let each = self.quota.pace() / together;
        let after =
            |count: usize| first + millis(each.saturating_mul(u32::try_from(count).unwrap_or(u32::MAX)));
        let lump = millis(each * together.max(MESSAGES)).max(millis(PATIENCE));
        let due = |place| (after(place) + lump - 1).div_euclid(lump) * lump;
        ((0..count).map(due).collect(), after(count))
    }
}

/// Until when the places of that use are taken, and of more urgent ones.
fn end(ends: &Ends, purpose: Use) -> Option<Moment> {
    ends.range(..=purpose).map(|(_, end)| *end).max()
}

fn name(quota: &Quota) -> String {
    format!("line/{}", quota.name())
}

fn minute_name(system: System, minute: i64) -> String {
    format!("put-off/{system}/{}", minute.rem_euclid(MINUTES))
}

fn minute(time: DateTime<Utc>) -> i64 {
    time.timestamp().div_euclid(60)
}

/// Names a message at one receive, in few characters.
fn ticket(message: &Received, receive: u32) -> String {
    let digest = Sha256::digest(message.id.as_bytes());
    format!("{}.{receive}", hex::encode(&digest[..6]))
}

fn millis(duration: Duration) -> Moment {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
