//! Days of the last week on which the sides of a flow differ.

use chrono::{DateTime, NaiveDate, Utc};
use relay_reconcile::{Standing, kept};
use serde::Serialize;

use crate::language::Said;
use crate::{OperationError, Operations, both};

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
        let mut red = Vec::new();
        for (flow, calendar) in kept::calendars(self.stores.checkpoints.as_ref()).await? {
            red.extend(kept::red(&calendar, self.clock.now()).map(|(day, known)| Reconciled {
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
    pub(super) fn issue(&self) -> Option<Said> {
        let Self { flow, day, told, .. } = self;
        let command = format!("`relay reconcile {flow} --day {day}`");
        (self.standing == Standing::Different).then(|| {
            both!(
                "{flow}:{day} 各方不一致({told}):{command} 逐张列出,加 `--heal` 补发缺的",
                "{flow}: the sides differ on {day} ({told}): {command} names them, with `--heal` it sends the missing"
            )
        })
    }
}
