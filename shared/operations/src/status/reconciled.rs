//! Days of the last week on which the sides of a flow differ.

use chrono::{DateTime, NaiveDate, Utc};
use relay_reconcile::Standing;
use relay_reconcile::kept::{self, Summary};
use serde::Serialize;

use crate::language::{Language, Said};
use crate::{OperationError, Operations};

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
    pub told: Said,
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
                told: in_words(known),
            }));
        }
        Ok(red)
    }
}

fn in_words(summary: &Summary) -> Said {
    let told = |language: Language| summary.told(|verdict| language.verdict(verdict));
    Said::new(told(Language::Chinese), told(Language::English))
}

impl Reconciled {
    /// What a person is to do about it; `None` where nobody is needed.
    pub(super) fn issue(&self) -> Option<Said> {
        let Self { flow, day, told, .. } = self;
        let command = format!("`relay reconcile {flow} --day {day}`");
        (self.standing == Standing::Different).then(|| {
            let (chinese, english) = (told.told(Language::Chinese), told.told(Language::English));
            Said::new(
                format!("{flow}:{day} 各方不一致({chinese}):{command} 逐张列出,加 `--heal` 补发缺的"),
                format!("{flow}: the sides differ on {day} ({english}): {command} names them, with `--heal` it sends the missing"),
            )
        })
    }
}
