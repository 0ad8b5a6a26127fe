//! The days that are due, one after the other, for as long as a turn has time. `relay serve` has all the time in the world; a
//! function has minutes, so that a night is many turns there.
//!
//! The ledger is read through once a night for all flows and days together. A day that a turn has not the time for is begun anew by
//! the next, which asks the targets for nothing twice; one that was begun in a few turns and never ended is kept as too large, and
//! so are later ones of as many documents: a function would spend each night on them. A process remembers what it has read and asked
//! ([`Night`]); what decides stands in the checkpoints, so that a process that dies over a day does not die over it for ever.

use std::collections::HashMap;
use std::time::Duration;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use relay_core::clock::{Deadline, Elapsed, timeout};
use relay_core::{Entry, StoreError, ledger};
use serde::{Deserialize, Serialize};

use crate::codes::Codes;
use crate::kept;
use crate::ledger::{ByDay, sort};
use crate::schedule::{DueDay, last_night};
use crate::{Answers, Day, Reconciler, Standing, days};

/// Whoever holds it compares days; another would only ask the same.
const LEASE: &str = "reconcile/turn";

/// How long a turn without an end may be silent before another takes its place.
const SILENT: Duration = Duration::from_secs(3_600);

/// What a turn may take beyond its end: to keep what it has done.
const ENDING: Duration = Duration::from_secs(60);

/// A day is begun only while a turn has so much time left: with less, the next turn has more of it.
const FOR_A_DAY: Duration = Duration::from_secs(5 * 60);

/// A day that was begun in so many turns, and ended in none, is too large.
const TURNS: u32 = 6;

/// How often a day was begun, of each flow.
const BEGUN: &str = "reconcile/begun/";

/// So many deliveries are read at once where the store heeds it.
const PAGE: usize = 500;

/// A vendor's clock may be ahead of ours.
const AHEAD: TimeDelta = TimeDelta::hours(1);

/// What a process remembers from one turn to the next.
#[derive(Default)]
pub struct Night {
    known: Option<Known>,
    /// What targets have told of the day that was broken off.
    asked: Option<(String, NaiveDate, Answers)>,
}

/// What our ledger has of the days that are due.
struct Known {
    /// The oldest that is due, and the newest whose night has come.
    days: (NaiveDate, NaiveDate),
    of_flows: HashMap<String, ByDay>,
    /// How far the deliveries were read.
    from: Option<String>,
    is_whole: bool,
}

/// What a turn has come to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Turn {
    /// The days that were compared.
    pub compared: Vec<Done>,
    /// The days that were kept as too large.
    pub too_large: Vec<String>,
    /// How many are left to the next turn.
    pub left: usize,
    /// Whether another turn is at it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub elsewhere: bool,
}

/// A day that was compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Done {
    /// The flow.
    pub flow: String,
    /// The day.
    pub day: NaiveDate,
    /// How it stands.
    pub standing: Standing,
    /// How many documents differ.
    pub differences: u64,
}

/// How often a day was begun.
#[derive(Debug, Serialize, Deserialize)]
struct Begun {
    day: NaiveDate,
    turns: u32,
}

/// How a day ended.
enum Ended {
    Compared(Box<Day>),
    TooLarge,
    OutOfTime,
}

