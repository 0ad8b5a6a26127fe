//! Results that are kept among the checkpoints: each day of a flow whole, and for each flow a calendar of what its days came to. A
//! later comparison of a day takes the place of the one before.

use std::collections::BTreeMap;

use chrono::{DateTime, Days, NaiveDate, Utc};
use relay_core::{Checkpoints, StoreError};
use serde::{Deserialize, Serialize};

use crate::{Day, Standing, Verdict, days};

/// What the names of days begin with, and those of calendars.
const DAYS: &str = "reconciliation/";
const CALENDARS: &str = "reconciled/";

/// So many documents are kept of a day, differences first: a checkpoint holds 400 KB at most, and nobody reads a thousand.
const DOCUMENTS: usize = 200;

/// So many days before the newest are kept.
const KEPT: u64 = 92;

/// What the days of a flow came to.
pub type Calendar = BTreeMap<NaiveDate, Summary>;

/// What a day came to, in short.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// How it stands.
    pub standing: Standing,
    /// When it was compared.
    pub at: DateTime<Utc>,
    /// How many documents came to what.
    pub counts: BTreeMap<Verdict, u64>,
    /// So many documents our ledger had of it when a function had not the time for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub too_large: Option<u64>,
}

impl Summary {
    /// How many documents differ.
    #[must_use]
    pub fn differences(&self) -> u64 {
        self.differing().map(|(_, count)| count).sum()
    }

    /// How many documents came to each kind of difference.
    pub fn differing(&self) -> impl Iterator<Item = (Verdict, u64)> {
        let counts = self.counts.iter().map(|(verdict, count)| (*verdict, *count));
        counts.filter(|(verdict, _)| verdict.is_difference())
    }

    /// The differences in the words of a language: `2 missing, 1 doubled`.
    pub fn told(&self, in_words: impl Fn(Verdict) -> &'static str) -> String {
        let counts = self.differing().map(|(verdict, count)| format!("{count} {}", in_words(verdict)));
        counts.collect::<Vec<_>>().join(", ")
    }
}

fn name(day: NaiveDate, flow: &str) -> String {
    format!("{DAYS}{day}/{flow}")
}

/// Keeps what a day came to, and forgets days of long ago.
///
/// # Errors
/// A store that does not answer.
pub async fn keep(checkpoints: &dyn Checkpoints, day: &Day) -> Result<(), StoreError> {
    let mut kept = day.clone();
    kept.documents.truncate(DOCUMENTS);
    write(checkpoints, &name(day.day, &day.flow), |_| Some(serde_json::json!(kept).to_string())).await?;
    let Day { standing, at, too_large, .. } = *day;
    let summary = Summary { standing, at, counts: day.counts.clone(), too_large };
    let mut old = Vec::new();
    write(checkpoints, &format!("{CALENDARS}{}", day.flow), |known| {
        let mut calendar = known.and_then(read).unwrap_or_default();
        calendar.insert(day.day, summary.clone());
        let last = calendar.last_key_value().map_or(day.day, |(last, _)| *last);
        let first = last.checked_sub_days(Days::new(KEPT)).unwrap_or(last);
        let kept = calendar.split_off(&first);
        old = calendar.into_keys().collect();
        Some(serde_json::json!(kept).to_string())
    })
    .await?;
    for day_of_old in old {
        checkpoints.remove(&name(day_of_old, &day.flow)).await?;
    }
    Ok(())
}

/// Keeps of a day with so many documents that a function has not the time for it. What it came to before stays.
///
/// # Errors
/// A store that does not answer.
pub async fn keep_too_large(
    checkpoints: &dyn Checkpoints,
    (flow, day): (&str, NaiveDate),
    documents: u64,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let why = format!(
        "it takes longer than a function has: compare it from a machine, by `relay reconcile {flow} --from {day} --to {day}`"
    );
    let known = self::day(checkpoints, flow, day).await?;
    let nothing = || Day { standing: Standing::NotCompared, ..Day::new(flow, day, now) };
    let mut kept = known.filter(|known| known.standing != Standing::NotCompared).unwrap_or_else(nothing);
    kept.could_not(&why);
    kept.too_large = Some(documents);
    keep(checkpoints, &kept).await
}

/// So many days back a difference needs a person.
const WEEK: u64 = 7;

/// What the days of flows came to.
///
/// # Errors
/// A store that does not answer.
pub async fn calendars(checkpoints: &dyn Checkpoints) -> Result<BTreeMap<String, Calendar>, StoreError> {
    let kept = checkpoints.list(CALENDARS).await?;
    let flow = |name: &str| name.strip_prefix(CALENDARS).unwrap_or_default().to_owned();
    // One that another version of the program has written says nothing to this one.
    Ok(kept.iter().filter_map(|(name, kept)| Some((flow(name), read(&kept.value)?))).collect())
}

/// What the days of one flow came to.
///
/// # Errors
/// A store that does not answer.
pub async fn calendar(checkpoints: &dyn Checkpoints, flow: &str) -> Result<Calendar, StoreError> {
    let kept = checkpoints.get(&format!("{CALENDARS}{flow}")).await?;
    Ok(kept.and_then(|kept| read(&kept.value)).unwrap_or_default())
}

/// The days of a calendar that may still need a person: not equal, and of the last week, for which the schedule compares
/// a day again.
pub fn red(calendar: &Calendar, now: DateTime<Utc>) -> impl Iterator<Item = (&NaiveDate, &Summary)> {
    let today = days::of(now);
    let since = today.checked_sub_days(Days::new(WEEK)).unwrap_or(today);
    calendar.range(since..).filter(|(_, known)| known.standing != Standing::Equal)
}

/// What a day of a flow came to.
///
/// # Errors
/// A store that does not answer.
pub async fn day(
    checkpoints: &dyn Checkpoints,
    flow: &str,
    day: NaiveDate,
) -> Result<Option<Day>, StoreError> {
    let kept = checkpoints.get(&name(day, flow)).await?;
    Ok(kept.and_then(|kept| serde_json::from_str(&kept.value).ok()))
}

fn read(value: &str) -> Option<Calendar> {
    serde_json::from_str(value).ok()
}

/// Writes a value, made of the one that is there, until nobody else has written in between.
async fn write(
    checkpoints: &dyn Checkpoints,
    name: &str,
    mut made: impl FnMut(Option<&str>) -> Option<String>,
) -> Result<(), StoreError> {
    loop {
        let known = checkpoints.get(name).await?;
        let Some(value) = made(known.as_ref().map(|known| known.value.as_str())) else { return Ok(()) };
        if checkpoints.put(name, &value, known.map(|known| known.revision), None).await? {
            return Ok(());
        }
    }
}
