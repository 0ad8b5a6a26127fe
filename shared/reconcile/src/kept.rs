//! Results that are kept, one for each flow and day, among the checkpoints: a later comparison of the day takes the place of the
//! one before.

use chrono::NaiveDate;
use relay_core::{Checkpoints, StoreError};

use crate::Day;

/// What the names begin with.
const KEPT: &str = "reconciliation/";

/// So many documents are kept of a day, differences first: a checkpoint holds 400 KB at most, and nobody reads a thousand.
const DOCUMENTS: usize = 200;

fn name(day: NaiveDate, flow: &str) -> String {
    format!("{KEPT}{day}/{flow}")
}

/// Keeps what a day came to.
///
/// # Errors
/// A store that does not answer.
pub async fn keep(checkpoints: &dyn Checkpoints, day: &Day) -> Result<(), StoreError> {
    let mut kept = day.clone();
    kept.documents.truncate(DOCUMENTS);
    let (name, value) = (name(day.day, &day.flow), serde_json::json!(kept).to_string());
    loop {
        let revision = checkpoints.get(&name).await?.map(|known| known.revision);
        if checkpoints.put(&name, &value, revision, None).await? {
            return Ok(());
        }
    }
}

/// What days came to, from that day on, newest first.
///
/// # Errors
/// A store that does not answer.
pub async fn since(checkpoints: &dyn Checkpoints, day: NaiveDate) -> Result<Vec<Day>, StoreError> {
    let kept = checkpoints.list(KEPT).await?;
    // One that another version of the program has written says nothing to this one.
    let read = |value: &str| serde_json::from_str::<Day>(value).ok();
    let mut days: Vec<_> =
        kept.iter().filter_map(|(_, kept)| read(&kept.value)).filter(|kept| kept.day >= day).collect();
    days.sort_by(|one, other| other.day.cmp(&one.day).then_with(|| one.flow.cmp(&other.flow)));
    Ok(days)
}

/// Forgets what days before that one came to.
///
/// # Errors
/// A store that does not answer.
pub async fn forget(checkpoints: &dyn Checkpoints, before: NaiveDate) -> Result<(), StoreError> {
    for (name, _) in checkpoints.list(KEPT).await? {
        let day = name.strip_prefix(KEPT).and_then(|rest| rest.split('/').next()?.parse::<NaiveDate>().ok());
        if day.is_some_and(|day| day < before) {
            checkpoints.remove(&name).await?;
        }
    }
    Ok(())
}