impl Reconciler<'_> {
    /// Compares the days that are due, keeps what they come to, and stops where the next could not be compared in time. `start` is
    /// where the watermark of a flow that never ran begins, where that was set.
    ///
    /// # Errors
    /// A store that does not answer.
    pub async fn compare_due(
        &self,
        owner: &str,
        start: Option<DateTime<Utc>>,
        night: &mut Night,
    ) -> Result<Turn, StoreError> {
        let checkpoints = self.stores.checkpoints.as_ref();
        let silent = self.deadline.left(self.clock).map_or(SILENT, |left| left + ENDING);
        let Some(lease) = checkpoints.acquire(LEASE, owner, silent).await? else {
            return Ok(Turn { elsewhere: true, ..Turn::default() });
        };
        let mut turn = Turn::default();
        let due = self.due_days(start).await?;
        turn.left = due.len();
        if self.read_ledger(&due, night).await? {
            let mut codes = Codes::new(self.stores, self.flows, self.connect);
            for due in &due {
                let has_time = self.deadline.allows(self.clock, FOR_A_DAY);
                if !has_time || checkpoints.acquire(LEASE, owner, silent).await?.is_none() {
                    break;
                }
                match self.one(due, night, &mut codes).await? {
                    Ended::Compared(day) => turn.compared.push(Done::of(&day)),
                    Ended::TooLarge => turn.too_large.push(format!("{} {}", due.flow(), due.day)),
                    Ended::OutOfTime => break,
                }
                turn.left -= 1;
            }
        }
        checkpoints.release(&lease).await?;
        Ok(turn)
    }

    /// One day, and what it comes to is kept.
    async fn one(
        &self,
        due: &DueDay<'_>,
        night: &mut Night,
        codes: &mut Codes<'_>,
    ) -> Result<Ended, StoreError> {
        let (checkpoints, flow, day) = (self.stores.checkpoints.as_ref(), due.flow(), due.day);
        let known = night.keys(flow, day);
        let is_like_one = due.too_large.is_some_and(|most| known.len() as u64 >= most);
        let ended = match self.deadline.left(self.clock) {
            None => Ended::Compared(Box::new(self.day(due.routed, day, &known, codes).await?)),
            Some(_) if is_like_one => Ended::TooLarge,
            Some(left) => self.within(left, due, &known, night.answers(flow, day), codes).await?,
        };
        match &ended {
            Ended::Compared(done) => {
                kept::keep(checkpoints, done).await?;
                let (standing, differences) = (done.standing, done.differences());
                tracing::info!(flow, %day, ?standing, differences, "a day was compared");
            }
            Ended::TooLarge => {
                let documents = known.len() as u64;
                kept::keep_too_large(checkpoints, (flow, day), documents, self.clock.now()).await?;
                tracing::warn!(flow, %day, documents, "a day takes longer to compare than a function has");
            }
            Ended::OutOfTime => {
                tracing::info!(flow, %day, "the time is up: the next turn goes on with the day");
                return Ok(ended);
            }
        }
        checkpoints.remove(&format!("{BEGUN}{flow}")).await?;
        night.asked = None;
        Ok(ended)
    }

    /// A day within that time, if it was not begun too often. It is broken off as a whole: a call that had no time left would be told as
    /// a vendor that cannot be asked.
    async fn within(
        &self,
        left: Duration,
        due: &DueDay<'_>,
        known: &[String],
        answers: &Answers,
        codes: &mut Codes<'_>,
    ) -> Result<Ended, StoreError> {
        if self.begin(due.flow(), due.day).await? > TURNS {
            return Ok(Ended::TooLarge);
        }
        let reconciler = Reconciler { answers: Some(answers), deadline: Deadline::NONE, ..*self };
        match timeout(self.clock, left, reconciler.day(due.routed, due.day, known, codes)).await {
            Ok(compared) => Ok(Ended::Compared(Box::new(compared?))),
            Err(Elapsed) => Ok(Ended::OutOfTime),
        }
    }

    /// Notes that a day is begun, before it is: whoever dies over it has begun it too. Answers how often that was.
    async fn begin(&self, flow: &str, day: NaiveDate) -> Result<u32, StoreError> {
        let (checkpoints, name) = (self.stores.checkpoints.as_ref(), format!("{BEGUN}{flow}"));
        loop {
            let noted = checkpoints.get(&name).await?;
            let before = noted.as_ref().and_then(|noted| serde_json::from_str::<Begun>(&noted.value).ok());
            let turns = 1 + before.filter(|begun| begun.day == day).map_or(0, |begun| begun.turns);
            let value = serde_json::json!(Begun { day, turns }).to_string();
            if checkpoints.put(&name, &value, noted.map(|noted| noted.revision), None).await? {
                return Ok(turns);
            }
        }
    }

    /// Reads what our ledger has of the days that are due, unless that is known; `false` where the time is up before.
    async fn read_ledger(&self, due: &[DueDay<'_>], night: &mut Night) -> Result<bool, StoreError> {
        let Some(first) = due.iter().map(|due| due.day).min() else {
            *night = Night::default();
            return Ok(true);
        };
        let (ledger, now) = (self.stores.ledger.as_ref(), self.clock.now());
        let days = (first, last_night(now).0);
        let is_enough = |known: &Known| known.days.1 == days.1 && known.days.0 <= first;
        night.known = night.known.take().filter(is_enough);
        let known = night.known.get_or_insert_with(|| Known::of(days));
        let span = (days::begins(known.days.0) - AHEAD, now);
        while !known.is_whole {
            if self.deadline.is_over(self.clock) {
                return Ok(false);
            }
            if known.from.is_none() {
                known.take(ledger::all_failed(ledger, None).await?);
            }
            let (page, next) = ledger.delivered(None, span, known.from.as_deref(), PAGE).await?;
            known.take(page);
            known.is_whole = next.is_none();
            known.from = next;
        }
        Ok(true)
    }
}

impl Night {
    /// The documents of a day, each once: one that has failed since it was delivered was read twice.
    fn keys(&self, flow: &str, day: NaiveDate) -> Vec<String> {
        let of_flow = self.known.as_ref().and_then(|known| known.of_flows.get(flow));
        let mut keys = of_flow.and_then(|by_day| by_day.get(&day)).cloned().unwrap_or_default();
        keys.sort_unstable();
        keys.dedup();
        keys
    }

    /// What targets have told of a day; what they told of another is forgotten.
    fn answers(&mut self, flow: &str, day: NaiveDate) -> &Answers {
        let is_it = |asked: &(String, NaiveDate, Answers)| asked.0 == flow && asked.1 == day;
        let asked = self.asked.take().filter(is_it);
        &self.asked.insert(asked.unwrap_or_else(|| (flow.to_owned(), day, Answers::default()))).2
    }
}

impl Known {
    fn of(days: (NaiveDate, NaiveDate)) -> Self {
        Self { days, of_flows: HashMap::new(), from: None, is_whole: false }
    }

    fn take(&mut self, entries: Vec<Entry>) {
        for entry in entries {
            let of_flow = self.of_flows.entry(entry.id.flow.clone()).or_default();
            sort(entry, self.days, of_flow);
        }
    }
}

impl Done {
    fn of(day: &Day) -> Self {
        let (standing, differences) = (day.standing, day.differences());
        Self { flow: day.flow.clone(), day: day.day, standing, differences }
    }
}
