//! Days of the last week on which the sides of a flow differ.

use chrono::{DateTime, Days, NaiveDate, Utc};
use relay_reconcile::{Standing, days, kept};
use serde::Serialize;

use crate::{OperationError, Operations};

/// So many days back a difference needs a person: as long as the schedule compares a day.
const WEEK: u64 = 7;

/// A day whose sides differ, or could not be compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reconciled {
    /// The flow.
    pub flow: String,
    /// The day, in China.
    pub day: NaiveDate,
    /// How it stands.
    pub standing: Standing,
    /// When it was compared.
    pub at: DateTime<Utc>,
    /// How many documents differ.
    pub differences: u64,
    /// The differences in words: `2 missing, 1 doubled`.
    pub told: String,
}

impl Operations<'_> {
    /// The days of the last week that are not equal.
    pub(super) async fn red_days(&self) -> Result<Vec<Reconciled>, OperationError> {
        let today = days::of(self.clock.now());
        let since = today.checked_sub_days(Days::new(WEEK)).unwrap_or(today);
        let mut red = Vec::new();
        for (flow, calendar) in kept::calendars(self.stores.checkpoints.as_ref()).await? {
            let of_week = calendar.range(since..).filter(|(_, known)| known.standing != Standing::Equal);
            red.extend(of_week.map(|(day, known)| Reconciled {
                flow: flow.clone(),
                day: *day,
                standing: known.standing,
                at: known.at,
                differences: known.differences(),
                told: known.told(),
            }));
        }
        Ok(red)
    }
}

impl Reconciled {
    /// What a person is to do about it; `None` where nobody is needed.
    pub(super) fn issue(&self) -> Option<String> {
        let Self { flow, day, told, .. } = self;
        let command =
            format!("`relay reconcile {flow} --day {day}` names them, with `--heal` it sends the missing");
        (self.standing == Standing::Different)
            .then(|| format!("{flow}: the sides differ on {day} ({told}): {command}"))
    }
}
